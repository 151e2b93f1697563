"""A node of a document's tree: a value, where it stands in the text, and what lies below it."""

from __future__ import annotations

from typing import Any

import msgspec

from webhook.manifests import scalars


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
