"""The status annotation: what was injected, and how to take it out again.

No feature knows about undo: the record is computed from the edits, whatever they are, and read back
into the edits that undo them. It keeps names, and previous values of replaced members only, never a
copy of the pod.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import Struct, field

from webhook.model import names
from webhook.model.edits import (
    ABSENT,
    PRESENT,
    Drop,
    Edit,
    Item,
    Path,
    Put,
    Restore,
    Set,
    Swap,
)
from webhook.model.errors import PodRejected

_LABELS = ("metadata", "labels")
_ANNOTATIONS = ("metadata", "annotations")


class Replaced(Struct, frozen=True, omit_defaults=True):
    """A member whose value we replaced: where it is now, what it held, and its key if that changed."""

    at: str
    was: Any
    key: str | None = None


class Removed(Struct, frozen=True, omit_defaults=True):
    """A list item that we took out: its list, its value, and the name of what followed it."""

    at: str
    was: Any
    before: str | None = None


class Undo(Struct, frozen=True, omit_defaults=True):
    """How to reverse one list of edits. Places are JSON Pointers with names for list elements."""

    items: dict[str, list[str]] = {}
    """List to names that we put in."""
    labels: list[str] = []
    annotations: list[str] = []
    added: list[str] = []
    """Other members that were absent."""
    created: list[str] = []
    """Lists and objects that were absent, to remove when nothing is left in them."""
    nulls: list[str] = []
    """The same for those that were null."""
    replaced: list[Replaced] = []
    removed: list[Removed] = []


class Status(Struct, frozen=True):
    """`sidecar.istio.io/status`; the four lists and `revision` are what istioctl reads."""

    injector: str
    revision: str
    version: str
    hash: str
    """Of the configuration that reached the pod; for `status` and metrics, never trusted."""
    token: str
    initContainers: list[str] = field(default_factory=list)
    containers: list[str] = field(default_factory=list)
    volumes: list[str] = field(default_factory=list)
    imagePullSecrets: list[str] = field(default_factory=list)
    undo: Undo = Undo()
    overlay: Undo | None = None
    """How to reverse the configured overlays on the pod, which were applied first."""


_NAMED_LISTS = ("initContainers", "containers", "volumes", "imagePullSecrets")


def undo_of(edits: Iterable[Edit]) -> Undo:
    """Return how to reverse the edits; each says itself what was there before."""
    undo = Undo(
        items={}, labels=[], annotations=[], added=[], created=[], nulls=[], replaced=[], removed=[]
    )
    for edit in edits:
        if isinstance(edit, Set):
            _note_set(edit, undo)
        elif isinstance(edit, Put):
            place = pointer(edit.path)
            undo.items.setdefault(place, []).extend(edit.names)
            if edit.was is not PRESENT:
                (undo.created if edit.was is ABSENT else undo.nulls).append(place)
        elif isinstance(edit, Swap):
            now = pointer((*edit.path[:-1], edit.key))
            undo.replaced.append(Replaced(now, edit.was, str(edit.path[-1])))
        elif isinstance(edit, Drop):
            undo.removed.append(Removed(pointer(edit.path[:-1]), edit.was, edit.before))
    return undo


def _note_set(edit: Set, undo: Undo) -> None:
    path, was = edit.path, edit.was
    if was is ABSENT:
        parent = path[:-1]
        if edit.value == {}:
            undo.created.append(pointer(path))
        elif parent == _LABELS:
            undo.labels.append(str(path[-1]))
        elif parent == _ANNOTATIONS:
            undo.annotations.append(str(path[-1]))
        else:
            undo.added.append(pointer(path))
    elif was is None and edit.value == {}:
        undo.nulls.append(pointer(path))
    else:
        undo.replaced.append(Replaced(pointer(path), was))


def write(
    undo: Undo, *, revision: str, version: str, fingerprint: str, token: str, overlay: Undo | None
) -> str:
    """Return the text of the status annotation.

    Raises:
        PodRejected: the previous values of what was replaced take more than 32 KiB.
    """
    items = dict(undo.items)
    lists = {name: items.pop(f"/spec/{name}", []) for name in _NAMED_LISTS}
    status = Status(
        injector=names.INJECTOR,
        revision=revision,
        version=version,
        hash=fingerprint,
        token=token,
        undo=msgspec.structs.replace(undo, items=items),
        overlay=overlay,
        **lists,
    )
    text = msgspec.json.encode(status)
    if len(text) > names.STATUS_LIMIT:
        raise PodRejected(
            f"the record of what injection replaced takes {len(text)} bytes, expected at most "
            f"{names.STATUS_LIMIT}: the probes and hooks it must remember are too large; shorten "
            f'their headers and paths, or set the annotation "sidecar.istio.io/rewriteAppHTTPProbers" '
            'to "false"'
        )
    return text.decode()


def read(text: str) -> Status:
    """Return the status that `write` wrote.

    Raises:
        PodRejected: it is ours by its injector, but its inside was changed.
    """
    try:
        return msgspec.json.decode(text, type=Status)
    except (msgspec.DecodeError, RecursionError) as error:
        raise PodRejected(
            f'annotation "{names.STATUS}" was changed by hand and cannot be read ({error}); remove it '
            "together with the containers and volumes that it names"
        ) from error


def names_present(status: Status, pod: Any) -> bool:
    """Tell whether any container that the status names is in the pod."""
    spec = pod.get("spec") or {}
    present = {
        item.get("name")
        for key in ("containers", "initContainers")
        for item in spec.get(key) or ()
        if isinstance(item, dict)
    }
    return not present.isdisjoint([*status.initContainers, *status.containers])


def undos(status: Status) -> tuple[Undo, ...]:
    """Return what to reverse, in the order in which to do it."""
    named = {f"/spec/{name}": getattr(status, name) for name in _NAMED_LISTS}
    replaced = {entry.at for entry in status.undo.replaced}
    own = [] if pointer((*_ANNOTATIONS, names.STATUS)) in replaced else [names.STATUS]
    undo = msgspec.structs.replace(
        status.undo,
        items={**{place: found for place, found in named.items() if found}, **status.undo.items},
        annotations=[*status.undo.annotations, *own],
    )
    return (undo,) if status.overlay is None else (undo, status.overlay)


def inverse(undo: Undo, pod: Any) -> tuple[Edit, ...]:
    """Return the edits that reverse what was recorded, in the coordinates of this pod.

    What is gone already is passed over, what others have put in stays. `pod` is its JSON value.
    """
    return tuple(_inverse(undo, pod))


def _inverse(undo: Undo, pod: Any) -> Iterator[Edit]:
    for entry in undo.replaced:
        path = _resolve(entry.at, pod)
        if path is not None and isinstance(path[-1], str):
            yield Set(path, entry.was) if entry.key is None else Swap(path, entry.key, entry.was)
    for keys, parent in ((undo.labels, _LABELS), (undo.annotations, _ANNOTATIONS)):
        held = _value(parent, pod)
        if isinstance(held, dict):
            yield from (Drop((*parent, key)) for key in dict.fromkeys(keys) if key in held)
    for place in undo.added:
        path = _resolve(place, pod)
        if path is not None:
            yield Drop(path)
    for place, found in undo.items.items():
        path = _resolve(place, pod)
        if path is not None:
            held = _item_names(_value(path, pod))
            yield from (Drop((*path, Item(name))) for name in dict.fromkeys(found) if name in held)
    for removed in undo.removed:
        path = _resolve(removed.at, pod)
        if path is not None:
            yield Put(path, removed.before, (removed.was,))
    for places, value in ((undo.created, ABSENT), (undo.nulls, None)):
        for place in reversed(places):
            path = _resolve(place, pod)
            if path is not None:
                yield Restore(path, value)


@lru_cache(maxsize=4096)
def pointer(path: Path) -> str:
    """Return a path as a JSON Pointer (RFC 6901) in which a list element is named."""
    return "".join(f"/{_escape(part if isinstance(part, str) else part.name)}" for part in path)


def _escape(part: str) -> str:
    return part.replace("~", "~0").replace("/", "~1")


def _resolve(place: str, pod: Any) -> Path | None:
    """Return the path that a pointer means in this pod, or None if nothing is there."""
    value: Any = pod
    path: list[str | Item] = []
    for part in place.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict) and key in value:
            path.append(key)
            value = value[key]
        elif isinstance(value, list) and key in _item_names(value):
            path.append(Item(key))
            value = next(item for item in value if _name(item) == key)
        else:
            return None
    return tuple(path) or None


def _value(path: Path, pod: Any) -> Any:
    value = pod
    for part in path:
        if isinstance(part, Item):
            value = next(item for item in value if _name(item) == part.name)
        elif isinstance(value, dict) and part in value:
            value = value[part]
        else:
            return None
    return value


def _item_names(value: Any) -> set[str]:
    return {_name(item) for item in value} if isinstance(value, list) else set()


def _name(item: Any) -> Any:
    return (
        item.get("name") if isinstance(item, dict) and isinstance(item.get("name"), str) else None
    )
