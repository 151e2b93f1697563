"""The cluster commands of the README, run on a real API server: install, opt in, verify, remove."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import pytest

from tests.apiserver.chart_release import Release
from tests.apiserver.control_plane import ControlPlane
from tests.apiserver.polling import wait_until
from tests.apiserver.replicas import REPOSITORY, Installation
from tests.core.docs.pages import Step, matches, steps
from tests.tools.builds import built_tool

pytestmark = pytest.mark.apiserver

NEEDED: Final = "# not run: needs a cluster\n"
"""The line by which a page says that its commands are run here, and shown without it."""
NAMESPACES: Final = ("shop", "pillion-system")


@pytest.fixture
def programs(control_plane: ControlPlane, tmp_path: Path) -> Iterator[Path]:
    """Yield a folder with kubectl, Helm and pillion; what the commands create is removed."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "kubectl").symlink_to(built_tool("kube", "kubectl"))
    (folder / "helm").symlink_to(built_tool("helm", "helm"))
    pillion = folder / "pillion"
    python = f"{REPOSITORY}/.venv/bin/python"
    pillion.write_text(f'#!/bin/sh\nPYTHONPATH={REPOSITORY} exec {python} -m webhook "$@"\n')
    pillion.chmod(0o755)
    yield folder
    control_plane.helm("uninstall", "pillion", "--namespace=pillion-system", "--ignore-not-found")
    control_plane.kubectl("delete", "namespace", *NAMESPACES, "--ignore-not-found", "--wait=false")


def test_install_opt_in_verify_remove(
    control_plane: ControlPlane, programs: Path, tmp_path: Path
) -> None:
    """Each command ends with 0 and prints what the page shows; a webhook runs once it is told."""
    (text,) = (
        block
        for block in _blocks((REPOSITORY / "README.md").read_text(encoding="utf-8"))
        if "helm install" in block
    )
    with ExitStack() as stack:
        for step in steps(f"```console\n{text}```\n"):
            _run(control_plane, step, programs)
            if step.command.startswith("helm install"):
                _act_as_the_nodes(control_plane, tmp_path, stack)
    assert not control_plane.kubectl(
        "get", "mutatingwebhookconfigurations", "--output=name",
        "--selector=app.kubernetes.io/instance=pillion",
    ).stdout  # fmt: skip


def _blocks(page: str) -> list[str]:
    """Return the console blocks that need a cluster, without the line that says so."""
    parts = page.split(f"```console\n{NEEDED}")[1:]
    return [part.partition("```")[0] for part in parts]


def _run(plane: ControlPlane, step: Step, programs: Path) -> None:
    path = f"{programs}{os.pathsep}{os.environ['PATH']}"
    done = plane.run(
        ["env", f"PATH={path}", "sh", "-c", f"cd {REPOSITORY} && {{ {step.command}; }} 2>&1"]
    )
    assert done.returncode == 0, f"{step.command}\n{done.stdout}"
    assert matches(step.shown, done.stdout), f"{step.command}\n{done.stdout}"


def _act_as_the_nodes(plane: ControlPlane, directory: Path, stack: ExitStack) -> None:
    """Run one of the Deployment's pods as a process, and say of all that they are ready."""
    release = Release(plane=plane, group="helm", name="pillion", namespace="pillion-system")
    found = Installation(release, directory, stack, first_host=150)
    found.serve()
    path = f"/api/v1/namespaces/{release.namespace}/pods"
    wait_until(lambda: len(plane.api.get(path)["items"]) == 2, seconds=30, what="two pods")
    ready = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
    for pod in plane.api.get(path)["items"]:
        answer = plane.api.client.patch(
            f"{path}/{pod['metadata']['name']}/status",
            json={"status": ready},
            headers={"Content-Type": "application/merge-patch+json"},
        )
        assert answer.is_success, answer.text
