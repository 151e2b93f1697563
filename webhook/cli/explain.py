"""`pillion explain`: whether each pod is injected, why or why not, and what that changes."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from webhook.cli import inject, options

if TYPE_CHECKING:
    from collections.abc import Iterator

    from webhook.cli.account import Account


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's options."""
    options.add_settings(parser)
    options.add_inputs(parser)
    inject.add_token(parser)
    parser.add_argument(
        "-o", "--output", choices=("text", "json"), default="text", help="form of the answer"
    )


def run(arguments: argparse.Namespace) -> int:
    """Explain; 0 whatever the answers are."""
    import msgspec

    from webhook.cli.account import account_of
    from webhook.cli.outputs import write_stdout
    from webhook.cli.speech import plain

    _, batch = inject.batch_of(arguments)
    accounts = [account_of(target, batch.explain(target)) for target in batch.targets]
    if arguments.output == "json":
        answer = {"pods": accounts, "warnings": batch.warnings}
        write_stdout(msgspec.json.format(msgspec.json.encode(answer), indent=2).decode() + "\n")
        return 0
    blocks = ["\n".join(map(plain, _lines(account))) for account in accounts]
    blocks += (plain(f"warning: {sentence}") for sentence in batch.warnings)
    write_stdout("\n\n".join(blocks or ["no pods"]) + "\n")
    return 0


def _lines(account: Account) -> Iterator[str]:
    """Yield the account of one pod for people, facts in the order in which they decide."""
    yield f"{account.kind} {account.namespace}/{account.name or '(no name)'}"
    yield f"  {'at:':<12}{account.source}, document {account.document}"
    yield f"  {'decision:':<12}{account.decision} ({account.reason}): {account.detail}"
    if account.selection is None:
        yield f"  {'called:':<12}unknown, the labels of namespace {account.namespace} are not given"
    else:
        called = account.selection.webhook or "no"
        yield f"  {'called:':<12}{called}, {account.selection.why}"
    for row in account.rows:
        mark = "→" if row.decisive else " "
        yield f"  {mark} row {row.row:<4}{row.verdict:<9}{row.reason}: {row.detail}"
    changes = account.changes
    for name, found in (
        ("init:", changes.initContainers),
        ("containers:", changes.containers),
        ("volumes:", changes.volumes),
        ("secrets:", changes.imagePullSecrets),
        ("labels:", changes.labels),
        ("annotates:", changes.annotations),
        ("rewrites:", changes.rewritten),
    ):
        if found:
            yield f"  {name:<12}{', '.join(found)}"
    for annotation in account.annotations:
        yield f"  annotation  {annotation.key}={annotation.value}"
        yield f"  {'':<12}{annotation.support}: {annotation.effect}"
    for warning in account.warnings:
        yield f"  {'warning:':<12}{warning}"
