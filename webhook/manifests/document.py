"""A document of a stream: its exact text, and lazily what stands in it."""

from __future__ import annotations

import re
from enum import StrEnum
from functools import cached_property
from typing import Any, Final

import msgspec

from webhook.manifests import jsontext, tree
from webhook.manifests.node import Node, child
from webhook.manifests.place import Place
from webhook.model.errors import ManifestError

_JSON: Final = re.compile(r'\s*\{\s*"')


class Form(StrEnum):
    """How a document is written."""

    BLANK = "blank"
    """Nothing but comments and white space, which kubectl skips."""
    JSON = "json"
    YAML = "yaml"


class Document(msgspec.Struct, frozen=True, dict=True):
    """A span of a stream; the texts of a stream's documents joined are the stream.

    `text` begins with the separator line and what precedes it; `text[start:end]` is the content.
    `kind` is the single plain top-level `kind` if that could be told without parsing.
    """

    place: Place
    form: Form
    text: str
    start: int
    end: int
    kind: str | None = None

    @property
    def body(self) -> str:
        """The content, without separators and byte order mark."""
        return self.text[self.start : self.end]

    @cached_property
    def inner(self) -> Place:
        """The place of the content's first line."""
        place = self.place
        return Place(place.source, place.number, place.line + self.text.count("\n", 0, self.start))

    @cached_property
    def root(self) -> Node | None:
        """The tree of a YAML document; None if it is blank or JSON.

        Raises:
            ManifestError: the content is no single YAML document.
        """
        if self.form is not Form.YAML:
            return None
        try:
            return tree.parse(self.body, self.inner)
        except ManifestError:
            if _JSON.match(self.body) is not None:
                # kubectl tries JSON first, and tells that error.
                jsontext.decode(self.body, self.inner)
            raise

    @cached_property
    def value(self) -> Any:
        """The JSON value that kubectl reads; None if the document is blank.

        Raises:
            ManifestError: the content is no single document.
        """
        if self.form is Form.JSON:
            return jsontext.decode(self.body, self.inner)
        return self.root.value if self.root is not None else None

    def line_of(self, path: tuple[str | int, ...]) -> int:
        """Give the line of the value at `path`, or of the deepest part of it that exists.

        Counted from 0 at the content's first line; 0 in JSON.
        """
        node, line = self.root, 0
        for step in path:
            if node is None:
                break
            line = node.line
            node = child(node, step)
        return node.line if node is not None else line
