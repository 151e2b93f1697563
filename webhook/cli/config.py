"""`pillion config`: the configuration, its mistakes, and its schema."""

from __future__ import annotations

import argparse
import sys

from webhook.cli import options


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's options."""
    parser.add_argument(
        "action",
        choices=("show", "validate", "schema"),
        help="show: every setting with its value, as YAML; validate: every mistake of the file; "
        "schema: the JSON Schema of the file",
    )
    options.add_settings(parser)


def run(arguments: argparse.Namespace) -> int:
    """Do what was asked; 1 if the file holds mistakes."""
    import msgspec

    from webhook.cli.outputs import write_stdout

    if arguments.action == "schema":
        from webhook.configuration.schema import schema

        text = msgspec.json.format(msgspec.json.encode(schema()), indent=2).decode()
        write_stdout(text + "\n")
        return 0
    settings = options.settings_of(arguments)
    if arguments.action == "validate":
        print("the configuration is valid", file=sys.stderr)
        return 0
    from webhook.configuration.reader import show
    from webhook.manifests.emit import Style, block

    plain = msgspec.json.decode(msgspec.json.encode(show(settings)))
    write_stdout(block(plain, 0, Style()) + "\n")
    return 0
