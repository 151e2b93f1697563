"""Rules as data: tables, chains, matches and verdicts that every backend can render."""

from __future__ import annotations

from initcontainer.closed import StrEnum
from initcontainer.frozen import value
from initcontainer.networks import Family, Networks
from initcontainer.ranges import Ranges


class Table(StrEnum):
    """A netfilter table, in the order in which filled tables are written.

    Reject and zone rules first, marks next, redirection last: a run killed in between never
    redirects a packet whose supporting rule is not there yet.
    """

    FILTER = "filter"
    RAW = "raw"
    MANGLE = "mangle"
    NAT = "nat"


class Hook(StrEnum):
    """A built-in chain; the value is iptables' name for it."""

    PREROUTING = "PREROUTING"
    INPUT = "INPUT"
    OUTPUT = "OUTPUT"


class Chain(StrEnum):
    """A chain of ours, without its prefix."""

    INBOUND = "INBOUND"
    IN_REDIRECT = "IN_REDIRECT"
    REDIRECT = "REDIRECT"
    OUTPUT = "OUTPUT"
    OUTPUT_DNS = "OUTPUT_DNS"
    DIVERT = "DIVERT"
    TPROXY = "TPROXY"
    REJECT = "REJECT"


class Protocol(StrEnum):
    """A transport protocol that rules tell apart."""

    TCP = "tcp"
    UDP = "udp"


@value
class Interface:
    """The packet enters (incoming) or leaves through an interface; a final + is a wildcard."""

    name: str
    incoming: bool
    negated: bool = False


@value
class Address:
    """The packet's source or destination is in these networks (one family)."""

    networks: Networks
    source: bool = False
    negated: bool = False


def addressed(networks: Networks, *, source: bool = False) -> tuple[Address, ...]:
    """Match these networks; all addresses of a family need no match (iptables lists none)."""
    whole = ((0, (1 << networks.family.bits) - 1),)
    if networks.addresses.intervals == whole:
        return ()
    return (Address(networks=networks, source=source),)


@value
class Transport:
    """The packet is of this protocol, and its ports, when given, are in (or not in) the ranges."""

    protocol: Protocol
    ports: Ranges = Ranges()
    source: bool = False
    negated: bool = False


@value
class Owner:
    """The socket that sends belongs to one (negated: to none) of these users or groups."""

    ids: Ranges
    group: bool = False
    negated: bool = False


@value
class Mark:
    """The packet's mark, or its connection's, has this value."""

    number: int
    connection: bool = False
    negated: bool = False


@value
class Tracking:
    """The connection is in one of these conntrack states (lower case)."""

    states: tuple[str, ...]


Match = Interface | Address | Transport | Owner | Mark | Tracking


class Plain(StrEnum):
    """A verdict without parameters."""

    RETURN = "return"
    ACCEPT = "accept"
    DROP = "drop"
    RESET = "reset"
    SAVE_MARK = "save-mark"
    RESTORE_MARK = "restore-mark"


@value
class Jump:
    """Go on in a chain of ours of the same table."""

    chain: Chain


@value
class Redirect:
    """Send the connection to a local port (protocol comes from the rule's match)."""

    port: int


@value
class SetMark:
    """Mark the packet and go on."""

    number: int


@value
class Transparent:
    """Hand the packet to the transparent listener on a port and mark it for local delivery."""

    port: int
    mark: int


@value
class Zone:
    """Track the packet in its own conntrack zone."""

    number: int


Verdict = Plain | Jump | Redirect | SetMark | Transparent | Zone


@value
class Rule:
    """One rule.

    `name` is its place in the model (O1 to O14, I.., D.., T.., R..), `why` the loop or leak that
    it prevents; both end up as the rule's comment in the kernel. `family` None means both.
    """

    name: str
    why: str
    matches: tuple[Match, ...]
    verdict: Verdict
    family: Family | None = None

    @property
    def comment(self) -> str:
        """The text kept in the kernel beside the rule; plain ASCII, no quotes, under 128 bytes."""
        return f"{self.name} {self.why}"


@value
class Entry:
    """The jump from a built-in chain to one of ours: what makes a chain effective."""

    hook: Hook
    chain: Chain
    family: Family | None = None


@value
class TableRules:
    """All rules of one table: chains in order of definition, and the jumps that lead to them."""

    table: Table
    chains: tuple[tuple[Chain, tuple[Rule, ...]], ...]
    entries: tuple[Entry, ...]
