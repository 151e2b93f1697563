"""Re-applying under load lets no packet past the proxy; a naive re-apply does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.kernel.mutations import BACKENDS
from tests.kernel.networks import FAMILIES, OUTSIDE, POD, REMOTE, Pair, in_namespace

pytestmark = pytest.mark.kernel
FIRST = ["-i", "*", "-b", "*", "-d", "9090"]
SECOND = ["-i", "*", "-b", "*", "-d", "9091", "-o", "25,26", "-x", "10.1.0.0/16,fd01::/64"]
ROUNDS = 200
DETECTOR = """add table inet detector
delete table inet detector
table inet detector {
  counter leaked { }
  chain arrivals {
    type filter hook prerouting priority -300;
    iifname "eth0" tcp dport 80 tcp flags & (syn | ack) == syn counter name leaked
  }
}
"""


@contextmanager
def loaded(pair: Pair) -> Iterator[dict[str, int]]:
    """Connect out of and into the pod all the while; afterwards tells what got past the proxy."""
    in_namespace(pair.outside, "nft", "-f", "-", script=DETECTOR)
    seen: dict[str, int] = {}
    pair.pod_clients_second.ask(op="load", to=[REMOTE[f] for f in FAMILIES], port=80, user=1000)
    pair.outside_clients.ask(op="load", to=[POD[f] for f in FAMILIES], port=80)
    try:
        yield seen
    finally:
        out = pair.pod_clients_second.ask(op="unload")
        into = pair.outside_clients.ask(op="unload")
        listed = in_namespace(
            pair.outside, "nft", "-j", "list", "counter", "inet", "detector", "leaked"
        )
        counters = [
            entry["counter"] for entry in json.loads(listed)["nftables"] if "counter" in entry
        ]
        seen["leaked out"] = counters[0]["packets"]
        seen["leaked in"] = into.get("app", 0)
        seen["captured out"] = out.get("outbound", 0)
        seen["captured in"] = into.get("inbound", 0)


@pytest.mark.parametrize("backend", BACKENDS)
def test_no_packet_escapes_a_change(
    pair: Pair, backend: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """200 changes of configuration under load leak no SYN and no connection, in or out."""
    pair.pod_clients.ask(op="clean")
    pair.pod_clients.ask(op="apply", words=SECOND, backend=backend)
    with loaded(pair) as seen:
        applied = pair.pod_clients.ask(
            op="reapply", first=FIRST, second=SECOND, backend=backend, rounds=ROUNDS
        )

    with capsys.disabled():
        print(f"\n{backend}: {applied} re-applies, {seen}")
    assert applied == ROUNDS
    assert seen["captured out"] > ROUNDS / 2
    assert seen["captured in"] > ROUNDS / 2
    assert (seen["leaked out"], seen["leaked in"]) == (0, 0)


@pytest.mark.parametrize("kind", ["nft", "legacy"])
def test_the_detector_sees_a_naive_reapply(pair: Pair, kind: str) -> None:
    """Flushing a chain and appending its rules again, as other tools do, is seen to leak."""
    pair.pod_clients.ask(op="clean")
    pair.pod_clients.ask(op="apply", words=FIRST, backend="iptables-nft" if kind == "nft" else kind)
    naive = "\n".join(
        f"{program}-{kind} -t nat -F PILLION_OUTPUT; "
        f"{program}-{kind} -t nat -A PILLION_OUTPUT -j PILLION_REDIRECT"
        for program in ("iptables", "ip6tables")
    )
    loop = f"export XTABLES_LOCKFILE=/proc/self/ns/net\nfor i in $(seq 40); do\n{naive}\ndone"
    with loaded(pair) as seen:
        in_namespace(pair.pod, "sh", "-c", loop)

    assert seen["leaked out"] > 0


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("family", FAMILIES)
def test_invalid_packets_are_dropped_when_asked(pair: Pair, backend: str, family: str) -> None:
    """An out-of-state segment is reset by the kernel, and silently dropped with --drop-invalid."""
    probe = {"op": "reset", "to": POD[family], "source": OUTSIDE[family]}
    pair.pod_clients.ask(op="clean")
    pair.pod_clients.ask(op="write", words=["--drop-invalid"], backend=backend)
    dropped = pair.outside_clients.ask(**probe)
    pair.pod_clients.ask(op="write", words=["--drop-invalid"], backend=backend, lacking="T0")

    assert not dropped
    assert pair.outside_clients.ask(**probe)
