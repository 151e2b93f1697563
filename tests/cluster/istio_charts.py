"""Finds Istio's own Helm charts in the module that Pilot is built from."""

import json
import subprocess
from pathlib import Path

from tests.tools.pins import ToolError, read_group

_MODULE = "istio.io/istio"


def istio_chart(name: str) -> Path:
    """Return the folder of a chart, such as `base` or `istio-control/istio-discovery`.

    Raises:
        ToolError: the module cannot be had, or has no such chart.
    """
    group = read_group("istio")
    done = subprocess.run(
        ["go", "mod", "download", "-json", f"{_MODULE}@{group.tool('pilot-discovery').version}"],
        cwd=group.directory,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    if done.returncode != 0:
        raise ToolError(f"module {_MODULE}: {done.stderr.strip()}")
    chart = Path(json.loads(done.stdout)["Dir"]) / "manifests" / "charts" / name
    if not (chart / "Chart.yaml").exists():
        raise ToolError(f'module {_MODULE}: got chart "{name}", expected one in {chart.parent}')
    return chart
