"""Processes of the command line, cheaply: one loads it once, and forks for each run.

`python -m tests.core.cli.forks` reads a run a line as JSON from standard input and answers with the
exit code, negative for a signal. What depends on how a process starts or ends (imports, signals,
closed pipes) is run without this.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn, Self

from tests.core.cli.command import ROOT, SECONDS, SHOP, Run, environment
from webhook.cli.main import main, run


class Forks:
    """The loaded process, from the test's side."""

    def __init__(self) -> None:
        self._server = subprocess.Popen(
            [sys.executable, "-m", "tests.core.cli.forks"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment(),
            cwd=ROOT,
        )

    def run(self, *arguments: str, cwd: Path = ROOT, stdin: bytes = b"") -> Run:
        """Run a command to its end."""
        asked, answered = self._server.stdin, self._server.stdout
        assert asked is not None
        assert answered is not None
        with tempfile.TemporaryDirectory() as folder:
            places = [Path(folder, name) for name in ("in", "out", "err")]
            places[0].write_bytes(stdin)
            task = {"argv": arguments, "cwd": str(cwd), "streams": [str(each) for each in places]}
            asked.write(json.dumps(task).encode() + b"\n")
            asked.flush()
            code = int(answered.readline())
            return Run(code, places[1].read_bytes(), places[2].read_text())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # The end of its input is the end of the loaded process.
        self._server.communicate(timeout=SECONDS)


def serve() -> None:
    """Fork for each line of standard input until it ends."""
    main(["inject", "-q", "-f", str(SHOP / "stock.yaml"), "-o", os.devnull])
    for line in sys.stdin.buffer:
        child = os.fork()
        if child == 0:
            _become(json.loads(line))
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def _become(task: dict[str, Any]) -> NoReturn:
    code: object = 99
    try:
        signal.alarm(SECONDS)
        os.chdir(task["cwd"])
        for number, path in enumerate(task["streams"]):
            flags = os.O_RDONLY if number == 0 else os.O_WRONLY | os.O_CREAT
            os.dup2(os.open(path, flags), number)
        sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - for good
        sys.argv[1:] = task["argv"]
        run()
    except SystemExit as left:
        code = left.code
    except BaseException:
        # As the interpreter itself ends.
        sys.excepthook(*sys.exc_info())
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else 0)


if __name__ == "__main__":
    serve()
