"""More whole requests at once than the limit: the rest is told to come back, none is lost."""

from __future__ import annotations

import contextlib
import re
import socket
import threading

from tests.serving.local_server import local_server
from tests.serving.reviews import body
from webhook.admission.handler import Admission

REQUEST = (
    b"POST /inject HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    b"Content-Length: %d\r\n\r\n" % len(body())
) + body()


def test_requests_past_the_limit_are_503_with_retry_after() -> None:
    """Requests that arrive while others wait are answered at once, in the API server's terms."""
    release = Gate()
    with local_server(release, pending_limit=3) as server, contextlib.ExitStack() as stack:
        # The first holds the loop, so that all others are in the sockets when it comes to them.
        connections = [stack.enter_context(server.connect()) for _ in range(12)]
        for connection in connections:
            # An answer proves that the server's side of the handshake is done, too: otherwise its
            # end would arrive together with the request, which then waits for another turn.
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert _whole_answer(connection).startswith(b"HTTP/1.1 200 ")
        connections[0].sendall(REQUEST)
        release.entered.wait(10)
        for connection in connections[1:]:
            connection.sendall(REQUEST)
        release.open.set()
        answers = [connection.recv(65536) for connection in connections]
    statuses = [int(answer.split(b" ", 2)[1]) for answer in answers]
    assert set(statuses) == {200, 503}
    assert statuses.count(200) >= 3
    refused = [answer for answer in answers if answer.startswith(b"HTTP/1.1 503 ")]
    assert all(b"\r\nretry-after: 1\r\n" in answer for answer in refused)
    assert all(b"\r\nconnection: close\r\n" in answer for answer in refused)


def _whole_answer(connection: socket.socket) -> bytes:
    """Return an answer with all of its body."""
    data = b""
    while True:
        data += connection.recv(65536)
        head, end, body = data.partition(b"\r\n\r\n")
        found = re.search(rb"(?i)\r\ncontent-length: *([0-9]+)", head)
        if end and found is not None and len(body) >= int(found[1]):
            return data


class Gate:
    """A handler that does not answer its first request before it may."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.open = threading.Event()

    def handle(self, body: bytes) -> Admission:  # noqa: ARG002
        """Wait, then answer."""
        self.entered.set()
        assert self.open.wait(10)
        return Admission(b"{}", "u", "shop", "web", "CREATE", "skip", "opted-out", dry_run=False)
