"""`scripts/cluster` brings a cluster up and takes it down whole, also after a crash."""

import json
import os
import re
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.apiserver.polling import wait_until
from tests.apiserver.process_table import descendants, network_of, running_processes
from tests.cluster.addresses import node_name
from tests.cluster.cgroups import existing_cgroups
from tests.cluster.layout import Layout
from tests.cluster.mesh import image
from tests.cluster.sandbox import first_processes
from tests.tools.builds import cache_directory

pytestmark = [pytest.mark.cluster, pytest.mark.usefixtures("requirements")]

REPOSITORY = Path(__file__).parents[2]

Script = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def script(tmp_path: Path) -> Iterator[Script]:
    """Yield a function that runs scripts/cluster with a state of its own."""
    for built in ("tools", "images"):
        (tmp_path / built).symlink_to(cache_directory().parent / built)

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            _command(*arguments),
            env=_environment(tmp_path),
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )

    try:
        yield run
    finally:
        run("down")


@pytest.fixture
def layout(script: Script, tmp_path: Path) -> Layout:
    """Return the layout of that cluster; its folder is there once it was brought up."""
    program = "from tests.cluster.layout import *; print(checkout_layout().directory)"
    done = subprocess.run(
        [REPOSITORY / ".venv" / "bin" / "python", "-c", program],
        cwd=REPOSITORY,
        env=_environment(tmp_path),
        capture_output=True,
        text=True,
        check=True,
    )
    return Layout(Path(done.stdout.strip()))


def test_two_nodes_come_and_go_whole(script: Script, layout: Layout) -> None:
    """`up` is quick and idempotent, pods of two nodes reach each other, `down` leaves nothing."""
    mounts = Path("/proc/self/mounts").read_text()
    assert script("status").stdout == "cluster: down\n"
    up = script("up", "--nodes", "2")
    assert up.returncode == 0, up.stderr
    print(up.stdout.splitlines()[0], "with two nodes")
    processes = _sandboxed(layout)
    again = script("up", "--nodes", "2")
    assert again.stdout.startswith("up already\n")
    assert processes <= _sandboxed(layout)
    addresses = [_start_pod(script, number) for number in (1, 2)]
    load = script("kubectl", "exec", "pod-1", "--", "/shop", "load", f"http://{addresses[1]}:8080")
    assert json.loads(load.stdout)["pods"] == {"pod-2": 1}
    named = script("kubectl", "exec", "pod-2", "--", "/shop", "load", "http://pods.default:8080")
    assert json.loads(named.stdout)["pods"] == {"pod-1": 1}
    processes = _sandboxed(layout)
    assert script("down").returncode == 0
    assert not processes & set(running_processes())
    assert not existing_cgroups(layout.name)
    assert Path("/proc/self/mounts").read_text() == mounts
    assert script("status").returncode == 1


def test_crash_leaves_what_the_next_command_removes(script: Script, layout: Layout) -> None:
    """A killed program is named, a killed supervisor takes all along, and `up` starts anew."""
    assert script("up").returncode == 0
    _start_pod(script, 1)
    os.kill(_process(layout, "kubelet"), signal.SIGKILL)
    wait_until(lambda: "ENDED: kubelet" in script("status").stdout, seconds=30, what="noticed")
    assert script("status").returncode == 1
    refused = script("up")
    assert (refused.returncode, refused.stderr) == (
        1,
        "scripts/cluster: up, but ended: kubelet on node-1; expected `down` first\n",
    )
    processes = _sandboxed(layout)
    os.kill(_process(layout, "tests.cluster.supervise"), signal.SIGKILL)
    wait_until(lambda: not processes & set(running_processes()), seconds=30, what="all ended")
    assert existing_cgroups(layout.name)
    assert script("status").stdout == "cluster: down\n"
    up = script("up")
    assert re.match(r"up in [0-9.]+ s\n", up.stdout), up.stderr
    os.kill(_process(layout, "containerd"), signal.SIGKILL)
    assert script("down").returncode == 0
    assert not existing_cgroups(layout.name)


def test_killed_start_leaves_what_down_removes(script: Script, layout: Layout) -> None:
    """`up` that is killed half-way leaves a cluster in the making, which `down` removes."""
    starting = subprocess.Popen(
        _command("up"), env=_environment(layout.directory.parent), stdout=subprocess.DEVNULL
    )
    try:
        wait_until(lambda: bool(first_processes(layout.node(1))), seconds=60, what="started")
        starting.kill()
    finally:
        starting.kill()
        starting.wait()
    processes = _sandboxed(layout)
    assert processes
    assert script("down").returncode == 0
    assert not processes & set(running_processes())
    assert not existing_cgroups(layout.name)


def test_tied_cluster_ends_with_its_owner(layout: Layout) -> None:
    """A test run that is killed takes its cluster with it."""
    program = (
        "import sys; from pathlib import Path; from tests.cluster.layout import Layout;"
        "from tests.cluster.lifecycle import bring_up;"
        "bring_up(Layout(Path(sys.argv[1])), tied=True); print('up', flush=True);"
        "sys.stdin.read()"
    )
    owner = subprocess.Popen(
        [REPOSITORY / ".venv" / "bin" / "python", "-c", program, layout.directory],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert owner.stdout is not None
        assert owner.stdout.readline() == "up\n"
        processes = _sandboxed(layout)
    finally:
        owner.kill()
        owner.communicate()
    wait_until(lambda: not processes & set(running_processes()), seconds=30, what="all ended")


def test_who_may_not_is_told(script: Script) -> None:
    """Without root, and for commands while it is down, one sentence says what is missing."""
    program = (
        "import os, sys; from tests.cluster.__main__ import main;"
        "os.setuid(65534); sys.exit(main(['up']))"
    )
    nobody = subprocess.run(
        [REPOSITORY / ".venv" / "bin" / "python", "-c", program],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (nobody.returncode, nobody.stderr) == (
        1,
        "scripts/cluster: got user id 65534, expected root: nodes need namespaces\n",
    )
    refused = script("kubectl", "get", "pods")
    assert (refused.returncode, refused.stderr) == (
        1,
        "scripts/cluster: node 1 is down, expected `up` first\n",
    )
    assert script("down").returncode == 0
    assert script("exec").returncode == 2


def _command(*arguments: str) -> list[str]:
    return [str(REPOSITORY / "scripts" / "cluster"), *arguments]


def _environment(cache: Path) -> dict[str, str]:
    return {**os.environ, "PILLION_CACHE": str(cache)}


def _start_pod(script: Script, number: int) -> str:
    """Run a pod on a node, and return its address."""
    loaded = script("load-image", "shop")
    assert loaded.returncode == 0, loaded.stderr
    overrides = json.dumps({"spec": {"nodeName": node_name(number)}})
    name = f"pod-{number}"
    run = script(
        "kubectl", "run", name, f"--image={image('shop')}", "--image-pull-policy=Never",
        f"--overrides={overrides}", "--labels=app=pods",
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    ready = script("kubectl", "wait", "--for=condition=Ready", f"pod/{name}", "--timeout=60s")
    assert ready.returncode == 0, ready.stderr
    if number == 1:
        script("kubectl", "expose", "pod", name, "--name=pods", "--port=8080")
    return script("kubectl", "get", "pod", name, "--output=jsonpath={.status.podIP}").stdout


def _sandboxed(layout: Layout) -> set[int]:
    """Return every process of the cluster: what is in the networks of its nodes and pods."""
    first = first_processes(layout.node(1))
    below = set(first).union(*(descendants(process) for process in first))
    own = network_of(os.getpid())
    return {process for process in below if network_of(process) != own}


def _process(layout: Layout, word: str) -> int:
    """Return the process of the cluster whose command line's program or module is `word`."""
    for process in _sandboxed(layout):
        words = Path(f"/proc/{process}/cmdline").read_text().split("\0")
        if word in (words[0].rpartition("/")[2], *words[1:3]):
            return process
    raise AssertionError(f"no process {word}")
