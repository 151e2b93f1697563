"""What people read of the values: values.yaml itself, the reference page, the chart's README."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

import msgspec
import yaml
from msgspec import Struct

from tests.chart import schema, texts
from tests.chart.values import Values
from webhook.configuration.schema import schema as configuration_schema

_WIDTH: Final = 98


def values_file() -> str:
    """Return values.yaml: each key under the text that explains it."""
    lines = [
        "# Values of the chart pillion: what each is for, its default, and what changing it does.",
        "# A misspelt key is refused (values.schema.json); presets/ holds ready sets of values.",
        *_section(Values(), ""),
    ]
    return "\n".join(lines) + "\n"


def _section(section: Struct, indent: str) -> Iterator[str]:
    struct = type(section)
    names = zip(struct.__struct_fields__, struct.__struct_encode_fields__, strict=True)
    for field, member in names:
        value = getattr(section, field)
        if not indent:
            yield ""
        yield from (f"{indent}# {line}" for line in texts.of(struct.__name__, member).splitlines())
        if isinstance(value, Struct):
            yield f"{indent}{member}:"
            yield from _section(value, f"{indent}  ")
        elif member == "configuration":
            yield f"{indent}{member}:"
            yield from _configuration(value, "Settings", f"{indent}  ")
        else:
            yield from _plain(member, msgspec.to_builtins(value), indent)


def _plain(member: str, value: Any, indent: str) -> Iterator[str]:
    text = yaml.safe_dump({member: value}, sort_keys=False, width=_WIDTH, default_flow_style=False)
    yield from (f"{indent}{line}" for line in text.splitlines())


def _configuration(value: dict[str, Any], definition: str, indent: str) -> Iterator[str]:
    """Yield settings under the texts of the program's own schema."""
    definitions = configuration_schema()["$defs"]
    for member, inner in value.items():
        found = definitions[definition]["properties"][member]
        yield f"{indent}# {found['description']}"
        if isinstance(inner, dict):
            yield f"{indent}{member}:"
            yield from _configuration(inner, _target(found), f"{indent}  ")
        else:
            yield from _plain(member, inner, indent)


def _target(found: dict[str, Any]) -> str:
    for choice in (found, *found.get("anyOf", ()), *found.get("allOf", ())):
        if "$ref" in choice:
            return str(choice["$ref"].rsplit("/", 1)[1])
    return ""


def reference() -> str:
    """Return the reference page of the values."""
    lines = [
        "# Values of the Helm chart",
        "",
        "Made from the types that also give values.yaml and values.schema.json. "
        "Below `configuration` stands what the webhook's file may hold: "
        "[Configuration](configuration.md).",
        "",
        *_table(),
    ]
    return "\n".join(lines) + "\n"


def readme(introduction: str) -> str:
    """Return the chart's README: the written introduction, then every value."""
    return "\n".join([introduction.rstrip(), "", "## Values", "", *_table()]) + "\n"


def _table() -> Iterator[str]:
    document = schema.schema()
    yield "| value | type | default | meaning |"
    yield "|---|---|---|---|"
    yield from _rows(document, Values(), "")


def _rows(document: dict[str, Any], section: Struct, prefix: str) -> Iterator[str]:
    struct = type(section)
    properties = document["$defs"][struct.__name__]["properties"]
    names = zip(struct.__struct_fields__, struct.__struct_encode_fields__, strict=True)
    for field, member in names:
        value, found = getattr(section, field), properties[member]
        meaning = _cell(found.get("description", ""))
        if isinstance(value, Struct):
            yield f"| `{prefix}{member}` | object | | {meaning} |"
            yield from _rows(document, value, f"{prefix}{member}.")
        else:
            shown = _cell(json.dumps(msgspec.to_builtins(value), ensure_ascii=False))
            yield f"| `{prefix}{member}` | {_type(document, found)} | `{shown}` | {meaning} |"


def _type(document: dict[str, Any], found: dict[str, Any]) -> str:
    definition = document["$defs"].get(_target(found), found)
    if "enum" in definition:
        return " \\| ".join(f"`{each}`" for each in definition["enum"])
    return str(definition.get("type", "object"))


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
