"""Which address families are captured, and that it is never one of them silently."""

from __future__ import annotations

import pytest

from initcontainer.applying import captured_families
from initcontainer.capture import Capture, Ipv6
from initcontainer.facts import Facts
from initcontainer.mistakes import LackingError
from initcontainer.networks import Family

BOTH = (Family.V4, Family.V6)


def facts(*, has_ipv6: bool) -> Facts:
    """Describe a kernel with or without IPv6."""
    return Facts(has_ipv6=has_ipv6, ipv6_addresses=(), is_mapped=False)


@pytest.mark.parametrize(
    ("choice", "has_ipv6", "families", "said"),
    [
        (Ipv6.AUTO, True, BOTH, ""),
        (Ipv6.AUTO, False, (Family.V4,), "the kernel has no IPv6 in this namespace: IPv4 only"),
        (Ipv6.ON, True, BOTH, ""),
        (Ipv6.OFF, True, (Family.V4,), "--ipv6=off: IPv6 bypasses the proxy"),
        (Ipv6.REJECT, True, (Family.V4,), "--ipv6=reject: IPv6 TCP is reset"),
    ],
)
def test_one_family_alone_is_said(
    choice: Ipv6, has_ipv6: bool, families: tuple[Family, ...], said: str
) -> None:
    """Both families are captured, or a sentence says which is not and why."""
    found, notes = captured_families(Capture(ipv6=choice), facts(has_ipv6=has_ipv6))

    assert found == families
    assert notes == ((said,) if said else ())


def test_ipv6_on_needs_ipv6() -> None:
    """--ipv6=on on a kernel without IPv6 is refused, not downgraded."""
    with pytest.raises(LackingError, match="the kernel has no IPv6"):
        captured_families(Capture(ipv6=Ipv6.ON), facts(has_ipv6=False))
