"""The command line: one parser, one place where errors become exit codes.

Exit codes: 0 done, 1 input or cluster error with nothing written, 2 usage, 3 an asked-for
condition is not met, 130 interrupted, 141 the reader of the output is gone. Data goes to standard
output, talk to standard error.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import gc
import importlib
import os
import sys
from collections.abc import Sequence
from typing import NoReturn, Protocol

from webhook import __version__
from webhook.cli import libraries

USAGE = 2
INTERRUPTED = 130
CLOSED_PIPE = 141


class Command(Protocol):
    """A module of this package that is a command."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's options."""

    def run(self, arguments: argparse.Namespace) -> int:
        """Do it, and return the exit code."""


class _Parser(argparse.ArgumentParser):
    """Says what is wrong with a command line in one sentence, like every other error."""

    def error(self, message: str) -> NoReturn:
        """Leave with the usage code."""
        self.exit(USAGE, f"pillion: {message}; see {self.prog} --help\n")


COMMANDS = {
    "inject": "write manifests with the sidecar in them",
    "uninject": "take an injection out of manifests",
    "diff": "show what inject would change",
    "explain": "tell whether and why pods are injected",
    "bootstrap": "print the Envoy configuration of a pod",
    "redirect": "print the kernel rules of a pod",
    "config": "show, validate or describe the configuration",
    "serve": "run the webhook",
    "completion": "print a shell completion script",
}


def run() -> None:
    """Be the console script."""
    # Nothing that a command makes is garbage before it ends; collecting costs a tenth of its time.
    gc.disable()
    command = sys.argv[1] if len(sys.argv) > 1 else ""
    if command not in COMMANDS or command == "serve":
        sys.exit(main(sys.argv[1:]))
    libraries.load_msgspec()
    libraries.load_libyaml()
    _leave(main(sys.argv[1:]))


def _leave(code: int) -> NoReturn:
    """End the process at once; to take everything in it apart first costs another tenth."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, OSError, ValueError):
            stream.flush()
    os._exit(code)


def main(argv: Sequence[str]) -> int:
    """Run a command and return its exit code."""
    try:
        arguments = parser(argv).parse_args(argv)
        code: int = _command(arguments.command).run(arguments)
        if sys.stdout is not None:
            sys.stdout.flush()
    except argparse.ArgumentError as error:
        # Options that do not go together, which only the command knows.
        print(f"pillion: {error}; see pillion --help", file=sys.stderr)
        return USAGE
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Python would complain once more while it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return CLOSED_PIPE
    except Exception as error:
        return _failed(error)
    return code


def parser(argv: Sequence[str] | None = None) -> argparse.ArgumentParser:
    """Return the parser.

    A command line that begins with a command gets a parser of that one alone, which saves the time
    to make the others; otherwise, and with None, all are there.
    """
    formatter = _formatter(argv)
    top = _Parser(
        prog="pillion",
        description="Pair pods with a stock Envoy pointed at Istio's Pilot.",
        allow_abbrev=False,
        formatter_class=formatter,
    )
    top.add_argument("--version", action="version", version=f"pillion {__version__}")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    named = argv[0] if argv and argv[0] in COMMANDS else None
    for name, summary in COMMANDS.items():
        if named not in (None, name):
            continue
        command = commands.add_parser(
            name,
            help=summary,
            description=f"{summary[:1].upper()}{summary[1:]}.",
            allow_abbrev=False,
            formatter_class=formatter,
        )
        _command(name).add_arguments(command)
    return top


class _Formatter(Protocol):
    """What `argparse` calls to lay help out."""

    def __call__(self, *, prog: str) -> argparse.HelpFormatter:
        """Begin a page of help for a program."""


def _formatter(argv: Sequence[str] | None) -> _Formatter:
    """Return what formats help: as wide as the terminal, if the command line asks for any.

    A parser makes one for each option, and each loads `shutil` to learn the width.
    """
    if argv is None or not {"-h", "--help"}.isdisjoint(argv):
        return argparse.HelpFormatter
    return functools.partial(argparse.HelpFormatter, width=80)


def _command(name: str) -> Command:
    return importlib.import_module(f"webhook.cli.{name}")


def _failed(error: Exception) -> int:
    from webhook.cli.speech import say
    from webhook.model.errors import PillionError

    if not isinstance(error, PillionError):
        raise error
    # Some errors tell several mistakes at once.
    say(f"pillion: {sentence}" for sentence in getattr(error, "mistakes", (str(error),)))
    return 1
