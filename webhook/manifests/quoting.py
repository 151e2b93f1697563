"""How a string is written in YAML so that every reader gives back that string.

Readers differ in what they take for a boolean, a number or a date: kubectl's (go.yaml.in/yaml v2),
Helm's and kustomize's (v3), YAML 1.1 (PyYAML, Ruby), YAML 1.2 (Rust, JavaScript). Whatever one of
them could take for anything but this string is quoted.
"""

from __future__ import annotations

import re
from typing import Final

SIMPLE_KEY: Final = 1000
"""Longest key written without `?`; readers look ahead 1024 characters for the colon."""

_WORDS: Final = frozenset(
    (
        *("y", "n", "yes", "no", "on", "off", "true", "false", "null", "nil", "none", "~"),
        *("=", "<<", "inf", "infinity", "nan"),
    )
)
"""Booleans and nulls in lower case, the default value and merge keys of YAML 1.1, specials."""
_PLAIN: Final = re.compile(
    r"(?:[A-Za-z0-9_/.(+$^;\\]|--?(?=[A-Za-z]))[A-Za-z0-9_/.()+$^;\\~@%&*!=<>|?'\"` ,:#{}\[\]-]*",
    re.ASCII,
)
_FLOW: Final = frozenset(",[]{}:?#")
_NUMBER_STARTS: Final = frozenset("+-._0123456789")
_NUMBER: Final = re.compile(
    r"[-+.]*[0-9][-+.:_0-9a-fA-FxXoObBpP]*|[0-9]{4}-[0-9].*|[-+]?[0-9_.]*(?:inf|nan)?",
    re.ASCII | re.IGNORECASE,
)
"""Numbers in any base or notation, sexagesimal, dates; and some that no reader takes for one."""
_UNSEEN: Final = (
    r"\x00-\x1f\x7f-\xa0\xad\u061c\u200b-\u200f\u2028-\u202f"
    r"\u2060-\u206f\ud800-\udfff\ufeff\ufff0-\uffff"
)
"""Characters that readers treat as line breaks, refuse, or that the eye does not see."""
_SPECIAL: Final = f"[{_UNSEEN}]"
_ESCAPED: Final = rf'["\\{_UNSEEN}]'
"""Not compiled before a text is seen that may hold one: that takes longer than all the others."""
_SHORT: Final = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r", "\0": "\\0"}


def text(value: str, *, flow: bool) -> str:
    """Write a string on one line; `flow`: inside `[]` or `{}`.

    Raises:
        ValueError: half of a surrogate pair, which no YAML can hold.
    """
    if _is_plain(value, flow=flow):
        return value
    if not _is_seen(value):
        return _double(value)
    if '"' in value or "\\" in value:
        return "'" + value.replace("'", "''") + "'"
    return f'"{value}"'


def _is_plain(value: str, *, flow: bool) -> bool:
    return (
        _PLAIN.fullmatch(value) is not None
        and not _is_indicated(value)
        and not (value[0] in _NUMBER_STARTS and _NUMBER.fullmatch(value) is not None)
        and value.lower() not in _WORDS
        and not (flow and not _FLOW.isdisjoint(value))
    )


def _is_indicated(value: str) -> bool:
    """Whether part of a text would be a mapping, a comment, a marker, or white space that folds."""
    return (
        value.endswith((":", " "))
        or value.startswith(("---", "..."))
        or ": " in value
        or " #" in value
        or "  " in value
    )


def _is_seen(value: str) -> bool:
    """Whether every reader and every eye takes all characters of a text for what they are."""
    return value.isprintable() if value.isascii() else re.search(_SPECIAL, value) is None


def _double(value: str) -> str:
    return '"' + re.sub(_ESCAPED, _escape, value) + '"'


def _escape(match: re.Match[str]) -> str:
    character = match[0]
    code = ord(character)
    if 0xD800 <= code <= 0xDFFF:
        raise ValueError("half of a surrogate pair, which YAML cannot hold")
    return _SHORT.get(character) or (f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}")


def literal(value: str) -> tuple[str, tuple[str, ...]] | None:
    """Give the header and lines of a block scalar for a text of several lines.

    None where some reader could take its white space otherwise: then it is written on one line.
    """
    if "\n" not in value.rstrip("\n") or value.endswith("\n\n") or value[0] in " \t\n":
        return None
    lines = value.removesuffix("\n").split("\n")
    if not all(_is_seen(line) and line == line.rstrip(" ") for line in lines):
        return None
    return ("|" if value.endswith("\n") else "|-"), tuple(lines)
