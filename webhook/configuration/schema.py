"""The JSON Schema of the configuration file, from the types of the settings and their texts."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

import msgspec

from webhook.model import settings
from webhook.model.settings import Settings

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_PORT: Final = {"type": "integer", "minimum": 1, "maximum": 65535}
_AMOUNT: Final = {"type": "integer", "minimum": 0}


def schema() -> dict[str, Any]:
    """Return the schema (draft 2020-12); each description is the text under the field."""
    texts = _texts()
    (root, *_), definitions = msgspec.json.schema_components(
        [Settings], ref_template="#/$defs/{name}"
    )
    for name, definition in definitions.items():
        if "description" in definition:
            # Python 3.13 takes the indentation out of a docstring, earlier ones do not.
            definition["description"] = " ".join(definition["description"].split())
        for member, found in definition.get("properties", {}).items():
            if text := texts.get((name, member)):
                found["description"] = text
    for found in definitions["Traffic"]["properties"].values():
        if "port" in found.get("items", {}).get("title", ""):
            found["items"] = {"title": found["items"]["title"], "anyOf": [_PORT, found["items"]]}
    for found in definitions["ResourceList"]["properties"].values():
        found["anyOf"] = [*found["anyOf"], _AMOUNT]
    return {"$schema": DIALECT, "title": "Pillion's configuration", **root, "$defs": definitions}


@cache
def _texts() -> Mapping[tuple[str, str], str]:
    """Return the text under each field, by the names of its type and of the member in the file."""
    found: dict[tuple[str, str], str] = {}
    for section in ast.parse(inspect.getsource(settings)).body:
        if not isinstance(section, ast.ClassDef):
            continue
        struct = getattr(settings, section.name)
        fields = (
            dict(zip(struct.__struct_fields__, struct.__struct_encode_fields__, strict=True))
            if (issubclass(struct, msgspec.Struct))
            else {}
        )
        for field, text in zip(section.body, section.body[1:], strict=False):
            if (
                isinstance(field, ast.AnnAssign)
                and isinstance(field.target, ast.Name)
                and isinstance(text, ast.Expr)
                and isinstance(text.value, ast.Constant)
            ):
                sentence = " ".join(str(text.value.value).split())
                found[section.name, fields[field.target.id]] = sentence
    return found
