"""One TCP segment that no connection allows, and whether the peer resets it."""

from __future__ import annotations

import socket
import struct
import time

SYN_FIN = 0x03
RESET = 0x04
CLOSED_PORT = 7777
SOURCE_PORT = 45678
WAIT = 0.4


def send_invalid(to: str, source: str) -> bool:
    """Send SYN and FIN together to a closed port; tell whether a reset comes back."""
    family = socket.AF_INET6 if ":" in to else socket.AF_INET
    head = struct.pack("!HHIIBBHHH", SOURCE_PORT, CLOSED_PORT, 1, 0, 5 << 4, SYN_FIN, 512, 0, 0)
    pseudo = socket.inet_pton(family, source) + socket.inet_pton(family, to)
    pseudo += struct.pack("!II", len(head), socket.IPPROTO_TCP)
    segment = head[:16] + struct.pack("!H", checksum(pseudo + head)) + head[18:]
    with socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_TCP) as raw:
        raw.bind((source, 0))
        raw.sendto(segment, (to, 0))
        until = time.monotonic() + WAIT
        while (left := until - time.monotonic()) > 0:
            raw.settimeout(left)
            try:
                data = raw.recv(2048)
            except TimeoutError:
                return False
            tcp = data[20:] if family == socket.AF_INET else data
            if struct.unpack_from("!HH", tcp) == (CLOSED_PORT, SOURCE_PORT):
                return bool(tcp[13] & RESET)
    return False


def checksum(data: bytes) -> int:
    """Give the Internet checksum."""
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return int(~total & 0xFFFF)
