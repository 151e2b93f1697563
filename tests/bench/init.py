"""Measures `pillion-init apply` against `pilot-agent istio-iptables`, whole processes side by side.

Every measurement is a process's wall time in a network namespace of its own, empty but for one
address of each family, as a pod's init container finds it. The two programs take turns. Ours runs
as in its image: compiled, isolated from the user's Python, without `site`.
"""

from __future__ import annotations

import argparse
import compileall
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.tools.builds import built_tool

ROOT = Path(__file__).parents[2]
PYTHON = "/usr/bin/python3"
PORTS = "15090,15021,15020"
OURS = (
    "apply", "--proxy-outbound-port=15001", "--proxy-inbound-port=15006", "--proxy-uid=1337",
    "--interception-mode=REDIRECT", "--include-outbound-cidrs=*", "--include-inbound-ports=*",
    f"--exclude-inbound-ports={PORTS}", "--ipv6=auto",
)  # fmt: skip
THEIRS = (
    "istio-iptables", "-p", "15001", "-z", "15006", "-u", "1337", "-m", "REDIRECT", "-i", "*",
    "-x", "", "-b", "*", "-d", PORTS, "--dual-stack", "--log_output_level=default:info",
)  # fmt: skip
"""What Istio's injector writes, for both families as ours does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contest:
    """One backend: our arguments, theirs, and the largest ratio that is a success."""

    name: str
    ours: tuple[str, ...]
    theirs: tuple[str, ...]
    limit: float


CONTESTS = (
    Contest(name="nft", ours=("--backend=nft",), theirs=("--native-nftables",), limit=1.2),
    Contest(name="iptables-nft", ours=("--backend=iptables-nft",), theirs=(), limit=1.0),
    Contest(
        name="legacy",
        ours=("--backend=legacy",),
        theirs=("--force-iptables-binary=legacy",),
        limit=1.0,
    ),
)
RERUN_LIMIT = 0.5


def main(argv: Sequence[str]) -> int:
    """Print the table; with --check the code is 1 when a ratio is over its limit."""
    parser = argparse.ArgumentParser(prog="scripts/bench init", description=__doc__)
    parser.add_argument("--rounds", type=int, default=15, help="measurements each (default: 15)")
    parser.add_argument("--check", action="store_true", help="exit 1 over a limit")
    options = parser.parse_args(argv)
    if os.geteuid() != 0:
        print("scripts/bench init: needs root to make network namespaces", file=sys.stderr)
        return 1
    agent = str(built_tool("istio", "pilot-agent"))
    print(f"{options.rounds} rounds, medians in milliseconds, ratios of pairs (median, min–max)")
    over = 0
    with installed() as program:
        for contest in CONTESTS:
            over += measure(contest, program, agent, options.rounds)
    return 1 if options.check and over else 0


def measure(contest: Contest, program: str, agent: str, rounds: int) -> int:
    """Print one backend's figures; gives how many are over their limit."""
    ours = (PYTHON, "-IS", program, *OURS, *contest.ours)
    theirs = (agent, *THEIRS, *contest.theirs)
    runs = [(timed(ours), timed(theirs)) for _ in range(rounds)]
    first, second, their_first, their_second = (
        [run[side][step] for run in runs] for side in (0, 1) for step in (0, 1)
    )
    rows = (
        ("apply", first, their_first, contest.limit),
        ("equal re-run, against their apply", second, their_first, RERUN_LIMIT),
        ("equal re-run, against our apply", second, first, None),
        ("equal re-run, against their re-run", second, their_second, None),
    )
    over = 0
    for what, mine, other, limit in rows:
        ratios = sorted(a / b for a, b in zip(mine, other, strict=True))
        middle = statistics.median(ratios)
        verdict = "" if limit is None else f"limit {limit}: {'ok' if middle <= limit else 'OVER'}"
        over += limit is not None and middle > limit
        print(
            f"{contest.name:13}{what:36}{1000 * statistics.median(mine):7.1f} /"
            f"{1000 * statistics.median(other):7.1f}  {middle:.2f} "
            f"({ratios[0]:.2f}–{ratios[-1]:.2f})  {verdict}"
        )
    return over


def timed(command: tuple[str, ...]) -> tuple[float, float]:
    """Give the seconds of a first and of an equal second run in a fresh namespace."""
    with pod() as name:
        return once(name, command), once(name, command)


def once(namespace: str, command: tuple[str, ...]) -> float:
    """Run to the end and give the seconds.

    Raises:
        RuntimeError: when the program fails; a failed run has no time.
    """
    started = time.perf_counter()
    done = subprocess.run(
        ("nsenter", f"--net=/run/netns/{namespace}", *command),
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    seconds = time.perf_counter() - started
    if done.returncode:
        raise RuntimeError(f"{command[0]} ended with {done.returncode}: {done.stderr[-500:]}")
    return seconds


@contextmanager
def pod() -> Iterator[str]:
    """Make a namespace with lo and one address of each family."""
    name = f"pillion-bench-{os.getpid()}"
    script = (
        f"ip netns add {name} && ip -n {name} link set lo up && "
        f"ip -n {name} link add eth0 type bridge && ip -n {name} addr add 10.9.0.2/24 dev eth0 && "
        f"ip -n {name} addr add fd09::2/64 dev eth0 nodad && ip -n {name} link set eth0 up"
    )
    try:
        subprocess.run(("sh", "-ec", script), check=True, timeout=30)
        yield name
    finally:
        subprocess.run(("ip", "netns", "delete", name), check=True, timeout=30)


@contextmanager
def installed() -> Iterator[str]:
    """Install the program as the image does and give the path of its launcher."""
    with tempfile.TemporaryDirectory() as directory:
        library = Path(directory)
        shutil.copytree(
            ROOT / "initcontainer", library / "initcontainer",
            ignore=shutil.ignore_patterns("__pycache__"),
        )  # fmt: skip
        compile_with(PYTHON, library)
        launcher = (ROOT / "images/init/pillion-init").read_text()
        target = library / "pillion-init"
        target.write_text(launcher.replace("/usr/lib/pillion", directory))
        yield str(target)


def compile_with(python: str, library: Path) -> None:
    """Compile for the interpreter that will run it."""
    words = ("-m", compileall.__name__, "-q", "--invalidation-mode", "unchecked-hash")
    subprocess.run((python, *words, str(library)), check=True, timeout=60)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
