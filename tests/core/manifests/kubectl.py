"""kubectl's YAML parser, sigs.k8s.io/yaml, as a program that answers what it reads."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from tests.tools.builds import cache_directory

SOURCE = Path(__file__).parents[2] / "tools" / "yaml"


class Unreadable(str):
    """The parser's error."""

    __slots__ = ()


class Kubectl:
    """The running parser."""

    def __init__(self, requests: IO[bytes], answers: IO[bytes]) -> None:
        self._requests = requests
        self._answers = answers

    def read(self, text: str) -> Any:
        """Give the JSON value of a text, or what is wrong with it."""
        data = text.encode()
        self._requests.write(b"%d\n%b" % (len(data), data))
        self._requests.flush()
        outcome, _, answer = self._answers.readline().decode().partition(" ")
        value = json.loads(answer)
        return value if outcome == "ok" else Unreadable(value)


@contextmanager
def running() -> Iterator[Kubectl]:
    """Build the parser if the cache has none from this source, and run it."""
    with subprocess.Popen([_built()], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield Kubectl(process.stdin, process.stdout)
        process.stdin.close()
        process.wait(timeout=10)


def is_buildable() -> bool:
    """Whether Go is on this machine."""
    return shutil.which("go") is not None


def _built() -> Path:
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(SOURCE.iterdir())))
    program = cache_directory() / f"yaml-{digest.hexdigest()[:16]}" / "yaml"
    if not program.exists():
        program.parent.mkdir(parents=True, exist_ok=True)
        fresh = program.with_name(f".{os.getpid()}")
        subprocess.run(
            ["go", "build", "-trimpath", "-mod=readonly", "-buildvcs=false", "-o", fresh, "."],
            cwd=SOURCE,
            env={**os.environ, "GOWORK": "off", "GOFLAGS": ""},
            check=True,
            timeout=600,
        )
        fresh.replace(program)
    return program
