"""The edits of a document's text that turn its value into another, touching nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from webhook.manifests import emit, layout
from webhook.manifests.alignment import align, names
from webhook.manifests.emit import Style
from webhook.manifests.equality import same
from webhook.manifests.layout import Entry, UnspliceableError
from webhook.manifests.merging import beside_merge
from webhook.manifests.node import Node, name


class TextEdit(NamedTuple):
    """Replace `text[start:end]`."""

    start: int
    end: int
    replacement: str


def write(text: str, root: Node, after: Any) -> str:
    """Give the text with `root`'s value turned into `after`.

    Its meaning must be checked by reading it again: some layouts are not foreseen here.

    Raises:
        UnspliceableError: the change cannot be made in place; the message says why.
    """
    pen = _Pen(text, layout.style(text, root))
    pen.change(Entry(root.start, root), after, -1)
    return _edited(text, pen.edits)


def _edited(text: str, edits: Sequence[TextEdit]) -> str:
    pieces: list[str] = []
    position = 0
    # Stable: what is nested deeper was written first and stands first.
    for start, end, replacement in sorted(edits, key=lambda edit: edit[:1]):
        pieces += (text[position:start], replacement)
        position = end
    return "".join((*pieces, text[position:]))


class _Pen:
    """Collects the edits of one text."""

    def __init__(self, text: str, style: Style) -> None:
        self.text = text
        self.style = style
        self.edits: list[TextEdit] = []

    def change(self, entry: Entry, after: Any, column: int, *, flow: bool = False) -> None:
        """Turn an entry's value into `after`; `column` is that of the entry's key or dash."""
        node = entry.node
        before = node.value
        if before is after:
            return
        alike = type(before) is type(after) and isinstance(after, dict | list)
        if node.used and not same(before, after):
            raise UnspliceableError("an anchor marks a value that changes, and aliases share it")
        if node.target is None and alike and before and after:
            if node.flow:
                self._flow(node, after)
            else:
                self._block(node, after, column)
        elif not same(before, after):
            self._replace(entry, after, column, flow=flow)

    def _block(self, node: Node, after: Any, column: int) -> None:
        """Change the entries of a block collection, walking old and new ones side by side."""
        entries = layout.entries(self.text, node)
        own = entries[0].start - layout.line_start(self.text, entries[0].start)
        keys, values = self._wanted(node, after)
        matched = align(_names(node, entries), keys)
        collection = _Collection(node, entries, own, is_indented=own > column)
        new: list[str] = []
        previous = -1
        for index, key, value in zip(matched, keys, values, strict=True):
            if index is None:
                new.append(self._written(node, key, value, own))
                continue
            self._gap(collection, previous, index, new)
            new = []
            self.change(entries[index], value, own)
            previous = index
        self._gap(collection, previous, len(entries), new)

    def _wanted(self, node: Node, after: Any) -> tuple[list[Any], list[Any]]:
        """Give names and values of the entries that the text must hold."""
        if not node.mapping:
            return names(after), after
        if not node.merge:
            return list(after), list(after.values())
        return beside_merge(node, after)

    def _written(self, node: Node, key: Any, value: Any, column: int) -> str:
        if node.mapping:
            return emit.member(key, value, column, self.style)
        return emit.item(value, column, self.style)

    def _gap(self, within: _Collection, previous: int, following: int, new: list[str]) -> None:
        """Write between two kept entries what is new, and remove what is not kept."""
        entries = within.entries
        gone = entries[previous + 1 : following]
        if gone and new:
            # In the place of the first, on its line: it may share that with a dash.
            joined = (self.style.newline + " " * within.column).join(new)
            self._put(gone[0].start, layout.content_end(self.text, gone[0].node), joined)
            self._remove(gone[1:])
        elif gone and not layout.is_first(self.text, gone[0].start):
            if following == len(entries):
                raise UnspliceableError("a collection on its parent's line would be left empty")
            self._pull_up(gone, entries[following])
        elif gone:
            self._remove(gone)
        elif new and previous >= 0:
            self._insert_after(within, previous, following, new)
        elif new:
            self._insert_before(within, entries[following], new)

    def _pull_up(self, gone: Sequence[Entry], kept: Entry) -> None:
        """Remove the entries that begin on a dash's line, before one that is kept."""
        ends = [layout.content_end(self.text, entry.node) for entry in gone]
        starts = [entry.start for entry in (*gone[1:], kept)]
        if all("#" not in self.text[end:start] for end, start in zip(ends, starts, strict=True)):
            self._put(gone[0].start, kept.start, "")
            return
        # The comments stay where they are, and so does what follows them.
        dash = len(self.text[: gone[0].start].rstrip(" "))
        self._put(dash, ends[0], "")
        self._remove(gone[1:])

    def _remove(self, gone: Sequence[Entry]) -> None:
        for entry in gone:
            start = layout.line_start(self.text, entry.start)
            if not layout.is_first(self.text, entry.start):
                raise UnspliceableError("a removed entry shares its line")
            end = layout.content_end(self.text, entry.node)
            self._put(start, layout.line_after(self.text, max(end, entry.start)), "")

    def _insert_after(
        self, within: _Collection, previous: int, following: int, new: list[str]
    ) -> None:
        entry = within.entries[previous]
        end = max(layout.content_end(self.text, entry.node), entry.start)
        # Comments further right belong to the entry before; in the same column, to the whole
        # collection if nothing follows and its parent's next key cannot be meant.
        at_end = following == len(within.entries) and within.is_indented and within.column > 0
        column = within.column + (not at_end)
        position = layout.after_comments(self.text, layout.line_after(self.text, end), column)
        self._lines(position, within.column, new)

    def _insert_before(self, within: _Collection, entry: Entry, new: list[str]) -> None:
        start = layout.line_start(self.text, entry.start)
        if layout.is_first(self.text, entry.start):
            position = layout.before_comments(self.text, start, within.column)
            self._lines(position, within.column, new)
        else:
            indent = self.style.newline + " " * within.column
            self._put(entry.start, entry.start, "".join(text + indent for text in new))

    def _lines(self, position: int, column: int, new: Sequence[str]) -> None:
        """Insert lines at the start of one, or at the end of a text without a last break."""
        newline, indent = self.style.newline, " " * column
        if position == len(self.text) and not self.text.endswith("\n"):
            self._put(position, position, "".join(newline + indent + text for text in new))
        else:
            self._put(position, position, "".join(indent + text + newline for text in new))

    def _flow(self, node: Node, after: Any) -> None:
        entries = layout.entries(self.text, node)
        if node.merge:
            raise UnspliceableError("a merge key inside braces")
        keys, values = self._wanted(node, after)
        matched = align(_names(node, entries), keys)
        if sum(index is not None for index in matched) < len(entries):
            self._put(node.start, node.end, emit.inline(after))
            return
        previous: int | None = None
        for index, key, value in zip(matched, keys, values, strict=True):
            if index is not None:
                self.change(entries[index], value, -1, flow=True)
                previous = index
                continue
            written = emit.inline({key: value})[1:-1] if node.mapping else emit.inline(value)
            if previous is None:
                self._put(entries[0].start, entries[0].start, f"{written}, ")
            else:
                entry = entries[previous]
                end = max(entry.node.end, entry.key.end if entry.key is not None else 0)
                self._put(end, end, f", {written}")

    def _replace(self, entry: Entry, after: Any, column: int, *, flow: bool) -> None:
        """Write another value in the place of one, of another kind or of none."""
        node = entry.node
        head = self._head(entry)
        if flow:
            colon = "" if head else ": "
            space = " " if head and node.start == node.end else ""
            self._put(node.start, node.end, colon + space + emit.inline(after))
            return
        if head is None or (entry.key is None and entry.start == node.start):
            raise UnspliceableError("a value with neither colon nor dash before it")
        written = self._value(after, entry, column)
        end = layout.content_end(self.text, node)
        line, following = layout.line_after(self.text, head), layout.line_after(self.text, end)
        is_inline = node.start < line and (not node.children or node.flow)
        if isinstance(after, dict | list) and after and entry.key is not None:
            # Below its key; what follows on the line is a comment and stays there.
            if is_inline:
                self._put(head, end, "")
                self._lines(following, 0, [written])
            else:
                self._put(head, self._comment(head, line), "")
                self._lines(line, 0, [written])
                self._put(line, following, "")
        elif is_inline or entry.key is None:
            self._put(head, end, written)
        elif not after and type(after) is type(node.value):
            # Emptied: the comments between its entries stay.
            self._put(head, self._comment(head, line), written)
            self._remove(layout.entries(self.text, node))
        else:
            self._put(head, self._comment(head, line), written)
            self._put(line, following, "")

    def _comment(self, head: int, line: int) -> int:
        """Give where the comment begins on a key's line, or its end, after an anchor or tag."""
        properties = self.text[head:line].split(" #", 1)[0]
        return head + len(properties.rstrip())

    def _value(self, after: Any, entry: Entry, column: int) -> str:
        if entry.key is None:
            return emit.item(after, column, self.style)[1:]
        text = emit.member("k", after, column, self.style)[2:]
        return text.removeprefix(self.style.newline)

    def _head(self, entry: Entry) -> int | None:
        """Give the offset after an entry's colon or dash; None for a key that has no colon."""
        if entry.key is None:
            return entry.start + 1
        colon = self.text.find(":", entry.key.end, entry.node.start)
        return colon + 1 if colon >= 0 else None

    def _put(self, start: int, end: int, replacement: str) -> None:
        self.edits.append(TextEdit(start, end, replacement))


class _Collection(NamedTuple):
    """A block collection: its entries' column, and whether that is right of its parent's key."""

    node: Node
    entries: list[Entry]
    column: int
    is_indented: bool


def _names(node: Node, entries: Sequence[Entry]) -> list[Any]:
    if node.mapping:
        return [name(entry.key) for entry in entries if entry.key is not None]
    return list(names(node.value))
