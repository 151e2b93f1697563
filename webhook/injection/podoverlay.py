"""Configured overlays on the pod itself, as edits that can be undone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from webhook.injection.overlay import merge
from webhook.model.edits import ABSENT, PRESENT, Drop, Edit, Item, Path, Put, Set
from webhook.model.errors import ConfigurationError
from webhook.model.settings import Overlay, OverlayTarget

_LISTS_OF_NAMED = frozenset(
    {
        ("spec", "containers"),
        ("spec", "initContainers"),
        ("spec", "volumes"),
        ("spec", "imagePullSecrets"),
    }
)
"""Lists that injection puts items into too; they are edited item by item, never replaced whole."""


class PodOverlays:
    """The overlays of one configuration whose target is the pod, merged in their order."""

    def __init__(self, overlays: tuple[Overlay, ...]) -> None:
        """Keep the patches whose target is the pod.

        Raises:
            ConfigurationError: one deletes a label or annotation: where it stood could not be
                recorded, and null there means the empty text.
        """
        for overlay in overlays:
            metadata = overlay.patch.get("metadata") or {}
            for kind in ("labels", "annotations"):
                if (
                    overlay.target is OverlayTarget.POD
                    and None in (metadata.get(kind) or {}).values()
                ):
                    raise ConfigurationError(
                        (
                            f"overlays.{overlay.name}.patch.metadata.{kind}: got null, expected "
                            "text; an overlay cannot delete labels or annotations",
                        )
                    )
        self._patches = tuple(o.patch for o in overlays if o.target is OverlayTarget.POD)

    def __bool__(self) -> bool:
        return bool(self._patches)

    def edits(self, pod: Any) -> tuple[Edit, ...]:
        """Return what merging the overlays changes in the pod's JSON value.

        Raises:
            PodRejected: an overlay and the pod disagree on the type of a member.
        """
        after = pod
        for patch in self._patches:
            after = merge(after, patch)
        return tuple(_members((), pod, after))


def _members(path: Path, before: dict[str, Any], after: dict[str, Any]) -> Iterator[Edit]:
    """Yield the edits between an object and what a merge made of it."""
    for key, value in before.items():
        # A merge deletes; null means the same to the API server and keeps the member's place.
        if key not in after and value is not None:
            yield Set((*path, key), None, value)
    for key, value in after.items():
        was = before.get(key, ABSENT)
        if was != value or type(was) is not type(value):
            yield from _difference((*path, key), was, value)


def _difference(path: Path, was: Any, value: Any) -> Iterator[Edit]:
    if path in _LISTS_OF_NAMED and isinstance(value, list):
        yield from _items(path, was, value)
    elif isinstance(was, dict) and isinstance(value, dict):
        yield from _members(path, was, value)
    elif isinstance(value, dict) and all(isinstance(step, str) for step in path):
        # Created empty and then filled, so that undoing it leaves what others have added to it.
        yield Set(path, {}, was)
        yield from _members(path, {}, value)
    else:
        yield Set(path, value, was)


def _items(path: Path, was: Any, after: list[Any]) -> Iterator[Edit]:
    before = was if isinstance(was, list) else []
    held = {_name(item): item for item in before}
    kept = {_name(item): item for item in after}
    following: str | None = None
    dropped: list[Edit] = []
    for item in reversed(before):
        name = _name(item)
        if name in kept:
            following = name
        else:
            dropped.append(Drop((*path, Item(name)), item, following))
    yield from reversed(dropped)
    for name, item in kept.items():
        if name in held and held[name] != item:
            yield from _members((*path, Item(name)), held[name], item)
    added = tuple(item for name, item in kept.items() if name not in held)
    if added or not isinstance(was, list):
        names = tuple(_name(item) for item in added)
        yield Put(path, None, added, names, PRESENT if isinstance(was, list) else was)


def _name(item: Any) -> str:
    """Return the name by which a view of the pod knows the item."""
    return str(item.get("name") or "")
