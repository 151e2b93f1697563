"""The edits that turn a pod into an injected pod, addressed in the coordinates of the original.

An edit names what changes and nothing else, so the same list can be rendered as a JSON Patch
(`injection.patch`), applied to an object (`injection.apply`) or spliced into YAML text
(`manifests.splice`); a property test proves the three equal.

Invariants, held by whoever builds a list: no edit lies inside what another one replaces, and item
names are unique per list. Edits of one list are given in the order in which they apply.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

JSON = Any
"""Any JSON value: None, bool, int, float, str, list, dict, or `msgspec.Raw` holding its text."""


class Item(msgspec.Struct, frozen=True, array_like=True):
    """An element of a list, addressed by the value of its `name` member."""

    name: str


Path = tuple[str | Item, ...]
"""From the pod's root: object members by key, list elements by `Item`."""


class Absent(msgspec.Struct, frozen=True):
    """Stands for a member that is not there, where None would mean JSON null."""


ABSENT: Final = Absent()


class Present(msgspec.Struct, frozen=True):
    """Stands for a list that was there before a `Put`, whatever it held."""


PRESENT: Final = Present()


class Set(msgspec.Struct, frozen=True):
    """Give the object member at `path` this value.

    An existing member keeps its place among its siblings; a new one becomes the last. The object
    that holds it exists, or an earlier edit of the list creates it as an empty object. `was` is the
    value before, or `ABSENT`.
    """

    path: Path
    value: JSON
    was: JSON = ABSENT


class Swap(msgspec.Struct, frozen=True):
    """Put member `key` with `value` in the place of the existing member at `path`.

    A probe's `tcpSocket` becomes `httpGet` without moving among its siblings, so that undoing it
    gives back the same text. `was` is the value before.
    """

    path: Path
    key: str
    value: JSON
    was: JSON = ABSENT


class Drop(msgspec.Struct, frozen=True):
    """Remove the existing object member or list item at `path`.

    For a list item `was` is its value and `before` the name of the item that followed it, so that
    it can be put back.
    """

    path: Path
    was: JSON = ABSENT
    before: str | None = None


class Put(msgspec.Struct, frozen=True):
    """Insert `items`, in order, into the list at `path`, before the item named `before`.

    None for `before`, or a name that is not there, appends. A list that is absent or null is
    created (a null one in its place). `names` are those of the items; `was` says what was there:
    `ABSENT`, None for null, or `PRESENT`.
    """

    path: Path
    before: str | None
    items: tuple[JSON, ...]
    names: tuple[str, ...] = ()
    was: JSON = PRESENT


class Restore(msgspec.Struct, frozen=True):
    """Undo a creation: if the list or object at `path` is now empty, set it to `value`.

    `ABSENT` removes it; None makes it null again. Does nothing when it holds something: others have
    added to it since.
    """

    path: Path
    value: JSON


Edit = Set | Swap | Drop | Put | Restore
