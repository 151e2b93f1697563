"""Renders the chart with real Helm, the same way for goldens and for every test."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

from tests.chart.generate import CHART
from tests.tools.builds import built_tool

NAMESPACE: Final = "pillion-system"
OLDEST: Final = "1.33.0"
"""Of Kubernetes; Helm without a cluster assumes a version of its own."""
EXTENSIONS: Final = (
    "security.istio.io/v1",
    "monitoring.coreos.com/v1",
)
"""What a cluster with Istio and the Prometheus operator serves beside Kubernetes' own."""
PRESETS: Final = CHART / "presets"
GROUPS: Final = ("helm", "helm3")
"""The pinned majors of Helm."""

KubernetesObject = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendering:
    """What Helm is asked for.

    Attributes:
        preset: name of a file of presets/, or none.
        values: YAML on top.
        extensions: API versions of the cluster.
        release: its name.
        group: the major of Helm.
    """

    preset: str | None = None
    values: str = ""
    extensions: tuple[str, ...] = EXTENSIONS
    release: str = "pillion"
    group: str = "helm"


def helm(group: str, arguments: Sequence[str], stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Run Helm without a cluster; the caller judges exit status and output."""
    return subprocess.run(
        [str(built_tool(group, "helm")), *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={"HOME": "/nonexistent", "KUBECONFIG": "/nonexistent"},
    )


def ask(rendering: Rendering) -> subprocess.CompletedProcess[str]:
    """Run `helm template`."""
    arguments = [
        "template", rendering.release, str(CHART), "--namespace", NAMESPACE,
        "--kube-version", OLDEST,
    ]  # fmt: skip
    for extension in rendering.extensions:
        arguments += ["--api-versions", extension]
    if rendering.preset is not None:
        arguments += ["--values", str(preset(rendering.preset))]
    return helm(rendering.group, [*arguments, "--values", "-"], rendering.values or "{}")


def preset(name: str) -> Path:
    """Return the file of a preset."""
    return PRESETS / f"{name}.yaml"


@cache
def render(rendering: Rendering) -> str:
    """Return the manifests, rendered once; an AssertionError with Helm's words when it refuses."""
    done = ask(rendering)
    assert done.returncode == 0, done.stderr
    return done.stdout


def objects(rendering: Rendering) -> list[KubernetesObject]:
    """Return the rendered objects in Helm's order."""
    return [each for each in yaml.safe_load_all(render(rendering)) if each is not None]


def of_kind(rendering: Rendering, kind: str) -> list[KubernetesObject]:
    """Return the rendered objects of a kind."""
    return [each for each in objects(rendering) if each["kind"] == kind]


def only(rendering: Rendering, kind: str) -> KubernetesObject:
    """Return the one rendered object of a kind that is no hook."""
    (found,) = (each for each in of_kind(rendering, kind) if not is_hook(each))
    return found


def is_hook(kubernetes_object: KubernetesObject) -> bool:
    """Tell whether Helm makes it at a certain moment only."""
    return "helm.sh/hook" in kubernetes_object["metadata"].get("annotations", {})
