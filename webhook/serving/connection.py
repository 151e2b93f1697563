"""One client connection: uvicorn's, with the limits in time and size that uvicorn leaves open.

uvicorn ends a connection that is idle between two requests, and nothing else: a client may take for
ever over a request, send heads without end, never read its answer, or never answer a close.
"""

from __future__ import annotations

import asyncio
from typing import Final

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from webhook.serving.crowd import Crowd

_TOO_LARGE: Final = (
    b"HTTP/1.1 %s\r\ncontent-type: text/plain\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
)
_HEAD_TOO_LARGE: Final = _TOO_LARGE % b"431 Request Header Fields Too Large"
_REQUEST_TOO_LARGE: Final = _TOO_LARGE % b"413 Content Too Large"


class Connection(HttpToolsProtocol):
    """uvicorn's HTTP/1.1 connection with a clock and a scale."""

    def __init__(self, config: Config, server_state: ServerState, crowd: Crowd) -> None:
        super().__init__(config=config, server_state=server_state, app_state={})
        self._crowd = crowd
        self._limits = crowd.limits
        self._load = crowd.load
        self._is_waiting = True
        self._head_complete = False
        self._unanswered = 0
        self._is_leaving = False
        self._stuck_since: float | None = None
        self.address = ""
        self.held_bytes = 0
        """Of the request that the client still owes us a part of."""
        self.quiet_since = self.loop.time()
        """When the client began to owe us something, or when its last answer was complete."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin, after the TLS handshake."""
        super().connection_made(transport)
        self.address = self.client[0] if self.client else ""
        self._crowd.join(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self._crowd.leave(self)
        self._load.pending -= self._unanswered > 0
        self._unanswered = 0
        self._release()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take bytes from the client."""
        if self.transport.is_closing():
            return  # the rest of a refused body
        if not self._is_waiting and self._unanswered == 0:
            # Also bytes that begin no request, such as empty lines, start the clock: uvicorn has
            # stopped its own by now.
            self._wait()
        self.held_bytes += len(data)
        self._load.owed_bytes += len(data)
        super().data_received(data)
        if not self._is_waiting:
            self._release()
        elif not self._head_complete and self.held_bytes > self._limits.head_bytes:
            self._end(_HEAD_TOO_LARGE, "head-too-large")
        elif self.held_bytes > self._limits.request_bytes:
            self._end(_REQUEST_TOO_LARGE, "too-large")
        else:
            self._crowd.check_memory()

    def on_message_begin(self) -> None:
        """Note that a request begins, perhaps while the one before is still being answered."""
        if not self._is_waiting:
            self._wait()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Note that what follows is body."""
        self._head_complete = True
        super().on_headers_complete()
        if self._is_leaving:
            self.cycle.keep_alive = False

    def on_message_complete(self) -> None:
        """Note that the client owes us nothing more, and we an answer."""
        self._is_waiting = self._head_complete = False
        if not self.cycle.response_complete:
            # A client that sends many requests in a row waits for each: it counts as one.
            self._load.pending += self._unanswered == 0
            self._unanswered += 1
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Note that the answer is in the socket."""
        if self._unanswered:
            self._unanswered -= 1
            self._load.pending -= self._unanswered == 0
        self.quiet_since = self.loop.time()
        super().on_response_complete()

    def send_400_response(self, msg: str) -> None:
        """Refuse bytes that are no HTTP."""
        self._crowd.dropped("malformed")
        super().send_400_response(msg)

    def shutdown(self) -> None:
        """Close, after the request that is under way or, on a new connection, about to come.

        uvicorn answers only requests whose head it has read, and closes on all others.
        """
        self._is_leaving = True
        age = self.loop.time() - self.quiet_since
        is_new = age < self._limits.handshake_seconds
        if self._is_waiting and not self._head_complete and (self.held_bytes or is_new):
            return
        super().shutdown()

    def check_time(self, now: float) -> None:
        """End the connection if its client takes too long; called about once a second."""
        if self.transport.is_closing() or self.flow.write_paused:
            # Nothing is expected of the client but to read, or to answer our good-bye.
            self._stuck_since = self._stuck_since or now
            if now - self._stuck_since > self._limits.close_seconds:
                self._crowd.dropped("stuck")
                self.transport.abort()
            return
        self._stuck_since = None
        if self._unanswered:
            return  # reading stands still until then, so what is missing may be in the socket
        if self._is_waiting and now - self.quiet_since > self._limits.request_seconds:
            self._crowd.dropped("slow")
            self.transport.abort()

    def evict(self) -> None:
        """Make room; the transport says only later that the connection is lost."""
        self._release()
        self.transport.abort()

    def _wait(self) -> None:
        self._is_waiting = True
        self.quiet_since = self.loop.time()

    def _release(self) -> None:
        self._load.owed_bytes -= self.held_bytes
        self.held_bytes = 0

    def _end(self, answer: bytes, reason: str) -> None:
        self._crowd.dropped(reason)
        if not self._head_complete or not self.cycle.response_started:
            self.transport.write(answer)
        self.transport.close()
