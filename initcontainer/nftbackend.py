"""The nft backend: one inet table, one transaction, no lock, NET_ADMIN only."""

from __future__ import annotations

from initcontainer import nftables
from initcontainer.backends import BackendName, line_differences, outline, ruleset_digest
from initcontainer.mistakes import InitError
from initcontainer.netfilter import INET, NfTables, fingerprint
from initcontainer.nftables import TABLE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from initcontainer.commands import Commands
    from initcontainer.ruleset import Ruleset

STATE_PREFIX = "is-"
"""The empty chain whose name is the fingerprint of what was applied."""


class NftBackend:
    """Writes with the nft program, reads and removes over netlink."""

    name = BackendName.NFT

    def __init__(self, commands: Commands, tables: NfTables) -> None:
        self.commands = commands
        self.tables = tables

    def holds_ours(self) -> bool:
        """Tell whether our table is there."""
        return bool(self._chain_names())

    def is_current(self, ruleset: Ruleset) -> bool:
        """Compare the remembered fingerprint with that of the rules that are there now."""
        wanted = STATE_PREFIX + self._fingerprint(ruleset)
        return wanted in self._chain_names() and not self.tables.is_dormant(INET, TABLE)

    def write(self, ruleset: Ruleset) -> None:
        """Replace the table in one transaction, then compare and remember."""
        digest = ruleset_digest(ruleset)
        self.commands.run("nft", "-f", "-", script=nftables.replacement_script(ruleset, digest))
        remembered = self._fingerprint(ruleset)
        self._compare_outline(nftables.listing(ruleset, digest))
        self.tables.add_chain(INET, TABLE, STATE_PREFIX + remembered)

    def _compare_outline(self, wanted: nftables.Listing) -> None:
        """Compare chains and the order of rules.

        The words of a rule are left to `verify`: versions of nft list some rules differently, and
        the kernel took the transaction as a whole.
        """
        found: dict[str, tuple[str, ...]] = {}
        for rule in self.tables.rules(INET, TABLE):
            found[rule.chain] = (*found.get(rule.chain, ()), rule.comment)
        comments = {name: tuple(filter(None, outline(body))) for name, body in wanted.items()}
        # The kernel gives rules, so a chain without any is not among them.
        if found != {name: each for name, each in comments.items() if each}:
            raise InitError("nft did not apply what it was given: rules are missing or in disorder")

    def differences(self, ruleset: Ruleset) -> tuple[str, ...]:
        """Compare our table's listing with the one that the ruleset means."""
        found = self._listing() if self.holds_ours() else {}
        wanted = nftables.listing(ruleset, ruleset_digest(ruleset))
        said: list[str] = []
        for name in (*wanted, *(name for name in found if name not in wanted)):
            place = f"chain {name}"
            said += line_differences(place, wanted.get(name, ()), found.get(name, ()))
        said += [f"unexpected chain {name}" for name in found if name not in wanted]
        if found and self.tables.is_dormant(INET, TABLE):
            said.append(f"table {TABLE} is dormant")
        return tuple(said)

    def remove(self) -> None:
        """Delete our table."""
        if self.holds_ours():
            self.tables.delete_table(INET, TABLE)

    def script(self, ruleset: Ruleset) -> str:
        """Give the nft script."""
        return nftables.replacement_script(ruleset, ruleset_digest(ruleset))

    def count(self, ruleset: Ruleset) -> int:
        """Count rules, the entries from base chains included."""
        listing = nftables.listing(ruleset, "")
        return sum(line.count(" comment ") for body in listing.values() for line in body)

    def _listing(self) -> nftables.Listing:
        text = self.commands.run("nft", "-s", "-y", "list", "table", "inet", TABLE)
        return {
            name: body
            for name, body in nftables.parse_listing(text).items()
            if not name.startswith(STATE_PREFIX)
        }

    def _fingerprint(self, ruleset: Ruleset) -> str:
        chains = (
            f"{chain.name} {chain.accepts}"
            for chain in self.tables.chains()
            if chain.family == INET
            and chain.table == TABLE
            and not chain.name.startswith(STATE_PREFIX)
        )
        digest = ruleset_digest(ruleset)
        return fingerprint(digest, tuple(chains), self.tables.rules(INET, TABLE))

    def _chain_names(self) -> tuple[str, ...]:
        chains = self.tables.chains()
        return tuple(c.name for c in chains if c.family == INET and c.table == TABLE)
