"""Rendered text with named holes: what is the same for every pod is rendered once."""

from __future__ import annotations

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
    made: list[bytes] = []
    end = 0
    while True:
        # No regular expression: compiling one takes longer than all there is to find with it.
        found = {name: at for name, s in stand_ins.items() if (at := text.find(s, end)) >= 0}
        if not found:
            return Template(b"".join(made) + text[end:].replace(b"%", b"%%"))
        name = min(found, key=found.__getitem__)
        made += [text[end : found[name]].replace(b"%", b"%%"), b"%%(%s)b" % name]
        end = found[name] + len(stand_ins[name])
