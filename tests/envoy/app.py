"""Applications that are probed: one per process, so that they can be stopped and killed.

`python -m tests.envoy.app KIND ADDRESS PORT [CERTIFICATE]` prints a line once it listens.
"""

from __future__ import annotations

import http.server
import json
import socket
import ssl
import sys
import threading
import time
from concurrent import futures
from typing import Any

import grpc
import h2.config
import h2.connection
import h2.events

SLOW = 3.0
"""Seconds; more than any timeout of the probes."""


class _Handler(http.server.BaseHTTPRequestHandler):
    """Answers by path; `/echo` says what arrived."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        status = {"/sick": 500, "/redirect": 302}.get(path, 200)
        if path == "/slow":
            time.sleep(SLOW)
        seen = {
            "target": self.path,
            "headers": {key.lower(): value for key, value in self.headers.items()},
            "peer": list(self.client_address[:2]),
        }
        body = json.dumps(seen).encode()
        self.send_response(status)
        if status == 302:
            self.send_header("Location", f"http://{self.headers['Host']}/login")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if path == "/half":
            time.sleep(SLOW)
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        return


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: str, port: int) -> None:
        self.address_family = socket.AF_INET6 if ":" in address else socket.AF_INET
        super().__init__((address, port), _Handler)


class _Health(grpc.GenericRpcHandler):  # type: ignore[misc]  # grpcio has no types
    """`grpc.health.v1.Health/Check` with messages as bytes; the service's name says the answer."""

    def service(self, call: Any) -> Any:
        if call.method != "/grpc.health.v1.Health/Check":
            return None
        return grpc.unary_unary_rpc_method_handler(self._check)

    @staticmethod
    def _check(request: bytes, context: Any) -> bytes:
        service = _service(request)
        if service == "slow":
            time.sleep(SLOW)
        if service == "sick":
            return b"\x08\x02"
        if service == "unknown":
            context.abort(grpc.StatusCode.NOT_FOUND, "no such service")
        if service == "silent":
            return b""
        return b"\x08\x01"


def _service(request: bytes) -> str:
    """Return field 1 of a HealthCheckRequest; an IndexError if its length is not what is said."""
    if not request:
        return ""
    assert request[0] == 10, request
    length, shift, at = 0, 0, 1
    while True:
        length |= (request[at] & 127) << shift
        at, shift = at + 1, shift + 7
        if request[at - 1] < 128:
            break
    assert len(request) == at + length, (len(request), at, length)
    return request[at:].decode()


def _listening(address: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((address, port))
    listener.listen()
    return listener


def _context(certificate: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def _http(address: str, port: int, _: str) -> None:
    _serve(_Server(address, port))


def _https(address: str, port: int, certificate: str) -> None:
    _secured(address, port, _context(certificate))


def _https_1_3(address: str, port: int, certificate: str) -> None:
    context = _context(certificate)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    _secured(address, port, context)


def _https_1_2(address: str, port: int, certificate: str) -> None:
    context = _context(certificate)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    _secured(address, port, context)


def _secured(address: str, port: int, context: ssl.SSLContext) -> None:
    server = _Server(address, port)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    _serve(server)


def _serve(server: _Server) -> None:
    print("listening", flush=True)
    server.serve_forever()


def _http2(address: str, port: int, certificate: str) -> None:
    """HTTP/2 over TLS and nothing else."""
    context = _context(certificate)
    context.set_alpn_protocols(["h2"])
    listener = _listening(address, port)
    print("listening", flush=True)
    while True:
        plain, _ = listener.accept()
        threading.Thread(target=_http2_serve, args=(plain, context), daemon=True).start()


def _http2_serve(plain: socket.socket, context: ssl.SSLContext) -> None:
    with context.wrap_socket(plain, server_side=True) as peer:
        assert peer.selected_alpn_protocol() == "h2"
        state = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
        state.initiate_connection()
        peer.sendall(state.data_to_send())
        while received := peer.recv(65535):
            for event in state.receive_data(received):
                if isinstance(event, h2.events.RequestReceived):
                    state.send_headers(event.stream_id, [(":status", "200")], end_stream=True)
            peer.sendall(state.data_to_send())


def _tcp(address: str, port: int, _: str) -> None:
    """Takes connections and waits for the peer to speak or to leave."""
    _accept(address, port, b"")


def _banner(address: str, port: int, _: str) -> None:
    """Speaks first, and never ends."""
    _accept(address, port, b"220 ready\r\n")


def _accept(address: str, port: int, greeting: bytes) -> None:
    listener = _listening(address, port)
    print("listening", flush=True)
    while True:
        peer, _ = listener.accept()
        threading.Thread(target=_hold, args=(peer, greeting), daemon=True).start()


def _hold(peer: socket.socket, greeting: bytes) -> None:
    with peer:
        peer.sendall(greeting)
        peer.recv(1)


def _grpc(address: str, port: int, _: str) -> None:
    _grpc_serve(address, port, (_Health(),))


def _grpc_without_health(address: str, port: int, _: str) -> None:
    _grpc_serve(address, port, ())


def _grpc_serve(address: str, port: int, handlers: tuple[Any, ...]) -> None:
    server = grpc.server(futures.ThreadPoolExecutor(8), handlers=handlers)
    host = f"[{address}]" if ":" in address else address
    server.add_insecure_port(f"{host}:{port}")
    server.start()
    print("listening", flush=True)
    server.wait_for_termination()


KINDS = {
    "http": _http,
    "https": _https,
    "https-1.3": _https_1_3,
    "https-1.2": _https_1_2,
    "http2": _http2,
    "tcp": _tcp,
    "banner": _banner,
    "grpc": _grpc,
    "grpc-without-health": _grpc_without_health,
}


if __name__ == "__main__":
    KINDS[sys.argv[1]](sys.argv[2], int(sys.argv[3]), (sys.argv[4:] or [""])[0])
