"""One YAML document as a tree of nodes, each with its JSON value and its place in the text.

Built from libyaml's events without recursion: PyYAML's composer crashes the interpreter on 100,000
nested brackets and expands aliases without bound.
"""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec
from yaml._yaml import CParser
from yaml.error import MarkedYAMLError, YAMLError
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from webhook.manifests import scalars
from webhook.manifests.node import Node
from webhook.manifests.place import Place
from webhook.model.errors import ManifestError

DEPTH: Final = 200
"""Nesting of collections; no Kubernetes object comes near, and Python's own JSON reader stops at
about 1,000."""
ALIASED_TEXT: Final = 16 * 1024 * 1024
"""Characters that aliases may add to a document; etcd refuses objects over 1.5 MiB."""


class _Frame(msgspec.Struct):
    """A collection whose end has not come yet."""

    node: Node
    children: list[Node]
    key: Node | None = None
    name: str | None = None
    """The member name of `key`; None while `key` is a merge key."""
    own: set[str] | None = None
    """Names the mapping gives itself, once it has merged others in."""


def parse(text: str, place: Place) -> Node | None:
    """Read the single document in `text`; None if there is none.

    Raises:
        ManifestError: not YAML, a second document, too deep, duplicate keys, excessive or
            recursive aliases, or a value that has no JSON.
    """
    skipped = _INNER_MARK.search(text) if "\ufeff" in text else None
    if skipped is not None:
        line = text.count("\n", 0, skipped.start())
        raise place.error(line, "a byte order mark inside the document", "it at the start")
    try:
        return _Builder(text, place).build()
    except YAMLError as error:
        line, problem = _told(error, text)
        raise place.error(line, f"no YAML ({problem})", "YAML") from error
    except UnicodeEncodeError as error:
        line = text.count("\n", 0, error.start)
        raise place.error(line, "half of a surrogate pair", "Unicode text") from error


def _told(error: YAMLError, text: str) -> tuple[int, str]:
    """Give the line, counted from 0, and the problem of an error of libyaml's."""
    if isinstance(error, MarkedYAMLError):
        mark = error.problem_mark
        return (mark.line if mark is not None else 0), str(error.problem)
    # Of what reads the text's bytes, before there are lines. Its type is not imported: that
    # module's expressions are a tenth of a start (`cli.libraries`).
    position, reason = getattr(error, "position", 0), getattr(error, "reason", error)
    return text.encode()[:position].count(b"\n"), str(reason)


class _Builder:
    """Turns the events of one text into nodes; used once."""

    def __init__(self, text: str, place: Place) -> None:
        self.place = place
        self.source = text
        self.parser = CParser(text)
        self.anchors: dict[str, Node] = {}
        self.stack: list[_Frame] = []
        self.root: Node | None = None
        self.size = 1
        self.text = 0
        self.aliased = 0
        self.aliased_text = 0

    def build(self) -> Node | None:
        get = self.parser.get_event
        documents = 0
        while True:
            event = get()
            kind = type(event)
            if kind is ScalarEvent:
                self._scalar(event)
            elif kind is MappingStartEvent or kind is SequenceStartEvent:
                self._open(event, mapping=kind is MappingStartEvent)
            elif kind is MappingEndEvent or kind is SequenceEndEvent:
                self._close(event)
            elif kind is AliasEvent:
                self._alias(event)
            elif kind is DocumentStartEvent:
                documents += 1
                if documents > 1:
                    raise self._error(
                        event,
                        "a second document without `---` on a line of its own",
                        "one document, because kubectl reads no further",
                    )
            elif kind is StreamEndEvent:
                return self.root

    def _scalar(self, event: Any) -> None:
        start = event.start_mark
        text = event.value
        self.size += 1
        self.text += len(text)
        plain = event.implicit[0]
        tag = event.tag
        try:
            value = text if tag is None and not plain else scalars.resolve(tag, text, plain=plain)
            if type(value) is float and not self._at_key():
                value = scalars.number(value)
        except ValueError as error:
            raise self._error(event, str(error), "a value that JSON can hold") from error
        if tag is not None and not text and not event.style:
            self._check_tag(event)
        node = Node(
            value, start.index, event.end_mark.index, start.line, start.column, event.style or ""
        )
        node.tagged = tag is not None
        if event.anchor is not None:
            node.size, node.text = 1, len(text)
            self._anchor(node, event.anchor)
        stack = self.stack
        if stack and stack[-1].node.mapping and stack[-1].key is None:
            self._key(stack[-1], node, merge=text == "<<" and (plain or tag == _MERGE))
        else:
            self._attach(node)

    def _check_tag(self, event: Any) -> None:
        """Refuse what libyaml reads as an empty value, and kubectl as part of the tag."""
        if self.source.startswith((",", "[", "]", "{", "}"), event.end_mark.index):
            raise self._error(event, "a tag that a bracket or comma follows", "a space between")

    def _at_key(self) -> bool:
        return bool(self.stack) and self.stack[-1].node.mapping and self.stack[-1].key is None

    def _open(self, event: Any, *, mapping: bool) -> None:
        start = event.start_mark
        if len(self.stack) >= DEPTH:
            raise self._error(event, f"more than {DEPTH} nested collections", "fewer")
        if self._at_key():
            raise self._error(event, "a collection as a key", "a string")
        node = Node(
            {} if mapping else [], start.index, event.end_mark.index, start.line, start.column
        )
        children: list[Node] = []
        node.children = children
        node.mapping = mapping
        node.flow = bool(event.flow_style)
        node.tagged = event.tag is not None
        node.size, node.text = self.size, self.text
        self.size += 1
        if event.anchor is not None:
            self._anchor(node, event.anchor)
        self.stack.append(_Frame(node, children))

    def _close(self, event: Any) -> None:
        node = self.stack.pop().node
        node.end = event.end_mark.index
        node.size = self.size - node.size
        node.text = self.text - node.text
        if node.mapping and not node.flow and node.children:
            node.column = node.children[0].column
        self._attach(node)

    def _alias(self, event: Any) -> None:
        target = self.anchors.get(event.anchor)
        if target is None:
            raise self._error(
                event, f"the alias *{event.anchor}", "an anchor of that name above it"
            )
        if any(frame.node is target for frame in self.stack):
            raise self._error(event, f"the alias *{event.anchor} inside its own anchor", "no loop")
        target.used = True
        self._count(event, target)
        start = event.start_mark
        node = Node(target.value, start.index, event.end_mark.index, start.line, start.column)
        node.target = target
        if self._at_key():
            if target.children is not None:
                raise self._error(event, "a collection as a key", "a string")
            self._key(self.stack[-1], node, merge=False)
        else:
            self._attach(node)

    def _count(self, event: Any, target: Node) -> None:
        """Keep the budget of go.yaml.in/yaml v2 for what aliases expand to."""
        self.size += 1 + target.size
        self.aliased += target.size
        self.text += target.text
        self.aliased_text += target.text
        excessive = (
            self.aliased > 100
            and self.size > 1000
            and self.aliased / self.size > _allowed_ratio(self.size)
        )
        if excessive or self.aliased_text > ALIASED_TEXT:
            raise self._error(event, "aliases that expand without measure", "fewer aliases")

    def _anchor(self, node: Node, name: str) -> None:
        node.anchored = True
        self.anchors[name] = node

    def _key(self, frame: _Frame, node: Node, *, merge: bool) -> None:
        frame.key = node
        if merge:
            frame.name = None
            frame.node.merge = node.merge = True
            if frame.own is None:
                frame.own = set(frame.node.value)
            return
        value = node.value
        try:
            name = value if type(value) is str else scalars.key(value)
        except ValueError as error:
            raise self._at(node, str(error), "a string") from error
        if name in (frame.node.value if frame.own is None else frame.own):
            raise self._at(node, f'the key "{name[:80]}" twice in one mapping', "each key once")
        frame.name = name

    def _attach(self, node: Node) -> None:
        if not self.stack:
            self.root = node
            return
        frame = self.stack[-1]
        parent, key = frame.node, frame.key
        if key is None:
            frame.children.append(node)
            parent.value.append(node.value)
            return
        frame.children += (key, node)
        if frame.name is None:
            self._merge(parent.value, node)
        else:
            if frame.own is not None:
                frame.own.add(frame.name)
            parent.value[frame.name] = node.value
        frame.key = None

    def _merge(self, into: dict[str, Any], node: Node) -> None:
        """Merge as kubectl does: what stands later in the text wins, an own key or not."""
        source = node.target or node
        many = source.children is not None and not source.mapping and node.target is None
        maps = reversed(source.children or []) if many else (node,)
        for each in maps:
            if not (each.target or each).mapping:
                raise self._at(
                    each, "a merge key `<<` without mappings", "a mapping or a list of them"
                )
            into.update(each.value)

    def _error(self, event: Any, got: str, expected: str) -> ManifestError:
        return self.place.error(event.start_mark.line, got, expected)

    def _at(self, node: Node, got: str, expected: str) -> ManifestError:
        return self.place.error(node.line, got, expected)


_INNER_MARK: Final = re.compile("(?<=[\r\n\u0085\u2028\u2029])\ufeff")
"""Skipped by libyaml at the start of any line, but part of the text for kubectl."""
_MERGE: Final = scalars.TAG + "merge"
_FEW: Final = 400_000
_MANY: Final = 4_000_000


def _allowed_ratio(size: int) -> float:
    """Share of nodes that may come from aliases: 99 % up to 400,000 nodes, 10 % from 4,000,000."""
    return 0.99 - 0.89 * min(max(size - _FEW, 0) / (_MANY - _FEW), 1.0)
