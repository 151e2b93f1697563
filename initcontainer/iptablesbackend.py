"""The iptables backends: nft-based (NET_ADMIN) and legacy (NET_ADMIN and NET_RAW).

A table commits as a whole. Several tables and the two families are separate commits, ordered so
that a run killed in between captures more rather than less.
"""

from __future__ import annotations

from initcontainer import iptables
from initcontainer.backends import BackendName, line_differences, outline, ruleset_digest
from initcontainer.facts import NET_RAW, can, legacy_tables
from initcontainer.iptables import MADE, PREFIX, STATE_PREFIX, TableState
from initcontainer.leftovers import KERNEL_FAMILY, Leftovers
from initcontainer.mistakes import InitError
from initcontainer.netfilter import KernelChain, NfTables, fingerprint
from initcontainer.networks import Family
from initcontainer.rules import Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from initcontainer.commands import Commands
    from initcontainer.ruleset import Ruleset

PROGRAMS = {Family.V4: "iptables", Family.V6: "ip6tables"}
LOCK_WAIT = "5"
"""Seconds that legacy waits for its lock."""


class IptablesBackend:
    """Writes with iptables-restore on standard input, reads with iptables-save."""

    def __init__(self, name: BackendName, commands: Commands, tables: NfTables) -> None:
        self.name = name
        self.commands = commands
        self.tables = tables
        self.leftovers = Leftovers(tables)
        self.is_legacy = name is BackendName.LEGACY

    def holds_ours(self) -> bool:
        """Look at nf_tables' chains, or at the legacy tables that exist already."""
        return any(self._holds(family) for family in Family)

    def is_current(self, ruleset: Ruleset) -> bool:
        """Compare remembered fingerprints; legacy has no handles and is compared by its rules."""
        if self.is_legacy:
            return not self.differences(ruleset)
        chains = self.tables.chains()
        return all(self._is_current(ruleset, family, chains) for family in Family)

    def write(self, ruleset: Ruleset) -> None:
        """Replace both families' rules, then compare and remember."""
        digest = ruleset_digest(ruleset)
        for family in Family:
            after = iptables.expected_state(ruleset, family, digest)
            if after or self._holds(family):
                self._restore(family, after)
        remembered = {family: self._fingerprint(ruleset, family) for family in Family}
        for family in Family:
            self._compare_outline(family, iptables.expected_state(ruleset, family, digest))
        if not self.is_legacy:
            self._remember(ruleset, remembered)

    def _compare_outline(self, family: Family, wanted: dict[Table, TableState]) -> None:
        """Compare chains and the order of rules; their words are left to `verify`."""
        found = iptables.rules_only(self._saved(family))
        if outlines(found) != outlines(wanted):
            program = self._program(family, "restore")
            raise InitError(
                f"{program} did not apply what it was given: rules differ in number or order"
            )

    def differences(self, ruleset: Ruleset) -> tuple[str, ...]:
        """Compare what iptables-save gives with what the ruleset means."""
        digest = ruleset_digest(ruleset)
        said: list[str] = []
        for family in Family:
            wanted = iptables.expected_state(ruleset, family, digest)
            found = iptables.rules_only(self._saved(family))
            for table in Table:
                said += table_differences(
                    f"{family} {table}",
                    wanted.get(table, TableState()),
                    found.get(table, TableState()),
                )
        return tuple(said)

    def remove(self) -> None:
        """Remove our jumps and chains, and the tables that exist only because of us."""
        for family in Family:
            if self._holds(family):
                self._restore(family, {})

    def script(self, ruleset: Ruleset) -> str:
        """Give both families' restore text."""
        digest = ruleset_digest(ruleset)
        texts = []
        for family in Family:
            after = iptables.expected_state(ruleset, family, digest)
            if after:
                script = iptables.restore_script({}, after)
                texts.append(f"# {self._program(family, 'restore')} --noflush\n{script}")
        return "".join(texts)

    def count(self, ruleset: Ruleset) -> int:
        """Count the rules of both families, the jumps from built-in chains included."""
        states = [iptables.expected_state(ruleset, family, "") for family in Family]
        tables = [held for state in states for held in state.values()]
        return sum(len(t.jumps) + sum(len(rules) for _, rules in t.chains) for t in tables)

    def _restore(self, family: Family, after: dict[Table, TableState]) -> None:
        before = self._saved(family)
        made = {} if self.is_legacy else self.leftovers.marks(family, after)
        script = iptables.restore_script(before, after, made)
        wait = ("-w", LOCK_WAIT) if self.is_legacy else ()
        self.commands.run(self._program(family, "restore"), "--noflush", *wait, script=script)
        if not self.is_legacy:
            self.leftovers.drop(family, after)

    def _saved(self, family: Family) -> dict[Table, TableState]:
        if not self._holds(family):
            return {}
        if self.is_legacy:
            return self._legacy_saved(family)
        return iptables.parse_save(self.commands.run(self._program(family, "save")))

    def _program(self, family: Family, action: str) -> str:
        kind = "legacy" if self.is_legacy else "nft"
        return f"{PROGRAMS[family]}-{kind}-{action}"

    def _holds(self, family: Family) -> bool:
        if self.is_legacy:
            return self._legacy_holds(family)
        return any(is_ours(chain, family) for chain in self.tables.chains())

    def _legacy_holds(self, family: Family) -> bool:
        """Ask only where tables exist; without NET_RAW or the program nobody here wrote to them."""
        if legacy_tables(family) == () or not can(NET_RAW):
            return False
        program = self._program(family, "save")
        return self.commands.find(program) is not None and bool(self._legacy_saved(family))

    def _legacy_saved(self, family: Family) -> dict[Table, TableState]:
        """Read the tables that exist; where they cannot be listed each is asked for by name.

        Only that, in a user namespace, can create an empty table that was not there.
        """
        program = self._program(family, "save")
        if legacy_tables(family) is not None:
            return iptables.parse_save(self.commands.run(program))
        return iptables.parse_save("".join(self.commands.run(program, "-t", t) for t in Table))

    def _is_current(
        self, ruleset: Ruleset, family: Family, chains: tuple[KernelChain, ...]
    ) -> bool:
        after = iptables.expected_state(ruleset, family, "")
        if not after:
            return not any(is_ours(chain, family) for chain in chains)
        wanted = STATE_PREFIX + self._fingerprint(ruleset, family)
        return any(chain.name == wanted and is_ours(chain, family) for chain in chains)

    def _fingerprint(self, ruleset: Ruleset, family: Family) -> str:
        if self.is_legacy:
            return ""
        mark = PREFIX.encode("ascii")
        rules = tuple(
            rule
            for table in Table
            for rule in self.tables.rules(KERNEL_FAMILY[family], table)
            if mark in rule.raw
        )
        chains = tuple(
            f"{chain.table} {chain.name}"
            for chain in self.tables.chains()
            if is_ours(chain, family) and not chain.name.startswith((STATE_PREFIX, MADE))
        )
        return fingerprint(ruleset_digest(ruleset), chains, rules)

    def _remember(self, ruleset: Ruleset, remembered: dict[Family, str]) -> None:
        for family in Family:
            tables = list(iptables.expected_state(ruleset, family, ""))
            if tables:
                name = STATE_PREFIX + remembered[family]
                self.tables.add_chain(KERNEL_FAMILY[family], tables[-1], name)


def is_ours(chain: KernelChain, family: Family) -> bool:
    """Tell whether a chain of an iptables table is one of ours."""
    return chain.family == KERNEL_FAMILY[family] and chain.name.startswith(PREFIX)


def outlines(state: dict[Table, TableState]) -> dict[str, object]:
    """Give the comments of every jump and chain, in order."""
    return {
        table: (outline(held.jumps), {name: outline(rules) for name, rules in held.chains})
        for table, held in state.items()
    }


def table_differences(where: str, wanted: TableState, found: TableState) -> list[str]:
    """Compare the jumps and every chain of one table."""
    said = line_differences(f"{where} jumps", wanted.jumps, found.jumps)
    rules, held = dict(wanted.chains), dict(found.chains)
    for name in (*rules, *(name for name in held if name not in rules)):
        said += line_differences(f"{where} {name}", rules.get(name, ()), held.get(name, ()))
        if name in held and name not in rules and not held[name]:
            said.append(f"unexpected empty chain {where} {name}")
    return said
