"""`pillion diff`: what inject would change, as a unified diff."""

from __future__ import annotations

import argparse
import os
import re
import sys
from typing import TYPE_CHECKING

from webhook.cli import inject, options

if TYPE_CHECKING:
    from collections.abc import Iterator

DIFFERENT = 3
"""The exit code of an asked-for condition that is not met."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's options."""
    options.add_settings(parser)
    options.add_inputs(parser)
    inject.add_token(parser)
    parser.add_argument(
        "--check", action="store_true", help=f"exit with {DIFFERENT} if anything would change"
    )
    parser.add_argument("-q", "--quiet", action="store_true", help="no summary on standard error")


def run(arguments: argparse.Namespace) -> int:
    """Print the difference; 0, or 3 with `--check` when there is one."""
    from webhook.cli import summary
    from webhook.cli.batch import changes_of
    from webhook.cli.outputs import write_stdout

    sources, batch, results = inject.injected(arguments)
    texts, notes = batch.texts(changes_of(results))
    batch.warnings += notes
    coloured = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    different = False
    for source, text in zip(sources, texts, strict=True):
        if text != source.text:
            different = True
            write_stdout("".join(_lines(source.name, source.text, text, coloured=coloured)))
    if not arguments.quiet:
        summary.write(batch, results)
    return DIFFERENT if arguments.check and different else 0


def _lines(name: str, before: str, after: str, *, coloured: bool) -> Iterator[str]:
    from difflib import unified_diff

    colours = {"+": "\033[32m", "-": "\033[31m", "@": "\033[36m"} if coloured else {}
    path = name.lstrip("/")
    for line in unified_diff(_split(before), _split(after), f"a/{path}", f"b/{path}"):
        text = line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
        colour = colours.get(line[:1])
        yield f"{colour}{text.rstrip(chr(10))}\033[0m\n" if colour else text


def _split(text: str) -> list[str]:
    """Split after line feeds alone; Python also knows ends that may stand inside a YAML scalar."""
    return re.findall(r"[^\n]*\n|[^\n]+", text)
