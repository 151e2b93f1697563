"""What happened to each object of a run, as values; the command line writes them out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from enum import StrEnum

import msgspec


class Outcome(StrEnum):
    """What became of an object."""

    CHANGED = "changed"
    SKIPPED = "skipped"
    """It holds a pod, which was left as it is; the detail says why."""
    PASSED = "passed"
    """It holds no pod that Pillion knows."""


class Entry(msgspec.Struct, frozen=True):
    """An object of a document; `document` counts from 1 in its source, `namespace` may be empty."""

    source: str
    document: int
    kind: str
    namespace: str
    name: str
    outcome: Outcome
    detail: str = ""
    """Why it was skipped, or why the document was written anew as a whole."""
    warnings: tuple[str, ...] = ()


def counts(entries: Iterable[Entry]) -> dict[Outcome, int]:
    """Count the entries of each outcome, all outcomes named."""
    found = Counter(entry.outcome for entry in entries)
    return {outcome: found[outcome] for outcome in Outcome}
