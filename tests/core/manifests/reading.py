"""Shorthands of these tests: a text as a document, and values compared as JSON."""

from __future__ import annotations

import io
from typing import Any

import ruamel.yaml
import yaml

from webhook.manifests import stream, tree
from webhook.manifests.document import Document, Form
from webhook.manifests.place import Place

PLACE = Place("app.yaml", 3, 10)


def value(text: str) -> Any:
    """Read one YAML document."""
    node = tree.parse(text, PLACE)
    return None if node is None else node.value


def document(text: str) -> Document:
    """Give the only document of a stream that is not blank."""
    (found,) = (each for each in stream.documents(text, "app.yaml") if each.form is not Form.BLANK)
    return found


def yaml_1_1(text: str) -> Any:
    """Read with PyYAML in pure Python, which follows YAML 1.1 to the letter."""
    return yaml.load(text, Loader=yaml.SafeLoader)


def yaml_1_2(text: str) -> Any:
    """Read with ruamel.yaml, which follows YAML 1.2."""
    return ruamel.yaml.YAML(typ="safe", pure=True).load(io.StringIO(text, newline=""))


def same(left: Any, right: Any) -> bool:
    """Whether two values are the same JSON: 1 and true differ, 1 and 1.0 do not."""
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, int | float) and isinstance(right, int | float):
        # A number beyond 64 bits is a float to kubectl.
        return float(left) == float(right)
    return type(left) is type(right) and bool(left == right)
