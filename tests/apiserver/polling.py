"""Waits for a condition by asking again, never longer than it is told."""

import time
from collections.abc import Callable

_POLL_SECONDS = 0.05


class NotInTimeError(AssertionError):
    """The condition did not come true in time."""


def wait_until(condition: Callable[[], bool], *, seconds: float, what: str) -> None:
    """Return once `condition` is true; raise NotInTimeError naming `what` after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise NotInTimeError(f"not within {seconds} s: {what}")
        time.sleep(_POLL_SECONDS)
