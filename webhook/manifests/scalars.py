"""What a YAML scalar means to kubectl: a port of the rules of its parser, go.yaml.in/yaml v2.

kubectl turns YAML into JSON (sigs.k8s.io/yaml) and reads numbers out of that JSON, so 1e3 is the
integer 1000 and a number that JSON cannot hold is an error.
"""

from __future__ import annotations

import math
import re
from typing import Final

Scalar = None | bool | int | float | str

TAG: Final = "tag:yaml.org,2002:"
_RESOLVED_TAGS: Final = frozenset(
    TAG + name for name in ("bool", "int", "float", "null", "timestamp")
)
_WORDS: Final[dict[str, bool | float | None]] = {
    **dict.fromkeys(
        ("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"), True
    ),
    **dict.fromkeys(
        ("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"), False
    ),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), math.inf),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf),
}
_NUMBER_STARTS: Final = frozenset("+-0123456789.")
_STARTS: Final = frozenset("+-0123456789.yYnNtTfFoO~")
"""First characters of all that is not a string; the parser looks at no other scalar."""
_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", re.ASCII)
_INTEGER: Final = re.compile(
    r"([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))", re.ASCII
)
_BASES: Final = (16, 2, 8, 10)
_TIMESTAMP: Final = re.compile(
    r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}"
    r"(?:[Tt ][0-9]{1,2}:[0-9]{1,2}:[0-9]{1,2}(?:\.[0-9]+)?(?:Z|[-+][0-9]{2}:[0-9]{2})?)?",
    re.ASCII,
)
_INT64: Final = 2**63
_UINT64: Final = 2**64


def resolve(tag: str | None, text: str, *, plain: bool) -> Scalar:
    """Give the value of a scalar; a float may still be NaN or infinite.

    `plain`: neither quoted nor a block scalar, or under the tag `!`.

    Raises:
        ValueError: the text is none of its tag's values.
    """
    if tag is None:
        return untagged(text) if plain else text
    if tag == TAG + "binary":
        return _binary(text)
    if tag not in _RESOLVED_TAGS:
        return text
    value = untagged(text)
    kind = tag.removeprefix(TAG)
    if kind == "float" and type(value) is int and -_INT64 <= value < _INT64:
        return float(value)
    if kind != _kind(value, text):
        raise ValueError(f'"{text[:40]}" under the tag !!{kind}')
    return value


def untagged(text: str) -> Scalar:
    """Give the value of a plain scalar without a tag."""
    if text and text[0] not in _STARTS:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _NUMBER_STARTS:
        return text
    if text[0] == ".":
        return _float(text)
    return _number(text)


def _number(text: str) -> Scalar:
    digits = text.replace("_", "")
    match = _INTEGER.fullmatch(digits)
    if match is not None:
        value = _integer(match)
        if -_INT64 <= value < _INT64 or (not match[1] and value < _UINT64):
            return value
    number = _float(digits)
    return text if isinstance(number, str) else number


def _integer(match: re.Match[str]) -> int:
    groups = zip(_BASES, match.groups()[1:], strict=True)
    base, digits = next((base, digits) for base, digits in groups if digits is not None)
    # Longer ones are beyond 64 bits in any base, whatever their value.
    value = int(digits, base) if len(digits.lstrip("0")) <= 64 else _UINT64
    return -value if match[1] == "-" else value


def _float(text: str) -> float | str:
    if _FLOAT.fullmatch(text) is None:
        return text
    value = float(text)
    return text if math.isinf(value) else value


def _kind(value: Scalar, text: str) -> str:
    if value is None:
        return "null"
    if isinstance(value, str):
        return "timestamp" if _TIMESTAMP.fullmatch(text) else "str"
    return type(value).__name__


def _binary(text: str) -> str:
    import base64  # noqa: PLC0415 - few scalars are binary, and every start would pay for it
    import binascii  # noqa: PLC0415

    try:
        data = base64.b64decode(text.replace("\n", "").replace("\r", ""), validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError("base64 that cannot be decoded under the tag !!binary") from error
    # Go's JSON writer replaces each byte that is not UTF-8 by itself.
    return re.sub("[\udc80-\udcff]", "\ufffd", data.decode("utf-8", "surrogateescape"))


def number(value: float) -> int | float:
    """Give the number that kubectl reads back after writing this one as JSON.

    Raises:
        ValueError: JSON has no NaN and no infinity.
    """
    if not math.isfinite(value):
        raise ValueError(f"the number {value}, which JSON cannot hold")
    if not value.is_integer() or abs(value) >= _INT64:
        return value
    if abs(value) < 1e16:
        return int(value)
    # Go writes the shortest digits that give the number back, filled up with zeros.
    mantissa, exponent = repr(value).split("e")
    whole, _, fraction = mantissa.partition(".")
    integer = int(whole + fraction) * 10 ** (int(exponent) - len(fraction))
    return integer if -_INT64 <= integer < _INT64 else value


def key(value: Scalar) -> str:
    """Give the JSON member name of a mapping key, as sigs.k8s.io/yaml converts it.

    Raises:
        ValueError: the key is null or an integer beyond 64 bits with sign.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and -_INT64 <= value < _INT64:
        return str(value)
    if isinstance(value, float):
        return _shortest(value)
    raise ValueError(f"the key {'null' if value is None else value}")


def _shortest(value: float) -> str:
    """Write a float as Go's FormatFloat(value, 'g', -1, 32), with YAML's names of the specials."""
    if math.isnan(value):
        return ".nan"
    single = _single(value)
    if math.isinf(single):
        return ".inf" if single > 0 else "-.inf"
    text = next(
        text for text in (f"{single:.{n}e}" for n in range(17)) if _single(float(text)) == single
    )
    mantissa, exponent = text.split("e")
    if -4 <= int(exponent) < 6:
        digits = len(mantissa.strip("-").replace(".", ""))
        return f"{float(text):.{max(0, digits - 1 - int(exponent))}f}"
    return text


def _single(value: float) -> float:
    import struct  # noqa: PLC0415 - few keys are floats

    try:
        single: float = struct.unpack("<f", struct.pack("<f", value))[0]
    except OverflowError:
        return math.copysign(math.inf, value)
    return single
