"""Runs the command line as its users do: as a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[3]
EXAMPLES = ROOT / "examples"
SHOP = EXAMPLES / "shop"
SECONDS = 120
"""A command takes a fraction of one; only a hang takes this long."""


class Run(NamedTuple):
    """What a command left behind."""

    code: int
    out: bytes
    err: str

    @property
    def text(self) -> str:
        """The data as text."""
        return self.out.decode()


def argv(*arguments: str) -> list[str]:
    """Return the command line of a process."""
    return [sys.executable, "-m", "webhook", *arguments]


def environment(**changes: str) -> dict[str, str]:
    """Return an environment in which the product is found from any folder and nothing is set."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PILLION_")}
    return {**kept, "PYTHONPATH": str(ROOT), **changes}


def process(
    *arguments: str,
    cwd: Path = ROOT,
    stdin: bytes = b"",
    program: list[str] | None = None,
    **variables: str,
) -> Run:
    """Run a command to its end."""
    done = subprocess.run(
        [*(program or argv()), *arguments],
        cwd=cwd,
        input=stdin,
        capture_output=True,
        timeout=SECONDS,
        check=False,
        env=environment(**variables),
    )
    return Run(done.returncode, done.stdout, done.stderr.decode())


def listing(directory: Path) -> dict[str, bytes | None]:
    """Return every path below a directory, with the bytes of the files."""
    return {
        str(path.relative_to(directory)): path.read_bytes() if path.is_file() else None
        for path in sorted(directory.rglob("*"))
    }
