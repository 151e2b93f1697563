"""Work beside the requests: a thread that repeats one step, and backs off while it fails."""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable
from typing import Final

Step = Callable[[], float | None]
"""Does one step; may return in how many seconds the next is due, if sooner than the interval."""

_LOG = logging.getLogger("pillion.background")
_LONGEST_SECONDS: Final = 60.0


class Background:
    """Repeats `step` every `interval` seconds, sooner when woken, later after failures.

    A thread, because what it does may block: it must never be awaited by an answer.
    """

    def __init__(self, name: str, step: Step, interval: float) -> None:
        self._name = name
        self._step = step
        self._interval = interval
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._soon: float | None = None
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self.failure: str | None = None
        """Why the last step failed; None after one that succeeded."""

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def wake(self) -> None:
        """Let the next step come now."""
        self._wake.set()

    def stop(self) -> None:
        """Let the present step be the last; a step that blocks is not waited for."""
        self._stopping.set()
        self._wake.set()

    def _run(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            self._wake.clear()
            failures = 0 if self._succeeded() else failures + 1
            self._wake.wait(self._pause(failures))

    def _succeeded(self) -> bool:
        self._soon = None
        try:
            self._soon = self._step()
        except Exception as error:  # the thread is to outlive every mistake
            if self.failure != str(error):
                _LOG.warning("background step failed", exc_info=error, extra={"step": self._name})
            self.failure = str(error) or type(error).__name__
            return False
        self.failure = None
        return True

    def _pause(self, failures: int) -> float:
        """Return the interval, doubled for each failure and blurred, so that replicas spread."""
        if self._soon is not None:
            return min(self._soon, self._interval)
        longest = max(self._interval, _LONGEST_SECONDS)
        pause: float = min(self._interval * 2 ** min(failures, 16), longest)
        return pause * random.uniform(0.8, 1.2)  # noqa: S311 - no secret
