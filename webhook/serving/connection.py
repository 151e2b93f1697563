"""One client connection: uvicorn's, with the limits in time and size that uvicorn leaves open.

uvicorn ends a connection that is idle between two requests, and nothing else: a client may take for
ever over a request, send heads without end, never read its answer, or never answer a close.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any, Final

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from webhook.serving.metrics import Metrics


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one client may take.

    Attributes:
        request_seconds: from a connection's, or a request's, first byte to the request's last.
            The API server sends its request at once and gives up after 5 s.
        close_seconds: for reading an answer that is complete, and for saying good-bye.
        head_bytes: of request line and headers; the API server sends about 500.
        request_bytes: of everything that belongs to one request, chunk sizes and trailers included.
        connections: open at once; above it the one that waits longest for its client goes.
    """

    request_seconds: float = 10.0
    close_seconds: float = 5.0
    head_bytes: int = 64 * 1024
    request_bytes: int = 8 * 1024 * 1024
    connections: int = 2000


_TOO_LARGE: Final = (
    b"HTTP/1.1 %s\r\ncontent-type: text/plain\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
)
_HEAD_TOO_LARGE: Final = _TOO_LARGE % b"431 Request Header Fields Too Large"
_REQUEST_TOO_LARGE: Final = _TOO_LARGE % b"413 Content Too Large"


class Connection(HttpToolsProtocol):
    """uvicorn's HTTP/1.1 connection with a clock and a scale."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        *,
        limits: Limits,
        metrics: Metrics,
    ) -> None:
        super().__init__(config=config, server_state=server_state, app_state=app_state)
        self._limits = limits
        self._metrics = metrics
        self._bytes = 0
        self._head_complete = False
        self._unanswered = 0
        self.waiting_since: float | None = self.loop.time()
        """Since when the client owes us the rest of a request; None while it does not."""
        self._stuck_since: float | None = None

    def data_received(self, data: bytes) -> None:
        """Take bytes from the client."""
        if self.transport.is_closing():
            return  # the rest of a refused body
        if self.waiting_since is None and self._unanswered == 0:
            # Also bytes that begin no request, such as empty lines, start the clock: uvicorn has
            # stopped its own by now.
            self.waiting_since = self.loop.time()
        self._bytes += len(data)
        super().data_received(data)
        if self.waiting_since is None or self.transport.is_closing():
            return
        if not self._head_complete and self._bytes > self._limits.head_bytes:
            self._end(_HEAD_TOO_LARGE, "head-too-large")
        elif self._bytes > self._limits.request_bytes:
            self._end(_REQUEST_TOO_LARGE, "too-large")

    def on_message_begin(self) -> None:
        """Note that a request begins, perhaps while the one before is still being answered."""
        if self.waiting_since is None:
            self.waiting_since = self.loop.time()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Note that what follows is body."""
        self._head_complete = True
        self._unanswered += 1
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Note that the client owes us nothing more."""
        self.waiting_since = None
        self._bytes = 0
        self._head_complete = False
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Note that the answer is in the socket."""
        self._unanswered -= 1
        super().on_response_complete()

    def send_400_response(self, msg: str) -> None:
        """Refuse bytes that are no HTTP."""
        self._metrics.dropped("malformed")
        super().send_400_response(msg)

    def check_time(self, now: float) -> None:
        """End the connection if its client takes too long; called about once a second."""
        if self.waiting_since is not None and not self.transport.is_closing():
            if now - self.waiting_since > self._limits.request_seconds:
                self._metrics.dropped("slow")
                self.transport.abort()
        elif self.transport.is_closing() or self.flow.write_paused:
            # Nothing more is expected of the client than to read, or to answer our good-bye.
            self._stuck_since = self._stuck_since or now
            if now - self._stuck_since > self._limits.close_seconds:
                self._metrics.dropped("stuck")
                self.transport.abort()
        else:
            self._stuck_since = None

    def evict(self) -> None:
        """Make room for another connection."""
        self._metrics.dropped("too-many")
        self.transport.abort()

    def _end(self, answer: bytes, reason: str) -> None:
        self._metrics.dropped(reason)
        if not self._head_complete or not self.cycle.response_started:
            self.transport.write(answer)
        self.transport.close()


def oldest_waiting(connections: set[Connection]) -> Connection | None:
    """Return the connection whose client has owed us the rest of a request for longest.

    None when all are idle between two requests or being answered.
    """
    waiting = [each for each in connections if each.waiting_since is not None]
    return min(waiting, key=lambda each: each.waiting_since or 0.0, default=None)


async def keep_time(connections: set[Connection], interval: float = 1.0) -> None:
    """Check the time of all connections, for ever."""
    loop = asyncio.get_running_loop()
    while True:
        now = loop.time()
        for connection in tuple(connections):
            connection.check_time(now)
        await asyncio.sleep(interval)
