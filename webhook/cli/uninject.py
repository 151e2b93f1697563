"""`pillion uninject`: the manifests as they were before an injection of ours."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from webhook.cli import inject, options

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from webhook.cli.batch import Target
    from webhook.injection.patch import Stage


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's options."""
    options.add_settings(parser)
    options.add_inputs(parser)
    parser.add_argument("-o", "--output", metavar="OUT", help="as for inject")
    parser.add_argument("-q", "--quiet", action="store_true", help="no summary on standard error")


def run(arguments: argparse.Namespace) -> int:
    """Take injections out, and write the result; 0, or 1 with nothing written."""
    from webhook.cli.speech import say

    sources, batch = inject.batch_of(arguments)
    changes = list(batch.uninject())
    texts, notes = batch.texts(changes)
    inject.write(arguments.output, sources, texts)
    if not arguments.quiet:
        say(_summary((*batch.warnings, *notes), changes))
    return 0


def _summary(
    notes: Iterable[str], changes: Iterable[tuple[Target, tuple[Stage, ...]]]
) -> Iterator[str]:
    yield from (f"warning: {note}" for note in notes)
    for target, stages in changes:
        done = "uninjected" if stages else "not injected"
        yield f"{done:<13} {target.label} ({target.where})"
