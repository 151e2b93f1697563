"""kill -9 at any system call leaves the pod captured, and the next run converges."""

from __future__ import annotations

import collections
import contextlib
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.kernel.mutations import BACKENDS
from tests.kernel.networks import FAMILIES, POD, REMOTE, Pair
from tests.kernel.program import CAPTURE, ROOT, pillion_init, report

pytestmark = pytest.mark.kernel
POINTS = 50
SEED = 20261125
OLD = ("-i", "*", "-b", "*", "-m", "TPROXY", "-z", "15016", "-d", "9090")
NEW = (*CAPTURE, "-o", "25", "-d", "8080", "--redirect-dns", "--capture-all-dns")
CALLS = "sendto,recvfrom,read,write,poll,vfork,clone3,wait4,pipe2,socket,bind"
"""What the program reaches the kernel and its children by; start-up calls are among them."""


def traced(namespace: str, expression: str, trace: Path, *words: str) -> int:
    """Run the program under strace in its own process group; nothing of it outlives the call."""
    command = [
        "nsenter", f"--net=/run/netns/{namespace}", "strace", "-f", "-qq",
        "-o", str(trace), "-e", expression, "-e", f"trace={CALLS}",
        sys.executable, "-S", "-m", "initcontainer", *words,
    ]  # fmt: skip
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    try:
        return process.wait(timeout=60)
    finally:
        # As a container runtime does: with the first process all of its children go.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def interesting_calls(namespace: str, trace: Path, *words: str) -> list[str]:
    """Give strace's name of every call of the program itself from its first netlink socket on.

    strace counts each kind of call apart: the third read is `read:signal=SIGKILL:when=3`.
    """
    traced(namespace, "signal=none", trace, *words)
    lines = trace.read_text().splitlines()
    main = lines[0].split()[0]
    own = [line.split()[1] for line in lines if line.split()[0] == main and "resumed>" not in line]
    counts: collections.Counter[str] = collections.Counter()
    points, reached = [], False
    for call in own:
        name, _, rest = call.partition("(")
        counts[name] += 1
        reached = reached or (name == "socket" and rest.startswith("AF_NETLINK"))
        if reached and name in CALLS.split(","):
            points.append(f"{name}:signal=SIGKILL:when={counts[name]}")
    return points


def captured(pair: Pair) -> list[str]:
    """Give every connection that is not captured, of those that both configurations capture."""
    wrong = []
    for family in FAMILIES:
        for clients, to, answer, user in (
            (pair.pod_clients, REMOTE, "outbound", 1000),
            (pair.outside_clients, POD, "inbound", 0),
        ):
            got = clients.ask(op="connect", to=to[family], port=80, user=user, group=user)
            if not got.startswith(answer):
                wrong.append(f"{family} {answer}: {got}")
    return wrong


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    """Give a file for strace's output."""
    return tmp_path / "trace"


@pytest.mark.parametrize("backend", BACKENDS)
def test_killing_between_two_configurations_leaves_the_pod_captured(
    pair: Pair, trace: Path, backend: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """From TPROXY to REDIRECT, killed at 50 points: both directions stay captured; then it ends."""
    where = pair.pod
    pair.pod_clients.ask(op="clean")
    report(where, "apply", *OLD, "--backend", backend)
    calls = interesting_calls(where, trace, "apply", *NEW, "--backend", backend)
    points = random.Random(SEED).sample(calls, min(POINTS, len(calls)))
    killed = 0
    for point in points:
        pair.pod_clients.ask(op="apply", words=list(OLD), backend=backend)
        code = traced(where, f"inject={point}", trace, "apply", *NEW, "--backend", backend)
        killed += code != 0
        assert captured(pair) == [], f"after call {point}"
        pair.pod_clients.ask(op="apply", words=list(NEW), backend=backend)
        assert pair.pod_clients.ask(op="apply", words=list(NEW), backend=backend)["result"] == (
            "unchanged"
        )
    with capsys.disabled():
        print(f"\n{backend}: killed at {killed} of {len(points)} points, {len(calls)} calls")
    assert killed >= min(POINTS, len(calls)) * 9 // 10
    assert pillion_init(where, "verify", *NEW, "--backend", backend).returncode == 0


@pytest.mark.parametrize("backend", BACKENDS)
def test_killing_while_switching_backend_converges(pair: Pair, trace: Path, backend: str) -> None:
    """Killed while another backend's rules are being replaced: captured, then only one is left."""
    where = pair.pod
    other = BACKENDS[BACKENDS.index(backend) - 1]
    pair.pod_clients.ask(op="clean")
    pair.pod_clients.ask(op="apply", words=list(CAPTURE), backend=other)
    calls = interesting_calls(where, trace, "apply", *CAPTURE, "--backend", backend)
    for point in random.Random(SEED).sample(calls, min(5, len(calls))):
        pair.pod_clients.ask(op="clean")
        pair.pod_clients.ask(op="apply", words=list(CAPTURE), backend=other)
        traced(where, f"inject={point}", trace, "apply", *CAPTURE, "--backend", backend)
        assert captured(pair) == [], f"after call {point}"
        pair.pod_clients.ask(op="apply", words=list(CAPTURE), backend=backend)
        assert pillion_init(where, "verify", *CAPTURE, "--backend", backend).returncode == 0
