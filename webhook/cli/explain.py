"""`pillion explain`: whether each pod is injected, why or why not, and what that changes.

Of manifests, or of the pods of a live cluster, compared with what they really have.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from webhook.cli import inject, options

if TYPE_CHECKING:
    from collections.abc import Iterator

    from webhook.cli.account import Account
    from webhook.operate.standing import Account as Live


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's options."""
    options.add_settings(parser)
    options.add_inputs(parser, required=False)
    parser.set_defaults(namespace=None)  # without -f it must be named, or a pod must
    inject.add_token(parser)
    parser.add_argument(
        "pod",
        nargs="*",
        metavar="POD",
        help="instead of -f: a pod of the cluster; without one, all of the namespace in -n",
    )
    parser.add_argument(
        "-o", "--output", choices=("text", "json"), default="text", help="form of the answer"
    )


def run(arguments: argparse.Namespace) -> int:
    """Explain; 0 whatever the answers are."""
    if arguments.filename is None:
        return _explain_live(arguments)
    if arguments.pod:
        raise argparse.ArgumentError(None, "argument POD: got -f as well, expected one of them")
    arguments.namespace = arguments.namespace or "default"
    return _explain_manifests(arguments)


def _explain_live(arguments: argparse.Namespace) -> int:
    import msgspec

    from webhook.app.live import live
    from webhook.cli.outputs import write_stdout
    from webhook.cli.speech import plain

    if not arguments.pod and arguments.namespace is None:
        raise argparse.ArgumentError(None, "got neither -f, POD nor -n, expected one of them")
    given = options.engine_of(arguments) if arguments.config or arguments.revision else None
    accounts = list(live(given).explain(arguments.namespace or "default", arguments.pod))
    if arguments.output == "json":
        text = msgspec.json.format(msgspec.json.encode({"pods": accounts}), indent=2).decode()
        write_stdout(f"{text}\n")
        return 0
    blocks = ["\n".join(map(plain, _live_lines(account))) for account in accounts]
    write_stdout("\n\n".join([*blocks, _summary(accounts)]) + "\n")
    return 0


def _summary(accounts: list[Live]) -> str:
    """Say how many pods stand how, and name those that lack their sidecar."""
    from collections import Counter

    counts = Counter(account.standing.value for account in accounts)
    shown = ", ".join(f"{number} {standing}" for standing, number in counts.items())
    missing = [account.name for account in accounts if account.standing.value == "missing"]
    return f"{shown or 'no pods'}{': ' + ', '.join(missing) if missing else ''}"


def _live_lines(account: Live) -> Iterator[str]:
    """Yield the account of one live pod for people."""
    yield f"Pod {account.namespace}/{account.name}: {account.standing.value}"
    yield f"  {'has:':<12}{account.has}"
    if account.webhook is None:
        yield f"  {'called:':<12}no, {account.called}"
    else:
        yield f"  {'called:':<12}{account.webhook}, {account.called}"
        yield f"  {'':<12}failurePolicy {account.failurePolicy} in {account.configuration}"
    yield f"  {'decision:':<12}{account.decision} ({account.reason}): {account.detail}"
    if account.remedy is not None:
        yield f"  {'remedy:':<12}{account.remedy}"
    for warning in account.warnings:
        yield f"  {'warning:':<12}{warning}"


def _explain_manifests(arguments: argparse.Namespace) -> int:
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
