"""nf_tables as the kernel lists it: chains and rules with their handles, without a program.

A rule's handle is never used twice in a table, and a rule cannot change under its handle. So the
ordered handles of our chains identify exactly what was applied; their digest is kept as the name
of an empty chain, and an equal re-run compares two names.
"""

from __future__ import annotations

import struct

from initcontainer.digests import short_digest
from initcontainer.frozen import value
from initcontainer.netlink import (
    ACK,
    CREATE,
    NETFILTER,
    Attributes,
    Message,
    Netlink,
    attribute,
    attributes,
    string,
    text,
)

UNSPECIFIED, INET, IPV4, IPV6 = 0, 1, 2, 10
"""NFPROTO_ constants."""
SUBSYSTEM = 10
GET_TABLE = 1
GET_CHAIN, NEW_CHAIN, DELETE_CHAIN, GET_RULE, DELETE_TABLE, GET_GENERATION = 4, 3, 5, 7, 2, 16
BATCH_BEGIN, BATCH_END = 0x10, 0x11
BATCH_GENERATION = 1
TABLE_NAME, TABLE_FLAGS, DORMANT = 1, 2, 1
CHAIN_TABLE, CHAIN_NAME, CHAIN_HOOK, CHAIN_POLICY = 1, 3, 4, 5
ACCEPT = struct.pack(">I", 1)
RULE_TABLE, RULE_CHAIN, RULE_HANDLE, RULE_USERDATA = 1, 2, 3, 7
COMMENT = 0
GENERATION_ID = 1


@value
class KernelChain:
    """One chain of any table."""

    family: int
    table: str
    name: str
    is_base: bool = False
    """The kernel calls it from a hook."""
    accepts: bool = True
    """It has no policy, or lets pass what its rules do not decide."""


@value
class KernelRule:
    """One rule: chain, handle, nft's comment, and the raw message (to look for chain names)."""

    chain: str
    handle: int
    raw: bytes
    comment: str = ""


class NfTables:
    """Reads nf_tables, and writes the few things that need no rule language."""

    def __init__(self) -> None:
        self.netlink = Netlink(NETFILTER)

    def close(self) -> None:
        """Close the socket."""
        self.netlink.close()

    def chains(self) -> tuple[KernelChain, ...]:
        """List all chains of the namespace.

        Raises:
            OSError: EPERM without NET_ADMIN; EINVAL or EOPNOTSUPP when the kernel has no nf_tables.
        """
        bodies = self.netlink.dump(message_type(GET_CHAIN), header(UNSPECIFIED))
        found = ((body[0], attributes(body[4:])) for body in bodies)
        return tuple(
            KernelChain(
                family=family,
                table=string(a[CHAIN_TABLE]),
                name=string(a[CHAIN_NAME]),
                is_base=CHAIN_HOOK in a,
                accepts=a.get(CHAIN_POLICY, ACCEPT) == ACCEPT,
            )
            for family, a in found
        )

    def rules(self, family: int, table: str) -> tuple[KernelRule, ...]:
        """List the rules of one table, in order within each chain."""
        request = header(family) + text(RULE_TABLE, table)
        bodies = self.netlink.dump(message_type(GET_RULE), request)
        return tuple(
            kernel_rule(body, found)
            for body in bodies
            if string((found := attributes(body[4:]))[RULE_TABLE]) == table
        )

    def add_chain(self, family: int, table: str, name: str) -> None:
        """Add an empty chain."""
        body = header(family) + text(CHAIN_TABLE, table) + text(CHAIN_NAME, name)
        self._commit(Message(kind=message_type(NEW_CHAIN), body=body, flags=CREATE | ACK))

    def is_dormant(self, family: int, table: str) -> bool:
        """Tell whether a table is switched off as a whole.

        Raises:
            OSError: ENOENT when there is no such table.
        """
        body = self.netlink.get(message_type(GET_TABLE), header(family) + text(TABLE_NAME, table))
        flags = attributes(body[4:]).get(TABLE_FLAGS, b"\0" * 4)
        return bool(struct.unpack(">I", flags)[0] & DORMANT)

    def generation(self) -> int:
        """Give the number of the last change of the whole namespace."""
        body = self.netlink.get(message_type(GET_GENERATION), header(UNSPECIFIED))
        return int(struct.unpack(">I", attributes(body[4:])[GENERATION_ID])[0])

    def delete_table(self, family: int, table: str, generation: int | None = None) -> None:
        """Delete a table, provided nothing has changed since `generation`, when it is given.

        Raises:
            OSError: ERESTART when it has.
        """
        body = header(family) + text(TABLE_NAME, table)
        message = Message(kind=message_type(DELETE_TABLE), body=body, flags=ACK)
        if generation is None:
            self._commit(message)
        else:
            self._commit(message, attribute(BATCH_GENERATION, struct.pack(">I", generation)))

    def delete_chain(self, family: int, table: str, name: str, generation: int) -> None:
        """Delete a chain, provided nothing has changed since `generation`.

        Raises:
            OSError: ERESTART when it has, EBUSY when the chain has rules or is jumped to.
        """
        body = header(family) + text(CHAIN_TABLE, table) + text(CHAIN_NAME, name)
        message = Message(kind=message_type(DELETE_CHAIN), body=body, flags=ACK)
        self._commit(message, attribute(BATCH_GENERATION, struct.pack(">I", generation)))

    def _commit(self, message: Message, condition: bytes = b"") -> None:
        begin = Message(kind=BATCH_BEGIN, body=header(0, SUBSYSTEM) + condition)
        end = Message(kind=BATCH_END, body=header(0, SUBSYSTEM))
        self.netlink.ask(begin, message, end)


def kernel_rule(body: bytes, found: Attributes) -> KernelRule:
    """Decode one rule."""
    handle = int(struct.unpack(">Q", found[RULE_HANDLE])[0])
    return KernelRule(
        chain=string(found[RULE_CHAIN]),
        handle=handle,
        raw=body,
        comment=rule_comment(found.get(RULE_USERDATA, b"")),
    )


def rule_comment(data: bytes) -> str:
    """Find the comment in a rule's user data: a run of type, length, value (libnftnl's udata.h)."""
    while len(data) > 2:
        kind, length = data[0], data[1]
        if kind == COMMENT:
            return string(data[2 : 2 + length])
        data = data[2 + length :]
    return ""


def message_type(number: int) -> int:
    """Give the netlink type of an nf_tables message."""
    return SUBSYSTEM << 8 | number


def header(family: int, resource: int = 0) -> bytes:
    """Give the nfgenmsg header."""
    return struct.pack(">BBH", family, 0, resource)


def fingerprint(digest: str, chains: tuple[str, ...], rules: tuple[KernelRule, ...]) -> str:
    """Give the name under which exactly these chains and rules, applied for this digest, go."""
    handles = (f"{rule.chain} {rule.handle}" for rule in rules)
    return short_digest("\n".join((digest, *sorted(chains), *handles)))
