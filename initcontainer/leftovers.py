"""What iptables-nft makes along the way: tables and built-in chains, removed when only ours.

iptables-nft-restore creates the table and the built-in chains it appends to, and no option of it
removes them. What we cause to exist is marked by empty chains in the same commit; when our rules
go, so do the marked chains and tables that nobody else uses.
"""

from __future__ import annotations

import errno

from initcontainer.iptables import MADE, TableState
from initcontainer.netfilter import IPV4, IPV6, KernelChain, NfTables
from initcontainer.networks import Family
from initcontainer.rules import Hook, Table

KERNEL_FAMILY = {Family.V4: IPV4, Family.V6: IPV6}


class Leftovers:
    """Marks and removes what exists only because of us."""

    def __init__(self, tables: NfTables) -> None:
        self.tables = tables

    def marks(self, family: Family, after: dict[Table, TableState]) -> dict[Table, tuple[str, ...]]:
        """Give the mark chains for the tables and built-in chains that a restore will create."""
        marks: dict[Table, tuple[str, ...]] = {}
        for table, state in after.items():
            present = {chain.name for chain in self._chains(family, table)}
            absent = sorted(hook for hook in hooks(state) if hook not in present)
            whole = () if present else (MADE,)
            marks[table] = (*whole, *(f"{MADE}_{hook}" for hook in absent))
        return marks

    def drop(self, family: Family, after: dict[Table, TableState]) -> None:
        """Remove what is marked and no longer needed.

        When someone changes rules at the same moment it stays, marked, for the next run.
        """
        for table in Table:
            needed = hooks(after.get(table, TableState()))
            try:
                for hook in Hook:
                    if hook not in needed:
                        self._drop_chain(family, table, hook)
                self._drop_table(family, table)
            except OSError as error:
                if error.errno not in (errno.ERESTART, errno.EBUSY):
                    raise

    def _drop_chain(self, family: Family, table: Table, hook: Hook) -> None:
        generation = self.tables.generation()
        chains = {chain.name: chain for chain in self._chains(family, table)}
        mark = f"{MADE}_{hook}"
        if mark not in chains:
            return
        used = any(r.chain == hook for r in self.tables.rules(KERNEL_FAMILY[family], table))
        if hook in chains and chains[hook].accepts and not used:
            self.tables.delete_chain(KERNEL_FAMILY[family], table, hook, generation)
            generation = self.tables.generation()
        self.tables.delete_chain(KERNEL_FAMILY[family], table, mark, generation)

    def _drop_table(self, family: Family, table: Table) -> None:
        generation = self.tables.generation()
        if [chain.name for chain in self._chains(family, table)] == [MADE]:
            self.tables.delete_table(KERNEL_FAMILY[family], table, generation)

    def _chains(self, family: Family, table: Table) -> list[KernelChain]:
        number = KERNEL_FAMILY[family]
        return [c for c in self.tables.chains() if c.family == number and c.table == table]


def hooks(state: TableState) -> set[str]:
    """Name the built-in chains that lead to ours."""
    return {jump.split(" ")[1] for jump in state.jumps}
