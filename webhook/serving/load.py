"""How much is going on at this moment, counted by connections and read by who must say no."""

from __future__ import annotations


class Load:
    """Counters of one listener."""

    def __init__(self) -> None:
        self.pending = 0
        """Connections with a request that is here whole and not yet answered."""
        self.owed_bytes = 0
        """Bytes held of requests that are not here whole."""
