"""The texts an annotation or a setting may hold about traffic: ports, prefixes, interfaces.

As strict as Istio's own admission (pkg/kube/inject/validate.go), and stricter: it takes port 0 and
never checks `includeOutboundPorts`.
"""

from __future__ import annotations

import re

from webhook.injection.annotation_values import Refused

_PORT_OR_RANGE = re.compile(r"([0-9]{1,5})(?:[-:]([0-9]{1,5}))?")
_PREFIX = re.compile(r"([0-9A-Fa-f:.]{2,45})/([0-9]|[1-9][0-9]{1,2})")
_INTERFACE = re.compile(r"[a-zA-Z][a-zA-Z0-9_.\-]{0,14}")
_ADDRESS = re.compile(r"(\[[0-9a-fA-F:.]{2,45}\]|[A-Za-z0-9]([A-Za-z0-9._-]{0,252})):([0-9]{1,5})")


def ports(text: str) -> tuple[str, ...]:
    """Read ports and ranges `a-b` separated by commas, blanks around each; empty is none."""
    if not text.strip(" "):
        return ()
    return tuple(dict.fromkeys(port_or_range(item.strip(" ")) for item in text.split(",")))


def ports_or_all(text: str) -> tuple[str, ...]:
    """Read `*` for every port, or ports as `ports` does."""
    return ("*",) if text == "*" else ports(text)


def port_or_range(text: str) -> str:
    """Read a port of 1-65535 or a range of them; `a:b`, iptables' spelling, becomes `a-b`."""
    found = _PORT_OR_RANGE.fullmatch(text)
    if not found:
        raise Refused(f'"{text}" is none')
    first = int(found[1])
    last = int(found[2] or first)
    if not 1 <= first <= last <= 65535:
        raise Refused(f'"{text}" is none')
    return f"{first}-{last}" if found[2] else str(first)


def cidrs(text: str) -> tuple[str, ...]:
    """Read IPv4 and IPv6 prefixes separated by commas, without blanks; empty is none."""
    if not text:
        return ()
    return tuple(dict.fromkeys(cidr(item) for item in text.split(",")))


def cidrs_or_all(text: str) -> tuple[str, ...]:
    """Read `*` for every address, or prefixes as `cidrs` does."""
    return ("*",) if text == "*" else cidrs(text)


def cidr(text: str) -> str:
    """Read one prefix; bits behind its length are cleared, as the kernel does."""
    if not _PREFIX.fullmatch(text):
        raise Refused(f'"{text}" is none')
    # Few pods name a prefix, and a start of the command line would pay for the import.
    from ipaddress import IPv4Network, IPv6Network  # noqa: PLC0415

    kind = IPv6Network if ":" in text else IPv4Network
    try:
        return str(kind(text, strict=False))
    except ValueError as error:
        raise Refused(f'"{text}" is none') from error


def interfaces(text: str) -> tuple[str, ...]:
    """Read interface names separated by commas, blanks around each; empty is none."""
    if not text:
        return ()
    return tuple(dict.fromkeys(interface(item.strip(" ")) for item in text.split(",")))


def interface(text: str) -> str:
    """Read one interface name: at most 15 characters (IFNAMSIZ), no wildcard."""
    if not _INTERFACE.fullmatch(text):
        raise Refused(f'"{text}" is none')
    return text


def address(text: str) -> str:
    """Read `host:port`, an IPv6 address in brackets."""
    found = _ADDRESS.fullmatch(text)
    if not found or not 1 <= int(found[3]) <= 65535:
        raise Refused
    if text.startswith("["):
        cidr(f"{found[1][1:-1]}/128")
    return text
