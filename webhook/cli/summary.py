"""What people are told of a batch on standard error, and machines on standard output."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from webhook.cli.batch import Batch, Result
from webhook.cli.speech import say
from webhook.injection.engine import Denied, Injected
from webhook.manifests.report import Entry, Outcome


def write(batch: Batch, results: Sequence[Result]) -> None:
    """Write a line per pod, its warnings, and the counts."""
    lines = [f"warning: {sentence}" for sentence in batch.warnings]
    for result in results:
        entry = entry_of(result)
        detail = f": {entry.detail}" if entry.detail else ""
        lines.append(f"{_word(result):<9} {result.target.label} ({result.target.where}){detail}")
        lines += (f"  warning: {sentence}" for sentence in entry.warnings)
    for namespace in batch.unknown_namespaces:
        lines.append(
            f"note: the labels of namespace {namespace} are not known, so it is taken as opted in; "
            "say them with --namespace-labels"
        )
    lines.append(_counts(batch, results))
    say(lines)


def report(batch: Batch, results: Sequence[Result]) -> str:
    """Return what became of each pod as the text of a JSON object."""
    content = {
        "pods": [
            {**msgspec.to_builtins(entry_of(result)), "reason": result.outcome.match.reason.value}
            for result in results
        ],
        "otherDocuments": batch.other_documents,
        "warnings": batch.warnings,
        "namespacesTakenAsOptedIn": list(batch.unknown_namespaces),
    }
    return msgspec.json.format(msgspec.json.encode(content), indent=2).decode() + "\n"


def entry_of(result: Result) -> Entry:
    """Return a pod's result as a row of a report."""
    outcome, target = result.outcome, result.target
    place, owner = target.document.inner, target.workload.owner
    changed = isinstance(outcome, Injected) and outcome.stages
    detail = "" if changed else outcome.match.detail
    return Entry(
        source=place.source,
        document=place.number,
        kind=owner.kind,
        namespace=target.context.namespace,
        name=owner.name,
        outcome=Outcome.CHANGED if changed else Outcome.SKIPPED,
        detail=detail,
        warnings=outcome.warnings,
    )


def _word(result: Result) -> str:
    outcome = result.outcome
    if isinstance(outcome, Denied):
        return "denied"
    if isinstance(outcome, Injected):
        return "injected" if outcome.stages else "unchanged"
    return "skipped"


def _counts(batch: Batch, results: Iterable[Result]) -> str:
    words = [_word(result) for result in results]
    parts = [
        f"{words.count(word)} {word}"
        for word in ("injected", "unchanged", "skipped")
        if word in words
    ]
    others = batch.other_documents
    documents = "document" if others == 1 else "documents"
    return f"{', '.join(parts) or 'no pods'}; {others} {documents} without pods"
