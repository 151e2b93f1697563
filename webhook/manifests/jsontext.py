"""JSON documents: read strictly, written in the indentation they came in."""

from __future__ import annotations

import math
import re
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from webhook.manifests.place import Place

if TYPE_CHECKING:
    import json

DEPTH: Final = 200
"""As for YAML (`tree.DEPTH`)."""

_INDENT: Final = r"\s*[{\[](?P<newline>\r?\n)(?P<indent>[ \t]*)\S"
_SPACED: Final = r'"\s*:\s'


def decode(text: str, place: Place) -> Any:
    """Read one JSON value with nothing but white space around it.

    Raises:
        ManifestError: not JSON, a key twice, a number out of range, half a surrogate pair, or
            nested too deep.
    """
    import json  # noqa: PLC0415 - few documents are JSON, and every start would pay for it

    try:
        value = _decoder().decode(text)
        _check_depth(value)
        if "\\ud" in text.lower():
            json.dumps(value, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        raise place.error(error.lineno - 1, f"no JSON ({error.msg.lower()})", "JSON") from error
    except UnicodeEncodeError as error:
        raise place.error(0, "half of a surrogate pair", "Unicode text") from error
    except ValueError as error:
        raise place.error(0, f"no JSON ({error})", "JSON") from error
    except RecursionError as error:
        raise place.error(0, f"more than {DEPTH} nested collections", "fewer") from error
    return value


def extent(text: str, start: int) -> int | None:
    """Give the offset after the JSON object that begins at `start`; None if it is not JSON."""
    import json  # noqa: PLC0415 - few documents are JSON, and every start would pay for it

    try:
        return json.JSONDecoder().raw_decode(text, start)[1]
    except (ValueError, RecursionError):
        return None


def encode(value: Any, like: str) -> str:
    """Write the value with the indentation, line breaks, escapes and margins of `like`."""
    import json  # noqa: PLC0415 - few documents are JSON, and every start would pay for it

    match = re.match(_INDENT, like)
    is_ascii = like.isascii() and "\\u" in like
    if match is not None:
        text = json.dumps(value, indent=match["indent"], ensure_ascii=is_ascii)
        text = text.replace("\n", match["newline"])
    else:
        separators = (", ", ": ") if re.search(_SPACED, like) else (",", ":")
        text = json.dumps(value, separators=separators, ensure_ascii=is_ascii)
    head = like[: len(like) - len(like.lstrip())]
    tail = like[len(like.rstrip()) :]
    return head + text + tail


@cache
def _decoder() -> json.JSONDecoder:
    import json  # noqa: PLC0415 - as above

    return json.JSONDecoder(object_pairs_hook=_members, parse_float=_real, parse_constant=_constant)


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise ValueError(f'the key "{key[:80]}" twice in one object')
            seen.add(key)
    return members


def _real(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise ValueError(f"the number {text[:40]} is out of range")
    return value


def _constant(text: str) -> Any:
    raise ValueError(f"{text} is no number of JSON")


def _check_depth(value: Any) -> None:
    level = [value]
    for _ in range(DEPTH + 1):
        level = [
            child
            for each in level
            if isinstance(each, dict | list)
            for child in (each.values() if isinstance(each, dict) else each)
        ]
        if not level:
            return
    raise RecursionError
