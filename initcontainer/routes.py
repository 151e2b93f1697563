"""Routing state that goes with the rules: ::6 on lo, and TPROXY's policy rule and route.

All of it carries our protocol number, the mark by which cleanup knows it from others'.
"""

from __future__ import annotations

import _socket
import errno
import struct

from initcontainer.frozen import value
from initcontainer.netlink import (
    ACK,
    CREATE,
    EXCLUSIVE,
    ROUTE,
    Attributes,
    Message,
    Netlink,
    attribute,
    attributes,
)
from initcontainer.networks import Family, parse_address
from initcontainer.ruleset import Routing

NEW_ADDRESS, DELETE_ADDRESS, GET_ADDRESS = 20, 21, 22
NEW_ROUTE, DELETE_ROUTE, GET_ROUTE = 24, 25, 26
NEW_RULE, DELETE_RULE, GET_RULE = 32, 33, 34
ADDRESS_HEADER = struct.Struct("=BBBBI")
ROUTE_HEADER = struct.Struct("=BBBBBBBBI")
PROTOCOL = 133
"""Who made it; not one of the numbers that rtnetlink.h or iproute2 give to others."""
RULE_PRIORITY = 32764
"""Istio's choice for the same rule in ambient mode, just before the main table."""
LOCAL_ROUTE, HOST_SCOPE, TO_TABLE = 2, 254, 1
ADDRESS_LOCAL, ADDRESS_VALUE, ADDRESS_PROTOCOL = 2, 1, 11
ROUTE_TABLE, ROUTE_INTERFACE = 15, 4
RULE_TABLE, RULE_MARK, RULE_MASK, RULE_PREFERENCE, RULE_PROTOCOL = 15, 10, 16, 6, 21
ALL_BITS = 0xFFFFFFFF
IPV6_DISABLED = "/proc/sys/net/ipv6/conf/lo/disable_ipv6"
PASSTHROUGH = (parse_address(Family.V6, "::6") or 0).to_bytes(16, "big")


@value
class PolicyRule:
    """`fwmark MARK lookup TABLE` of one family."""

    family: Family
    mark: int
    table: int


@value
class LocalRoute:
    """`local default dev lo` in a table of one family."""

    family: Family
    table: int


@value
class Held:
    """What the namespace holds of ours."""

    passthrough: bool
    """::6 is on lo, whoever put it there."""
    passthrough_is_ours: bool
    rules: tuple[PolicyRule, ...]
    routes: tuple[LocalRoute, ...]


class Routes:
    """Reads and changes addresses, policy rules and routes."""

    def __init__(self) -> None:
        self.netlink = Netlink(ROUTE)
        self.loopback = _socket.if_nametoindex("lo")

    def close(self) -> None:
        """Close the socket."""
        self.netlink.close()

    def held(self) -> Held:
        """Read what is there."""
        addresses = self._dump(GET_ADDRESS, ADDRESS_HEADER, Family.V6)
        six = [a for head, a in addresses if is_passthrough(a) and head[4] == self.loopback]
        return Held(
            passthrough=bool(six),
            passthrough_is_ours=any(a.get(ADDRESS_PROTOCOL) == bytes((PROTOCOL,)) for a in six),
            rules=tuple(rule for family in Family for rule in self._rules(family)),
            routes=tuple(route for family in Family for route in self._routes(family)),
        )

    def add_missing(self, routing: Routing, families: tuple[Family, ...]) -> tuple[str, ...]:
        """Add what is wanted and not there; gives one sentence per addition.

        Raises:
            OSError: the kernel's error.
        """
        held = self.held()
        done: list[str] = []
        if routing.passthrough and not held.passthrough and not loopback_lacks_ipv6():
            self._change(NEW_ADDRESS, self._passthrough_body())
            done.append("added ::6 to lo")
        for rule in wanted_rules(routing, families):
            route = LocalRoute(family=rule.family, table=rule.table)
            if route not in held.routes:  # first: a rule without its route would do nothing
                self._change(NEW_ROUTE, self._route_body(route))
            if rule not in held.rules:
                self._change(NEW_RULE, rule_body(rule))
                done.append(f"added {rule.family} rule fwmark {rule.mark} lookup {rule.table}")
        return tuple(done)

    def is_complete(self, routing: Routing, families: tuple[Family, ...]) -> bool:
        """Tell whether everything wanted is there and nothing of ours is left over."""
        held = self.held()
        rules = wanted_rules(routing, families)
        routes = {LocalRoute(family=rule.family, table=rule.table) for rule in rules}
        address = held.passthrough or loopback_lacks_ipv6()
        if not routing.passthrough:
            address = not held.passthrough_is_ours
        is_exact = sorted(map(repr, held.rules)) == sorted(map(repr, rules))
        return address and is_exact and set(held.routes) == routes

    def remove_stale(self, routing: Routing, families: tuple[Family, ...]) -> tuple[str, ...]:
        """Remove what is ours and not wanted, doubles included; one sentence per removal."""
        held = self.held()
        wanted = list(wanted_rules(routing, families))
        kept = {LocalRoute(family=rule.family, table=rule.table) for rule in wanted}
        done: list[str] = []
        for rule in held.rules:
            if rule in wanted:
                wanted.remove(rule)
                continue
            self._change(DELETE_RULE, rule_body(rule))
            done.append(f"removed {rule.family} rule fwmark {rule.mark} lookup {rule.table}")
        for route in held.routes:
            if route not in kept:
                self._change(DELETE_ROUTE, self._route_body(route))
                done.append(f"removed {route.family} local route of table {route.table}")
        if held.passthrough_is_ours and not routing.passthrough:
            self._change(DELETE_ADDRESS, self._passthrough_body())
            done.append("removed ::6 from lo")
        return tuple(done)

    def _rules(self, family: Family) -> list[PolicyRule]:
        found = self._dump(GET_RULE, ROUTE_HEADER, family)
        return [
            PolicyRule(family=family, mark=number(a, RULE_MARK), table=number(a, RULE_TABLE))
            for _, a in found
            if a.get(RULE_PROTOCOL) == bytes((PROTOCOL,))
        ]

    def _routes(self, family: Family) -> list[LocalRoute]:
        found = self._dump(GET_ROUTE, ROUTE_HEADER, family)
        return [
            LocalRoute(family=family, table=number(a, ROUTE_TABLE))
            for head, a in found
            if head[5] == PROTOCOL and head[7] == LOCAL_ROUTE and head[1] == 0
        ]

    def _dump(
        self, kind: int, layout: struct.Struct, family: Family
    ) -> list[tuple[tuple[int, ...], Attributes]]:
        try:
            bodies = self.netlink.dump(
                kind, layout.pack(family.number, *(0,) * head_fields(layout))
            )
        except OSError as error:
            if error.errno in (errno.EAFNOSUPPORT, errno.EOPNOTSUPP):
                return []  # the kernel has no IPv6
            raise
        parsed = ((layout.unpack_from(body), attributes(body[layout.size :])) for body in bodies)
        return [(head, found) for head, found in parsed if head[0] == family.number]

    def _change(self, kind: int, body: bytes) -> None:
        adds = kind in (NEW_ADDRESS, NEW_ROUTE, NEW_RULE)
        flags = ACK | (CREATE | EXCLUSIVE if adds else 0)
        try:
            self.netlink.ask(Message(kind=kind, body=body, flags=flags))
        except OSError as error:
            expected = errno.EEXIST if adds else errno.ENOENT
            if error.errno != expected:
                raise

    def _passthrough_body(self) -> bytes:
        head = ADDRESS_HEADER.pack(Family.V6.number, 128, 0, HOST_SCOPE, self.loopback)
        owner = attribute(ADDRESS_PROTOCOL, bytes((PROTOCOL,)))
        return head + attribute(ADDRESS_LOCAL, PASSTHROUGH) + owner

    def _route_body(self, route: LocalRoute) -> bytes:
        scope = HOST_SCOPE if route.family is Family.V4 else 0
        head = ROUTE_HEADER.pack(route.family.number, 0, 0, 0, 0, PROTOCOL, scope, LOCAL_ROUTE, 0)
        table = attribute(ROUTE_TABLE, struct.pack("=I", route.table))
        return head + table + attribute(ROUTE_INTERFACE, struct.pack("=I", self.loopback))


def wanted_rules(routing: Routing, families: tuple[Family, ...]) -> tuple[PolicyRule, ...]:
    """Give the policy rules of TPROXY, none in the other modes."""
    if routing.mark is None:
        return ()
    return tuple(
        PolicyRule(family=family, mark=routing.mark, table=routing.table) for family in families
    )


def rule_body(rule: PolicyRule) -> bytes:
    """Encode a policy rule."""
    head = ROUTE_HEADER.pack(rule.family.number, 0, 0, 0, 0, 0, 0, TO_TABLE, 0)
    numbers = (
        (RULE_PREFERENCE, RULE_PRIORITY),
        (RULE_MARK, rule.mark),
        (RULE_MASK, ALL_BITS),
        (RULE_TABLE, rule.table),
    )
    fields = b"".join(attribute(kind, struct.pack("=I", one)) for kind, one in numbers)
    return head + fields + attribute(RULE_PROTOCOL, bytes((PROTOCOL,)))


def is_passthrough(found: Attributes) -> bool:
    """Tell whether an address is ::6."""
    return PASSTHROUGH in (found.get(ADDRESS_VALUE), found.get(ADDRESS_LOCAL))


def number(found: Attributes, kind: int) -> int:
    """Decode a 32-bit attribute, 0 when it is absent."""
    return int(struct.unpack("=I", found[kind])[0]) if kind in found else 0


def head_fields(layout: struct.Struct) -> int:
    """Count the header's fields after the family."""
    return 4 if layout is ADDRESS_HEADER else 8


def loopback_lacks_ipv6() -> bool:
    """Tell whether lo takes no IPv6 address, so that ::6 can neither be added nor needed."""
    try:
        with open(IPV6_DISABLED, encoding="ascii") as file:  # noqa: PTH123
            return file.read().strip() == "1"
    except OSError:
        return True
