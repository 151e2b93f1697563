"""Measures the command line as a whole process, in turn with what it is compared to.

One Deployment against a bare interpreter start; 500 documents against a process that loads and
dumps the same file with PyYAML's C code, comments lost.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.bench.manifests import generate

_DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  selector:
    matchLabels: {app: web}
  template:
    metadata:
      labels: {app: web}
    spec:
      containers:
        - name: web
          image: web:1
          ports:
            - containerPort: 8080
          readinessProbe:
            httpGet:
              path: /ready
              port: 8080
"""
_RELOAD = """\
import sys, yaml
with open(sys.argv[1]) as file:
    documents = list(yaml.load_all(file, Loader=yaml.CSafeLoader))
yaml.dump_all(documents, sys.stdout, Dumper=yaml.CSafeDumper)
"""


def main(argv: Sequence[str]) -> int:
    """Print the table; 0 whatever the figures are."""
    parser = argparse.ArgumentParser(prog="scripts/bench cli", description=__doc__)
    parser.add_argument("--rounds", type=int, default=15, help="pairs of runs (default: 15)")
    rounds = parser.parse_args(argv).rounds
    python = sys.executable
    with tempfile.TemporaryDirectory() as folder:
        one, many = Path(folder, "one.yaml"), Path(folder, "many.yaml")
        one.write_text(_DEPLOYMENT, encoding="utf-8")
        many.write_text(generate(), encoding="utf-8")
        inject = [str(Path(python).with_name("pillion")), "inject", "-q", "-f"]
        print(f"Python {sys.version.split()[0]}, {rounds} rounds, medians, processor seconds")
        _compare(
            "one Deployment ÷ bare interpreter", [*inject, str(one)], [python, "-c", ""], rounds
        )
        kibibytes = many.stat().st_size // 1024
        _compare(
            f"500 documents ({kibibytes} KiB) ÷ PyYAML load + dump",
            [*inject, str(many)],
            [python, "-c", _RELOAD, str(many)],
            max(5, rounds // 3),
        )
    return 0


def _compare(what: str, mine: Sequence[str], theirs: Sequence[str], rounds: int) -> None:
    pairs = [(_seconds(mine), _seconds(theirs)) for _ in range(rounds + 1)][1:]
    ratios = sorted(one / other for one, other in pairs)
    first, second = (statistics.median(pair[side] for pair in pairs) for side in (0, 1))
    print(
        f"{what}: {first:.3f} ÷ {second:.3f} = {statistics.median(ratios):.2f} "
        f"({ratios[0]:.2f}–{ratios[-1]:.2f})"
    )


def _seconds(command: Sequence[str]) -> float:
    """Return the processor time of one run of a command."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True, timeout=120)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
