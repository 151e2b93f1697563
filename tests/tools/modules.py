"""Finds the source of a module that a group of tools pins: the manifests that come along."""

import json
import subprocess
from pathlib import Path

from tests.tools.pins import GROUPS_DIRECTORY, ToolError

_SECONDS = 600
"""The largest, Istio, is 40 MB."""


def module_directory(group_name: str, module: str) -> Path:
    """Return the folder with the source of `module` at the version that the group pins.

    It lies in Go's own cache, which fetches it when it is not there.

    Raises:
        ToolError: it cannot be had; Go's own words are in the message.
    """
    done = subprocess.run(
        ["go", "mod", "download", "-json", module],
        cwd=GROUPS_DIRECTORY / group_name,
        capture_output=True,
        text=True,
        check=False,
        timeout=_SECONDS,
    )
    found = json.loads(done.stdout or "{}")
    if done.returncode != 0 or "Dir" not in found:
        reason = found.get("Error") or done.stderr.strip()
        raise ToolError(f'tool group "{group_name}": source of {module}: {reason}')
    return Path(found["Dir"])
