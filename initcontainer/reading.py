"""From option texts to a typed Capture; every mistake is collected, none is skipped over.

Whatever ends up in a rule is rebuilt from parsed numbers, so no text of the user reaches a script.
"""

from __future__ import annotations

from initcontainer.arguments import Arguments, Given, read_switch
from initcontainer.capture import (
    PROXY_ID,
    Capture,
    Destinations,
    Exemption,
    Ipv6,
    Mode,
    Ports,
)
from initcontainer.mistakes import UsageError
from initcontainer.networks import Family, Networks, network, parse_network
from initcontainer.ranges import (
    MAXIMUM_ID,
    MAXIMUM_PORT,
    Ranges,
    merged,
    parse_interval,
    parse_number,
)
from initcontainer.ranges import of as ranges_of
from initcontainer.rules import Protocol

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from initcontainer.accounts import Image

MAXIMUM_INTERFACE = 15
"""IFNAMSIZ without the final zero."""
MAXIMUM_GROUPS = 64
"""Included owner groups share one rule; istio-iptables has the same limit."""
MAXIMUM_MARK = 2**32 - 1
LOOPBACK_V4 = network(Family.V4, "127.0.0.0/8")
LOOPBACK_V6 = network(Family.V6, "::1/128")


def read_capture(arguments: Arguments, environment: Mapping[str, str], image: Image) -> Capture:
    """Give the capture that the options describe.

    Raises:
        UsageError: with all mistakes at once.
    """
    reader = Reader(arguments, image)
    users = reader.owners("proxy-uid", reader.image.user)
    if not users:
        account = reader.image.user(environment.get("ENVOY_USER", "istio-proxy"))
        users = ranges_of(PROXY_ID if account is None else account)
    servers = reader.dns_servers()
    included = reader.destinations("include-outbound-cidrs", wildcard=True)
    capture = Capture(
        mode=reader.mode(),
        outbound_port=reader.port("proxy-outbound-port"),
        inbound_port=reader.port("proxy-inbound-port"),
        tunnel_port=reader.port("inbound-tunnel-port"),
        dns_port=reader.port("dns-capture-port"),
        proxy_users=users,
        proxy_groups=reader.owners("proxy-gid", reader.image.group) or users,
        inbound_ports=reader.selected_ports("include-inbound-ports"),
        inbound_excluded_ports=reader.ports("exclude-inbound-ports"),
        inbound_excluded_sources=reader.destinations("exclude-inbound-cidrs"),
        outbound_destinations=included,
        outbound_excluded_destinations=reader.destinations("exclude-outbound-cidrs"),
        outbound_ports=reader.ports("include-outbound-ports"),
        outbound_excluded_ports=reader.ports("exclude-outbound-ports"),
        outbound_excluded_udp_ports=reader.ports("exclude-outbound-udp-ports"),
        exemptions=reader.exemptions(),
        excluded_interfaces=reader.interfaces("exclude-interfaces"),
        virtual_interfaces=reader.interfaces("virtual-interfaces"),
        groups_captured=reader.captured_groups(),
        groups_excluded=reader.excluded_groups(),
        captures_loopback=names_loopback(included),
        redirect_dns=reader.switch("redirect-dns") and bool(servers),
        dns_servers=servers,
        drop_invalid=reader.switch("drop-invalid"),
        loopback=reader.loopback(),
        tproxy_mark=reader.number("tproxy-mark", 1, MAXIMUM_MARK),
        tproxy_table=reader.number("tproxy-table", 1, MAXIMUM_MARK),
        ipv6=reader.ipv6(),
    )
    if reader.mistakes:
        raise UsageError(tuple(reader.mistakes))
    return capture


def names_loopback(included: Destinations) -> bool:
    """Tell whether an included network begins at a loopback address, as istio-iptables asks."""
    pairs = ((included.v4, LOOPBACK_V4), (included.v6, LOOPBACK_V6))
    return any(
        low in loopback.addresses
        for networks, loopback in pairs
        for low, _ in networks.addresses.intervals
    )


class Reader:
    """Reads options one by one and remembers every mistake."""

    def __init__(self, arguments: Arguments, image: Image) -> None:
        self.given = dict(arguments.given)
        self.image = image
        self.mistakes: list[str] = []

    def switch(self, flag: str) -> bool:
        """Read an option that is on or off."""
        return read_switch(self.given[flag], self.mistakes)

    def number(self, flag: str, lowest: int, highest: int) -> int:
        """Read one number within bounds."""
        given = self.given[flag]
        number = parse_number(given.text)
        if number is None or not lowest <= number <= highest:
            self.reject(given, f"a number from {lowest} to {highest}")
            return lowest
        return number

    def port(self, flag: str) -> int:
        """Read one port."""
        return self.number(flag, 1, MAXIMUM_PORT)

    def ports(self, flag: str) -> Ranges:
        """Read a list of ports and port ranges."""
        return self.intervals(self.given[flag], self.given[flag].text, MAXIMUM_PORT, lowest=1)

    def selected_ports(self, flag: str) -> Ports:
        """Read `*` or a list of ports."""
        if self.given[flag].text.strip(" ") == "*":
            return Ports(everything=True)
        return Ports(ranges=self.ports(flag))

    def intervals(self, given: Given, text: str, highest: int, *, lowest: int = 0) -> Ranges:
        """Read a comma-separated list of numbers and ranges; empty items are skipped."""
        found: list[tuple[int, int]] = []
        for item in items(text):
            try:
                found.append(parse_interval(item, lowest=lowest, highest=highest))
            except ValueError as error:
                self.mistakes.append(f"{given.origin}: {error}")
        return merged(tuple(found))

    def owners(self, flag: str, look_up: Callable[[str], int | None]) -> Ranges:
        """Read numbers, ranges of numbers, and names that the image's files know."""
        given = self.given[flag]
        numbers: list[str] = []
        for item in items(given.text):
            known = look_up(item) if item[:1].isalpha() or item[:1] == "_" else None
            numbers.append(item if known is None else str(known))
        return self.intervals(given, ",".join(numbers), MAXIMUM_ID)

    def destinations(self, flag: str, *, wildcard: bool = False) -> Destinations:
        """Read `*`, where it is allowed, or a list of networks of both families."""
        given = self.given[flag]
        if wildcard and given.text.strip(" ") == "*":
            return Destinations(everything=True)
        found = Destinations()
        for item in items(given.text):
            parsed = self.network(given, item)
            found = found if parsed is None else found.with_networks(parsed)
        return found

    def network(self, given: Given, text: str) -> Networks | None:
        """Read one network."""
        try:
            return parse_network(text)
        except ValueError as error:
            self.mistakes.append(f"{given.origin}: {error}")
            return None

    def interfaces(self, flag: str) -> tuple[str, ...]:
        """Read interface names; a final + stands for any continuation."""
        given = self.given[flag]
        names = tuple(dict.fromkeys(items(given.text)))
        for name in names:
            if not is_interface(name):
                expected = f"an interface name of at most {MAXIMUM_INTERFACE} characters"
                self.mistakes.append(f'{given.origin}: got "{name}", expected {expected}')
        return names

    def exemptions(self) -> tuple[Exemption, ...]:
        """Read `[tcp:|udp:]PORTS:USERS` items separated by semicolons."""
        given = self.given["exclude-outbound-for-uids"]
        texts = [text.strip(" ") for text in given.text.split(";")]
        found = [self.exemption(given, text) for text in texts if text]
        return tuple(dict.fromkeys(item for items in found for item in items))

    def exemption(self, given: Given, text: str) -> tuple[Exemption, ...]:
        """Read one item; without a protocol ports are those of TCP and UDP."""
        fields = text.split(":")
        named = [p for p in Protocol if fields[0] == p]
        ports_text, users_text = fields[-2:] if len(fields) == 2 + len(named) else ("", "")
        users = self.intervals(given, users_text, MAXIMUM_ID)
        if not users or not ports_text:
            self.mistakes.append(f'{given.origin}: got "{text}", expected [tcp:|udp:]PORTS:USERS')
            return ()
        if ports_text == "*":
            protocols: list[Protocol | None] = [*named] or [None]
            return tuple(Exemption(users=users, protocol=protocol) for protocol in protocols)
        ports = self.intervals(given, ports_text, MAXIMUM_PORT, lowest=1)
        return tuple(Exemption(users=users, protocol=p, ports=ports) for p in named or Protocol)

    def captured_groups(self) -> Ranges | None:
        """Read the only groups to capture; `*` is all."""
        given = self.given["include-owner-groups"]
        if given.text.strip(" ") == "*":
            return None
        groups = self.owners("include-owner-groups", self.image.group)
        if len(groups.intervals) > MAXIMUM_GROUPS:
            self.reject(given, f"at most {MAXIMUM_GROUPS} groups")
        return groups

    def excluded_groups(self) -> Ranges:
        """Read the groups not to capture; they count only while all others are captured."""
        groups = self.owners("exclude-owner-groups", self.image.group)
        wildcard = self.given["include-owner-groups"].text.strip(" ") == "*"
        return groups if wildcard else Ranges()

    def dns_servers(self) -> Destinations:
        """Give the servers whose traffic DNS capture takes: all, or resolv.conf's."""
        if self.switch("capture-all-dns") or not self.switch("redirect-dns"):
            return Destinations(everything=True)
        found = Destinations()
        for address in self.image.nameservers():
            try:
                found = found.with_networks(parse_network(address))
            except ValueError:
                origin = self.given["redirect-dns"].origin
                wanted = "an address in resolv.conf, or --capture-all-dns"
                self.mistakes.append(f'{origin}: got nameserver "{address}", expected {wanted}')
        return found

    def loopback(self) -> Networks:
        """Read the IPv4 network that means localhost: within 127.0.0.0/8, /8 to /32."""
        given = self.given["loopback-cidr"]
        parsed = self.network(given, given.text)
        if parsed is None:
            return LOOPBACK_V4
        low, high = parsed.addresses.intervals[0]
        inside = parsed.family is Family.V4 and low in LOOPBACK_V4.addresses
        if not inside or high not in LOOPBACK_V4.addresses:
            self.reject(given, "an IPv4 loopback network, /8 to /32")
            return LOOPBACK_V4
        return parsed

    def mode(self) -> Mode:
        """Read the interception mode; empty is REDIRECT, as in istio-iptables."""
        given = self.given["interception-mode"]
        for mode in Mode:
            if (given.text or Mode.REDIRECT) == mode:
                return mode
        self.reject(given, "REDIRECT, TPROXY or NONE")
        return Mode.REDIRECT

    def ipv6(self) -> Ipv6:
        """Read what happens to IPv6."""
        given = self.given["ipv6"]
        for choice in Ipv6:
            if given.text == choice:
                return choice
        self.reject(given, "auto, on, off or reject")
        return Ipv6.AUTO

    def reject(self, given: Given, expected: str) -> None:
        """Remember one mistake."""
        self.mistakes.append(f'{given.origin}: got "{given.text}", expected {expected}')


def items(text: str) -> tuple[str, ...]:
    """Split at commas and drop empty items, as istio-iptables does."""
    stripped = (item.strip(" ") for item in text.split(","))
    return tuple(item for item in stripped if item)


def is_interface(name: str) -> bool:
    """Tell whether a name is one that every backend takes literally, but for a final +."""
    stem = name[:-1] if name.endswith("+") else name
    allowed = all(letter.isalnum() or letter in "_.@:-" for letter in stem)
    starts = stem[:1].isalnum() or stem[:1] == "_"
    return len(name) <= MAXIMUM_INTERFACE and stem.isascii() and starts and allowed
