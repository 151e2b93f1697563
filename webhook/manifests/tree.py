"""One YAML document as a tree of nodes, each with its JSON value and its place in the text.

Built from libyaml's events without recursion: PyYAML's composer crashes the interpreter on 100,000
nested brackets and expands aliases without bound.
"""

from __future__ import annotations

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
from yaml.reader import ReaderError

from webhook.manifests import scalars
from webhook.manifests.place import Place
from webhook.model.errors import ManifestError

DEPTH: Final = 200
"""Nesting of collections; no Kubernetes object comes near, and Python's own JSON reader stops at
about 1,000."""
ALIASED_TEXT: Final = 16 * 1024 * 1024
"""Characters that aliases may add to a document; etcd refuses objects over 1.5 MiB."""


class Node(msgspec.Struct):
    """A value in the text; `start` and `end` are offsets in code points.

    `start` is that of an anchor or tag when there is one. `end` of a block collection is that of
    the next token, after comments and blank lines. `column` is that of a block mapping's first key.
    `children` of a mapping alternate key and value. `style` is libyaml's for scalars ('' is plain).
    `target` is what an alias stands for. `size` and `text` count the nodes and characters below,
    aliases expanded, once the node is complete.
    """

    value: Any
    start: int
    end: int
    line: int
    column: int
    style: str = ""
    children: list[Node] | None = None
    mapping: bool = False
    flow: bool = False
    merge: bool = False
    """A merge key `<<`, or a mapping with one."""
    anchored: bool = False
    used: bool = False
    """Some alias stands for this node."""
    tagged: bool = False
    target: Node | None = None
    size: int = 0
    text: int = 0


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
    try:
        return _Builder(text, place).build()
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = error.problem or "something unreadable"
        raise place.error(mark.line if mark else 0, f"no YAML ({problem})", "YAML") from error
    except ReaderError as error:
        line = text.count("\n", 0, error.position) if isinstance(error.position, int) else 0
        raise place.error(line, f"no YAML ({error.reason})", "YAML") from error
    except YAMLError as error:
        raise place.error(0, f"no YAML ({error})", "YAML") from error
    except UnicodeEncodeError as error:
        line = text.count("\n", 0, error.start)
        raise place.error(line, "half of a surrogate pair", "Unicode text") from error


class _Builder:
    """Turns the events of one text into nodes; used once."""

    def __init__(self, text: str, place: Place) -> None:
        self.place = place
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


_MERGE: Final = scalars.TAG + "merge"
_FEW: Final = 400_000
_MANY: Final = 4_000_000


def _allowed_ratio(size: int) -> float:
    """Share of nodes that may come from aliases: 99 % up to 400,000 nodes, 10 % from 4,000,000."""
    return 0.99 - 0.89 * min(max(size - _FEW, 0) / (_MANY - _FEW), 1.0)


def child(node: Node, step: str | int) -> Node | None:
    """Give the value node of a member or list item; None if the text has none of its own."""
    node = node.target or node
    children = node.children
    if children is None:
        return None
    if not node.mapping:
        return children[step] if isinstance(step, int) and step < len(children) else None
    for index in range(0, len(children), 2):
        if name(children[index]) == step:
            return children[index + 1]
    return None


def name(key: Node) -> str | None:
    """Give the member name of a key node; None for a merge key."""
    if key.merge:
        return None
    value = key.value
    return value if type(value) is str else scalars.key(value)
