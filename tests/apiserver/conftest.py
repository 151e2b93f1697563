"""Fixtures of the API-server level: control planes for the session, a namespace for a test."""

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.apiserver.bring_up import STORE, running_control_plane
from tests.apiserver.control_plane import ControlPlane
from tests.apiserver.kubernetes_version import KubernetesVersion


class ControlPlanes:
    """Starts the control plane of a version when it is first asked for; all end together."""

    def __init__(self, stack: ExitStack, directories: pytest.TempPathFactory) -> None:
        self._stack = stack
        self._directories = directories
        self._running: dict[KubernetesVersion, ControlPlane] = {}

    def get(self, version: KubernetesVersion) -> ControlPlane:
        """Return the one control plane of that version."""
        if version not in self._running:
            directory = self._directories.mktemp(f"kubernetes-{version}")
            self._stack.callback(shutil.rmtree, directory / STORE, ignore_errors=True)
            self._running[version] = self._stack.enter_context(
                running_control_plane(version, directory)
            )
        return self._running[version]


@pytest.fixture(scope="session")
def control_planes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlanes]:
    """Yield the session's control planes, which end with it, or with this process."""
    reason = _missing_requirement()
    if reason is not None and os.environ.get("CI") != "true":
        pytest.skip(reason)
    with ExitStack() as stack:
        yield ControlPlanes(stack, tmp_path_factory)


@pytest.fixture(params=list(KubernetesVersion))
def control_plane(request: pytest.FixtureRequest, control_planes: ControlPlanes) -> ControlPlane:
    """Return the running control plane of each supported version in turn.

    A test that one version is enough for says so:
    `@pytest.mark.parametrize("control_plane", [KubernetesVersion.V1_37], indirect=True)`.
    """
    return control_planes.get(request.param)


@pytest.fixture
def namespace(control_plane: ControlPlane) -> str:
    """Return the name of a fresh namespace, without labels, in which pods can be created."""
    return control_plane.create_namespace()


def _missing_requirement() -> str | None:
    if os.geteuid() != 0:
        return "needs root, for a network namespace"
    missing = [name for name in ("go", "ip", "setpriv", "unshare") if shutil.which(name) is None]
    return f"needs the program {missing[0]}" if missing else None
