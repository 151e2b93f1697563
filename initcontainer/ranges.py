"""Ranges: a set of whole numbers (ports, user ids, marks) as merged, sorted closed intervals."""

from __future__ import annotations

from initcontainer.frozen import value

MAXIMUM_PORT = 65535
MAXIMUM_ID = 4294967294
"""The largest user or group id: 4294967295 means "none" to the kernel."""


@value
class Ranges:
    """Closed intervals in ascending order that neither overlap nor touch."""

    intervals: tuple[tuple[int, int], ...] = ()

    def __bool__(self) -> bool:
        """Tell whether there is any number in it."""
        return bool(self.intervals)

    def __str__(self) -> str:
        """Give the canonical form, `80,8000-8100`."""
        return ",".join(spell(interval) for interval in self.intervals)

    def __contains__(self, number: int) -> bool:
        """Tell whether a number is in one of the intervals."""
        return any(low <= number <= high for low, high in self.intervals)

    def __or__(self, other: Ranges) -> Ranges:
        """Give the union."""
        return merged(self.intervals + other.intervals)


def spell(interval: tuple[int, int], separator: str = "-") -> str:
    """Write one interval: a lone number, or its two ends."""
    low, high = interval
    return str(low) if low == high else f"{low}{separator}{high}"


def merged(intervals: tuple[tuple[int, int], ...]) -> Ranges:
    """Sort intervals and join those that overlap or touch."""
    kept: list[tuple[int, int]] = []
    for low, high in sorted(intervals):
        if kept and low <= kept[-1][1] + 1:
            kept[-1] = (kept[-1][0], max(high, kept[-1][1]))
        else:
            kept.append((low, high))
    return Ranges(intervals=tuple(kept))


def of(*numbers: int) -> Ranges:
    """Give the set of these numbers."""
    return merged(tuple((number, number) for number in numbers))


def parse_interval(text: str, *, lowest: int, highest: int) -> tuple[int, int]:
    """Read `N`, `N-M` or `N:M` (istio-iptables passes the latter through to iptables).

    Raises:
        ValueError: naming the text and the numbers that are accepted.
    """
    low, dash, high = text.replace(":", "-").partition("-")
    ends = [parse_number(end) for end in ((low, high) if dash else (low, low))]
    first, last = ends
    if first is None or last is None or not lowest <= first <= last <= highest:
        raise ValueError(f'got "{text}", expected {lowest}-{highest} or a range of them')
    return first, last


def parse_number(text: str) -> int | None:
    """Read ASCII digits; anything else, a sign or a Unicode digit included, is None."""
    stripped = text.strip(" ")
    return (
        int(stripped) if stripped.isascii() and stripped.isdigit() and len(stripped) < 12 else None
    )
