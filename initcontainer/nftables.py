"""Rendering for nft: one inet table, replaced as a whole in one transaction."""

from __future__ import annotations

from initcontainer.networks import Family
from initcontainer.ranges import Ranges, spell
from initcontainer.rules import (
    Address,
    Chain,
    Entry,
    Hook,
    Interface,
    Jump,
    Mark,
    Match,
    Owner,
    Plain,
    Redirect,
    Rule,
    SetMark,
    Table,
    TableRules,
    Tracking,
    Transparent,
    Transport,
    Verdict,
)
from initcontainer.ruleset import Ruleset

TABLE = "pillion"
"""The table of ours, in family inet."""
BASE_CHAINS = {
    Table.NAT: ("nat", -100),
    Table.MANGLE: ("filter", -150),
    Table.RAW: ("filter", -300),
    Table.FILTER: ("filter", 0),
}
"""Type and priority: those of the iptables tables of the same name."""
ENTRY_NOTE = "redirection by pillion"
NFPROTO = {Family.V4: "ipv4", Family.V6: "ipv6"}
PLAIN = {
    Plain.RETURN: "return",
    Plain.ACCEPT: "accept",
    Plain.DROP: "drop",
    Plain.RESET: "reject with tcp reset",
    Plain.SAVE_MARK: "ct mark set meta mark",
    Plain.RESTORE_MARK: "meta mark set ct mark",
}
Listing = dict[str, tuple[str, ...]]
"""Chain name to its lines, the hook line of a base chain first."""


def replacement_script(ruleset: Ruleset, digest: str) -> str:
    """Give the transaction that replaces whatever our table holds."""
    lines = [removal_script().rstrip("\n"), f"table inet {TABLE} {{"]
    for name, body in listing(ruleset, digest).items():
        lines += [f"\tchain {name} {{", *(f"\t\t{line}" for line in body), "\t}"]
    return "\n".join([*lines, "}", ""])


def removal_script() -> str:
    """Give the transaction that removes our table, there or not."""
    return f"add table inet {TABLE}\ndelete table inet {TABLE}\n"


def listing(ruleset: Ruleset, digest: str) -> Listing:
    """Give every chain as nft lists it (-s -y), jumps' targets before the jumps."""
    chains: Listing = {}
    for table in ruleset.tables:
        for chain, rules in table.chains:
            lines = (rule_line(rule, table.table) for rule in rules)
            chains[chain_name(table.table, chain)] = tuple(lines)
        chains.update(base_chains(table, digest))
    return chains


def base_chains(table: TableRules, digest: str) -> Listing:
    """Give the chains that the kernel calls."""
    return {
        f"hook-{table.table}-{entry.hook.lower()}": (
            hook_line(table.table, entry.hook),
            entry_line(entry, table.table, digest),
        )
        for entry in table.entries
    }


def chain_name(table: Table, chain: Chain) -> str:
    """Name a chain of ours: one inet table holds what iptables keeps in several."""
    return f"{table}-{chain.lower().replace('_', '-')}"


def hook_line(table: Table, hook: Hook) -> str:
    """Give a base chain's type; the kernel reroutes after marks only in type route."""
    kind, priority = BASE_CHAINS[table]
    if table is Table.MANGLE and hook is Hook.OUTPUT:
        kind = "route"
    return f"type {kind} hook {hook.lower()} priority {priority}; policy accept;"


def entry_line(entry: Entry, table: Table, digest: str) -> str:
    """Give the jump to a chain of ours, with the hash of all rules."""
    guard = f"meta nfproto {NFPROTO[entry.family]} " if entry.family else ""
    target = chain_name(table, entry.chain)
    return f'{guard}counter jump {target} comment "{ENTRY_NOTE} {digest}"'


def rule_line(rule: Rule, table: Table) -> str:
    """Give one rule as nft lists it."""
    words = [match_words(match) for match in rule.matches]
    if rule.family and not any(isinstance(match, Address) for match in rule.matches):
        words.insert(0, f"meta nfproto {NFPROTO[rule.family]}")
    verdict = verdict_words(rule.verdict, table, rule.family)
    return " ".join([*words, "counter", verdict, f'comment "{rule.comment}"'])


def match_words(match: Match) -> str:
    """Spell a match."""
    match match:
        case Interface():
            name = match.name[:-1] + "*" if match.name.endswith("+") else match.name
            key = "iifname" if match.incoming else "oifname"
            return f'{key} {operator(match.negated)}"{name}"'
        case Address():
            family = "ip" if match.networks.family is Family.V4 else "ip6"
            key = f"{family} {'saddr' if match.source else 'daddr'}"
            return f"{key} {operator(match.negated)}{braced(match.networks.spans())}"
        case Transport():
            return transport_words(match)
        case Owner():
            key = "meta skgid" if match.group else "meta skuid"
            return f"{key} {operator(match.negated)}{braced(spelled(match.ids))}"
        case Mark():
            key = "ct mark" if match.connection else "meta mark"
            return f"{key} {operator(match.negated)}{hexadecimal(match.number)}"
        case Tracking():
            return f"ct state {','.join(match.states)}"


def transport_words(match: Transport) -> str:
    """Spell protocol and ports; a port match implies the protocol."""
    if not match.ports:
        return f"meta l4proto {match.protocol}"
    key = f"{match.protocol} {'sport' if match.source else 'dport'}"
    return f"{key} {operator(match.negated)}{braced(spelled(match.ports))}"


def verdict_words(verdict: Verdict, table: Table, family: Family | None) -> str:
    """Spell what happens to a packet that matches."""
    match verdict:
        case Plain():
            return PLAIN[verdict]
        case Jump():
            return f"jump {chain_name(table, verdict.chain)}"
        case Redirect():
            return f"redirect to :{verdict.port}"
        case SetMark():
            return f"meta mark set {hexadecimal(verdict.number)}"
        case Transparent():
            key = "ip6" if family is Family.V6 else "ip"
            mark = hexadecimal(verdict.mark)
            return f"tproxy {key} to :{verdict.port} meta mark set {mark} accept"
        case _:
            return f"ct zone set {verdict.number}"


def operator(negated: bool) -> str:  # noqa: FBT001
    """Give the comparison in front of a value."""
    return "!= " if negated else ""


def spelled(ranges: Ranges) -> tuple[str, ...]:
    """Spell each interval."""
    return tuple(spell(interval) for interval in ranges.intervals)


def braced(items: tuple[str, ...]) -> str:
    """Give a lone value, or an anonymous set."""
    return items[0] if len(items) == 1 else f"{{ {', '.join(items)} }}"


def hexadecimal(number: int) -> str:
    """Spell a mark as nft does."""
    return f"0x{number:08x}"


def parse_listing(text: str) -> Listing:
    """Read `nft -s -y list table`, chain by chain."""
    chains: dict[str, list[str]] = {}
    current: list[str] | None = None
    for raw in text.splitlines():
        line = raw.strip()
        if line.startswith("chain ") and line.endswith(" {"):
            current = chains.setdefault(line[len("chain ") : -len(" {")], [])
        elif line == "}":
            current = None
        elif current is not None and line:
            current.append(line)
    return {name: tuple(lines) for name, lines in chains.items()}
