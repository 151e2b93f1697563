"""The webhook as its own process, as it runs in a pod or on a laptop."""

from __future__ import annotations

import json
import signal
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.serving.polling import wait_until

REPOSITORY = Path(__file__).parents[2]


class Program:
    """A running `pillion serve --standalone`, its log and its authority."""

    def __init__(self, directory: Path, *arguments: str, code: str | None = None) -> None:
        self.log = directory / "serve.log"
        self.authority = directory / "ca.crt"
        command = ["-m", "webhook"] if code is None else ["-c", code]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [
                    sys.executable, *command, "serve", "--standalone",
                    "--listen", "127.0.0.1:0", "--metrics-listen", "127.0.0.1:0",
                    "--ca-out", str(self.authority), *arguments,
                ],
                cwd=REPOSITORY,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )  # fmt: skip

    def lines(self, message: str) -> list[dict[str, Any]]:
        """Return the log's lines with this message."""
        found = []
        for text in self.log.read_text().splitlines():
            line = json.loads(text) if text.startswith("{") else {}
            if line.get("message") == message:
                found.append(line)
        return found

    def wait_until_serving(self) -> None:
        """Wait for the line that says where it listens."""

        def is_serving() -> bool:
            assert self.process.poll() is None, self.log.read_text()
            return bool(self.lines("serving"))

        wait_until(is_serving, "the program serves", 60)

    @property
    def addresses(self) -> list[tuple[str, int]]:
        """Return where it listens: over TLS, and for metrics."""
        (line,) = self.lines("serving")
        pairs = (address.rpartition(":") for address in line["addresses"])
        return [(host, int(port)) for host, _, port in pairs]

    def trust(self) -> ssl.SSLContext:
        """Return a client's context that trusts what `--ca-out` wrote."""
        return ssl.create_default_context(cafile=self.authority)

    def client(self, **options: Any) -> httpx.Client:
        """Return a client that trusts it."""
        host, port = self.addresses[0]
        return httpx.Client(
            base_url=f"https://{host}:{port}",
            verify=self.trust(),
            trust_env=False,
            timeout=20,
            **options,
        )

    def metrics(self) -> str:
        """Return what Prometheus would scrape."""
        host, port = self.addresses[1]
        return httpx.get(f"http://{host}:{port}/metrics", trust_env=False).text

    def stop(self, number: signal.Signals = signal.SIGTERM, seconds: float = 30) -> int:
        """Send a signal and return the exit status."""
        self.process.send_signal(number)
        return self.process.wait(seconds)


@contextmanager
def running_program(directory: Path, *arguments: str, code: str | None = None) -> Iterator[Program]:
    """Run the webhook for the length of a block; `code` is run instead of the module."""
    program = Program(directory, *arguments, code=code)
    try:
        program.wait_until_serving()
        yield program
    finally:
        program.process.kill()
        program.process.wait()
