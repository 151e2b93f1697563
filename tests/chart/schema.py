"""values.schema.json: the types of the values, and the program's schema of its configuration."""

from __future__ import annotations

import json
from typing import Any, Final

import msgspec

from tests.chart import texts
from tests.chart.values import Values
from webhook.configuration import schema as configuration
from webhook.model import bounds

_FILLED_IN: Final = "namespace"
"""The one setting that is no value: it is the release's namespace."""
_PREFIX: Final = "Configuration"
"""Before the names of the program's types, which may not meet those of the chart's."""


def schema() -> dict[str, Any]:
    """Return the schema (draft 2020-12), with patterns that Helm's regular expressions can read."""
    (root, *_), definitions = msgspec.json.schema_components(
        [Values], ref_template="#/$defs/{name}"
    )
    for name, definition in definitions.items():
        if "description" in definition:
            # Python 3.13 takes the indentation out of a docstring, earlier ones do not.
            definition["description"] = " ".join(definition["description"].split())
        for member, found in definition.get("properties", {}).items():
            if text := texts.of(name, member):
                found["description"] = " ".join(text.split())
    properties = definitions["Values"]["properties"]
    described = properties["configuration"]["description"]
    properties["configuration"] = {
        "$ref": f"#/$defs/{_PREFIX}Settings",
        "description": described,
    }
    # A parent chart writes there, and Helm hands it down.
    properties["global"] = {"type": "object", "description": "Values of a parent chart; not used."}
    definitions |= _configuration()
    _speak_re2(definitions)
    return {
        "$schema": configuration.DIALECT,
        "title": "Values of the chart pillion",
        **root,
        "$defs": definitions,
    }


def _configuration() -> dict[str, Any]:
    """Return the definitions of the program's schema under names of their own."""
    found = configuration.schema()
    text = json.dumps(found["$defs"]).replace('"#/$defs/', f'"#/$defs/{_PREFIX}')
    definitions = {f"{_PREFIX}{name}": each for name, each in json.loads(text).items()}
    del definitions[f"{_PREFIX}Settings"]["properties"][_FILLED_IN]
    return definitions


def _speak_re2(node: Any) -> None:
    """Replace the end of text that Python and ECMAScript need: RE2's `$` is one already."""
    if isinstance(node, dict):
        pattern = node.get("pattern")
        if isinstance(pattern, str):
            node["pattern"] = pattern.replace(bounds._END, "$")
        for each in node.values():
            _speak_re2(each)
    elif isinstance(node, list):
        for each in node:
            _speak_re2(each)
