"""`pillion completion`: a script that completes commands and options in a shell."""

from __future__ import annotations

import argparse
from pathlib import Path

SHELLS = ("bash", "zsh")
DIRECTORY = Path(__file__).parent / "completions"
"""Made from the parser when the project is built, so that nothing is loaded for it here."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's options."""
    parser.add_argument("shell", choices=SHELLS, help="the shell to complete for")


def run(arguments: argparse.Namespace) -> int:
    """Print the script."""
    from webhook.cli.outputs import write_stdout

    write_stdout((DIRECTORY / f"pillion.{arguments.shell}").read_text(encoding="utf-8"))
    return 0
