"""Writes JSON values as YAML text, block or flow, in the style of the document they go into."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import msgspec

from webhook.manifests import quoting


class Style(msgspec.Struct, frozen=True):
    """`step`: columns a nested mapping is moved right; `dash`: those of a list under its key.

    `is_literal`: texts of several lines become block scalars, which a line break must follow.
    """

    step: int = 2
    dash: int = 0
    newline: str = "\n"
    is_literal: bool = True


def member(key: str, value: Any, column: int, style: Style) -> str:
    """Write a mapping's member whose key stands at `column`.

    Without indentation before the key and without a line break at the end.
    """
    return style.newline.join(_indented(_member(key, value, column, style)))


def item(value: Any, column: int, style: Style) -> str:
    """Write a list's item whose dash stands at `column`, like `member`."""
    return style.newline.join(_indented(_item(value, column, style)))


def block(value: Any, column: int, style: Style) -> str:
    """Write a value that is not nested in another, like `member`."""
    return style.newline.join(_indented(_block(value, column, style)))


def inline(value: Any, *, flow: bool = True) -> str:
    """Write a value on one line; `flow`: inside `[]` or `{}`.

    Raises:
        ValueError: a number or text that YAML cannot hold.
    """
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return quoting.text(value, flow=flow)
        case int():
            return str(value)
        case float():
            return _real(value)
        case dict():
            return "{" + ", ".join(_pair(key, each) for key, each in value.items()) + "}"
        case list():
            return "[" + ", ".join(inline(each) for each in value) + "]"
        case _:
            raise TypeError(f"{type(value).__name__} is no JSON value")


def _pair(key: str, value: Any) -> str:
    written = quoting.text(key, flow=True)
    if len(written) > quoting.SIMPLE_KEY:
        return f"? {written} : {inline(value)}"
    return f"{written}: {inline(value)}"


def _real(value: float) -> str:
    """Write a float so that YAML 1.1, which wants a point and a signed exponent, reads it too."""
    if not math.isfinite(value):
        raise ValueError(f"the number {value}, which JSON cannot hold")
    mantissa, exponent, power = repr(value).partition("e")
    if exponent and "." not in mantissa:
        mantissa += ".0"
    return mantissa + exponent + power


_Line = tuple[int, str]
"""Column and text."""


def _indented(lines: Iterator[_Line]) -> Iterator[str]:
    """Indent all lines but the first, which the caller places."""
    yield next(lines)[1]
    for column, text in lines:
        yield " " * column + text if text else ""


def _block(value: Any, column: int, style: Style) -> Iterator[_Line]:
    if isinstance(value, dict) and value:
        for key, each in value.items():
            yield from _member(key, each, column, style)
    elif isinstance(value, list) and value:
        for each in value:
            yield from _item(each, column, style)
    else:
        yield column, inline(value, flow=False)


def _member(key: str, value: Any, column: int, style: Style) -> Iterator[_Line]:
    written = quoting.text(key, flow=False)
    head = f"{written}:"
    if len(written) > quoting.SIMPLE_KEY:
        yield column, f"? {written}"
        head = ":"
    if isinstance(value, dict) and value:
        yield column, head
        yield from _block(value, column + style.step, style)
    elif isinstance(value, list) and value:
        yield column, head
        # After an explicit key a dash at the same column would be its sibling.
        yield from _block(value, column + (style.dash or 2 * (head == ":")), style)
    else:
        yield from _scalar(head + " ", value, column, column + style.step, style)


def _item(value: Any, column: int, style: Style) -> Iterator[_Line]:
    if isinstance(value, dict | list) and value:
        lines = _block(value, column + 2, style)
        yield column, "- " + next(lines)[1]
        yield from lines
    else:
        yield from _scalar("- ", value, column, column + 2, style)


def _scalar(head: str, value: Any, column: int, inner: int, style: Style) -> Iterator[_Line]:
    is_text = style.is_literal and isinstance(value, str)
    literal = quoting.literal(value) if is_text else None
    if literal is None:
        yield column, head + inline(value, flow=False)
        return
    header, lines = literal
    yield column, head + header
    for line in lines:
        yield inner, line
