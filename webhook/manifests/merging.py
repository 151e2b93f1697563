"""Which entries a mapping with a merge key `<<` must hold to mean another value."""

from __future__ import annotations

from typing import Any

from webhook.manifests.equality import same
from webhook.manifests.layout import UnspliceableError
from webhook.manifests.node import Node, name


def beside_merge(node: Node, after: dict[str, Any]) -> tuple[list[Any], list[Any]]:
    """Give the entries of a mapping with a merge key: those it has, then the new ones.

    A new one stands last, because kubectl lets a merge key override what precedes it.

    Raises:
        UnspliceableError: several merge keys, or a member that one gives must go.
    """
    children = node.children or []
    own = {name(key): value.value for key, value in zip(children[::2], children[1::2], strict=True)}
    if len(own) * 2 < len(children):
        raise UnspliceableError("a mapping with several merge keys")
    if any(key not in after and key not in own for key in node.value):
        raise UnspliceableError("a member that comes from a merge key goes away")
    changed: dict[str | None, Any] = {
        key: value
        for key, value in after.items()
        if key not in node.value or not same(node.value[key], value)
    }
    kept = {key: value for key, value in own.items() if key is None or key in after}
    wanted = {**kept, **changed}
    return list(wanted), list(wanted.values())
