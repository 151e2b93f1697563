"""Netlink: requests and dumps to the kernel over a socket, with no program in between."""

from __future__ import annotations

import _socket  # `socket` costs 7 ms to import and adds nothing that is used here
import os
import struct

from initcontainer.frozen import value

ROUTE = 0
NETFILTER = 12
HEADER = struct.Struct("=IHHII")
ATTRIBUTE = struct.Struct("=HH")
REQUEST, ACK, DUMP = 0x1, 0x4, 0x300
CREATE, EXCLUSIVE, APPEND = 0x400, 0x200, 0x800
ERROR, DONE = 2, 3
TYPE_MASK = 0x3FFF
"""Attribute types without the nested and byte-order bits."""
SECONDS = 5.0
BUFFER = 1 << 16
"""The kernel fills at most half of it per datagram of a dump."""

Attributes = dict[int, bytes]


@value
class Message:
    """One message: type, flags and body without the netlink header."""

    kind: int
    body: bytes
    flags: int = 0


class Netlink:
    """A socket of one netlink protocol; close it when done."""

    def __init__(self, protocol: int) -> None:
        kind = _socket.SOCK_RAW | _socket.SOCK_CLOEXEC
        self.socket = _socket.socket(_socket.AF_NETLINK, kind, protocol)
        self.socket.settimeout(SECONDS)
        self.socket.bind((0, 0))
        self.sequence = 1

    def close(self) -> None:
        """Close the socket."""
        self.socket.close()

    def dump(self, kind: int, body: bytes) -> list[bytes]:
        """Give the bodies of all answers to a dump request.

        Raises:
            OSError: the kernel's error.
        """
        self._send([Message(kind=kind, body=body, flags=REQUEST | DUMP)])
        bodies: list[bytes] = []
        while True:
            for answer, part in self._receive():
                if answer == DONE:
                    return bodies
                if answer == ERROR:
                    raise_error(part)
                bodies.append(part)

    def get(self, kind: int, body: bytes) -> bytes:
        """Give the body of the only answer to a request.

        Raises:
            OSError: the kernel's error.
        """
        self._send([Message(kind=kind, body=body)])
        answer, part = self._receive()[0]
        if answer == ERROR:
            raise_error(part)
        return part

    def ask(self, *messages: Message, acknowledged: int = 1) -> None:
        """Send messages in one go and wait for so many acknowledgements.

        Raises:
            OSError: the kernel's first error.
        """
        self._send(list(messages))
        while acknowledged > 0:
            for answer, part in self._receive():
                if answer == ERROR:
                    raise_error(part)
                    acknowledged -= 1

    def _send(self, messages: list[Message]) -> None:
        self.sequence += 1
        data = b"".join(
            HEADER.pack(16 + len(m.body), m.kind, m.flags | REQUEST, self.sequence, 0) + m.body
            for m in messages
        )
        self.socket.send(data)

    def _receive(self) -> list[tuple[int, bytes]]:
        """Give type and body of the messages in one datagram, of this request only."""
        data = self.socket.recv(BUFFER)
        found: list[tuple[int, bytes]] = []
        while len(data) >= HEADER.size:
            length, kind, _, sequence, _ = HEADER.unpack_from(data)
            if sequence == self.sequence:
                found.append((kind, data[HEADER.size : length]))
            data = data[(length + 3) & ~3 :]
        return found


def raise_error(body: bytes) -> None:
    """Raise the error of an acknowledgement, if there is one.

    Raises:
        OSError: with the kernel's errno.
    """
    number = -int(struct.unpack_from("=i", body)[0])
    if number:
        raise OSError(number, os.strerror(number))


def attribute(kind: int, data: bytes) -> bytes:
    """Encode one attribute, padded."""
    padding = b"\0" * (-len(data) % 4)
    return ATTRIBUTE.pack(4 + len(data), kind) + data + padding


def text(kind: int, words: str) -> bytes:
    """Encode a zero-terminated string."""
    return attribute(kind, words.encode("ascii") + b"\0")


def attributes(data: bytes) -> Attributes:
    """Decode a run of attributes; a repeated type keeps its last value."""
    found: Attributes = {}
    while len(data) >= ATTRIBUTE.size:
        length, kind = ATTRIBUTE.unpack_from(data)
        if length < ATTRIBUTE.size:
            break
        found[kind & TYPE_MASK] = data[ATTRIBUTE.size : length]
        data = data[(length + 3) & ~3 :]
    return found


def string(data: bytes) -> str:
    """Decode a zero-terminated string."""
    return data.split(b"\0", 1)[0].decode("utf-8", "replace")
