"""Reads the links of a page, and the anchors that its headings make."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_FENCED = re.compile(r"^(```|~~~).*?^\1\s*$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`[^`\n]*`")
_LINK = re.compile(r"\]\(([^()\s]+)\)")
_HEADING = re.compile(r"^#{1,6} +(.+?) *#*$", re.MULTILINE)
_TARGET = re.compile(r"\[([^\]]*)\]\([^()]*\)")
_DROPPED = re.compile(r"[^\w\- ]")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:")


class Link(NamedTuple):
    """A relative link: the path, empty for the page itself, and the anchor, empty for none."""

    path: str
    anchor: str


def links(text: str) -> Iterator[Link]:
    """Yield the relative links of a page; those of code and those with a scheme are none."""
    for found in _LINK.finditer(_CODE.sub("", _without_blocks(text))):
        if not _SCHEME.match(found[1]):
            path, _, anchor = found[1].partition("#")
            yield Link(path, anchor)


def anchors(text: str) -> frozenset[str]:
    """Return the anchors of a page, made from its headings as repository hosts make them.

    Letters are lowered, punctuation is dropped, a blank becomes a hyphen; a heading that stands
    again gets a number.
    """
    found: dict[str, int] = {}
    made = set()
    for heading in _HEADING.finditer(_without_blocks(text)):
        shown = _TARGET.sub(r"\1", heading[1])
        anchor = _DROPPED.sub("", shown.lower()).replace(" ", "-")
        number = found.get(anchor, 0)
        found[anchor] = number + 1
        made.add(f"{anchor}-{number}" if number else anchor)
    return frozenset(made)


def _without_blocks(text: str) -> str:
    return _FENCED.sub("", text)
