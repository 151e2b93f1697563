"""All connections of a listener: who has to go when there are too many, too big or too slow.

A client that is slow, silent or greedy loses its own connections, and no other client an answer:
room is made by ending the connection that has waited longest of the address that holds most.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from webhook.serving.load import Load
from webhook.serving.metrics import Metrics


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What clients may take.

    Attributes:
        handshake_seconds: for the TLS handshake.
        request_seconds: from a connection's, or a request's, first byte to the request's last.
            The API server sends its request at once and gives up after 5 s.
        close_seconds: for reading an answer that is complete, and for saying good-bye.
        head_bytes: of request line and headers; the API server sends about 500.
        request_bytes: of everything that belongs to one request, chunk sizes and trailers included.
        owed_bytes: held for all requests together that are not complete.
        connections: open at once.
    """

    handshake_seconds: float = 5.0
    request_seconds: float = 10.0
    close_seconds: float = 5.0
    head_bytes: int = 64 * 1024
    request_bytes: int = 8 * 1024 * 1024
    owed_bytes: int = 64 * 1024 * 1024
    connections: int = 2000


class Member(Protocol):
    """A connection, as the crowd sees it; `connection.Connection` is one."""

    address: str
    quiet_since: float
    held_bytes: int

    def check_time(self, now: float, /) -> None:
        """End it, if its client takes too long."""
        ...

    def evict(self) -> None:
        """End it at once."""
        ...


class Crowd:
    """Keeps the connections of one listener within the limits."""

    def __init__(self, limits: Limits, metrics: Metrics, load: Load) -> None:
        self.limits = limits
        self.load = load
        self._metrics = metrics
        self._members: set[Member] = set()

    def join(self, member: Member) -> None:
        """Take in a new connection, and end another if there are too many."""
        self._members.add(member)
        if len(self._members) > self.limits.connections:
            self._evict(_longest_quiet(self._members), "too-many")

    def leave(self, member: Member) -> None:
        """Forget a connection that has ended."""
        self._members.discard(member)

    def check_memory(self) -> None:
        """End the connection that holds most of the memory, if all together hold too much."""
        if self.load.owed_bytes > self.limits.owed_bytes:
            self._evict(max(self._members, key=lambda each: each.held_bytes), "too-greedy")

    def dropped(self, reason: str) -> None:
        """Count a connection that had to go."""
        self._metrics.dropped(reason)

    async def keep_time(self, interval: float = 1.0) -> None:
        """Let every connection look at the clock, for ever."""
        while True:
            now = asyncio.get_running_loop().time()
            for member in tuple(self._members):
                member.check_time(now)
            await asyncio.sleep(interval)

    def _evict(self, member: Member, reason: str) -> None:
        self.leave(member)
        member.evict()
        self.dropped(reason)


def _longest_quiet(members: Iterable[Member]) -> Member:
    """Return the connection that has heard least of its client, of the address with the most."""
    busiest = Counter(each.address for each in members).most_common(1)[0][0]
    return min(
        (each for each in members if each.address == busiest), key=lambda each: each.quiet_since
    )
