"""Clients that are slow, silent, endless or deaf lose their connection; the others are answered."""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import Iterator

import pytest

from tests.serving.local_server import LocalServer, local_server
from tests.serving.polling import wait_until
from tests.serving.reviews import body
from webhook.admission.handler import Admission
from webhook.serving.crowd import Limits

JSON = {"content-type": "application/json"}
HEAD = b"POST /inject HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
IMPATIENT = Limits(handshake_seconds=0.5, request_seconds=0.5, close_seconds=0.5)


def ended(connection: socket.socket) -> bool:
    """Tell whether the other side has ended the connection, reading what it still sent."""
    connection.settimeout(0.05)
    try:
        while connection.recv(65536):
            pass
    except (TimeoutError, ssl.SSLWantReadError):
        return False
    except OSError:
        return True
    return True


@pytest.fixture
def impatient() -> Iterator[LocalServer]:
    """Yield a webhook that waits half a second for anything."""
    with local_server(limits=IMPATIENT) as running:
        yield running


def is_answered(server: LocalServer) -> bool:
    """Tell whether an honest client gets its answer."""
    with server.client() as client:
        return client.post("/inject", content=body(), headers=JSON).status_code == 200


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (b"", "slow"),
        (b"PO", "slow"),
        (HEAD, "slow"),
        (HEAD + b"Content-Length: 100\r\n\r\n{", "slow"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n", "slow"),
        (b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /", "slow"),
        (b"\x16\x03\x01 no http at all\r\n\r\n", "malformed"),
        (b"GET / HTTP/1.1\r\nX: " + b"y" * 80_000, "head-too-large"),
        (b"GET /" + b"y" * 80_000, "head-too-large"),
    ],
    ids=[
        "nothing", "half-a-method", "half-a-head", "half-a-body", "half-a-chunk",
        "half-a-second-request", "no-http", "endless-header", "endless-path",
    ],
)  # fmt: skip
def test_connection_that_is_no_request_is_ended(
    impatient: LocalServer, sent: bytes, reason: str
) -> None:
    """Whatever a client leaves unfinished is ended in time, and counted by why."""
    with impatient.connect() as connection:
        connection.sendall(sent)
        wait_until(lambda: ended(connection), "the connection ends")
    assert impatient.count("pillion_connections_dropped_total", reason=reason) == 1
    assert is_answered(impatient)
    assert (impatient.load.pending, impatient.load.owed_bytes) == (0, 0)


def test_empty_line_after_an_answer_starts_the_clock(impatient: LocalServer) -> None:
    """Bytes that begin no request do not make an idle connection immortal."""
    with impatient.connect() as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert connection.recv(4096).startswith(b"HTTP/1.1 200 ")
        connection.sendall(b"\r\n")
        wait_until(lambda: ended(connection), "the connection ends")
    assert impatient.count("pillion_connections_dropped_total", reason="slow") == 1


def test_trickle_is_as_slow_as_silence(impatient: LocalServer) -> None:
    """A client that sends a byte now and then is measured by the whole request."""
    with impatient.connect() as connection:
        connection.sendall(HEAD + b"Content-Length: 1000000\r\n\r\n")

        def trickled() -> bool:
            with contextlib.suppress(OSError):
                connection.settimeout(5)
                connection.sendall(b" ")
            return ended(connection)

        wait_until(trickled, "the connection ends")
    assert impatient.count("pillion_connections_dropped_total", reason="slow") == 1


def test_half_open_handshake_is_ended(impatient: LocalServer) -> None:
    """A connection that never begins TLS is ended."""
    with socket.create_connection(impatient.address, timeout=5) as connection:
        wait_until(lambda: ended(connection), "the connection ends")


class Talkative:
    """A handler whose answers fill every buffer on the way soon."""

    def handle(self, body: bytes) -> Admission:  # noqa: ARG002
        """Answer with two mebibytes."""
        answer = b" " * 2 * 1024 * 1024
        return Admission(answer, "u", "shop", "web", "CREATE", "skip", "opted-out", dry_run=False)


def test_client_that_never_reads_is_ended() -> None:
    """Answers that nobody reads do not pile up, and hold no place of anybody else."""
    request = HEAD + b"Content-Length: 2\r\n\r\n{}"
    with local_server(Talkative(), IMPATIENT, pending_limit=2) as server:
        with server.connect() as connection:
            connection.sendall(request * 100)
            assert is_answered(server)
            wait_until(
                lambda: server.count("pillion_connections_dropped_total", reason="stuck") == 1,
                "the connection ends",
            )
        assert is_answered(server)
        assert server.count("pillion_requests_refused_total", status="503") == 0
        assert server.load.pending == 0


@pytest.mark.parametrize(
    "sent", [b"", HEAD, HEAD + b"Content-Length: 100\r\n\r\n{"], ids=["silent", "head", "body"]
)
def test_many_slow_clients_starve_nobody(sent: bytes) -> None:
    """With far more slow clients than places, every honest request is answered."""
    with (
        local_server(limits=Limits(connections=50), pending_limit=4) as server,
        contextlib.ExitStack() as stack,
    ):
        for number in range(150):
            connection = stack.enter_context(server.connect())
            with contextlib.suppress(OSError):
                connection.sendall(sent)
            if number % 10 == 0:
                assert is_answered(server)
        assert server.count("pillion_connections_dropped_total", reason="too-many") >= 90
        assert server.count("pillion_requests_refused_total", status="503") == 0


def test_greedy_clients_pay_with_their_connection() -> None:
    """When unfinished requests hold too much memory, the largest goes, and small ones do not."""
    mebibyte = b" " * 1024 * 1024
    limits = Limits(owed_bytes=3 * len(mebibyte))
    with local_server(limits=limits) as server, contextlib.ExitStack() as stack:
        small = stack.enter_context(server.connect())
        small.sendall(HEAD + b"Content-Length: %d\r\n\r\n{" % len(body()))
        for _ in range(4):
            greedy = stack.enter_context(server.connect())
            with contextlib.suppress(OSError):
                greedy.sendall(HEAD + b"Content-Length: 5000000\r\n\r\n" + mebibyte)
        wait_until(
            lambda: server.count("pillion_connections_dropped_total", reason="too-greedy") >= 1,
            "a greedy connection ends",
        )
        # Its own thread adds what arrives before it looks whether that is too much.
        wait_until(lambda: server.load.owed_bytes <= limits.owed_bytes, "memory is given back")
        small.sendall(body()[1:])
        assert small.recv(4096).startswith(b"HTTP/1.1 200 ")


def test_idle_connection_outlives_the_limit_of_requests(impatient: LocalServer) -> None:
    """A client between two requests owes nothing: its connection stays for the next."""
    with impatient.client() as honest, impatient.connect() as slow:
        assert honest.get("/healthz").status_code == 200
        wait_until(lambda: ended(slow), "a slow connection ends")
        wait_until(lambda: _is_past(impatient, 3), "three more looks at the clock")
        assert honest.get("/healthz").status_code == 200
        assert impatient.listener.server_state.total_requests == 2


def _is_past(server: LocalServer, looks: int) -> bool:
    """Open and lose connections until the clock was looked at that often."""
    with server.connect() as slow:
        wait_until(lambda: ended(slow), "a slow connection ends")
    return server.count("pillion_connections_dropped_total", reason="slow") >= looks
