"""A temporary wire into the pod: inject one SYN from outside and see who answers.

A packet injected on lo would be a martian; one that arrives over a veth pair is routed and
captured as any other from outside. NET_ADMIN makes the pair, NET_RAW injects.
"""

from __future__ import annotations

import _socket
import errno
import socket
import struct
import time

from initcontainer.netlink import ACK, CREATE, EXCLUSIVE, ROUTE, Message, Netlink, attribute, text
from initcontainer.networks import Family
from initcontainer.probes import SOCKET_FAMILY, Target

NEAR, FAR = "pillion-near", "pillion-far"
"""The pod's end, and the end that plays the outside."""
NEAR_MAC, FAR_MAC = b"\x02pil\x00\x01", b"\x02pil\x00\x02"
ADDRESSES = {
    # RFC 2544's benchmarking network and RFC 3849's documentation prefix: no pod has them.
    Family.V4: ("198.18.255.1", "198.18.255.2", 30),
    Family.V6: ("2001:db8:ffff::1", "2001:db8:ffff::2", 126),
}
NEW_LINK, DELETE_LINK, NEW_ADDRESS, NEW_NEIGHBOUR = 16, 17, 20, 28
LINK_NAME, LINK_ADDRESS, LINK_INFO, INFO_KIND, INFO_DATA, VETH_PEER = 3, 1, 18, 1, 2, 1
ADDRESS_VALUE, ADDRESS_LOCAL, NEIGHBOUR_ADDRESS, NEIGHBOUR_MAC = 1, 2, 1, 2
UP, PERMANENT, NO_DUPLICATE_DETECTION = 1, 0x80, 0x02
ETHERTYPE = {Family.V4: 0x0800, Family.V6: 0x86DD}
SYN, RST, SYN_ACK = 0x02, 0x04, 0x12
SOURCE_PORT = 40404
REPEAT_SECONDS = 0.5
"""Until the SYN is sent again: a new pair of interfaces loses packets until the kernel has noticed
that both ends are up. Linux answers a repeated SYN at most twice a second (tcp_invalid_ratelimit).
"""


class Wire:
    """The pair of interfaces; use as a context, it is removed at the end."""

    def __enter__(self) -> Wire:
        """Make the pair, addresses on the pod's end, and the way back.

        Raises:
            OSError: the kernel's error, EPERM without NET_ADMIN.
        """
        self.netlink = Netlink(ROUTE)
        self._remove()  # of a run that was killed
        peer = link() + text(LINK_NAME, FAR) + attribute(LINK_ADDRESS, FAR_MAC)
        kind = text(INFO_KIND, "veth") + attribute(INFO_DATA, attribute(VETH_PEER, peer))
        near = text(LINK_NAME, NEAR) + attribute(LINK_ADDRESS, NEAR_MAC)
        self._ask(NEW_LINK, link() + near + attribute(LINK_INFO, kind))
        try:
            self._configure()
            self.packets = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0003))
            self.packets.bind((FAR, 0x0003))
        except OSError:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_error: object) -> None:
        """Remove the pair."""
        self._remove()
        self.netlink.close()
        if hasattr(self, "packets"):
            self.packets.close()

    def answer_to_syn(self, target: Target, seconds: float) -> str:
        """Inject a SYN to the pod; gives `accepted`, `refused` or `silence`."""
        until = time.monotonic() + seconds
        while (now := time.monotonic()) < until:
            answer = self._answer_to_one(target, min(until, now + REPEAT_SECONDS))
            if answer:
                return answer
        return "silence"

    def _answer_to_one(self, target: Target, until: float) -> str:
        _, far, _ = ADDRESSES[target.family]
        self.packets.send(frame(target, far))
        while (left := until - time.monotonic()) > 0:
            self.packets.settimeout(left)
            try:
                flags = answer_flags(self.packets.recv(2048), target)
            except TimeoutError:
                break
            if flags & SYN_ACK == SYN_ACK:
                return "accepted"
            if flags & RST:
                return "refused"
        return ""

    def _configure(self) -> None:
        near = _socket.if_nametoindex(NEAR)
        for index in (near, _socket.if_nametoindex(FAR)):
            self._ask(NEW_LINK, link(index, UP))
        for family, (address, far, length) in ADDRESSES.items():
            number = SOCKET_FAMILY[family]
            own = socket.inet_pton(number, address)
            head = struct.pack("=BBBBI", number, length, NO_DUPLICATE_DETECTION, 0, near)
            values = attribute(ADDRESS_LOCAL, own) + attribute(ADDRESS_VALUE, own)
            neighbour = struct.pack("=BxxxiHBB", number, near, PERMANENT, 0, 0)
            where = attribute(NEIGHBOUR_ADDRESS, socket.inet_pton(number, far))
            try:
                self._ask(NEW_ADDRESS, head + values)
                mac = attribute(NEIGHBOUR_MAC, FAR_MAC)
                self._ask(NEW_NEIGHBOUR, neighbour + where + mac)
            except OSError:
                if family is Family.V4:
                    raise  # IPv6 may be off

    def _remove(self) -> None:
        try:
            self._ask(DELETE_LINK, link() + text(LINK_NAME, NEAR), flags=0)
        except OSError as error:
            if error.errno not in (errno.ENODEV, errno.EPERM):
                raise

    def _ask(self, kind: int, body: bytes, flags: int = CREATE | EXCLUSIVE) -> None:
        if kind == NEW_LINK and body.startswith(b"\0" * 4) and body[4:8] != b"\0" * 4:
            flags = 0  # a change of an existing link
        self.netlink.ask(Message(kind=kind, body=body, flags=flags | ACK))


def link(index: int = 0, flags: int = 0) -> bytes:
    """Encode the ifinfomsg header."""
    return struct.pack("=BxHiII", 0, 0, index, flags, flags)


def frame(target: Target, source: str) -> bytes:
    """Build the Ethernet frame of a SYN."""
    number = SOCKET_FAMILY[target.family]
    from_, to = socket.inet_pton(number, source), socket.inet_pton(number, target.address)
    head = struct.pack("!HHIIBBHHH", SOURCE_PORT, target.port, 1, 0, 5 << 4, SYN, 8192, 0, 0)
    pseudo = from_ + to + struct.pack("!II", len(head), socket.IPPROTO_TCP)
    segment = head[:16] + struct.pack("!H", checksum(pseudo + head)) + head[18:]
    if target.family is Family.V4:
        ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(segment), 1, 0, 64, 6, 0) + from_ + to
        ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
    else:
        ip = struct.pack("!IHBB", 6 << 28, len(segment), 6, 64) + from_ + to
    return NEAR_MAC + FAR_MAC + struct.pack("!H", ETHERTYPE[target.family]) + ip + segment


def answer_flags(data: bytes, target: Target) -> int:
    """Give the TCP flags of an answer from the target to our port; 0 for any other frame."""
    start = 34 if target.family is Family.V4 else 54
    address = data[26:30] if target.family is Family.V4 else data[22:38]
    if len(data) < start + 14 or address != socket.inet_pton(
        SOCKET_FAMILY[target.family], target.address
    ):
        return 0
    ports = struct.unpack_from("!HH", data, start)
    expected_type = struct.pack("!H", ETHERTYPE[target.family])
    if data[12:14] != expected_type or ports != (target.port, SOURCE_PORT):
        return 0
    return data[start + 13]


def checksum(data: bytes) -> int:
    """Give the Internet checksum."""
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return int(~total & 0xFFFF)
