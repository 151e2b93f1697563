"""Probes: listeners in place of the proxy, and connections whose arrival proves a redirection."""

from __future__ import annotations

import os
import select
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
LAST_MILLISECONDS = 1000
"""For the way through the kernel, within this host, of what a client said before it ended."""
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
    with Client(who, target, seconds) as client:
        if not arrives(listener, client, seconds):
            return f"a connection to {target} did not arrive at port {listener.getsockname()[1]}"
        connection, _ = listener.accept()
    with connection:
        wanted = original_destination(connection, target.family) if checked else target
    if wanted != target:
        return f"a connection to {target} arrived as one to {wanted}"
    return ""


def query_redirected_to(
    listener: socket.socket, target: Target, who: Identity, seconds: float
) -> str:
    """Send a datagram and expect the listener to get it; gives what went wrong."""
    with Client(who, target, seconds, kind=DATAGRAM) as client:
        if not arrives(listener, client, seconds):
            return f"a query to {target} did not arrive at port {listener.getsockname()[1]}"
    return ""


class Client:
    """A child process of the identity that connects and says one byte; waited for at the end."""

    def __init__(
        self, who: Identity, target: Target, seconds: float, *, kind: int = STREAM
    ) -> None:
        self.ended, writer = os.pipe()
        """Readable once the child has ended."""
        self.child = os.fork()
        if self.child == 0:
            try:
                reach(target, who, seconds, kind)
            finally:
                os._exit(0)  # the listener's silence tells
        os.close(writer)

    def __enter__(self) -> Client:
        """Give itself."""
        return self

    def __exit__(self, *_error: object) -> None:
        """Wait for the child, which gives up in time."""
        os.close(self.ended)
        os.waitpid(self.child, 0)


def reach(target: Target, who: Identity, seconds: float, kind: int) -> None:
    """Connect as the identity and say one byte."""
    become(who)
    with socket.socket(SOCKET_FAMILY[target.family], kind) as client:
        client.settimeout(seconds)
        client.connect((target.address, target.port))
        client.send(b"\0")


def arrives(listener: socket.socket, client: Client, seconds: float) -> bool:
    """Wait for the listener; a client that was refused, or has given up, is not waited for."""
    poll = select.poll()
    poll.register(listener, select.POLLIN)
    poll.register(client.ended, select.POLLIN)
    ready = dict(poll.poll(seconds * 1000))
    if ready and listener.fileno() not in ready:
        poll.unregister(client.ended)
        ready = dict(poll.poll(min(LAST_MILLISECONDS, seconds * 1000)))
    return listener.fileno() in ready


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
