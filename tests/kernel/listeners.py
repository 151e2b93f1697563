"""Servers inside a namespace: each answers with its name, the client and the original target."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading

from tests.kernel.wire import serve

ORIGINAL_DESTINATION = 80
MARK_OF_PROXY = 1337
OPEN: list[socket.socket] = []


def family_of(address: str) -> socket.AddressFamily:
    """Tell the family of a literal address."""
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def original_destination(connection: socket.socket) -> str:
    """Give where the client wanted to go before redirection."""
    if connection.family == socket.AF_INET:
        raw = connection.getsockopt(socket.SOL_IP, ORIGINAL_DESTINATION, 16)
        port, address = struct.unpack_from("!2xH4s", raw)
    else:
        raw = connection.getsockopt(socket.IPPROTO_IPV6, ORIGINAL_DESTINATION, 28)
        port, address = struct.unpack_from("!2xH4x16s", raw)
    return f"{socket.inet_ntop(connection.family, address)} {port}"


def describe(name: str, connection: socket.socket, peer: str) -> str:
    """Give the answer to one client."""
    try:
        wanted = original_destination(connection)
    except OSError:
        wanted = "{} {}".format(*connection.getsockname()[:2])
    return f"{name} {peer} {wanted}"


def accept_forever(listener: socket.socket, name: str, forwards: bool) -> None:
    """Answer every client of a TCP listener."""
    while True:
        try:
            connection, peer = listener.accept()
        except OSError:
            return
        work = threading.Thread(target=answer, args=(connection, peer[0], name, forwards))
        work.daemon = True
        work.start()


def answer(connection: socket.socket, client: str, name: str, forwards: bool) -> None:
    """Answer one client."""
    with connection:
        text = forward(connection, client) if forwards else describe(name, connection, client)
        with contextlib.suppress(OSError):
            connection.sendall(text.encode())


def forward(connection: socket.socket, client: str) -> str:
    """Act as the proxy in TPROXY mode: keep the source, mark, ask the application."""
    target = connection.getsockname()
    with socket.socket(connection.family, socket.SOCK_STREAM) as upstream:
        level, option = (socket.SOL_IP, 19) if connection.family == socket.AF_INET else (41, 75)
        upstream.setsockopt(level, option, 1)
        upstream.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, MARK_OF_PROXY)
        upstream.settimeout(0.3)
        upstream.bind((client, 0))
        try:
            upstream.connect(target[:2])
            answer = upstream.recv(4096).decode()
        except OSError as error:
            answer = f"nothing: {error}"
    return f"inbound {client} {target[0]} {target[1]} then {answer}"


def receive_forever(server: socket.socket, name: str) -> None:
    """Answer every datagram."""
    while True:
        try:
            _, peer = server.recvfrom(4096)
            server.sendto(f"{name} {peer[0]} {peer[1]}".encode(), peer)
        except OSError:
            return


def listen(
    name: str,
    port: int,
    address: str = "",
    protocol: str = "tcp",
    transparent: bool = False,
) -> None:
    """Start one server; without an address it serves both families."""
    kind = socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM
    server = socket.socket(family_of(address or "::"), kind)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if server.family == socket.AF_INET6:
        server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    if transparent:
        server.setsockopt(socket.SOL_IP, 19, 1)
        if server.family == socket.AF_INET6:
            server.setsockopt(socket.IPPROTO_IPV6, 75, 1)
    server.bind((address, port))
    OPEN.append(server)
    if protocol == "tcp":
        server.listen(64)
        worker = threading.Thread(target=accept_forever, args=(server, name, transparent))
    else:
        worker = threading.Thread(target=receive_forever, args=(server, name))
    worker.daemon = True
    worker.start()


def close_all() -> None:
    """Stop every server."""
    while OPEN:
        server = OPEN.pop()
        with contextlib.suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)
        server.close()


if __name__ == "__main__":
    serve({"listen": listen, "close": close_all})
