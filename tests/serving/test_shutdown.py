"""Leaving: readiness first, then a quiet time in which every request is answered, then the end."""

from __future__ import annotations

import signal
import socket
from pathlib import Path

import httpx
import pytest

from tests.serving.local_server import local_server
from tests.serving.polling import wait_until
from tests.serving.program import Program, running_program
from tests.serving.reviews import body
from webhook.serving.crowd import Limits

JSON = {"content-type": "application/json"}
GRACE_SECONDS = 30
"""The pod's grace period, after which kubelet kills."""


def connect(program: Program) -> socket.socket:
    """Return a TLS connection to the program."""
    raw = socket.create_connection(program.addresses[0], timeout=20)
    return program.trust().wrap_socket(raw, server_hostname="localhost")


def refuses(program: Program) -> bool:
    """Tell whether nobody listens any more."""
    try:
        socket.create_connection(program.addresses[0], timeout=5).close()
    except ConnectionRefusedError:
        return True
    return False


def test_requests_in_the_quiet_period_are_answered_and_their_connections_closed(
    tmp_path: Path,
) -> None:
    """After SIGTERM readiness fails, old and new connections still get answers, then close."""
    with running_program(tmp_path, "--quiet-seconds", "3") as program, program.client() as client:
        before = client.post("/inject", content=body(), headers=JSON)
        assert "connection" not in before.headers
        program.process.send_signal(signal.SIGTERM)
        wait_until(lambda: client.get("/readyz").status_code == 503, "readiness fails")
        assert "[-] serving: shutting down" in client.get("/readyz").text
        answered = 0
        while program.process.poll() is None:
            try:
                answer = client.post("/inject", content=body(), headers=JSON)
            except httpx.ConnectError:
                break  # nobody listens any more: endpoints were gone long before
            assert (answer.status_code, answer.headers["connection"]) == (200, "close")
            answered += 1
        assert answered > 10
        assert program.process.wait(GRACE_SECONDS) == 0
        (line,) = program.lines("stopped")
        assert line["requests"] == answered + 1


@pytest.mark.parametrize(
    "sent",
    [
        b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST /inject HTTP/1.1\r\nHost: x\r\n",
        b"POST /inject HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        b"Content-Length: 1000\r\n\r\n{",
    ],
    ids=["idle", "half-a-head", "half-a-body"],
)
def test_client_that_never_closes_delays_it_only_so_far(tmp_path: Path, sent: bytes) -> None:
    """A connection whose client neither finishes nor closes does not keep the process alive."""
    with running_program(tmp_path, "--quiet-seconds", "0.1") as program, connect(program) as open_:
        open_.sendall(sent)
        if b"healthz" in sent:
            assert open_.recv(4096)
        assert program.stop(seconds=GRACE_SECONDS - 15) == 0


def test_second_signal_ends_the_quiet_period(tmp_path: Path) -> None:
    """Whoever is in a hurry says so twice."""
    with running_program(tmp_path, "--quiet-seconds", "600") as program:
        program.process.send_signal(signal.SIGTERM)
        wait_until(lambda: bool(program.lines("stopping")), "the first signal is heard")
        assert not refuses(program)
        assert program.stop(seconds=10) == 0


def test_request_in_flight_is_answered(tmp_path: Path) -> None:
    """A request of which a part has arrived gets its answer, although listening has ended."""
    whole = body()
    with running_program(tmp_path, "--quiet-seconds", "0.1") as program, connect(program) as late:
        late.sendall(
            b"POST /inject HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"Content-Length: %d\r\n\r\n" % len(whole) + whole[:10]
        )
        wait_until(lambda: _waits(program), "the first part has arrived")
        program.process.send_signal(signal.SIGTERM)
        wait_until(lambda: refuses(program), "listening ends")
        late.sendall(whole[10:])
        assert late.recv(65536).startswith(b"HTTP/1.1 200 ")
        assert program.process.wait(GRACE_SECONDS) == 0


@pytest.mark.parametrize("sent", [0, 20], ids=["nothing", "half-a-head"])
def test_connection_made_before_the_end_is_answered(tmp_path: Path, sent: int) -> None:
    """Who was let in gets an answer, also to a request that begins when listening has ended."""
    request = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with running_program(tmp_path, "--quiet-seconds", "0.1") as program, connect(program) as late:
        late.sendall(request[:sent])
        wait_until(lambda: _waits(program), "the first part has arrived")
        program.process.send_signal(signal.SIGTERM)
        wait_until(lambda: refuses(program), "listening ends")
        late.sendall(request[sent:])
        answer = late.recv(65536)
        assert answer.startswith(b"HTTP/1.1 200 ")
        assert b"connection: close" in answer
        assert program.process.wait(GRACE_SECONDS) == 0


def test_handshake_begun_before_the_end_is_answered(tmp_path: Path) -> None:
    """Who was accepted may still shake hands when listening has ended."""
    with running_program(tmp_path, "--quiet-seconds", "0.1") as program:
        raw = socket.create_connection(program.addresses[0], timeout=20)
        wait_until(lambda: _waits(program), "the connection is accepted")
        program.process.send_signal(signal.SIGTERM)
        wait_until(lambda: refuses(program), "listening ends")
        with program.trust().wrap_socket(raw, server_hostname="localhost") as late:
            late.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert late.recv(65536).startswith(b"HTTP/1.1 200 ")
        assert program.process.wait(GRACE_SECONDS) == 0


def test_failed_handshake_delays_nothing() -> None:
    """A connection that was given up before its handshake is not waited for."""
    patient = Limits(handshake_seconds=600)
    with local_server(limits=patient, drain_seconds=600) as server:
        socket.create_connection(server.address, timeout=20).close()
        with server.client() as client:
            assert client.get("/healthz").status_code == 200
    # The end of the block waits for the server's, and far less than ten minutes.


def _waits(program: Program) -> bool:
    """Ask something else, which is answered after what has arrived before."""
    with program.client() as client:
        return client.get("/healthz").status_code == 200
