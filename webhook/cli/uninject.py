"""`pillion uninject`: the manifests as they were before an injection of ours."""

from __future__ import annotations

import argparse
import sys

from webhook.cli import inject, options


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's options."""
    options.add_settings(parser)
    options.add_inputs(parser)
    parser.add_argument("-o", "--output", metavar="OUT", help="as for inject")
    parser.add_argument("-q", "--quiet", action="store_true", help="no summary on standard error")


def run(arguments: argparse.Namespace) -> int:
    """Take injections out, and write the result; 0, or 1 with nothing written."""
    sources, batch = inject.batch_of(arguments)
    changes = list(batch.uninject())
    texts, notes = batch.texts(changes)
    inject.write(arguments.output, sources, texts)
    if not arguments.quiet:
        for note in (*batch.warnings, *notes):
            print(f"warning: {note}", file=sys.stderr)
        for target, stages in changes:
            done = "uninjected" if stages else "not injected"
            print(f"{done:<13} {target.label} ({target.where})", file=sys.stderr)
    return 0
