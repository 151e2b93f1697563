"""The account of one pod: every fact that `explain` tells, as a value shown in two forms."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct

from webhook.cli.batch import Target
from webhook.injection.annotations import CATALOGUE
from webhook.injection.catalogue.entry import Place
from webhook.injection.decision import Match, Verdict
from webhook.injection.engine import Denied, Explanation, Injected
from webhook.injection.patch import Stage
from webhook.injection.selection import Selection
from webhook.model.edits import Edit, Path, Put, Set, Swap
from webhook.model.errors import PodRejected
from webhook.model.pod import read

_LISTS = ("initContainers", "containers", "volumes", "imagePullSecrets")
"""Members of a pod's spec that injection adds named items to."""


class Row(Struct, frozen=True):
    """A row of the decision table that matches the pod."""

    row: int
    verdict: str
    reason: str
    detail: str
    decisive: bool


class Annotation(Struct, frozen=True):
    """An annotation of the pod that the catalogue knows."""

    key: str
    value: str
    support: str
    effect: str


class Changes(Struct, frozen=True):
    """What injection adds, by name, and the probes, hooks and other fields that it rewrites."""

    initContainers: list[str]
    containers: list[str]
    volumes: list[str]
    imagePullSecrets: list[str]
    labels: list[str]
    annotations: list[str]
    rewritten: list[str]


class Account(Struct, frozen=True):
    """Everything that is to be said of one pod."""

    source: str
    document: int
    kind: str
    namespace: str
    name: str
    decision: str
    reason: str
    detail: str
    selection: Selection | None
    rows: list[Row]
    changes: Changes
    annotations: list[Annotation]
    warnings: tuple[str, ...]


def account_of(target: Target, explanation: Explanation) -> Account:
    """Return the account of a pod."""
    outcome = explanation.outcome
    place, owner = target.document.inner, target.workload.owner
    decision = outcome.match.verdict.value
    return Account(
        source=place.source,
        document=place.number,
        kind=owner.kind,
        namespace=target.context.namespace,
        name=owner.name,
        decision=decision,
        reason=outcome.match.reason.value,
        detail=outcome.message if isinstance(outcome, Denied) else outcome.match.detail,
        selection=target.selection,
        rows=list(_rows(explanation.matches, outcome.match.verdict)),
        changes=_changes(outcome.stages if isinstance(outcome, Injected) else ()),
        annotations=list(_annotations(target)),
        warnings=outcome.warnings,
    )


def _rows(matches: Iterable[Match], verdict: Verdict) -> Iterator[Row]:
    """Yield the rows; the first that says more than a warning decides.

    None does where the outcome is another: the webhook is not called, or the pod is refused for
    what the table does not look at.
    """
    decided = False
    for match in matches:
        decisive = not decided and match.verdict is not Verdict.CONTINUE
        decided = decided or decisive
        decisive = decisive and match.verdict is verdict
        yield Row(match.row, match.verdict.value, match.reason.value, match.detail, decisive)


def _annotations(target: Target) -> Iterator[Annotation]:
    try:
        present = read(target.text).annotations
    except PodRejected:
        return
    for entry in CATALOGUE:
        if entry.place is Place.ANNOTATION and entry.key in present:
            shown = present[entry.key] or ""
            effect = entry.effect if not entry.instead else f"{entry.effect}; {entry.instead}"
            yield Annotation(entry.key, shown, entry.support.value, effect)


def _changes(stages: Iterable[Stage]) -> Changes:
    changes = Changes([], [], [], [], [], [], [])
    for stage in stages:
        for edit in stage.edits:
            _note(edit, changes)
    return changes


def _note(edit: Edit, changes: Changes) -> None:
    path = edit.path
    where = path[1] if len(path) > 1 else None
    if isinstance(edit, Put) and len(path) == 2 and where in _LISTS:
        getattr(changes, str(where)).extend(edit.names)
    elif isinstance(edit, Set | Swap | Put) and path[0] == "spec":
        changes.rewritten.append(_dotted(path[2:] if len(path) > 2 else path))
    elif isinstance(edit, Set) and len(path) == 3:
        getattr(changes, str(where)).append(str(path[2]))


def _dotted(path: Path) -> str:
    return ".".join(part if isinstance(part, str) else part.name for part in path)
