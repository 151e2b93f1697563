"""Edits to a JSON Patch (RFC 6902), the webhook's answer.

Operations apply one after another, edits in the coordinates of the original: so everything inside
members and items is written first, with original positions, and then each list's own changes from
its end to its beginning. An absent list that gets items is written whole.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import Struct

from webhook.injection.apply import apply
from webhook.model.edits import ABSENT, PRESENT, Drop, Edit, Item, Path, Put, Restore, Set, Swap
from webhook.model.pod import Pod

_ENCODER = msgspec.json.Encoder()


class Stage(Struct, frozen=True):
    """A list of edits and the pod in whose coordinates they are."""

    pod: Pod
    make: Callable[[], Sequence[Edit]]
    """Makes the edits, which not everybody asks for."""
    value: Any = None
    """The pod's JSON value; only a stage with a `Restore` needs it."""
    text: bytes = b""
    """The stage's whole patch, where that is known already."""

    @property
    def edits(self) -> Sequence[Edit]:
        """The edits, made now."""
        return self.make()


def render(stages: Sequence[Stage]) -> bytes:
    """Return the patch as JSON text.

    There is one stage for an injection, and more when an earlier one is taken out first.
    """
    if len(stages) == 1 and stages[0].text:
        return stages[0].text
    return b"[%b]" % b",".join([text for stage in stages if (text := operations(stage))])


def operations(stage: Stage) -> bytes:
    """Return the operations of one stage as JSON text, without brackets, in their order."""
    if stage.text:
        return stage.text[1:-1]
    places = _Places(stage.pod)
    lists: dict[Path, list[Put | Drop]] = {}
    restores: list[Restore] = []
    steps: list[bytes] = []
    edits = stage.edits
    for edit in edits:
        path = edit.path
        if isinstance(edit, Set):
            steps.append(_addition(places.pointer(path), edit.value))
        elif isinstance(edit, Put):
            lists.setdefault(path, []).append(edit)
        elif isinstance(edit, Swap):
            steps.append(_removal(places.pointer(path)))
            steps.append(_addition(places.pointer((*path[:-1], edit.key)), edit.value))
        elif isinstance(edit, Restore):
            restores.append(edit)
        elif isinstance(path[-1], Item):
            lists.setdefault(path[:-1], []).append(edit)
        else:
            steps.append(_removal(places.pointer(path)))
    for path, changes in lists.items():
        _list_operations(path, changes, places, steps)
    if restores:
        steps += _restore_operations(restores, apply(edits, stage.value), places)
    return b",".join(steps)


def _addition(place: bytes, value: Any) -> bytes:
    return b'{"op":"add","path":"%b","value":%b}' % (place, _ENCODER.encode(value))


def _removal(place: bytes) -> bytes:
    return b'{"op":"remove","path":"%b"}' % place


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
            # Of two items of one name the first is meant, as `apply` means it.
            found = {item.name: at for at, item in reversed([*enumerate(items or ())])}
            self._positions[key] = found
        return found

    def length(self, key: str) -> int:
        """Return the number of items in one of the lists of `spec`."""
        return len(getattr(self._pod.spec, key) or ())

    def pointer(self, path: Path) -> bytes:
        """Return the JSON Pointer of a path, as it stands inside a JSON string."""
        if len(path) > 2 and type(path[2]) is Item:
            position = self.positions(path[1])[path[2].name]  # type: ignore[arg-type]
            return b"%b/%d%b" % (_members(path[:2]), position, _members(path[3:]))
        return _members(path)


@lru_cache(maxsize=4096)
def _members(path: tuple[str, ...]) -> bytes:
    """Return the pointer of object members; the same few come back with every pod."""
    escaped = "".join(f"/{part.replace('~', '~0').replace('/', '~1')}" for part in path)
    return _ENCODER.encode(escaped)[1:-1]


def _list_operations(
    path: Path, changes: list[Put | Drop], places: _Places, steps: list[bytes]
) -> None:
    place = places.pointer(path)
    first = changes[0]
    if isinstance(first, Put):
        if first.was is not PRESENT:
            items = [item for change in changes if isinstance(change, Put) for item in change.items]
            steps.append(_addition(place, items))
            return
        if len(changes) == 1 and first.before is None:
            end = place + b"/-"
            steps += [_addition(end, item) for item in first.items]
            return
    positions = places.positions(str(path[-1]))
    end_position = places.length(str(path[-1]))
    found: list[tuple[int, bool, int, bytes]] = []
    for order, change in enumerate(changes):
        if isinstance(change, Put):
            before = change.before
            at = end_position if before is None else positions.get(before, end_position)
            # Last to first at one position, so that they end up first to last.
            found += (
                (-at, True, -order, _addition(b"%b/%d" % (place, at), item))
                for item in reversed(change.items)
            )
        elif isinstance(change.path[-1], Item):
            at = positions[change.path[-1].name]
            found.append((-at, False, -order, _removal(b"%b/%d" % (place, at))))
    # From the end, so that what is done does not move what is to be done; an item is removed before
    # others take its place.
    found.sort(key=_order)
    steps += [step[3] for step in found]


def _order(step: tuple[int, bool, int, bytes]) -> tuple[int, bool, int]:
    return step[:3]


def _restore_operations(restores: list[Restore], after: Any, places: _Places) -> list[bytes]:
    """Look at what `apply` has left, so that one place knows when a creation is undone."""
    steps: list[bytes] = []
    for restore in restores:
        found = _lookup(restore.path, after)
        if found is ABSENT:
            steps.append(_removal(places.pointer(restore.path)))
        elif found is None:
            steps.append(_addition(places.pointer(restore.path), None))
    return steps


def _lookup(path: Path, value: Any) -> Any:
    for part in path:
        if isinstance(part, Item):
            value = next(item for item in value if item["name"] == part.name)
        elif isinstance(value, dict) and part in value:
            value = value[part]
        else:
            return ABSENT
    return value
