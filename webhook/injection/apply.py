"""What edits mean: the changed value itself. Every renderer of edits must agree with it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from webhook.model.edits import (
    ABSENT,
    JSON,
    Absent,
    Drop,
    Edit,
    Item,
    Path,
    Put,
    Restore,
    Set,
    Swap,
)


def apply(edits: Iterable[Edit], value: JSON) -> JSON:
    """Give the value with all edits applied in order, raw JSON decoded and key order kept.

    The input is not mutated; what no edit touches is the same object in the result.

    Raises:
        LookupError: a path leads to nothing, so the edits were not made for this value.
    """
    for edit in edits:
        value = _at(value, edit.path, edit)
    return value


def decoded(value: JSON) -> JSON:
    """Give the value with every `msgspec.Raw` in it read."""
    if isinstance(value, msgspec.Raw):
        return msgspec.json.decode(value)
    if isinstance(value, dict):
        return {key: decoded(member) for key, member in value.items()}
    if isinstance(value, list | tuple):
        return [decoded(item) for item in value]
    return value


def _at(value: JSON, path: Path, edit: Edit) -> JSON:
    """Copy the containers on the way to the edited place, and edit there."""
    if not path:
        return _whole(value, edit)
    step, rest = path[0], path[1:]
    if isinstance(value, msgspec.Raw):
        value = msgspec.json.decode(value)
    if isinstance(step, Item):
        return _in_list(value, step, rest, edit)
    if not isinstance(value, dict):
        if isinstance(edit, Restore):
            return value
        raise LookupError(f'no object holds "{step}" of {edit}')
    if not rest:
        return _member(value, step, edit)
    if step not in value:
        if isinstance(edit, Restore):
            return value
        raise LookupError(f'no member "{step}" on the way of {edit}')
    return {**value, step: _at(value[step], rest, edit)}


def _in_list(value: JSON, step: Item, rest: Path, edit: Edit) -> JSON:
    index = _index(value, step.name)
    if index is None:
        if isinstance(edit, Restore):
            return value
        raise LookupError(f'no item named "{step.name}" on the way of {edit}')
    if rest:
        after = [_at(value[index], rest, edit)]
    elif isinstance(edit, Drop):
        after = []
    else:
        kept = _whole(value[index], edit)
        after = [] if kept is ABSENT else [kept]
    return [*value[:index], *after, *value[index + 1 :]]


def _member(value: dict[str, Any], key: str, edit: Edit) -> dict[str, Any]:
    match edit:
        case Set():
            return {**value, key: decoded(edit.value)}
        case Swap():
            if key not in value:
                raise LookupError(f'no member "{key}" to swap in {edit}')
            swapped = (edit.key, decoded(edit.value))
            return dict(swapped if member[0] == key else member for member in value.items())
        case Drop():
            if key not in value:
                raise LookupError(f'no member "{key}" to drop in {edit}')
            return {name: member for name, member in value.items() if name != key}
        case Put():
            return {**value, key: _put(value.get(key), edit)}
        case Restore():
            return _restored(value, key, edit)


def _restored(value: dict[str, Any], key: str, edit: Restore) -> dict[str, Any]:
    if key not in value:
        return value
    kept = _whole(value[key], edit)
    if isinstance(kept, Absent):
        return {name: member for name, member in value.items() if name != key}
    return {**value, key: kept}


def _whole(value: JSON, edit: Edit) -> JSON:
    match edit:
        case Set():
            return decoded(edit.value)
        case Put():
            return _put(value, edit)
        case Restore():
            is_empty = isinstance(value, dict | list) and not value
            return decoded(edit.value) if is_empty else value
        case Swap() | Drop():
            raise LookupError(f"no object holds the place of {edit}")


def _put(value: JSON, edit: Put) -> list[Any]:
    items = [decoded(item) for item in edit.items]
    if value is None:
        return items
    if not isinstance(value, list):
        raise LookupError(f"no list at the place of {edit}")
    index = _index(value, edit.before) if edit.before is not None else None
    if index is None:
        return [*value, *items]
    return [*value[:index], *items, *value[index:]]


def _index(value: JSON, name: str) -> int | None:
    if not isinstance(value, list):
        return None
    for index, item in enumerate(value):
        if isinstance(item, dict) and item.get("name") == name:
            return index
    return None
