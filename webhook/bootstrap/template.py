"""Rendered text with named holes: what is the same for every pod is rendered once."""

from __future__ import annotations

import re
from collections.abc import Mapping

from msgspec import Struct


class Template(Struct, frozen=True):
    """Text with holes."""

    pattern: bytes
    """The text as Python formats it, with `%(name)b` for each hole."""

    def fill(self, values: Mapping[bytes, bytes]) -> bytes:
        """Return the text with a value in each hole."""
        return self.pattern % values


def template(text: bytes, stand_ins: Mapping[bytes, bytes]) -> Template:
    """Return a text with a hole wherever one of the stand-ins lies.

    A stand-in that lies inside another one belongs to that one, if it comes later.
    """
    found = re.compile(b"|".join(b"(?P<%s>%s)" % (n, re.escape(s)) for n, s in stand_ins.items()))
    made: list[bytes] = []
    end = 0
    for hole in found.finditer(text):
        name = str(hole.lastgroup).encode()
        made += [text[end : hole.start()].replace(b"%", b"%%"), b"%%(%s)b" % name]
        end = hole.end()
    return Template(b"".join(made) + text[end:].replace(b"%", b"%%"))
