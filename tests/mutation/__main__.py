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

TESTS = (
    "tests/core/injection",
    "tests/core/goldens",
    "tests/core/laws/test_round_trip.py",
    "tests/core/laws/test_edits.py",
    "tests/core/laws/test_api_server.py",
    "tests/core/laws/test_any_input.py",
    "-k",
    "not envoy and not test_selection",
)
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
    running: dict[int, Mutant] = {}
    try:
        for mutant in queue:
            if len(running) == AT_ONCE:
                yield _finished(running)
            running[start(mutant, TESTS, SECONDS)] = mutant
        while running:
            yield _finished(running)
    finally:
        for pid in running:
            os.kill(pid, 9)
            os.waitpid(pid, 0)


def _finished(running: dict[int, Mutant]) -> tuple[Mutant, Verdict]:
    pid, status = os.wait()
    return running.pop(pid), verdict(status)


def _mutants_of(module: str) -> Iterator[Mutant]:
    path = ROOT / f"{module.replace('.', '/')}.py"
    return mutants(module, path.read_text(encoding="utf-8"))


if __name__ == "__main__":
    sys.exit(main())
