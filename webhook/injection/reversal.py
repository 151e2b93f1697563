"""The edits that take a recorded injection out again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from webhook.injection.record import NAMED_LISTS, Replaced, Status, Undo, changed_by_hand, pointer
from webhook.model import names
from webhook.model.edits import ABSENT, PRESENT, Drop, Edit, Item, Path, Put, Restore, Set, Swap
from webhook.model.errors import PodRejected

_LABELS = ("metadata", "labels")
_ANNOTATIONS = ("metadata", "annotations")
_LISTS = frozenset(("spec", name) for name in NAMED_LISTS)
"""Where elements are addressed by name; a record that names one elsewhere was not left by edits."""
_HANDLERS = frozenset({"httpGet", "tcpSocket", "grpc"})


def undos(status: Status) -> tuple[tuple[Undo, str | None], ...]:
    """Return what to reverse, in the order in which to do it.

    With the token by which to know the handlers that are still as injection wrote them; None where
    none was written.
    """
    named = {f"/spec/{name}": getattr(status, name) for name in NAMED_LISTS}
    replaced = {entry.at for entry in status.undo.replaced}
    own = [] if pointer((*_ANNOTATIONS, names.STATUS)) in replaced else [names.STATUS]
    undo = msgspec.structs.replace(
        status.undo,
        items={**{place: found for place, found in named.items() if found}, **status.undo.items},
        annotations=[*status.undo.annotations, *own],
    )
    first = (undo, status.token)
    return (first,) if status.overlay is None else (first, (status.overlay, None))


def inverse(undo: Undo, pod: Any, token: str | None) -> tuple[Edit, ...]:
    """Return the edits that reverse what was recorded, in the coordinates of this pod.

    What is gone already is passed over; what others have put in or changed stays.

    Args:
        undo: what was recorded.
        pod: its JSON value.
        token: begins the path of every handler that injection wrote. A handler without it was
            changed since, and stays; None takes all handlers for ours.

    Raises:
        PodRejected: no list of edits leads to this record, so it was changed by hand.
    """
    edits = tuple(_inverse(undo, pod, token))
    if not _is_consistent(edits):
        raise PodRejected(changed_by_hand("its places lie inside each other"))
    return edits


def _inverse(undo: Undo, pod: Any, token: str | None) -> Iterator[Edit]:
    yield from _put_back(undo.replaced, pod, token)
    for keys, parent in ((undo.labels, _LABELS), (undo.annotations, _ANNOTATIONS)):
        held = _value(parent, pod)
        if isinstance(held, dict):
            yield from (Drop((*parent, key)) for key in dict.fromkeys(keys) if key in held)
    for place in undo.added:
        path = _resolve(place, pod)
        if path is not None:
            yield Drop(path)
    for place, found in undo.items.items():
        path = _list_path(place)
        held = _item_names(_value(path, pod))
        yield from (Drop((*path, Item(name))) for name in dict.fromkeys(found) if name in held)
    for removed in undo.removed:
        path = _list_path(removed.at)
        yield Put(path, removed.before, (removed.was,), was=_state(path, pod))
    for places, value in ((undo.created, ABSENT), (undo.nulls, None)):
        for place in reversed(places):
            path = _resolve(place, pod)
            if path is not None:
                yield Restore(path, value)


def _put_back(replaced: Iterable[Replaced], pod: Any, token: str | None) -> Iterator[Edit]:
    """Yield the edits that give replaced members their previous values."""
    for entry in replaced:
        path = _resolve(entry.at, pod) or (_place(entry.at, pod) if entry.is_null else None)
        if path is None or isinstance(path[-1], Item):
            continue
        holder = _value(path[:-1], pod)
        if token is not None and path[-1] in _HANDLERS and not _is_ours(holder, token):
            continue
        if entry.key is None:
            yield Set(path, entry.was)
        elif entry.key in holder:
            yield Drop(path)
        else:
            yield Swap(path, entry.key, entry.was)


def _place(place: str, pod: Any) -> Path | None:
    """Return the path of a member that is absent, or None if nothing holds it."""
    parent, _, key = place.rpartition("/")
    path = _resolve(parent, pod)
    if path is None or not isinstance(_value(path, pod), dict):
        return None
    return (*path, _unescaped(key))


def _is_ours(probe: Any, token: str) -> bool:
    """Tell whether a probe or hook still asks the path that injection wrote."""
    handler = probe.get("httpGet") if isinstance(probe, dict) else None
    path = handler.get("path") if isinstance(handler, dict) else None
    return isinstance(path, str) and path.startswith(f"/{token}/")


def _list_path(place: str) -> Path:
    """Return the path of one of the lists that injection puts items into."""
    for path in _LISTS:
        if place == pointer(path):
            return path
    raise PodRejected(changed_by_hand("it names a list that injection does not change"))


def _state(path: Path, pod: Any) -> Any:
    """Return what a `Put` has to know of the list at `path`."""
    held = _value(path, pod)
    if held is None:
        return None if path[-1] in pod["spec"] else ABSENT
    return PRESENT


def _is_consistent(edits: Iterable[Edit]) -> bool:
    """Tell whether no edit lies inside what another one replaces, and no place comes twice."""
    replaced = [edit.path for edit in edits if isinstance(edit, Set | Swap | Drop)]
    restored = [edit.path for edit in edits if isinstance(edit, Restore)]
    places = set(replaced)
    return (
        len(places) == len(replaced)
        and len(set(restored)) == len(restored)
        and places.isdisjoint(restored)
        and all(
            places.isdisjoint(edit.path[:depth] for depth in range(len(edit.path)))
            for edit in edits
        )
    )


def _resolve(place: str, pod: Any) -> Path | None:
    """Return the path that a pointer means in this pod, or None if nothing is there."""
    value: Any = pod
    path: list[str | Item] = []
    for part in place.split("/")[1:]:
        key = _unescaped(part)
        if isinstance(value, dict) and key in value:
            path.append(key)
            value = value[key]
        elif tuple(path) in _LISTS and key in _item_names(value):
            path.append(Item(key))
            value = next(item for item in value if item.get("name") == key)
        else:
            return None
    return tuple(path) or None


def _value(path: Path, pod: Any) -> Any:
    value = pod
    for part in path:
        if isinstance(part, Item):
            value = next(item for item in value if item.get("name") == part.name)
        elif isinstance(value, dict) and part in value:
            value = value[part]
        else:
            return None
    return value


def _item_names(held: list[Any] | None) -> set[str]:
    """Return the names in one of `_LISTS`, whose items are objects, as the pod's view read them."""
    return {item.get("name") for item in held or ()}


def _unescaped(part: str) -> str:
    return part.replace("~1", "/").replace("~0", "~")
