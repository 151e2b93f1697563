"""Every member of a configuration file that is unknown, missing or of a wrong type, at once.

Loaded only when the quick conversion failed: jsonschema takes 100 ms to import.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from functools import reduce
from typing import Any, Final

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from msgspec import Struct

from webhook.configuration.schema import schema
from webhook.injection.protobuf_json import described

_TYPES: Final = {
    "boolean": "true or false",
    "array": "a list",
    "string": "text",
    "number": "a number",
}


class Faults(Struct, frozen=True):
    """What is wrong with the shape of a document, and what is left of it."""

    sentences: list[str]
    paths: frozenset[str]
    """Dotted paths of the faulty members, without indices."""
    sound: dict[str, Any]
    """The document without them, for the checks that need settings."""


def faults(document: dict[str, Any], original: dict[str, Any]) -> Faults:
    """Return what is wrong with the shape of a document.

    Args:
        document: with ports as text and default amounts filled in.
        original: as it stands in the file, for what a sentence says was got.
    """
    rules = schema()
    sound = copy.deepcopy(document)
    sentences: list[str] = []
    paths: set[str] = set()
    errors = (
        leaf
        for error in Draft202012Validator(rules).iter_errors(document)
        for leaf in _leaves(error)
    )
    for error in sorted(errors, key=lambda error: [str(step) for step in error.absolute_path]):
        path = list(error.absolute_path)
        for where, sentence in _sentences(error, path, original, rules):
            sentences.append(f"{_dotted(where)}: {sentence}" if where else sentence)
            paths.add(_dotted([step for step in where if isinstance(step, str)]))
            _leave_out(sound, where)
    return Faults(sentences, frozenset(paths), sound)


def _leaves(error: ValidationError) -> Iterator[ValidationError]:
    """Yield the faults deeper inside a value that may also be null, or else the error itself."""
    deeper = [inner for inner in error.context or () if inner.relative_path]
    if not deeper:
        yield error
    for inner in deeper:
        yield from _leaves(inner)


def _sentences(
    error: ValidationError, path: list[str | int], original: Any, rules: Mapping[str, Any]
) -> Iterator[tuple[list[str | int], str]]:
    match error.validator:
        case "additionalProperties":
            known = list(error.schema.get("properties", {}))
            for name in sorted(error.instance.keys() - set(known)):
                near = get_close_matches(name, known, 1) if len(name) < 100 else []
                yield (
                    [*path, name],
                    f"is not known, did you mean {near[0]}" if near else "is not known",
                )
        case "required":
            for name in error.validator_value:
                if name not in error.instance:
                    member = _resolved(error.schema["properties"][name], rules)
                    yield [*path, name], f"is missing, expected {_expected(member, rules)}"
        case _:
            got = described(reduce(lambda value, step: value[step], path, original))
            yield path, f"got {got}, expected {_expected(error.schema, rules)}"


def _expected(found: Mapping[str, Any], rules: Mapping[str, Any]) -> str:
    """Say in words what a schema accepts."""
    found = _resolved(found, rules)
    if "anyOf" in found:
        options = [_resolved(option, rules) for option in found["anyOf"]]
        words = [_expected(option, rules) for option in options if option.get("type") != "null"]
        return found.get("title") or words[0]
    if "enum" in found:
        choices: list[str] = found["enum"]
        return f"one of {', '.join(choices)}"
    if found.get("type") == "object":
        return "an object"
    if "title" in found:
        return str(found["title"])
    return _TYPES.get(str(found.get("type")), "another value")


def _resolved(found: Mapping[str, Any], rules: Mapping[str, Any]) -> Mapping[str, Any]:
    while "$ref" in found:
        found = rules["$defs"][found["$ref"].rpartition("/")[2]]
    return found


def _dotted(path: list[str | int]) -> str:
    text = ""
    for step in path:
        name = described(step)[1:-1] if isinstance(step, str) else ""
        text += f"[{step}]" if isinstance(step, int) else f".{name}" if text else name
    return text


def _leave_out(document: dict[str, Any], path: list[str | int]) -> None:
    """Remove what a path leads to, or put a sound item in the place of one in a list."""
    index = next((i for i, step in enumerate(path) if isinstance(step, int)), None)
    steps = path[:index]
    found: Any = document
    for step in steps[:-1]:
        found = found.get(step) if isinstance(found, dict) else None
    if not steps or not isinstance(found, dict):
        return
    items = found.get(str(steps[-1]))
    if index is not None and isinstance(items, list) and "histogramBuckets" not in steps:
        place = path[index]
        items[int(place)] = _sound_item([str(step) for step in steps], int(place))
    else:
        found.pop(str(steps[-1]), None)


def _sound_item(path: list[str], index: int) -> Any:
    """Return an item that no check objects to, so that those beside it keep their indices."""
    match path:
        case ["overlays"]:
            return {"name": f"sound-{index}", "target": "proxy", "patch": {}}
        case ["extraKinds"]:
            return {"group": "sound", "version": f"v{index}", "kind": "Sound", "path": ["sound"]}
        case ["policy", _]:
            return {"matchLabels": {"sound": "sound"}}
        case ["traffic", name]:
            return "::/0" if name.endswith("Cidrs") else "1" if name.endswith("Ports") else "sound"
        case ["annotations", _]:
            return "*"
        case _:
            return "sound"
