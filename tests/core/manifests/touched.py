"""Which lines of a document an edit may change, told from the nodes of another YAML library."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import yaml

from webhook.model.edits import Drop, Edit, Item, Put, Restore

Step = str | int | Item


def untouched(
    text: str, changes: Iterable[tuple[Sequence[str | int], Sequence[Edit]]]
) -> list[str]:
    """Give the lines, without their breaks, that no edit may change."""
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    touched = {
        line
        for path, edits in changes
        for edit in edits
        for line in _lines(root, path, edit, edits)
    }
    lines = _split(text)
    return [line for number, line in enumerate(lines) if number not in touched and line.strip()]


def missing(kept: Iterable[str], text: str) -> list[str]:
    """Give the lines that are not in the text, in this order."""
    lines = iter(_split(text))
    return [line for line in kept if all(line != other for other in lines)]


def _split(text: str) -> list[str]:
    return [line.removesuffix("\r") for line in text.split("\n")]


def _lines(
    root: Any, path: Sequence[str | int], edit: Edit, edits: Sequence[Edit]
) -> Iterable[int]:
    node, start = root, root.start_mark.line
    holder, holders = root, list[int]()
    for step in (*path, *edit.path):
        if getattr(node, "flow_style", True):
            # On one line, empty, or null: the whole value may be written anew.
            return range(start, _end(node) + 1)
        holders.append(start)
        holder, found = node, _child(node, step)
        if found is None:
            return holders if isinstance(edit, Restore) else ()
        start, node = found
    is_block = not getattr(node, "flow_style", True)
    if isinstance(edit, Put) and is_block:
        return ()
    dropped = [each for each in edits if isinstance(each, Drop) and each.path[:-1] == edit.path]
    is_kept = isinstance(edit, Restore) and is_block and len(dropped) < len(node.value)
    end = start if is_kept else _end(node)
    # What holds nothing any more gets brackets on its key's line; what follows the first member of
    # a list's item may take its place on the dash's line.
    beside = (*holders, *_second(holder)) if isinstance(edit, Drop | Restore) else ()
    return (*beside, *range(start, end + 1))


def _second(node: Any) -> tuple[int, ...]:
    is_mapping = isinstance(node, yaml.MappingNode)
    return tuple(key.start_mark.line for key, _ in node.value[1:2]) if is_mapping else ()


def _child(node: Any, step: Step) -> tuple[int, Any] | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == step:
                return key.start_mark.line, value
        return None
    for index, item in enumerate(node.value):
        if index == step or (isinstance(step, Item) and _name(item) == step.name):
            return _dash_line(node, index), item
    return None


def _dash_line(node: Any, index: int) -> int:
    """Give the first line that can hold an item's dash: it may stand above the item."""
    item = node.value[index].start_mark
    before = _end(node.value[index - 1]) + 1 if index else node.start_mark.line
    lines = item.buffer.split("\n") if item.buffer else []
    for number in range(item.line, before - 1, -1):
        if number < len(lines) and lines[number].lstrip(" ").startswith("-"):
            return number
    return int(item.line)


def _name(item: Any) -> str | None:
    found = _child(item, "name") if isinstance(item, yaml.MappingNode) else None
    return str(found[1].value) if found is not None else None


def _end(node: Any) -> int:
    while not getattr(node, "flow_style", True) and node.value:
        last = node.value[-1]
        node = last[1] if isinstance(last, tuple) else last
    mark = node.end_mark
    return int(mark.line) - int(mark.column == 0 and mark.line > node.start_mark.line)
