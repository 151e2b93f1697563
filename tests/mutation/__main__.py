"""`python -m tests.mutation [MODULE…]`: try every mutant, two at a time."""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.mutation.mutants import Mutant, mutants
from tests.mutation.trial import Verdict, start, verdict

ROOT = Path(__file__).parents[2]
SURVIVORS = Path(__file__).with_name("survivors.md")
MODULES = (
    "webhook.injection.decision",
    "webhook.injection.plan",
    "webhook.injection.layout",
    "webhook.injection.record",
    "webhook.injection.reversal",
)
"""The modules that decide, plan and record; `layout` and `reversal` are parts of the last two."""

_ALONE = "tests/core/injection"
_LAWS = "tests/core/laws"
ROUNDS = (
    {
        "webhook.injection.decision": (f"{_ALONE}/test_decision_table.py",),
        "webhook.injection.plan": (f"{_ALONE}/test_refusals.py", f"{_LAWS}/test_edits.py"),
        "webhook.injection.layout": (f"{_LAWS}/test_edits.py",),
        "webhook.injection.record": (f"{_ALONE}/test_reversal.py",),
        "webhook.injection.reversal": (f"{_ALONE}/test_reversal.py",),
    },
    dict.fromkeys(
        MODULES,
        (_ALONE, "tests/core/goldens", _LAWS, "-k", "not envoy and not test_selection"),
    ),
)
"""What a mutant goes through: the tests closest to its module, and all of them if it lives."""

AT_ONCE = 2
SECONDS = 240
"""More than ten times what the tests take."""


def main() -> int:
    """Return 0 when every mutant that survived is explained, and 1 otherwise."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("modules", nargs="*", default=MODULES, metavar="MODULE")
    chosen = parser.parse_args().modules
    # Fewer examples than in the tests themselves: a mutant is seen in a few, or in none.
    os.environ["HYPOTHESIS_PROFILE"] = "mutation"
    explained = SURVIVORS.read_text(encoding="utf-8") if SURVIVORS.exists() else ""
    counts: Counter[Verdict] = Counter()
    unexplained = 0
    for mutant, found in trials(every for module in chosen for every in _mutants_of(module)):
        counts[found] += 1
        if found is Verdict.SURVIVED:
            is_explained = mutant.name in explained
            unexplained += not is_explained
            note = "explained" if is_explained else "SURVIVED"
            print(f"{note}: line {mutant.line}: {mutant.name}", flush=True)
    tried = sum(counts.values())
    parts = ", ".join(f"{counts[each]} {each.value}" for each in Verdict)
    print(f"{tried} mutants: {parts}; {unexplained} unexplained")
    return 1 if unexplained else 0


def trials(queue: Iterable[Mutant]) -> Iterator[tuple[Mutant, Verdict]]:
    """Try each mutant, a few at a time, and yield what became of it."""
    running: dict[int, tuple[Mutant, int]] = {}
    try:
        for mutant in queue:
            while len(running) == AT_ONCE:
                yield from _next_finished(running)
            _start(mutant, 0, running)
        while running:
            yield from _next_finished(running)
    finally:
        for pid in running:
            os.kill(pid, 9)
            os.waitpid(pid, 0)


def _next_finished(running: dict[int, tuple[Mutant, int]]) -> Iterator[tuple[Mutant, Verdict]]:
    """Wait for a trial, start the next round of what survived it, and yield what is decided."""
    pid, status = os.wait()
    mutant, passed = running.pop(pid)
    found = verdict(status)
    if found is Verdict.SURVIVED and passed + 1 < len(ROUNDS):
        _start(mutant, passed + 1, running)
    else:
        yield mutant, found


def _start(mutant: Mutant, number: int, running: dict[int, tuple[Mutant, int]]) -> None:
    running[start(mutant, ROUNDS[number][mutant.module], SECONDS)] = mutant, number


def _mutants_of(module: str) -> Iterator[Mutant]:
    path = ROOT / f"{module.replace('.', '/')}.py"
    return mutants(module, path.read_text(encoding="utf-8"))


if __name__ == "__main__":
    sys.exit(main())
