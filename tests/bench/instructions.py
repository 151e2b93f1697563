"""Counts the instructions of one injection against those of `json.loads` of the same body.

Unlike a clock it gives the same figure on a busy machine. It is not time: the interpreter's code is
spread wide, and takes about twice as long for each instruction as the JSON reader's tight loops.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.bench.pods import body
from webhook.admission.handler import Handler
from webhook.injection.engine import Engine
from webhook.manifests.value import read_yaml
from webhook.model.settings import Settings

_PODS = 100
_WORKS = ("nothing", "loads", "inject")
_COUNTED = re.compile(r"Collected : (\d+)")


def main(argv: Sequence[str]) -> int:
    """Print the table; with two arguments, do the work that another process counts."""
    if argv:
        return _work(argv[0], int(argv[1]))
    print(f"Python {sys.version.split()[0]}, {_PODS} distinct pods, instructions by callgrind")
    print("probes  json.loads     inject ratio")
    for probes in (0, 1, 3):
        nothing, loads, inject = (_count(work, probes) for work in _WORKS)
        theirs, ours = loads - nothing, inject - nothing
        print(
            f"{probes:>6} {theirs / _PODS:>11,.0f} {ours / _PODS:>10,.0f} {ours / theirs:.2f}",
            flush=True,
        )
    return 0


def _count(work: str, probes: int) -> int:
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]
    done = subprocess.run(
        [*command, sys.executable, "-m", "tests.bench.instructions", work, str(probes)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    found = _COUNTED.search(done.stderr)
    if found is None:
        raise RuntimeError(f"valgrind: got {done.stderr[-200:]!r}, expected a count")
    return int(found[1])


def _work(work: str, probes: int) -> int:
    handler = Handler(Engine(Settings(), read_yaml), lambda: "0" * 32, lambda _: None)
    bodies = [body(number, probes=probes) for number in range(_PODS)]
    for each in bodies[:20]:
        json.loads(each)
        handler.handle(each)
    if work == "loads":
        for each in bodies:
            json.loads(each)
    elif work == "inject":
        for each in bodies:
            handler.handle(each)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
