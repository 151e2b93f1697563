"""Whether the process is on its way out."""

from __future__ import annotations

from collections.abc import Callable


class Draining:
    """Set once, at the first signal: readiness fails and every answer closes its connection."""

    def __init__(self) -> None:
        self.begun = False
        self._listeners: list[Callable[[], None]] = []

    def listen(self, callback: Callable[[], None]) -> None:
        """Call back when it begins; the callback must return at once."""
        self._listeners.append(callback)

    def begin(self) -> None:
        """Start to drain; there is no way back."""
        self.begun = True
        for callback in self._listeners:
            callback()
