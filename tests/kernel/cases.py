"""Traffic cases: flags, the connections to try, what must answer, and the rules that cause it.

Removing any rule named in `needs` must change an answer in each family the case covers: the
mutation run checks that, so a case cannot pass without its rule.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.kernel.clients import PATIENCE
from tests.kernel.networks import (
    BEHIND_POD,
    FAMILIES,
    LOCALHOST,
    OTHER_REMOTE,
    OUTSIDE,
    PASSTHROUGH,
    POD,
    REMOTE,
    THROUGH_POD,
    VM_POD_SIDE,
    VM_SIDE,
)

SHORT = 0.2
"""Seconds to wait where silence is expected, or where a rule is missing on purpose."""
APP = {"user": 1000, "group": 1000}
BY_USER = {"user": 1337, "group": 1000}
BY_GROUP = {"user": 1000, "group": 1337}
ALL = ("-i", "*", "-b", "*")
DNS = ("--redirect-dns", "--capture-all-dns", "-i", "*")
TPROXY = ("-m", "TPROXY", "-z", "15016")


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One connection and how its answer begins; addresses are per family."""

    to: dict[str, str]
    port: int
    answer: str
    who: dict[str, int] | None = None
    """User and group inside the pod; None connects from outside."""
    source: dict[str, str] | None = None
    protocol: str = "tcp"
    source_port: int = 0

    def request(self, family: str, patience: float = PATIENCE) -> dict[str, Any]:
        """Give what the client is asked to do."""
        source = self.source[family] if self.source else ""
        return {
            "op": "connect",
            "to": self.to[family],
            "port": self.port,
            "protocol": self.protocol,
            "source": source,
            "source_port": self.source_port,
            "patience": SHORT if self.answer == "silence" else patience,
            **(self.who or {}),
        }

    def expected(self, family: str) -> str:
        """Give the beginning of the answer; {target} stands for where the client wanted to go."""
        places = {"client": OUTSIDE[family], "target": f"{self.to[family]} {self.port}"}
        return self.answer.format(pod=POD[family], **places)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One behaviour."""

    name: str
    flags: tuple[str, ...]
    probes: tuple[Probe, ...]
    needs: tuple[str, ...] = ()
    only_nft: tuple[str, ...] = ()
    """Needed on nft alone; iptables' own target already does it."""
    families: tuple[str, ...] = FAMILIES
    foreign: str = ""
    """Someone else's nft rules that are there as well."""


def inbound(port: int, answer: str, to: dict[str, str] = POD, **more: Any) -> Probe:
    """Connect from outside."""
    return Probe(to=to, port=port, answer=answer, **more)


def outbound(who: dict[str, int], to: dict[str, str], port: int, answer: str, **more: Any) -> Probe:
    """Connect from inside the pod."""
    return Probe(to=to, port=port, answer=answer, who=who, **more)


CAPTURED_OUT = outbound(APP, REMOTE, 80, "outbound {pod} {target}")
CAPTURED_IN = inbound(80, "inbound {client} {target}")
SELF_CALL = outbound(BY_USER, POD, 80, "inbound {pod} {target}")
UDP_UNTOUCHED = outbound(APP, REMOTE, 9999, "outside", protocol="udp")
EGRESS = outbound(BY_USER, REMOTE, 80, "outside")
QUERY = outbound(APP, REMOTE, 53, "agent", protocol="udp")


def colliding(who: dict[str, int], port: int) -> tuple[Probe, Probe]:
    """Let the agent ask upstream, then the application from the same source port."""
    return (
        outbound(who, REMOTE, 53, "outside", protocol="udp", source_port=port),
        outbound(APP, REMOTE, 53, "agent", protocol="udp", source_port=port),
    )


CASES = (
    Case(
        name="everything-out-is-captured",
        flags=ALL,
        probes=(CAPTURED_OUT, UDP_UNTOUCHED),
        needs=("O14", "O15"),
    ),
    Case(
        name="everything-in-is-captured",
        flags=ALL,
        probes=(CAPTURED_IN,),
        needs=("I5", "I9"),
    ),
    Case(
        name="proxy-egress-by-user",
        flags=(*ALL, "-g", "4444"),
        probes=(EGRESS,),
        needs=("O5",),
    ),
    Case(
        name="proxy-egress-by-group",
        flags=(*ALL, "-u", "4444", "-g", "1337"),
        probes=(outbound(BY_GROUP, REMOTE, 80, "outside"),),
        needs=("O8",),
    ),
    Case(
        name="self-call-by-user-enters-as-inbound",
        flags=(*ALL, "-g", "4444"),
        probes=(SELF_CALL, outbound(BY_USER, POD, 15008, "app")),
        needs=("O3",),
    ),
    Case(
        name="self-call-by-group-enters-as-inbound",
        flags=(*ALL, "-u", "4444", "-g", "1337"),
        probes=(outbound(BY_GROUP, POD, 80, "inbound {pod} {target}"),),
        needs=("O6",),
    ),
    Case(
        name="self-call-of-every-proxy-user",
        flags=(*ALL, "-u", "3,1337,5-6", "-g", "4444"),
        probes=(
            SELF_CALL,
            outbound({"user": 3, "group": 1}, POD, 80, "inbound"),
            outbound({"user": 6, "group": 1}, POD, 80, "inbound"),
            outbound({"user": 6, "group": 1}, REMOTE, 80, "outside"),
        ),
        needs=("O3", "O5"),
    ),
    Case(
        name="application-to-itself-is-not-captured",
        flags=ALL,
        probes=(
            outbound(APP, POD, 80, "app"),
            outbound(APP, LOCALHOST, 80, "app"),
        ),
        needs=("O4",),
    ),
    Case(
        name="inbound-passthrough-does-not-loop",
        flags=ALL,
        probes=(outbound(BY_USER, POD, 80, "app", source=PASSTHROUGH),),
        needs=("O2",),
    ),
    Case(
        name="explicit-localhost-is-a-neighbour",
        flags=("-i", "127.0.0.0/8,::1/128", "-b", "*"),
        probes=(outbound(APP, LOCALHOST, 80, "app"),),
        needs=("O11",),
    ),
    Case(
        name="excluded-outbound-port",
        flags=(*ALL, "-o", "80,100-200"),
        probes=(
            outbound(APP, REMOTE, 80, "outside"),
            outbound(BY_USER, POD, 80, "app"),
            outbound(APP, REMOTE, 8080, "outbound"),
        ),
        needs=("O1/tcp",),
    ),
    Case(
        name="excluded-udp-port-escapes-dns-capture",
        flags=(*DNS, "--exclude-outbound-udp-ports", "53"),
        probes=(
            outbound(APP, REMOTE, 53, "outside", protocol="udp"),
            outbound(APP, REMOTE, 53, "agent"),
        ),
        needs=("O1/udp",),
    ),
    Case(
        name="exempted-user",
        flags=(*ALL, "--exclude-outbound-for-uids", "tcp:80:1000-1001;*:2000"),
        probes=(
            outbound(APP, REMOTE, 80, "outside"),
            outbound(APP, REMOTE, 8080, "outbound"),
            outbound({"user": 2000, "group": 1}, REMOTE, 8080, "outside"),
        ),
        needs=("O1/user",),
    ),
    Case(
        name="owner-groups-excluded",
        flags=(*ALL, "--exclude-owner-groups", "888,900-901"),
        probes=(
            outbound({"user": 1000, "group": 888}, REMOTE, 80, "outside"),
            outbound({"user": 1000, "group": 901}, REMOTE, 80, "outside"),
            CAPTURED_OUT,
        ),
        needs=("O9",),
    ),
    Case(
        name="owner-groups-included",
        flags=(*ALL, "--include-owner-groups", "1000,202"),
        probes=(outbound({"user": 1000, "group": 888}, REMOTE, 80, "outside"), CAPTURED_OUT),
        needs=("O9",),
    ),
    Case(
        name="excluded-network-beats-included-port",
        flags=(*ALL, "-q", "80", "-x", "203.0.113.0/24,2001:db8:113::/48"),
        probes=(
            outbound(APP, REMOTE, 80, "outside"),
            outbound(APP, OTHER_REMOTE, 80, "outbound"),
        ),
        needs=("O12",),
    ),
    Case(
        name="included-port-of-any-address",
        flags=("-q", "80,7000-8000"),
        probes=(CAPTURED_OUT, outbound(APP, REMOTE, 8080, "outside")),
        needs=("O13",),
    ),
    Case(
        name="included-networks-only",
        flags=("-i", "203.0.113.0/24,203.0.114.0/23,2001:db8:113::/48"),
        probes=(CAPTURED_OUT, outbound(APP, OTHER_REMOTE, 80, "outside")),
        needs=("O14",),
    ),
    Case(
        name="excluded-interface",
        flags=(*ALL, "-c", "eth0"),
        probes=(outbound(APP, REMOTE, 80, "outside"), inbound(80, "app")),
        needs=("O0", "I1"),
    ),
    Case(
        name="inbound-exclusions",
        flags=(*ALL, "-d", "9090,9095-9099", "--exclude-inbound-cidrs", "10.78.0.0/24,fd78::/64"),
        probes=(
            inbound(9090, "app"),
            inbound(15008, "app"),
            inbound(80, "app", source=VM_SIDE),
            CAPTURED_IN,
        ),
        needs=("I2", "I3", "I4"),
    ),
    Case(
        name="listed-inbound-ports",
        flags=("-b", "80,7000-8079", "-d", "80"),
        probes=(CAPTURED_IN, inbound(8080, "app")),
        needs=("I5",),
    ),
    Case(
        name="virtual-machine-traffic-is-outbound",
        flags=(*ALL, "-k", "vm0"),
        probes=(inbound(80, "outbound", to=BEHIND_POD, source=VM_SIDE),),
        needs=("I0/capture",),
    ),
    Case(
        name="virtual-machine-traffic-is-not-inbound",
        flags=("-i", "192.0.2.0/24,2001:db8:77::/64", "-b", "*", "-k", "vm0"),
        probes=(
            inbound(80, "app", to=VM_POD_SIDE, source=VM_SIDE),
            inbound(80, "outbound", to=BEHIND_POD, source=VM_SIDE),
        ),
        needs=("I0/return", "I0/capture"),
    ),
    Case(
        name="dns-is-captured",
        flags=DNS,
        probes=(QUERY, outbound(APP, REMOTE, 53, "agent"), UDP_UNTOUCHED),
        needs=("O10", "D1/tcp", "D1/udp"),
    ),
    Case(
        name="dns-to-localhost-is-captured-too",
        flags=DNS,
        probes=(outbound(APP, LOCALHOST, 53, "agent"), outbound(BY_USER, POD, 53, "app")),
        needs=("D1/tcp",),
    ),
    Case(
        name="dns-zones-by-user",
        flags=(*DNS, "-u", "1337", "-g", "4444"),
        probes=(*colliding(BY_USER, 40001), QUERY),
        needs=("D2/user", "D3/user", "D4"),
    ),
    Case(
        name="dns-zones-by-group",
        flags=(*DNS, "-u", "4444", "-g", "1337"),
        probes=(*colliding(BY_GROUP, 40002), QUERY),
        needs=("D2/group", "D3/group", "D4"),
    ),
    Case(
        name="upstream-answers-belong-to-the-query",
        flags=DNS,
        probes=(outbound(BY_USER, REMOTE, 53, "outside", protocol="udp"),),
        needs=("D5",),
        foreign="table inet foreign { chain in { type filter hook input priority 0; "
        "udp sport 53 ct state new drop; }; }",
    ),
    Case(
        name="tproxy-keeps-the-source-address",
        flags=(*ALL, *TPROXY),
        probes=(inbound(80, "inbound {client} {target} then app {client} {target}"),),
        needs=("T1", "T6", "T9", "T10", "T12", "T13"),
    ),
    Case(
        name="tproxy-leaves-other-connections-alone",
        flags=(*ALL, *TPROXY, "-d", "9090"),
        probes=(EGRESS, inbound(9090, "app"), inbound(15008, "app"), CAPTURED_OUT),
        needs=("T5", "T8", "I2", "I4"),
    ),
    Case(
        name="tproxy-application-to-itself",
        flags=(*ALL, *TPROXY),
        probes=(
            outbound(APP, POD, 80, "app"),
            outbound(BY_USER, POD, 80, "app", source=PASSTHROUGH),
        ),
        needs=("T3", "T4", "O2", "O4"),
    ),
    Case(
        name="tproxy-self-call-is-inbound",
        flags=(*DNS, "-b", "*", *TPROXY),
        probes=(outbound(BY_USER, POD, 53, "inbound"),),
        needs=("T11",),
    ),
    Case(
        name="tproxy-delivers-foreign-addresses",
        flags=(*ALL, *TPROXY),
        probes=(inbound(80, "inbound {client} {target}", to=THROUGH_POD),),
        needs=("T7", "T9"),
    ),
    Case(
        name="tproxy-without-a-listener-refuses",
        flags=(*ALL, "-m", "TPROXY", "-z", "15999"),
        probes=(inbound(80, "silence"),),
        only_nft=("T9/closed",),
    ),
    Case(
        name="rejected-ipv6-does-not-bypass",
        flags=(*ALL, "--ipv6", "reject"),
        probes=(inbound(80, "error"), outbound(APP, REMOTE, 80, "error")),
        needs=("R1/in", "R1/out"),
        families=("ipv6",),
    ),
    Case(
        name="rejecting-ipv6-leaves-ipv4-captured",
        flags=(*ALL, "--ipv6", "reject"),
        probes=(CAPTURED_IN, CAPTURED_OUT),
        needs=("I5", "O14"),
        families=("ipv4",),
    ),
    Case(
        name="ipv6-off-leaves-ipv6-alone",
        flags=(*ALL, "--ipv6", "off"),
        probes=(inbound(80, "app"), outbound(APP, REMOTE, 80, "outside")),
        families=("ipv6",),
    ),
)
