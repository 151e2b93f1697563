"""The status annotation: what was injected, and how to take it out again.

No feature knows about undo: the record is computed from the edits, whatever they are, and
`injection.reversal` makes the edits that undo them from it. It keeps names, and previous values of
replaced members only, never a copy of the pod.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import Struct

from webhook.model import names
from webhook.model.edits import (
    ABSENT,
    PRESENT,
    Drop,
    Edit,
    Path,
    Put,
    Set,
    Swap,
)
from webhook.model.errors import PodRejected

_ENCODER = msgspec.json.Encoder()
_TOKEN = "\ue000token\ue001"  # noqa: S105 - stands for a token; no configuration holds it
_LABELS = ("metadata", "labels")
_ANNOTATIONS = ("metadata", "annotations")


class Replaced(Struct, frozen=True, omit_defaults=True):
    """A member whose value we replaced: where it is now, what it held, its key if that changed."""

    at: str
    was: Any
    key: str | None = None
    is_null: bool = False
    """We wrote null, so that the API server may have left the member out."""


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
    removed: list[Removed] = []
    replaced: list[Replaced] = []
    """The last member of the whole text, see `Blank`."""


class Status(Struct, frozen=True, omit_defaults=True):
    """`sidecar.istio.io/status`; the four lists and `revision` are what istioctl reads."""

    injector: str
    revision: str
    version: str
    hash: str
    """Of the configuration that reached the pod; for `status` and metrics, never trusted."""
    token: str
    initContainers: list[str]
    containers: list[str]
    volumes: list[str]
    imagePullSecrets: list[str]
    overlay: Undo | None = None
    """How to reverse the configured overlays on the pod, which were applied first."""
    undo: Undo = Undo()


NAMED_LISTS = ("initContainers", "containers", "volumes", "imagePullSecrets")


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
        undo.replaced.append(Replaced(pointer(path), was, is_null=edit.value is None))


def text_of(replaced: Sequence[Replaced]) -> str:
    """Return the JSON texts of what was replaced, with commas between them."""
    return _ENCODER.encode(replaced).decode()[1:-1]


class Identity(Struct, frozen=True):
    """Whose injection a record is of."""

    revision: str
    version: str
    fingerprint: str


class Blank(Struct, frozen=True):
    """The text of a record but for the token and what was replaced, which differ by pod."""

    before: str
    after: str

    def fill(self, token: str, replaced: str) -> str:
        """Return the text of the status annotation.

        Args:
            token: of this injection.
            replaced: the JSON texts of what was replaced, with commas between them.

        Raises:
            PodRejected: it takes more than 32 KiB.
        """
        text = f"{self.before}{token}{self.after}"
        if replaced:
            comma = "" if text.endswith("{") else ","
            text += f'{comma}"replaced":[{replaced}]'
        text += "}}"
        if len(text) > names.STATUS_LIMIT // 4 and len(text.encode()) > names.STATUS_LIMIT:
            raise PodRejected(
                f"the record of what injection replaced takes {len(text.encode())} bytes, expected "
                f"at most {names.STATUS_LIMIT}: the probes and hooks it must remember are too "
                "large; shorten their headers and paths, or set the annotation "
                '"sidecar.istio.io/rewriteAppHTTPProbers" to "false"'
            )
        return text


def blank(undo: Undo, identity: Identity, overlay: Undo | None) -> Blank:
    """Return the text of a record of these edits; what `undo` has replaced is left to `fill`."""
    items = dict(undo.items)
    lists = {name: items.pop(f"/spec/{name}", []) for name in NAMED_LISTS}
    status = Status(
        injector=names.INJECTOR,
        revision=identity.revision,
        version=identity.version,
        hash=identity.fingerprint,
        token=_TOKEN,
        overlay=overlay,
        undo=msgspec.structs.replace(undo, items=items, replaced=[]),
        **lists,
    )
    # The members of `undo` that are left out by default must not take `undo` with them.
    text = _ENCODER.encode(status).decode()
    text = text if '"undo":{' in text else f'{text[:-1]},"undo":{{}}}}'
    before, _, after = text.partition(_TOKEN)
    return Blank(before, after.removesuffix("}}"))


def read(text: str) -> Status:
    """Return the status that `Blank.fill` wrote.

    Raises:
        PodRejected: it is ours by its injector, but its inside was changed.
    """
    try:
        return msgspec.json.decode(text, type=Status)
    except (msgspec.DecodeError, RecursionError) as error:
        raise PodRejected(changed_by_hand(str(error))) from error


def names_present(status: Status, pod: Any) -> bool:
    """Tell whether any container that the status names is in the pod, which its view has read."""
    spec = pod["spec"]
    present = {
        item.get("name") for key in ("containers", "initContainers") for item in spec.get(key) or ()
    }
    return not present.isdisjoint([*status.initContainers, *status.containers])


def changed_by_hand(why: str) -> str:
    """Return the sentence that refuses a status annotation which `write` did not write."""
    return (
        f'annotation "{names.STATUS}" was changed by hand and cannot be read ({why}); remove it '
        "together with the containers and volumes that it names"
    )


@lru_cache(maxsize=4096)
def pointer(path: Path) -> str:
    """Return a path as a JSON Pointer (RFC 6901) in which a list element is named."""
    return "".join(f"/{_escape(part if isinstance(part, str) else part.name)}" for part in path)


def _escape(part: str) -> str:
    return part.replace("~", "~0").replace("/", "~1")
