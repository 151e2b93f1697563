"""Reading a protobuf message from its JSON form: one checker for each kind of field.

The rules are protojson's (protobuf's JSON mapping): members in camel case or as in the `.proto`,
`null` is absent, a whole number may be text, an enumeration is a name or a number, a duration is
text such as `1.5s`. A checker returns the canonical value and notes each mistake with its path;
an unknown member is a mistake, because Pilot drops the whole stream over a wrong type.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from webhook.injection.annotation_values import is_plain, shown

Note = Callable[[str, str], None]
"""Called with the path and the sentence of each mistake."""
Check = Callable[[Any, str, Note], Any]

_DURATION = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,9})?s")
_WHOLE = re.compile(r"-?[0-9]{1,19}")


def described(value: Any) -> str:
    """Describe a value in a mistake, briefly and without characters that a terminal obeys."""
    match value:
        case list():
            return "a list"
        case dict():
            return "an object"
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() if value.bit_length() > 64:
            return "a huge number"
        case str():
            found = f'"{value}"'
        case _:
            found = repr(value)
    found = shown(found)
    return found if len(found) <= 60 else f"{found[:57]}..."


def whole(lowest: int = -2147483648, highest: int = 2147483647) -> Check:
    """Check a whole number within bounds; the defaults are int32's."""

    def check(value: Any, path: str, note: Note) -> Any:
        found = int(value) if isinstance(value, str) and _WHOLE.fullmatch(value) else value
        if isinstance(found, float) and found.is_integer():
            found = int(found)
        if isinstance(found, bool) or not isinstance(found, int) or not lowest <= found <= highest:
            return _wrong(value, path, note, f"a whole number from {lowest} to {highest}")
        return found

    return check


def real(lowest: float, highest: float) -> Check:
    """Check a number within bounds."""

    def check(value: Any, path: str, note: Note) -> Any:
        ok = isinstance(value, int | float) and not isinstance(value, bool)
        if not ok or not math.isfinite(value) or not lowest <= value <= highest:
            return _wrong(value, path, note, f"a number from {lowest:g} to {highest:g}")
        return value

    return check


def truth(value: Any, path: str, note: Note) -> Any:
    """Check `true` or `false`."""
    return value if isinstance(value, bool) else _wrong(value, path, note, "true or false")


def text(value: Any, path: str, note: Note) -> Any:
    """Check text without control characters and lone surrogates."""
    ok = isinstance(value, str) and is_plain(value)
    return value if ok else _wrong(value, path, note, "text without control characters")


def parsed(parse: Callable[[str], Any], expected: str) -> Check:
    """Check text that a reader of annotation texts accepts, and yield what it makes of it."""

    def check(value: Any, path: str, note: Note) -> Any:
        if isinstance(value, str):
            try:
                return parse(value)
            except ValueError:
                pass
        return _wrong(value, path, note, expected)

    return check


def duration(value: Any, path: str, note: Note) -> Any:
    """Check a duration that is not negative."""
    ok = isinstance(value, str) and _DURATION.fullmatch(value) and not value.startswith("-")
    return value if ok else _wrong(value, path, note, "a duration such as 45s")


def choice(*names: str, numbers: Mapping[int, str] | None = None) -> Check:
    """Check a name of an enumeration; its number, counted from 0 unless given, yields the name."""
    by_number = dict(enumerate(names)) if numbers is None else numbers

    def check(value: Any, path: str, note: Note) -> Any:
        if isinstance(value, int) and not isinstance(value, bool) and value in by_number:
            return by_number[value]
        if isinstance(value, str) and value in names:
            return value
        return _wrong(value, path, note, f"one of {', '.join(names)}")

    return check


def listing(item: Check) -> Check:
    """Check a list, each of whose items the given check takes."""

    def check(value: Any, path: str, note: Note) -> Any:
        if not isinstance(value, list):
            return _wrong(value, path, note, "a list")
        return [item(element, f"{path}[{index}]", note) for index, element in enumerate(value)]

    return check


def mapping(item: Check) -> Check:
    """Check an object with free keys."""

    def check(value: Any, path: str, note: Note) -> Any:
        if not isinstance(value, dict):
            return _wrong(value, path, note, "an object")
        return {
            text(key, path, note): item(element, f"{path}.{described(key)[1:-1]}", note)
            for key, element in value.items()
        }

    return check


def message(*, one_of: tuple[tuple[str, ...], ...] = (), **members: Check) -> Check:
    """Check an object with known members, of which each group in `one_of` allows a single one."""
    names = {_snake(name): name for name in members} | {name: name for name in members}

    def check(value: Any, path: str, note: Note) -> Any:
        if not isinstance(value, dict):
            return _wrong(value, path, note, "an object")
        found: dict[str, Any] = {}
        for key, element in value.items():
            name = names.get(key) if isinstance(key, str) else None
            where = f"{path}.{described(key)[1:-1]}" if path else described(key).strip('"')
            if name is None:
                note(where, f"is not known{_nearest(key, members)}")
            elif name in found:
                note(where, "is given twice")
            elif element is not None:
                found[name] = members[name](element, where, note)
        for group in one_of:
            if len(given := [name for name in group if name in found]) > 1:
                note(path or given[0], f"has {' and '.join(given)}, of which one may be given")
        return found

    return check


def _wrong(value: Any, path: str, note: Note, expected: str) -> None:
    note(path, f"got {described(value)}, expected {expected}")


def _nearest(key: Any, members: Mapping[str, Check]) -> str:
    # Only slips need it, and a start of the command line would pay for the import.
    from difflib import get_close_matches  # noqa: PLC0415

    near = get_close_matches(key, members, 1) if isinstance(key, str) and len(key) < 100 else []
    return f", did you mean {near[0]}" if near else ""


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", lambda found: f"_{found[1].lower()}", name)
