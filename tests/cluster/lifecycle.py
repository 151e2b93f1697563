"""Brings a cluster up and takes it down, whatever state it was left in."""

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.apiserver.polling import NotInTimeError, wait_until
from tests.cluster.addresses import node_name
from tests.cluster.cgroups import create_cgroups, existing_cgroups, remove_cgroups
from tests.cluster.layout import Layout
from tests.cluster.sandbox import first_processes, sandbox_command
from tests.cluster.state import State, read_state
from tests.cluster.supervision import supervise_command, write_resolver
from tests.images.build import build
from tests.tools.builds import built_tool
from tests.tools.pins import read_group

_REPOSITORY = Path(__file__).parents[2]
_UP_SECONDS = 180
_DOWN_SECONDS = 60

_DATA = ("etcd", "containerd", "kubelet", "cni")
"""Folders that go when the cluster does; logs and credentials stay to be looked at."""

_TOOLS = {
    "etcd": ("etcd",),
    "kube": (
        "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy",
        "kubectl",
    ),
    "dns": ("coredns",),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Start:
    """What `bring_up` did.

    Attributes:
        seconds: how long the cluster took; 0 when it was up already.
        process: the sandbox, a child of this process; to be waited for after `take_down`.
    """

    seconds: float
    process: "subprocess.Popen[bytes] | None"

    def reap(self) -> None:
        """Wait for the sandbox, which has ended."""
        if self.process is not None:
            self.process.wait(_DOWN_SECONDS)


class ClusterError(Exception):
    """The cluster cannot be brought up, or is not in the state that a command needs."""


def bring_up(layout: Layout, *, nodes: int = 1, tied: bool = False) -> Start:
    """Bring the cluster up, unless it is up already.

    Args:
        layout: where its files are to be.
        nodes: how many nodes it shall have; at least one.
        tied: whether it shall end when the calling thread does, however that ends.

    Raises:
        ClusterError: no root, a program did not start, or what is up is broken or has other nodes.
        ToolError: a program cannot be built.
    """
    if os.geteuid() != 0:
        raise ClusterError(f"got user id {os.geteuid()}, expected root: nodes need namespaces")
    _build()  # before anything is hidden from the network
    with _locked(layout):
        if is_up(layout):
            _check(layout, nodes)
            return Start(0, None)
        _remove(layout)
        started = time.monotonic()
        process = _start(layout, nodes, tied=tied)
        return Start(time.monotonic() - started, process)


def take_down(layout: Layout) -> None:
    """Remove the cluster, and whatever one that crashed left behind.

    Raises:
        ClusterError: something of it does not go away, or no root.
    """
    if os.geteuid() != 0:
        raise ClusterError(f"got user id {os.geteuid()}, expected root to end what root started")
    with _locked(layout):
        _remove(layout)


def is_up(layout: Layout) -> bool:
    """Tell whether the cluster's sandbox runs and became ready."""
    return bool(first_processes(layout.node(1))) and read_state(layout.state) is not None


def node_states(layout: Layout) -> dict[str, State]:
    """Return how the programs of each node do; the first node's are the control plane's too."""
    paths = [layout.state, *sorted(layout.directory.glob("node-*/state.json"))]
    states = {path: read_state(path) for path in paths}
    return {
        node_name(1) if path == layout.state else path.parent.name: state
        for path, state in states.items()
        if state is not None
    }


def remains(layout: Layout) -> list[str]:
    """Return what exists of the cluster beside files: processes, and control groups."""
    processes = [f"process {each}" for each in _processes(layout)]
    return processes + [str(each) for each in existing_cgroups(layout.name)]


def _build() -> None:
    for group, tools in _TOOLS.items():
        for tool in tools:
            built_tool(group, tool)
    for program in read_group("node").tools:
        built_tool("node", program.name)
    build("pause")


def _check(layout: Layout, nodes: int) -> None:
    states = node_states(layout)
    ended = [f"{name} on {node}" for node, state in states.items() for name in state.ended]
    if ended:
        raise ClusterError(f"up, but ended: {', '.join(ended)}; expected `down` first")
    if len(states) != nodes:
        raise ClusterError(f"up with nodes: {len(states)}, got {nodes}; expected `down` first")


def _start(layout: Layout, nodes: int, *, tied: bool) -> "subprocess.Popen[bytes]":
    shutil.rmtree(layout.directory, ignore_errors=True)  # an earlier one's logs
    layout.directory.mkdir(parents=True)
    write_resolver(layout.node(1))
    create_cgroups(layout.name, [node_name(number) for number in range(1, nodes + 1)])
    command = sandbox_command(layout.node(1), supervise_command(layout, "--nodes", str(nodes)))
    with layout.log.open("w") as log:
        process = subprocess.Popen(
            [*(("setpriv", "--pdeathsig", "KILL") if tied else ()), *command],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=_REPOSITORY,
            start_new_session=True,
        )
    try:
        wait_until(
            lambda: read_state(layout.state) is not None or process.poll() is not None,
            seconds=_UP_SECONDS,
            what="cluster ready",
        )
    except BaseException as error:
        _remove(layout)
        process.wait()
        if isinstance(error, NotInTimeError):
            raise ClusterError(f"{error}: {_said(layout)}") from error
        raise
    if process.poll() is not None:
        _remove(layout)
        raise ClusterError(_said(layout))
    return process


def _said(layout: Layout) -> str:
    return f"see {layout.log} and {layout.node(1)}:\n{layout.log.read_text().strip()[-3000:]}"


def _remove(layout: Layout) -> None:
    for process in first_processes(layout.node(1)):
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)  # the kernel kills all others of its sandbox
    try:
        wait_until(lambda: not _processes(layout), seconds=_DOWN_SECONDS, what="processes ended")
        wait_until(lambda: _removed_cgroups(layout), seconds=_DOWN_SECONDS, what="cgroups removed")
    except NotInTimeError as error:
        raise ClusterError(f"{error}: {', '.join(remains(layout))}") from error
    layout.state.unlink(missing_ok=True)
    folders = [layout.directory, *layout.directory.glob("node-*")]
    for folder in folders:
        for name in _DATA:
            shutil.rmtree(folder / name, ignore_errors=True)


def _removed_cgroups(layout: Layout) -> bool:
    # A group is busy until the kernel has done away with the last process that was in it.
    with suppress(OSError):
        remove_cgroups(layout.name)
    return not existing_cgroups(layout.name)


def _processes(layout: Layout) -> set[int]:
    """Return the first processes of all nodes, and what sits in the cluster's control groups."""
    folders = [layout.node(1), *layout.directory.glob("node-*")]
    firsts = {process for folder in folders for process in first_processes(folder)}
    grouped = {
        int(line)
        for group in existing_cgroups(layout.name)
        for file in group.rglob("cgroup.procs")
        for line in file.read_text().split()
    }
    return firsts | grouped


@contextmanager
def _locked(layout: Layout) -> Iterator[None]:
    layout.lock.parent.mkdir(parents=True, exist_ok=True)
    with layout.lock.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("waiting for another command to finish", file=sys.stderr)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
