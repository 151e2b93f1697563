"""Running the program itself in a namespace, as a container would."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PYTHON = "/usr/bin/python3"
"""The system's: readable for every user and the one an image would have."""
CAPTURE = ("-i", "*", "-b", "*", "-d", "15090,15021,15020")


def pillion_init(
    namespace: str, *words: str, prefix: tuple[str, ...] = ()
) -> subprocess.CompletedProcess[str]:
    """Run a command line; the caller looks at code and output."""
    command = ("nsenter", f"--net=/run/netns/{namespace}", *prefix, PYTHON, "-B", "-m")
    return subprocess.run(
        (*command, "initcontainer", *words),
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip


def report(namespace: str, *words: str, prefix: tuple[str, ...] = ()) -> dict[str, Any]:
    """Run a command line that must succeed and give its report."""
    done = pillion_init(namespace, *words, prefix=prefix)
    assert done.returncode == 0, done.stderr
    parsed: dict[str, Any] = json.loads(done.stdout)
    return parsed
