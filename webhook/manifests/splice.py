"""Writes edits of pods into the text of their document, and proves the result by reading it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Protocol

import msgspec

from webhook.injection.apply import apply
from webhook.manifests import difference, emit, jsontext, layout, scalars, tree
from webhook.manifests.document import Document, Form
from webhook.manifests.equality import same
from webhook.manifests.layout import UnspliceableError
from webhook.manifests.node import Node
from webhook.model.edits import Edit
from webhook.model.errors import ManifestError

_LAYOUT: Final = "its layout is not one that can be edited in place"


class PodPlace(Protocol):
    """Where a pod stands in its document; `kinds.Workload` is one."""

    @property
    def path(self) -> tuple[str | int, ...]:
        """Members and list indices from the document's root to the pod or its template."""


class Spliced(msgspec.Struct, frozen=True):
    """A document's new text; `reason` says why it was written anew as a whole, "" if it was not.

    A document that was written anew has lost its comments, anchors and quoting.
    """

    text: str
    reason: str = ""


def splice(document: Document, changes: Sequence[tuple[PodPlace, Sequence[Edit]]]) -> Spliced:
    """Apply edits to pods of a document; every line outside an edited field stays as it is.

    JSON is written anew in its own indentation, which loses nothing.

    Raises:
        LookupError: the edits were not made for these pods.
        ManifestError: the document cannot be read, or no YAML can hold the changed one.
    """
    before = document.value
    after = before
    for place, edits in changes:
        after = _changed(after, place.path, edits)
    is_same = same(before, after)
    if document.form is Form.JSON and not is_same:
        return Spliced(_around(document, jsontext.encode(after, document.body)))
    root = document.root
    if root is None or is_same:
        return Spliced(document.text)
    try:
        body = difference.write(document.body, root, after)
        _check(document, body, after)
    except UnspliceableError as unspliceable:
        return _anew(document, root, after, str(unspliceable))
    except (ManifestError, ValueError):
        return _anew(document, root, after, _LAYOUT)
    return Spliced(_around(document, body))


def _changed(value: Any, path: Sequence[str | int], edits: Sequence[Edit]) -> Any:
    """Copy the containers on the way to the pod, and apply the edits there."""
    if not path:
        return apply(edits, value)
    step, rest = path[0], path[1:]
    if isinstance(step, int):
        return [*value[:step], _changed(value[step], rest, edits), *value[step + 1 :]]
    return {**value, step: _changed(value[step], rest, edits)}


def _anew(document: Document, root: Node, after: Any, reason: str) -> Spliced:
    """Write the content as a whole, in key order and without aliases."""
    text = document.body
    start = layout.line_start(text, root.start)
    end = layout.line_after(text, layout.content_end(text, root))
    style = layout.style(text, root)
    try:
        content = emit.block(after, 0, style)
        newline = style.newline if text.endswith("\n", start, end) else ""
        body = text[:start] + content + newline + text[end:]
        _check(document, body, after)
    except (UnspliceableError, ValueError) as error:
        raise document.inner.error(
            root.line, f"a value that cannot be written ({error})", "JSON"
        ) from error
    return Spliced(_around(document, body), reason)


def _check(document: Document, body: str, after: Any) -> None:
    """Read the new text as kubectl would.

    Raises:
        ManifestError: it cannot be read.
        UnspliceableError: it means something else.
    """
    root = tree.parse(body, document.inner)
    read = root.value if root is not None else None
    # As text, because Python takes 1 for true, and because the order of members counts.
    got = msgspec.json.encode(read)
    if got != msgspec.json.encode(after) and got != msgspec.json.encode(_numbers(after)):
        raise UnspliceableError(_LAYOUT)


def _numbers(value: Any) -> Any:
    """Give the value with its numbers as kubectl holds them: 1.0 is 1, and 64 bits are the most."""
    if isinstance(value, dict):
        return {key: _numbers(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_numbers(each) for each in value]
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        return scalars.number(float(value))
    return scalars.number(value) if isinstance(value, float) else value


def _around(document: Document, body: str) -> str:
    return document.text[: document.start] + body + document.text[document.end :]
