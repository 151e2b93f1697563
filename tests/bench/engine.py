"""Measures one injection, bytes to bytes, against reading the same body with `json.loads`.

Every figure is a ratio of two measurements taken in turn in one process; pods are distinct, so that
no cache of whole answers could help; the Envoy document is part of each answer.
"""

from __future__ import annotations

import argparse
import base64
import copy
import json
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import jsonpatch

from tests.bench.pods import body
from webhook.admission.handler import Handler
from webhook.injection.engine import Engine
from webhook.manifests.value import read_yaml
from webhook.model.settings import Settings

_PODS = 1000
_CHUNK = 20
"""Bodies between two looks at the clock: short, so that what else runs on the machine touches both
sides of a ratio alike."""
_TOKEN = "0123456789abcdef0123456789abcdef"


def main(argv: Sequence[str]) -> int:
    """Print the table; 0 whatever the figures are."""
    parser = argparse.ArgumentParser(prog="scripts/bench engine", description=__doc__)
    parser.add_argument("--rounds", type=int, default=9, help="passes over all pods (default: 9)")
    rounds = parser.parse_args(argv).rounds
    handler = Handler(Engine(Settings(), read_yaml), lambda: _TOKEN, lambda _: None)
    print(
        f"Python {sys.version.split()[0]}, {_PODS} distinct pods, {rounds} passes in turns of "
        f"{_CHUNK}; medians, and the middle nine tenths"
    )
    print("probes  body B answer B json.loads us inject us ratio (range)")
    for probes in (0, 1, 2, 3, 6, 9):
        bodies = [body(number, probes=probes) for number in range(_PODS)]
        answer = handler.handle(bodies[0]).answer
        found = _compare(json.loads, handler.handle, bodies, rounds)
        print(
            f"{probes:>6} {len(bodies[0]):>7} {len(answer):>8} {found.first:>13.1f} "
            f"{found.second:>9.1f} {found.ratio:.2f} ({found.low:.2f}–{found.high:.2f})"
        )
    _against_diffing(handler, rounds)
    return 0


@dataclass(frozen=True)
class _Compared:
    """Microseconds of processor time per body of two works, and the second one as a ratio."""

    first: float
    second: float
    ratio: float
    low: float
    high: float


def _compare(
    first: Callable[[bytes], object],
    second: Callable[[bytes], object],
    bodies: Sequence[bytes],
    rounds: int,
) -> _Compared:
    """Measure both on each chunk of the bodies, one right after the other."""
    pairs = [
        (_each(first, chunk), _each(second, chunk))
        for _ in range(rounds)
        for at in range(0, len(bodies), _CHUNK)
        if (chunk := bodies[at : at + _CHUNK])
    ]
    ratios = sorted(mine / theirs for theirs, mine in pairs)
    aside = len(ratios) // 20
    return _Compared(
        statistics.median(pair[0] for pair in pairs),
        statistics.median(pair[1] for pair in pairs),
        statistics.median(ratios),
        ratios[aside],
        ratios[-1 - aside],
    )


def _against_diffing(handler: Handler, rounds: int) -> None:
    """Compare with copying the pod, changing the copy and letting a library find the difference."""
    bodies = [body(number) for number in range(100)]
    answer = json.loads(handler.handle(bodies[0]).answer)
    assert answer["response"]["allowed"]
    operations = json.loads(base64.b64decode(answer["response"]["patch"]))

    def diffed(text: bytes) -> bytes:
        before = json.loads(text)["request"]["object"]
        after = jsonpatch.apply_patch(copy.deepcopy(before), operations, in_place=True)
        patch = jsonpatch.make_patch(before, after).to_string()
        return base64.b64encode(patch.encode())

    found = _compare(handler.handle, diffed, bodies, max(3, rounds // 3))
    print(f"deepcopy + make_patch ÷ inject: {found.ratio:.0f} ({found.low:.0f}–{found.high:.0f})")


def _each(work: Callable[[bytes], object], bodies: Sequence[bytes]) -> float:
    """Return the microseconds of processor time per body of one pass."""
    start = time.process_time()
    for text in bodies:
        work(text)
    return (time.process_time() - start) / len(bodies) * 1e6


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
