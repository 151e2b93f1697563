"""Runs one long-lived program inside a network namespace, with its output in a log file."""

import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tests.apiserver.network_namespace import Network
from tests.apiserver.polling import NotInTimeError, wait_until

_KILL_SECONDS = 10
_LOG_LINES = 20


class ComponentError(Exception):
    """A program did not start or stop; the message has the end of its log."""


class Component:
    """A program that can be started, stopped and started again with the same arguments.

    It is killed when the thread that started it ends (`setpriv --pdeathsig`): start it from the
    main thread.
    """

    def __init__(
        self,
        *,
        name: str,
        command: Sequence[str | Path],
        namespace: Network,
        log: Path,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self.log = log
        self._command = [str(word) for word in command]
        self._namespace = namespace
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """Return the process id while the program runs."""
        return (
            None if self._process is None or self._process.poll() is not None else self._process.pid
        )

    def start(self) -> None:
        """Start the program; its output is appended to the log."""
        if self.pid is not None:
            raise ComponentError(f"{self.name}: got start, but it runs as process {self.pid}")
        with self.log.open("ab") as log, self._namespace.entered():
            self._process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", *self._command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=os.environ | (self._environment or {}),
                start_new_session=True,  # a Ctrl-C is the owner's to handle, in its own order
            )

    def wait_until(self, is_ready: Callable[[], bool], *, seconds: float) -> None:
        """Wait for `is_ready`; ComponentError when the program ends first or time runs out."""

        def is_ready_or_ended() -> bool:
            self.raise_if_ended()
            return is_ready()

        try:
            wait_until(is_ready_or_ended, seconds=seconds, what=f"{self.name} ready")
        except NotInTimeError as error:
            raise ComponentError(f"{error}:\n{self.log_end()}") from error

    def raise_if_ended(self) -> None:
        """Raise ComponentError with the end of the log when the program does not run."""
        if self.pid is None:
            raise ComponentError(f"{self.name} ended while starting:\n{self.log_end()}")

    def stop(
        self, *, with_signal: signal.Signals = signal.SIGKILL, seconds: float = 10
    ) -> int | None:
        """Send the signal, wait, and return the exit status; None when it was never started.

        Killed when `seconds` are over: nothing may outlive a test.
        """
        if self._process is None:
            return None
        if self._process.poll() is None:
            self._process.send_signal(with_signal)
            try:
                self._process.wait(seconds)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(_KILL_SECONDS)
        return self._process.returncode

    def log_end(self) -> str:
        """Return the last lines of the log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-_LOG_LINES:])
