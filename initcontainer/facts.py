"""Facts about the container and the node, read from /proc without changing anything."""

from __future__ import annotations

import os

from initcontainer.frozen import value
from initcontainer.networks import Family

NET_ADMIN, NET_RAW, SETGID, SETUID = 12, 13, 6, 7
"""Bit numbers of capabilities (linux/capability.h)."""
STATUS = "/proc/self/status"
IPV6_ADDRESSES = "/proc/net/if_inet6"
LEGACY_TABLES = {
    Family.V4: "/proc/net/ip_tables_names",
    Family.V6: "/proc/net/ip6_tables_names",
}
UID_MAP = "/proc/self/uid_map"
WHOLE_UID_MAP = ["0", "0", "4294967295"]


@value
class Facts:
    """What decides how, and whether, rules can be put in place."""

    has_ipv6: bool
    """The kernel has IPv6 in this namespace, addresses or not."""
    ipv6_addresses: tuple[str, ...]
    """Addresses as `address%interface`, loopback's left out."""
    is_mapped: bool
    """The process lives in a user namespace of its own (hostUsers: false)."""


def gather_facts() -> Facts:
    """Read the facts of this process and its network namespace."""
    lines = read_lines(IPV6_ADDRESSES)
    fields = [line.split() for line in lines or []]
    mapping = read_lines(UID_MAP) or [" ".join(WHOLE_UID_MAP)]
    return Facts(
        has_ipv6=lines is not None,
        ipv6_addresses=tuple(f"{spelled(f[0])}%{f[5]}" for f in fields if f[5] != "lo"),
        is_mapped=mapping[0].split() != WHOLE_UID_MAP,
    )


def legacy_tables(family: Family) -> tuple[str, ...] | None:
    """Name the iptables-legacy tables that exist in this namespace; reading creates none.

    None where the list is not ours to read: in a user namespace it belongs to the host's root.
    """
    path = LEGACY_TABLES[family]
    lines = read_lines(path)
    if lines is None:
        return None if os.path.exists(path) else ()  # noqa: PTH110
    return tuple(lines)


def can(capability: int) -> bool:
    """Tell whether the process has a capability now."""
    return bool(effective_capabilities() >> capability & 1)


def effective_capabilities() -> int:
    """Give the effective set as a number."""
    for line in read_lines(STATUS) or []:
        if line.startswith("CapEff:"):
            return int(line.split()[1], 16)
    return 0


def read_lines(path: str) -> list[str] | None:
    """Give a file's lines, None when it is not there or not ours to read."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:  # noqa: PTH123
            return file.read().splitlines()
    except OSError:
        return None


def spelled(digits: str) -> str:
    """Spell the 32 digits of /proc/net/if_inet6 with colons."""
    return ":".join(digits[at : at + 4] for at in range(0, len(digits), 4))


def user() -> int:
    """Give the effective user."""
    return os.geteuid()
