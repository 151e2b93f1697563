"""Which entries of a changed collection are the old ones, so that only the others are rewritten."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Hashable, Sequence
from typing import Any


def align(before: Sequence[Hashable], after: Sequence[Hashable]) -> tuple[int | None, ...]:
    """Give for each entry of `after` its index in `before`; None for one that is new or moved.

    Names are unique in each; the indices rise, and as few entries as possible count as moved.
    """
    places = {name: index for index, name in enumerate(before)}
    found = [places.get(name) for name in after]
    kept = _rising([index for index in found if index is not None])
    return tuple(index if index in kept else None for index in found)


def names(items: Sequence[Any]) -> list[Hashable]:
    """Name the items of a list: by their `name` member, else by value or by kind, and by count."""
    seen: Counter[Hashable] = Counter()
    result: list[Hashable] = []
    for item in items:
        name = _name(item)
        seen[name] += 1
        result.append((name, seen[name]))
    return result


def _name(item: Any) -> Hashable:
    if isinstance(item, dict):
        name = item.get("name")
        return ("name", name) if isinstance(name, str) else "object"
    if isinstance(item, list):
        return "list"
    return type(item), item


def _rising(indices: Sequence[int]) -> frozenset[int]:
    """Give a longest rising subsequence (patience sorting)."""
    ends: list[int] = []
    """Per length: the index that ends the subsequence of that length with the lowest end."""
    before: dict[int, int | None] = {}
    for index in indices:
        length = bisect_left(ends, index)
        before[index] = ends[length - 1] if length else None
        ends[length : length + 1] = [index]
    kept: set[int] = set()
    last = ends[-1] if ends else None
    while last is not None:
        kept.add(last)
        last = before[last]
    return frozenset(kept)
