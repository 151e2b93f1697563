"""Edits to a JSON Patch (RFC 6902), the webhook's answer.

Operations apply one after another, edits in the coordinates of the original: so everything inside
members and items is written first, with original positions, and then each list's own changes from
its end to its beginning. An absent list that gets items is written whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct

from webhook.injection.apply import apply
from webhook.model.edits import ABSENT, PRESENT, Drop, Edit, Item, Path, Put, Restore, Set, Swap
from webhook.model.pod import Pod


class _Add(Struct, tag_field="op", tag="add"):
    path: str
    value: Any


class _Remove(Struct, tag_field="op", tag="remove"):
    path: str


Operation = _Add | _Remove

_ENCODER = msgspec.json.Encoder()


class Stage(Struct, frozen=True):
    """A list of edits and the pod in whose coordinates they are.

    `value` is the pod's JSON value; only a stage with a `Restore` needs it.
    """

    edits: Sequence[Edit]
    pod: Pod
    value: Any = None


def render(stages: Sequence[Stage]) -> bytes:
    """Return the patch as JSON text.

    There is one stage for an injection, and more when an earlier one is taken out first.
    """
    return _ENCODER.encode([step for stage in stages for step in operations(stage)])


def operations(stage: Stage) -> list[Operation]:
    """Return the operations of one stage, in the order in which they apply."""
    places = _Places(stage.pod)
    steps: list[Operation] = []
    lists: dict[Path, list[Put | Drop]] = {}
    restores: list[Restore] = []
    for edit in stage.edits:
        kind = type(edit)
        if kind is Set:
            place = places.pointer(edit.path)
            steps.append(_Add(place, edit.value))
        elif kind is Put:
            lists.setdefault(edit.path, []).append(edit)
        elif kind is Swap:
            steps.append(_Remove(places.pointer(edit.path)))
            steps.append(_Add(places.pointer((*edit.path[:-1], edit.key)), edit.value))
        elif kind is Restore:
            restores.append(edit)
        elif isinstance(edit.path[-1], Item):
            lists.setdefault(edit.path[:-1], []).append(edit)
        else:
            steps.append(_Remove(places.pointer(edit.path)))
    for path, changes in lists.items():
        steps += _list_operations(path, changes, places)
    if restores:
        steps += _restore_operations(restores, stage, places)
    return steps


class _Places:
    """JSON Pointers into one pod; positions of named items are looked up once per list."""

    def __init__(self, pod: Pod) -> None:
        self._pod = pod
        self._positions: dict[str, dict[str, int]] = {}

    def positions(self, key: str) -> dict[str, int]:
        """Return name to index of one of the lists of `spec`."""
        found = self._positions.get(key)
        if found is None:
            items = getattr(self._pod.spec, key)
            found = {item.name: index for index, item in enumerate(items or ())}
            self._positions[key] = found
        return found

    def pointer(self, path: Path) -> str:
        """Return the JSON Pointer of a path."""
        parts = [""]
        before = ""
        for part in path:
            if type(part) is Item:
                parts.append(str(self.positions(before)[part.name]))
                continue
            before = part  # type: ignore[assignment]
            parts.append(
                before.replace("~", "~0").replace("/", "~1")
                if "/" in before or "~" in before
                else before
            )
        return "/".join(parts)


def _list_operations(path: Path, changes: list[Put | Drop], places: _Places) -> list[Operation]:
    place = places.pointer(path)
    first = changes[0]
    if type(first) is Put and first.was is not PRESENT:
        items = [item for change in changes if type(change) is Put for item in change.items]
        return [_Add(place, items)]
    positions = places.positions(str(path[-1]))
    end = len(positions)
    steps: list[tuple[int, bool, int, Operation]] = []
    for order, change in enumerate(changes):
        if type(change) is Put:
            at = end if change.before is None else positions.get(change.before, end)
            # Last to first at one position, so that they end up first to last.
            steps += (
                (-at, True, -order, _Add(f"{place}/{at}", item)) for item in reversed(change.items)
            )
        elif isinstance(change.path[-1], Item):
            at = positions[change.path[-1].name]
            steps.append((-at, False, -order, _Remove(f"{place}/{at}")))
    # From the end, so that what is done does not move what is to be done; an item is removed before
    # others take its place.
    steps.sort(key=_order)
    return [step[3] for step in steps]


def _order(step: tuple[int, bool, int, Operation]) -> tuple[int, bool, int]:
    return step[:3]


def _restore_operations(restores: list[Restore], stage: Stage, places: _Places) -> list[Operation]:
    """Ask `apply` what is left, so that there is one place that knows when a creation is undone."""
    after = apply(stage.edits, stage.value)
    steps: list[Operation] = []
    for restore in restores:
        found = _lookup(restore.path, after)
        if found is ABSENT:
            steps.append(_Remove(places.pointer(restore.path)))
        elif found is None:
            steps.append(_Add(places.pointer(restore.path), None))
    return steps


def _lookup(path: Path, value: Any) -> Any:
    for part in path:
        if not isinstance(value, dict) or part not in value:
            return ABSENT
        value = value[part]
    return value
