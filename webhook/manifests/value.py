"""The value of a single YAML document, for a text that is no manifest: an annotation."""

from __future__ import annotations

from typing import Any

from webhook.manifests import tree
from webhook.manifests.place import Place


def read_yaml(text: str) -> Any:
    """Return the JSON value of one YAML document, by kubectl's rules; an empty one is None.

    Raises:
        ManifestError: it is no YAML, more than one document, or too deep or large to follow.
    """
    node = tree.parse(text, Place("the text", 1, 1))
    return None if node is None else node.value
