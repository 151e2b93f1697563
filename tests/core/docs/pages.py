"""Reads the commands of a page, and what the page says they print."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[3]
NOT_RUN = "# not run: needs "
ANYTHING = "..."
_BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Step(NamedTuple):
    """A command, and the lines below it."""

    line: int
    command: str
    shown: tuple[str, ...]


def pages() -> list[Path]:
    """Return the pages whose commands are run: those at the top and all of the documentation."""
    top = (ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md"))
    return [*top, *sorted((ROOT / "docs").rglob("*.md"))]


def linking_pages() -> list[Path]:
    """Return the pages whose links are followed: also those beside what they describe."""
    places = ("CHANGELOG.md", "charts/pillion/README.md", "examples/README.md", "scripts/README.md")
    return [*pages(), *(ROOT / place for place in places)]


def steps(text: str) -> Iterator[Step]:
    """Yield the commands of a page that are to be run, in their order.

    Raises:
        ValueError: a block does not begin with a command or with the reason why it is not run.
    """
    for block in _BLOCK.finditer(text):
        if block[1].startswith(NOT_RUN):
            continue
        line = text.count("\n", 0, block.start(1)) + 1
        if not block[1].startswith("$ "):
            raise ValueError(f"line {line}: got no command, expected `$ ` or `{NOT_RUN}`")
        yield from _steps(block[1].splitlines(), line)


def _steps(lines: list[str], first: int) -> Iterator[Step]:
    starts = [number for number, line in enumerate(lines) if line.startswith("$ ")]
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        yield Step(first + start, lines[start][2:], tuple(lines[start + 1 : end]))


def matches(shown: tuple[str, ...], printed: str) -> bool:
    """Tell whether lines are what a page shows, `...` standing for any number of them."""
    parts = [r"(?:.*\n)*" if line == ANYTHING else re.escape(line) + r"\n" for line in shown]
    return re.fullmatch("".join(parts), printed) is not None
