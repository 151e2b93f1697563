"""Configured overlays on the pod itself, as edits that can be undone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from webhook.injection.overlay import merge
from webhook.model.edits import ABSENT, PRESENT, Edit, Item, Path, Put, Set
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
                            f"overlays.{overlay.name}.patch.metadata.{kind}: got null, expected text; "
                            "an overlay cannot delete labels or annotations",
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
        return tuple(_difference((), pod, after))


def _difference(path: Path, before: Any, after: Any) -> Iterator[Edit]:
    """Yield the edits between a value and what a merge made of it, as deep as objects go."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in before.keys() - after.keys():
            # A merge deletes; null means the same to the API server and keeps the member's place.
            if before[key] is not None:
                yield Set((*path, key), None, before[key])
        for key, value in after.items():
            if key not in before:
                yield from _creation((*path, key), value)
            elif before[key] != value or type(before[key]) is not type(value):
                yield from _difference((*path, key), before[key], value)
    elif path in _LISTS_OF_NAMED and isinstance(before, list) and isinstance(after, list):
        yield from _items(path, before, after)
    else:
        yield Set(path, after, before)


def _creation(path: Path, value: Any) -> Iterator[Edit]:
    if path in _LISTS_OF_NAMED:
        yield Put(path, None, tuple(value), tuple(item["name"] for item in value), ABSENT)
    elif path[0] == "metadata" and isinstance(value, dict):
        # Others may add to it; undoing an empty creation leaves what they have added.
        yield Set(path, {})
        for key, member in value.items():
            yield from _creation((*path, key), member)
    else:
        yield Set(path, value)


def _items(path: Path, before: list[Any], after: list[Any]) -> Iterator[Edit]:
    held = {item["name"]: item for item in before}
    added = tuple(item for item in after if item["name"] not in held)
    for item in after:
        name = item["name"]
        if name in held and held[name] != item:
            yield from _difference((*path, Item(name)), held[name], item)
    if added:
        yield Put(path, None, added, tuple(item["name"] for item in added), PRESENT)
