"""Ranges, networks, reports and frozen values against independent oracles."""

from __future__ import annotations

import ipaddress
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from initcontainer.frozen import changed, value
from initcontainer.networks import Family, Networks, parse_network
from initcontainer.ranges import Ranges, merged
from initcontainer.reports import to_json

PORTS = st.integers(1, 65535)
INTERVALS = st.lists(st.tuples(PORTS, PORTS).map(lambda ends: (min(ends), max(ends))), max_size=8)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
ANY_NETWORK = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)).flatmap(
    lambda address: st.integers(0, address.max_prefixlen).map(
        lambda length: ipaddress.ip_network((address, length), strict=False)
    )
)


@given(INTERVALS)
def test_merging_keeps_exactly_the_numbers(intervals: list[tuple[int, int]]) -> None:
    """A merged set holds the same numbers, sorted, with gaps between its intervals."""
    result = merged(tuple(intervals)).intervals
    flat = [end for interval in result for end in interval]

    assert all(flat[i] + 1 < flat[i + 1] for i in range(1, len(flat) - 1, 2))
    for low, high in intervals:
        assert any(first <= low and high <= last for first, last in result)
    assert all(any(low == first for low, _ in intervals) for first, _ in result)


@given(st.lists(ANY_NETWORK, min_size=1, max_size=6))
def test_networks_collapse_as_the_library_does(
    networks: list[ipaddress.IPv4Network | ipaddress.IPv6Network],
) -> None:
    """The prefixes of a union are those `ipaddress.collapse_addresses` gives."""
    for family, version in ((Family.V4, 4), (Family.V6, 6)):
        same = [network for network in networks if network.version == version]
        union = Networks(family=family, addresses=Ranges())
        for network in same:
            union = union | parse_network(str(network))
        expected = [str(n) for n in ipaddress.collapse_addresses(same)]  # type: ignore[type-var]
        assert [str(ipaddress.ip_network(p)) for p in union.prefixes()] == expected


@given(JSON)
def test_reports_are_json(item: object) -> None:
    """What is written reads back as the same value."""
    assert json.loads(to_json(item)) == item  # type: ignore[arg-type]


@value
class Point:
    """A value for these tests."""

    x: int
    y: int = 2


def test_values_are_frozen_and_comparable() -> None:
    """Equal fields make equal values and hashes, and nothing can be assigned."""
    assert Point(x=1) == Point(x=1, y=2)
    assert len({Point(x=1), Point(x=1), Point(x=3)}) == 2
    assert changed(Point(x=1), y=5) == Point(x=1, y=5)
    with pytest.raises(AttributeError, match="frozen"):
        Point(x=1).x = 2  # type: ignore[misc]


def test_values_refuse_missing_and_unknown_fields() -> None:
    """A value is built with exactly its fields."""
    with pytest.raises(TypeError, match="Point takes"):
        Point()  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="Point takes"):
        Point(x=1, z=3)  # type: ignore[call-arg]
