"""Writes a JSON value as YAML the way people do: in many styles, with comments everywhere.

Shares no code with the product's own writer, so that each checks the other.
"""

from __future__ import annotations

import json
import random
import re
from typing import Any

SAFE = re.compile(r"[a-z][a-z/.-]*[a-z]")
WORDS = frozenset({"no", "on", "yes", "off", "true", "false", "null"})


class Writer:
    """One document's habits, drawn from a seed."""

    def __init__(self, seed: int, *, comments: bool = True) -> None:
        self.chance = random.Random(seed)
        self.step = self.chance.choice((2, 2, 2, 3, 4))
        self.dash = self.chance.choice((0, 0, 2, self.step))
        self.flow = self.chance.choice((0.0, 0.0, 0.1, 0.3))
        self.quoted = self.chance.choice((0.1, 0.5, 1.0))
        self.comments = self.chance.choice((0.0, 0.1, 0.4)) if comments else 0.0
        self.blank = self.chance.choice((0.0, 0.0, 0.1))
        self.newline = self.chance.choice(("\n", "\n", "\n", "\r\n"))
        self.anchors = self.chance.choice((0.0, 0.0, 0.1))
        self.count = 0

    def document(self, value: Any) -> str:
        """Write a value as the whole of a document."""
        lines = [*self.between(0), *self.block(value, 0), *self.between(0)]
        end = self.newline if self.chance.random() < 0.9 else ""
        return self.newline.join(lines) + end

    def block(self, value: Any, column: int) -> list[str]:
        """Write a collection that has entries, one line or more for each."""
        lines: list[str] = []
        if isinstance(value, dict):
            for key, each in value.items():
                lines += (*self.between(column), *self.member(key, each, column))
        else:
            for each in value:
                lines += (*self.between(column), *self.item(each, column))
        return lines

    def member(self, key: str, value: Any, column: int) -> list[str]:
        """Write a mapping's member."""
        head = " " * column + self.scalar(key, is_key=True) + ":"
        if not self.is_block(value):
            return self.tailed(head, value, column + self.step)
        offset = self.dash if isinstance(value, list) else self.step
        return [head + self.anchor() + self.comment(), *self.block(value, column + offset)]

    def item(self, value: Any, column: int) -> list[str]:
        """Write a list's item, its first entry on the dash's line or below."""
        head = " " * column + "-"
        if not self.is_block(value):
            return self.tailed(head, value, column + 2)
        if self.chance.random() < 0.1:
            return [head + self.anchor() + self.comment(), *self.block(value, column + 2)]
        saved, self.comments = self.comments, 0.0
        blank, self.blank = self.blank, 0.0
        first, *rest = self.block(value, column + 2)
        self.comments, self.blank = saved, blank
        return [head + " " + first.lstrip(" "), *rest]

    def tailed(self, head: str, value: Any, inner: int) -> list[str]:
        """Write a value on its key's or dash's line, long texts as block scalars."""
        if isinstance(value, str) and "\n" in value and re.fullmatch(r"(?:[a-z ]*[a-z]\n)+", value):
            lines = [" " * inner + line for line in value.removesuffix("\n").split("\n")]
            if value[0] != " " and self.chance.random() < 0.8:
                return [head + " |" + self.comment(), *lines]
        if value is None and self.chance.random() < 0.5:
            return [head + self.comment()]
        anchor = self.anchor() if isinstance(value, str) else ""
        return [head + anchor + " " + self.inline(value) + self.comment()]

    def is_block(self, value: Any) -> bool:
        """Decide whether a value goes below its key."""
        return isinstance(value, dict | list) and bool(value) and self.chance.random() >= self.flow

    def inline(self, value: Any) -> str:
        """Write a value in flow style."""
        space = self.chance.choice(("", " "))
        if isinstance(value, dict):
            pairs = (
                f"{self.scalar(key, is_key=True)}: {self.inline(each)}"
                for key, each in value.items()
            )
            return "{" + space + ", ".join(pairs) + space + "}"
        if isinstance(value, list):
            return "[" + space + ", ".join(map(self.inline, value)) + space + "]"
        return self.scalar(value)

    def scalar(self, value: Any, *, is_key: bool = False) -> str:
        """Write a scalar, strings in a random way that any reader takes for that string."""
        if not isinstance(value, str):
            return self.chance.choice(("null", "~")) if value is None else json.dumps(value)
        plain = SAFE.fullmatch(value) is not None and value not in WORDS
        if plain and self.chance.random() >= self.quoted * (0.2 if is_key else 1):
            return value
        if value.isascii() and value.isprintable() and self.chance.random() < 0.5:
            return "'" + value.replace("'", "''") + "'"
        return '"' + "".join(map(_escaped, value)) + '"'

    def between(self, column: int) -> list[str]:
        """Write lines that mean nothing."""
        lines = []
        if self.chance.random() < self.blank:
            lines.append(self.chance.choice(("", "  ")))
        if self.chance.random() < self.comments:
            self.count += 1
            indent = self.chance.choice((column, column, column, 0, column + 1))
            lines.append(" " * indent + f"# comment {self.count}: - x {{")
        return lines

    def comment(self) -> str:
        """Write the end of a line."""
        if self.chance.random() >= self.comments:
            return ""
        self.count += 1
        return f"  # comment {self.count}"

    def anchor(self) -> str:
        """Mark a value with an anchor that nothing uses."""
        if self.chance.random() >= self.anchors:
            return ""
        self.count += 1
        return f" &anchor{self.count}"


def _escaped(character: str) -> str:
    if character in '"\\':
        return "\\" + character
    return character if character.isprintable() else f"\\U{ord(character):08x}"
