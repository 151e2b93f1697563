"""Nothing outlives a control plane, however its owner ends: no process, namespace or mount."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.apiserver.bring_up import running_control_plane
from tests.apiserver.component import ComponentError
from tests.apiserver.kubernetes_version import KubernetesVersion
from tests.apiserver.network_namespace import NetworkNamespace
from tests.apiserver.polling import wait_until
from tests.apiserver.process_table import (
    descendants,
    network_of,
    processes_in_network,
    running_processes,
)

pytestmark = [pytest.mark.apiserver, pytest.mark.usefixtures("control_planes")]

REPOSITORY = Path(__file__).parents[2]
PROGRAMS = 4  # etcd, kube-apiserver, kube-controller-manager and the namespace's holder


def test_control_plane_leaves_nothing(tmp_path: Path) -> None:
    """After the block its processes, its namespace and every mount made meanwhile are gone."""
    mounts = Path("/proc/self/mounts").read_text()
    with running_control_plane(KubernetesVersion.V1_37, tmp_path) as plane:
        inode = plane.network.inode
        processes = processes_in_network(inode)
        assert len(processes) == PROGRAMS
    assert not processes & set(running_processes())
    assert not processes_in_network(inode)
    assert Path("/proc/self/mounts").read_text() == mounts


def test_failed_block_leaves_nothing(tmp_path: Path) -> None:
    """An error inside the block takes the control plane down and stays the error that is seen."""
    processes: set[int] = set()
    with pytest.raises(ZeroDivisionError):
        _fail_inside_the_block(tmp_path, processes)
    assert len(processes) == PROGRAMS
    assert not processes & set(running_processes())


def test_failed_start_names_its_log_and_leaves_nothing(tmp_path: Path) -> None:
    """A control plane that cannot start says why in the words of the program that failed."""
    (tmp_path / "etcd").write_text("a file where the store's folder must be")
    before = descendants(os.getpid())
    with (
        pytest.raises(ComponentError, match=r"(?s)etcd ended while starting:.*not a dir"),
        running_control_plane(KubernetesVersion.V1_37, tmp_path),
    ):
        pass
    assert descendants(os.getpid()) <= before


@pytest.mark.parametrize("with_signal", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_interrupted_test_run_leaves_nothing(with_signal: signal.Signals) -> None:
    """A test run that is interrupted, ended or killed takes all that it started with it."""
    run = subprocess.Popen(
        [
            sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider",
            "tests/apiserver/test_control_plane.py", "-k", "audit and 1.37",
        ],
        cwd=REPOSITORY,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        wait_until(lambda: len(_isolated(run.pid)) >= 2, seconds=60, what="programs started")
        started = _isolated(run.pid)
        run.send_signal(with_signal)
        run.wait(60)
    finally:
        run.kill()
        run.wait()
    wait_until(lambda: not started & set(running_processes()), seconds=10, what="all ended")


def test_namespace_ends_with_its_holder() -> None:
    """A namespace that is closed has no process left, and entering it is over for the caller."""
    own = network_of(os.getpid())
    with NetworkNamespace() as network:
        with network.entered():
            assert network_of(os.getpid()) == network.inode
        assert network_of(os.getpid()) == own
        inode = network.inode
        assert processes_in_network(inode) == {network.holder}
    assert not processes_in_network(inode)


def _fail_inside_the_block(directory: Path, processes: set[int]) -> None:
    with running_control_plane(KubernetesVersion.V1_37, directory) as plane:
        processes |= processes_in_network(plane.network.inode)
        raise ZeroDivisionError


def _isolated(parent: int) -> set[int]:
    """Return the descendants of `parent` that are in another network namespace than ours."""
    own = network_of(os.getpid())
    return {child for child in descendants(parent) if network_of(child) not in (own, None)}
