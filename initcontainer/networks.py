"""Networks: sets of IPv4 or IPv6 addresses, merged, as the ranges and prefixes that rules need."""

from __future__ import annotations

import _socket  # `socket` costs 7 ms to import and adds nothing that is used here

from initcontainer.closed import StrEnum
from initcontainer.frozen import value
from initcontainer.ranges import Ranges, merged, parse_number


class Family(StrEnum):
    """An address family; the value is how reports name it."""

    V4 = "ipv4"
    V6 = "ipv6"

    @property
    def number(self) -> int:
        """The kernel's AF_ constant."""
        return int(_socket.AF_INET if self is Family.V4 else _socket.AF_INET6)

    @property
    def bits(self) -> int:
        """How many bits an address has."""
        return 32 if self is Family.V4 else 128


@value
class Networks:
    """Addresses of one family as closed intervals of their numeric value."""

    family: Family
    addresses: Ranges

    def __bool__(self) -> bool:
        """Tell whether there is any address in it."""
        return bool(self.addresses)

    def __or__(self, other: Networks) -> Networks:
        """Give the union of two sets of the same family."""
        return Networks(family=self.family, addresses=self.addresses | other.addresses)

    def prefixes(self) -> tuple[str, ...]:
        """Give the shortest list of `address/length` that covers exactly these addresses."""
        found: list[str] = []
        for low, high in self.addresses.intervals:
            found.extend(split_prefixes(self.family, low, high))
        return tuple(found)

    def spans(self) -> tuple[str, ...]:
        """Give one item per interval: an address, a prefix, or `first-last`."""
        return tuple(span(self.family, low, high) for low, high in self.addresses.intervals)


def network(family: Family, text: str) -> Networks:
    """Read one trusted prefix of a known family (our own constants)."""
    parsed = parse_network(text)
    if parsed.family is not family:
        raise ValueError(f'got "{text}", expected an {family} prefix')
    return parsed


def parse_network(text: str) -> Networks:
    """Read `address` or `address/length`; host bits are cleared, as istio-iptables does.

    Raises:
        ValueError: naming the text and what is accepted.
    """
    address, slash, length = text.strip(" ").partition("/")
    family = Family.V6 if ":" in address else Family.V4
    number = parse_address(family, address)
    size = parse_number(length) if slash else family.bits
    if number is None or size is None or size > family.bits:
        raise ValueError(f'got "{text}", expected an IPv4 or IPv6 prefix such as 10.0.0.0/8')
    hosts = (1 << (family.bits - size)) - 1
    low = number & ~hosts
    return Networks(family=family, addresses=merged(((low, low | hosts),)))


def parse_address(family: Family, text: str) -> int | None:
    """Read one address to its numeric value; None when it is not an address of that family."""
    if not text.isascii() or "\0" in text:
        return None
    try:
        return int.from_bytes(_socket.inet_pton(family.number, text), "big")
    except OSError:
        return None


def format_address(family: Family, number: int) -> str:
    """Write an address in the kernel's canonical spelling."""
    return _socket.inet_ntop(family.number, number.to_bytes(family.bits // 8, "big"))


def split_prefixes(family: Family, low: int, high: int) -> list[str]:
    """Cover one interval with the fewest prefixes, in ascending order."""
    found: list[str] = []
    while low <= high:
        size = 0  # host bits: the largest aligned block that starts at low and fits
        while size < family.bits and low % (2 << size) == 0 and low + (2 << size) - 1 <= high:
            size += 1
        found.append(f"{format_address(family, low)}/{family.bits - size}")
        low += 1 << size
    return found


def span(family: Family, low: int, high: int) -> str:
    """Write one interval as nft lists it: address, prefix when it is one, else first-last."""
    if low == high:
        return format_address(family, low)
    prefixes = split_prefixes(family, low, high)
    if len(prefixes) == 1:
        return prefixes[0]
    return f"{format_address(family, low)}-{format_address(family, high)}"
