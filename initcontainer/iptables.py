"""Rendering for iptables, nft or legacy: lines exactly as iptables-save gives them back."""

from __future__ import annotations

from initcontainer.frozen import value
from initcontainer.networks import Family
from initcontainer.nftables import ENTRY_NOTE
from initcontainer.ranges import Ranges, spell
from initcontainer.rules import (
    Address,
    Chain,
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

PREFIX = "PILLION_"
"""Every chain of ours begins with it."""
STATE_PREFIX = "PILLION_IS_"
"""The empty chain whose name records what was applied; see `fingerprint`."""
MADE = "PILLION_MADE"
"""An empty chain in each table that did not exist before us, so that cleanup may delete it; with
`_PREROUTING` and so on, the same for a built-in chain of a table."""
MULTIPORT_SLOTS = 15
"""XT_MULTI_PORTS: a port takes one slot, a range two."""
ALL_BITS = "0xffffffff"
PLAIN = {
    Plain.RETURN: "RETURN",
    Plain.ACCEPT: "ACCEPT",
    Plain.DROP: "DROP",
    Plain.RESET: "REJECT --reject-with tcp-reset",
    Plain.SAVE_MARK: f"CONNMARK --save-mark --nfmask {ALL_BITS} --ctmask {ALL_BITS}",
    Plain.RESTORE_MARK: f"CONNMARK --restore-mark --nfmask {ALL_BITS} --ctmask {ALL_BITS}",
}


@value
class TableState:
    """What one iptables table holds of ours."""

    chains: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Chain of ours to its rules, sorted by name (the listing's order is the backend's)."""
    jumps: tuple[str, ...] = ()
    """Rules of built-in chains that lead to a chain of ours."""


def expected_state(ruleset: Ruleset, family: Family, digest: str) -> dict[Table, TableState]:
    """Give what iptables-save of one family shall print of ours."""
    return {
        table.table: TableState(
            chains=tuple(
                sorted(
                    (PREFIX + chain, tuple(rule_lines(rules, chain, family)))
                    for chain, rules in table.chains
                )
            ),
            jumps=tuple(
                f'-A {entry.hook} -m comment --comment "{ENTRY_NOTE} {digest}" '
                f"-j {PREFIX}{entry.chain}"
                for entry in table.entries
            ),
        )
        for table in ruleset.tables
        if covers(table, family)
    }


def covers(table: TableRules, family: Family) -> bool:
    """Tell whether a family's packets enter a table of ours at all."""
    return any(entry.family in (None, family) for entry in table.entries)


def restore_script(
    before: dict[Table, TableState],
    after: dict[Table, TableState],
    made: dict[Table, tuple[str, ...]] | None = None,
) -> str:
    """Give the restore text that turns one state into another and touches nothing else.

    `made` are the marks (see MADE) for what will exist only because of us.

    Tables that are filled come first, tables that only lose rules last, so that a run killed
    between two commits leaves more captured rather than less.
    """
    filled = [table for table in Table if table in after]
    emptied = [table for table in reversed(Table) if table in before and table not in after]
    nothing = TableState()
    return "".join(
        table_script(
            table,
            before.get(table, nothing),
            after.get(table, nothing),
            (made or {}).get(table, ()),
        )
        for table in (*filled, *emptied)
    )


def table_script(
    table: Table, before: TableState, after: TableState, marks: tuple[str, ...] = ()
) -> str:
    """Give one table's commit: `:CHAIN` creates or flushes, jumps are replaced exactly."""
    planned = [*(name for name, _ in after.chains), *marks]
    stale = [n for n, _ in before.chains if n not in planned and not n.startswith(MADE)]
    lines = [
        f"*{table}",
        *(f":{name} - [0:0]" for name in (*planned, *stale)),
        *(f"-D{jump.removeprefix('-A')}" for jump in before.jumps),
        *(rule for _, rules in after.chains for rule in rules),
        *after.jumps,
        *(f"-X {name}" for name in stale),
        "COMMIT",
    ]
    return "\n".join(lines) + "\n"


def parse_save(text: str) -> dict[Table, TableState]:
    """Read iptables-save; tables without anything of ours are left out."""
    chains: dict[str, dict[str, list[str]]] = {}
    jumps: dict[str, list[str]] = {}
    table = ""
    for line in text.splitlines():
        if line.startswith("*"):
            table = line[1:]
        elif line.startswith(f":{PREFIX}"):
            chains.setdefault(table, {})[line[1:].split(" ")[0]] = []
        elif line.startswith(f"-A {PREFIX}"):
            name = line.split(" ")[1]
            chains.setdefault(table, {}).setdefault(name, []).append(line)
        elif line.startswith("-A ") and leads_to_ours(line):
            jumps.setdefault(table, []).append(line)
    return {
        table: TableState(
            chains=tuple(
                sorted((name, tuple(rules)) for name, rules in chains.get(table, {}).items())
            ),
            jumps=tuple(jumps.get(table, ())),
        )
        for table in Table
        if table in chains or table in jumps
    }


def rules_only(state: dict[Table, TableState]) -> dict[Table, TableState]:
    """Leave out the chains that only remember something."""
    kept = {
        table: TableState(
            chains=tuple(
                (name, rules)
                for name, rules in held.chains
                if not name.startswith((MADE, STATE_PREFIX))
            ),
            jumps=held.jumps,
        )
        for table, held in state.items()
    }
    return {table: held for table, held in kept.items() if held != TableState()}


def leads_to_ours(line: str) -> bool:
    """Tell whether a rule jumps or goes to a chain of ours."""
    return any(f" {flag} {PREFIX}" in line for flag in ("-j", "-g"))


def rule_lines(rules: tuple[Rule, ...], chain: Chain, family: Family) -> list[str]:
    """Spell the rules of one chain for one family."""
    return [
        f"-A {PREFIX}{chain} {line}"
        for rule in rules
        if rule.family in (None, family)
        for line in expand(rule, family)
    ]


def expand(rule: Rule, family: Family) -> list[str]:
    """Spell one rule; a match of several alternatives becomes one line each."""
    heads, tails = [""], [""]
    for match in rule.matches:
        if isinstance(match, Address | Interface):
            heads = [head + word for head in heads for word in head_words(match)]
        else:
            tails = [tail + word for tail in tails for word in tail_words(match)]
    verdict = verdict_words(rule.verdict, family)
    comment = f'-m comment --comment "{rule.comment}" '
    return [f"{ordered(head)}{tail}{comment}-j {verdict}" for head in heads for tail in tails]


def ordered(head: str) -> str:
    """Put source and destination before the interfaces, as iptables-save does."""
    words = [f"{word} " for word in head.split("|") if word]
    order = ("-s", "-d", "-i", "-o")
    return "".join(sorted(words, key=lambda word: order.index(word.removeprefix("! ")[:2])))


def head_words(match: Address | Interface) -> list[str]:
    """Spell addresses and interfaces, each ended by a bar for `ordered`."""
    negation = "! " if match.negated else ""
    if isinstance(match, Interface):
        return [f"{negation}{'-i' if match.incoming else '-o'} {match.name}|"]
    flag = "-s" if match.source else "-d"
    return [f"{negation}{flag} {prefix}|" for prefix in match.networks.prefixes()]


def tail_words(match: Match) -> list[str]:
    """Spell the other matches."""
    match match:
        case Transport():
            return transport_words(match)
        case Owner():
            return owner_words(match)
        case Mark():
            module = "connmark" if match.connection else "mark"
            negation = "! " if match.negated else ""
            return [f"-m {module} {negation}--mark {match.number:#x} "]
        case Tracking():
            states = ",".join(reversed([state.upper() for state in match.states]))
            return [f"-m conntrack --ctstate {states} "]
        case _:
            return []


def transport_words(match: Transport) -> list[str]:
    """Spell protocol and ports, as many multiport matches as the slots ask for."""
    protocol = f"-p {match.protocol} "
    if not match.ports:
        return [protocol]
    flag = "--sport" if match.source else "--dport"
    negation = "! " if match.negated else ""
    if len(match.ports.intervals) == 1:
        port = spell(match.ports.intervals[0], ":")
        return [f"{protocol}-m {match.protocol} {negation}{flag} {port} "]
    return [
        f"{protocol}-m multiport {negation}{flag}s {ports} " for ports in port_groups(match.ports)
    ]


def port_groups(ports: Ranges) -> list[str]:
    """Split intervals into lists that fit one multiport match."""
    groups: list[list[str]] = [[]]
    slots = 0
    for low, high in ports.intervals:
        size = 1 if low == high else 2
        if slots + size > MULTIPORT_SLOTS:
            groups.append([])
            slots = 0
        groups[-1].append(spell((low, high), ":"))
        slots += size
    return [",".join(group) for group in groups]


def owner_words(match: Owner) -> list[str]:
    """Spell owners: alternatives are lines, exclusions are matches of one line."""
    flag = "--gid-owner" if match.group else "--uid-owner"
    ids = [spell(interval) for interval in match.ids.intervals]
    if match.negated:
        return ["".join(f"-m owner ! {flag} {one} " for one in ids)]
    return [f"-m owner {flag} {one} " for one in ids]


def verdict_words(verdict: Verdict, family: Family) -> str:
    """Spell what happens to a packet that matches."""
    match verdict:
        case Plain():
            return PLAIN[verdict]
        case Jump():
            return PREFIX + verdict.chain
        case Redirect():
            return f"REDIRECT --to-ports {verdict.port}"
        case SetMark():
            return f"MARK --set-xmark {verdict.number:#x}/{ALL_BITS}"
        case Transparent():
            address = "0.0.0.0" if family is Family.V4 else "::"  # noqa: S104
            return (
                f"TPROXY --on-port {verdict.port} --on-ip {address} "
                f"--tproxy-mark {verdict.mark:#x}/{ALL_BITS}"
            )
        case _:
            return f"CT --zone {verdict.number}"
