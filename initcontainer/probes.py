"""Probes: listeners in place of the proxy, and connections whose arrival proves a redirection."""

from __future__ import annotations

import os
import socket
import struct

from initcontainer.frozen import value
from initcontainer.mistakes import LackingError
from initcontainer.networks import Family

ORIGINAL_DESTINATION = 80
"""SO_ORIGINAL_DST and IP6T_SO_ORIGINAL_DST."""
TRANSPARENT = {Family.V4: (socket.SOL_IP, 19), Family.V6: (socket.IPPROTO_IPV6, 75)}
ANY = {Family.V4: "0.0.0.0", Family.V6: "::"}  # noqa: S104
LOCALHOST = {Family.V4: "127.0.0.1", Family.V6: "::1"}
SOCKET_FAMILY = {Family.V4: socket.AF_INET, Family.V6: socket.AF_INET6}
STREAM, DATAGRAM = socket.SOCK_STREAM, socket.SOCK_DGRAM


@value
class Identity:
    """The user and group a connection is made by."""

    user: int
    group: int


@value
class Target:
    """Where a connection goes."""

    family: Family
    address: str
    port: int

    def __str__(self) -> str:
        """Spell it as in messages."""
        return f"{self.address} port {self.port}"


def listen(
    family: Family, address: str, port: int, *, kind: int = STREAM, transparent: bool = False
) -> socket.socket:
    """Open a listener in place of the proxy's.

    Raises:
        LackingError: when the port is taken, most likely by the proxy itself.
    """
    listener = socket.socket(SOCKET_FAMILY[family], kind)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family is Family.V6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if transparent:
            listener.setsockopt(*TRANSPARENT[family], 1)
        listener.bind((address, port))
        if kind == STREAM:
            listener.listen(8)
    except OSError as error:
        listener.close()
        reason = f"port {port} ({family}) cannot be listened on: {error.strerror}"
        raise LackingError(f"{reason}; validate before the proxy starts") from error
    return listener


def redirected_to(
    listener: socket.socket, target: Target, who: Identity, seconds: float, *, checked: bool = True
) -> str:
    """Connect and expect the listener to get it; gives what went wrong, empty when nothing.

    With `checked` the kernel must also say that the client wanted to reach the target.
    """
    child = start_as(who, target, seconds)
    try:
        listener.settimeout(seconds)
        connection, _ = listener.accept()
    except TimeoutError:
        return f"a connection to {target} did not arrive at port {listener.getsockname()[1]}"
    finally:
        os.waitpid(child, 0)
    with connection:
        wanted = original_destination(connection, target.family) if checked else target
    if wanted != target:
        return f"a connection to {target} arrived as one to {wanted}"
    return ""


def query_redirected_to(
    listener: socket.socket, target: Target, who: Identity, seconds: float
) -> str:
    """Send a datagram and expect the listener to get it; gives what went wrong."""
    child = start_as(who, target, seconds, kind=DATAGRAM)
    try:
        listener.settimeout(seconds)
        listener.recvfrom(512)
    except TimeoutError:
        return f"a query to {target} did not arrive at port {listener.getsockname()[1]}"
    finally:
        os.waitpid(child, 0)
    return ""


def start_as(who: Identity, target: Target, seconds: float, *, kind: int = STREAM) -> int:
    """Connect from a child process of the identity; gives its process id."""
    child = os.fork()
    if child:
        return child
    try:
        become(who)
        with socket.socket(SOCKET_FAMILY[target.family], kind) as client:
            client.settimeout(seconds)
            client.connect((target.address, target.port))
            client.send(b"\0")
    except OSError:
        os._exit(1)  # the listener's silence tells
    finally:
        os._exit(0)


def become(who: Identity) -> None:
    """Change to the identity; a process that already has it needs no capability."""
    if (os.geteuid(), os.getegid()) == (who.user, who.group):
        return
    os.setgroups([])
    os.setresgid(who.group, who.group, who.group)
    os.setresuid(who.user, who.user, who.user)


def original_destination(connection: socket.socket, family: Family) -> Target:
    """Ask the kernel where the client wanted to go."""
    try:
        if family is Family.V4:
            raw = connection.getsockopt(socket.SOL_IP, ORIGINAL_DESTINATION, 16)
            port, address = struct.unpack_from("!2xH4s", raw)
        else:
            raw = connection.getsockopt(socket.IPPROTO_IPV6, ORIGINAL_DESTINATION, 28)
            port, address = struct.unpack_from("!2xH4x16s", raw)
    except OSError:
        address, port = connection.getsockname()[:2]
        return Target(family=family, address=address, port=port)
    text = socket.inet_ntop(SOCKET_FAMILY[family], address)
    return Target(family=family, address=text, port=port)
