"""The line protocol between a test and a process inside a network namespace: JSON both ways."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


class Inside:
    """A Python module that serves requests inside a network namespace until it is closed."""

    def __init__(self, namespace: str, module: str, prefix: tuple[str, ...] = ()) -> None:
        enter = ("nsenter", f"--net=/run/netns/{namespace}")
        command = [*enter, *prefix, sys.executable, "-m", module]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, text=True
        )

    def ask(self, **request: Any) -> Any:
        """Send one request and give its answer; a failure inside is raised here."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"the process inside ended with {self.process.wait(timeout=10)}")
        answer = json.loads(line)
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer["answer"]

    def close(self) -> None:
        """Close its input, which ends it, and wait."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(timeout=10)
        self.process.stdout.close()


def serve(operations: dict[str, Any]) -> None:
    """Answer requests from standard input: `op` names the operation, the rest are arguments."""
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = {"answer": operations[request.pop("op")](**request)}
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
