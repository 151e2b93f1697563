"""Whether the process is on its way out."""

from __future__ import annotations


class Draining:
    """Set once, at the first signal: readiness fails and every answer closes its connection."""

    def __init__(self) -> None:
        self.begun = False

    def begin(self) -> None:
        """Start to drain; there is no way back."""
        self.begun = True
