"""Whether to write the caBundle once more, or to stop because somebody else keeps changing it."""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta
from typing import Final

MOST: Final = 5
"""Writes of the same caBundle within the window. Two writers that never gave up have brought down
a cluster's etcd."""
WINDOW: Final = timedelta(minutes=10)


class RewriteLimit:
    """Counts how often the same caBundle was written."""

    def __init__(self) -> None:
        self._bundle: str | None = None
        self._times: deque[datetime] = deque()

    def may_write(self, bundle: str, now: datetime) -> bool:
        """Tell whether to write; with False, somebody else writes another one again and again."""
        while self._times and now - self._times[0] > WINDOW:
            self._times.popleft()
        return bundle != self._bundle or len(self._times) < MOST

    def written(self, bundle: str, now: datetime) -> None:
        """Note a write."""
        if bundle != self._bundle:
            self._times.clear()
        self._bundle = bundle
        self._times.append(now)
