"""When two JSON values are the same."""

from __future__ import annotations

from typing import Any


def same(before: Any, after: Any) -> bool:
    """Whether two JSON values are equal, true and 1 told apart, members in the same order."""
    if before is after:
        return True
    if isinstance(before, dict) and isinstance(after, dict):
        return list(before) == list(after) and all(map(same, before.values(), after.values()))
    if isinstance(before, list) and isinstance(after, list):
        return len(before) == len(after) and all(map(same, before, after))
    if isinstance(before, bool) or isinstance(after, bool):
        return False
    return bool(before == after)
