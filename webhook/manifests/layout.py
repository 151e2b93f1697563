"""Where things stand in the text of a document: lines, ends of values, dashes, indentation."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Final

import msgspec

from webhook.manifests.emit import Style
from webhook.manifests.node import Node

_HEADER: Final = re.compile(r"(?:[&!][^\s]*\s+)*[|>](?P<indicators>[-+0-9]*)")
"""The first line of a block scalar, after its anchor and tag."""
_DASH: Final = re.compile(r"^ *-", re.MULTILINE)


class UnspliceableError(Exception):
    """The change cannot be made by editing text; the message says why. Never leaves the package."""


class Entry(msgspec.Struct):
    """A mapping's member or a list's item; `start` is the offset of its key or dash."""

    start: int
    node: Node
    key: Node | None = None


def entries(text: str, node: Node) -> list[Entry]:
    """Give the entries of a collection with at least one.

    Raises:
        UnspliceableError: the dashes are not where a block list has them.
    """
    children = node.children or []
    if node.mapping:
        pairs = zip(children[::2], children[1::2], strict=True)
        return [Entry(key.start, value, key) for key, value in pairs]
    if node.flow:
        return [Entry(child.start, child) for child in children]
    return _items(text, node, children)


def _items(text: str, node: Node, children: list[Node]) -> list[Entry]:
    start = node.start
    if node.anchored or node.tagged:
        start = _first_dash(text, node)
    column = start - line_start(text, start)
    found = [Entry(start, children[0])]
    for before, child in pairwise(children):
        found.append(
            Entry(_dash(text, line_after(text, content_end(text, before)), column, child), child)
        )
    return found


def _first_dash(text: str, node: Node) -> int:
    """Find the dash below a list's anchor or tag, where only comments may stand between."""
    found = _DASH.search(text, node.start)
    if found is None:
        raise UnspliceableError("a list's first dash is not on a line of its own")
    return found.end() - 1


def _dash(text: str, position: int, column: int, child: Node) -> int:
    while position + column < len(text) and position <= child.start:
        at = position + column
        if text[at] == "-" and not text[position:at].strip(" "):
            return at
        position = line_after(text, position)
    raise UnspliceableError("a list's dashes are not in one column")


def content_end(text: str, node: Node) -> int:
    """Give the offset after the last character that belongs to a value."""
    while node.children and not node.flow:
        node = node.children[-1]
    if node.style not in ("|", ">") or node.target is not None:
        return node.end
    header = _HEADER.match(text, node.start)
    if header is not None and "+" in header["indicators"]:
        # Blank lines at the end are content; stand before the last line break.
        return node.end - text.endswith("\n", node.start, node.end)
    return node.start + len(text[node.start : node.end].rstrip(" \r\n"))


def line_start(text: str, position: int) -> int:
    """Give the offset of the first character of the line that holds `position`."""
    return text.rfind("\n", 0, position) + 1


def line_after(text: str, position: int) -> int:
    """Give the offset of the line after the one that holds `position`; the length if none is."""
    end = text.find("\n", position)
    return len(text) if end < 0 else end + 1


def is_first(text: str, position: int) -> bool:
    """Whether nothing but spaces precedes `position` on its line."""
    return not text[line_start(text, position) : position].strip(" ")


def after_comments(text: str, position: int, column: int) -> int:
    """Skip the comment lines from `position` that are indented by at least `column`."""
    while True:
        end = line_after(text, position)
        content = text[position:end].lstrip(" ")
        if not content.startswith("#") or end - position - len(content) < column:
            return position
        position = end


def before_comments(text: str, position: int, column: int) -> int:
    """Step back over the comment lines that end at `position` and begin at exactly `column`."""
    while position > 0:
        start = line_start(text, position - 1)
        content = text[start:position].lstrip(" ")
        if not content.startswith("#") or position - start - len(content) != column:
            break
        position = start
    return position


def style(text: str, root: Node) -> Style:
    """Tell how a document indents, from its first nested mapping and its first list."""
    newline = "\r\n" if "\r\n" in text else "\n"
    step = dash = None
    queue = [root]
    for node in queue:
        if step is not None and dash is not None:
            break
        if not node.children or node.flow or node.target is not None:
            continue
        if not node.mapping:
            queue.extend(node.children)
            continue
        for child in node.children[1::2]:
            if not child.children or child.flow:
                continue
            if child.mapping:
                step = child.column - node.column if step is None else step
            elif dash is None and not (child.anchored or child.tagged):
                dash = child.column - node.column
            queue.append(child)
    return Style(
        step=step or 2,
        dash=dash if dash is not None and dash >= 0 else 0,
        newline=newline,
        is_literal=text.endswith("\n"),
    )
