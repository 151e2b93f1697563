"""The ruleset: every table of one capture, for the families it covers, and its hash."""

from __future__ import annotations

from initcontainer.capture import Capture, Ipv6, Mode
from initcontainer.domainnames import answer_zone_rules, dns_redirect_rules, query_zone_rules
from initcontainer.frozen import value
from initcontainer.inbound import inbound_redirect_rules, inbound_rules
from initcontainer.networks import Family
from initcontainer.outbound import outbound_rules, redirect_rules
from initcontainer.rules import (
    Chain,
    Entry,
    Hook,
    Interface,
    Plain,
    Protocol,
    Rule,
    Table,
    TableRules,
    Tracking,
    Transport,
)
from initcontainer.transparent import (
    divert_rules,
    handover_chain_rules,
    mangle_inbound_rules,
    mangle_outbound_rules,
)

Chains = tuple[tuple[Chain, tuple[Rule, ...]], ...]
Entries = tuple[tuple[Hook, Chain], ...]


@value
class Routing:
    """What goes with the rules outside netfilter, per captured family."""

    mark: int | None
    """Packets with this mark are delivered locally through `table`; None outside TPROXY."""
    table: int
    passthrough: bool
    """lo carries ::6, which unlike 127.0.0.6 is not there by itself."""


@value
class Ruleset:
    """All that shall be in the kernel; no table at all when nothing is captured."""

    families: tuple[Family, ...]
    tables: tuple[TableRules, ...]
    routing: Routing


def build_ruleset(capture: Capture, families: tuple[Family, ...]) -> Ruleset:
    """Give the rules of a capture; `families` are those that shall be redirected."""
    if capture.mode is Mode.NONE:
        routing = Routing(mark=None, table=capture.tproxy_table, passthrough=False)
        return Ruleset(families=(), tables=(), routing=routing)
    only = None if len(families) > 1 else families[0]
    tables = (
        rejection_table(capture),
        table_of(Table.RAW, *raw_chains(capture), only),
        table_of(Table.MANGLE, *mangle_chains(capture), only),
        table_of(Table.NAT, *nat_chains(capture), only),
    )
    routing = Routing(
        mark=capture.tproxy_mark if capture.is_transparent else None,
        table=capture.tproxy_table,
        passthrough=Family.V6 in families,
    )
    return Ruleset(
        families=families, tables=tuple(table for table in tables if table.entries), routing=routing
    )


def nat_chains(capture: Capture) -> tuple[Chains, Entries]:
    """Give the redirecting table."""
    inbound = inbound_rules(capture)
    chains = (
        (Chain.REDIRECT, redirect_rules(capture)),
        (Chain.IN_REDIRECT, inbound_redirect_rules(capture)),
        (Chain.INBOUND, inbound),
        (Chain.OUTPUT_DNS, dns_redirect_rules(capture)),
        (Chain.OUTPUT, outbound_rules(capture)),
    )
    return chains, ((Hook.PREROUTING, Chain.INBOUND), (Hook.OUTPUT, Chain.OUTPUT))


def mangle_chains(capture: Capture) -> tuple[Chains, Entries]:
    """Give the marking table: TPROXY and invalid packets."""
    transparent = capture.is_transparent
    chains = (
        (Chain.DIVERT, divert_rules(capture) if transparent else ()),
        (Chain.TPROXY, handover_chain_rules(capture) if transparent else ()),
        (Chain.INBOUND, mangle_inbound_rules(capture)),
        (Chain.OUTPUT, mangle_outbound_rules(capture)),
    )
    return chains, ((Hook.PREROUTING, Chain.INBOUND), (Hook.OUTPUT, Chain.OUTPUT))


def raw_chains(capture: Capture) -> tuple[Chains, Entries]:
    """Give the table of conntrack zones."""
    chains = (
        (Chain.INBOUND, answer_zone_rules(capture)),
        (Chain.OUTPUT_DNS, query_zone_rules(capture)),
    )
    return chains, ((Hook.PREROUTING, Chain.INBOUND), (Hook.OUTPUT, Chain.OUTPUT_DNS))


def table_of(table: Table, chains: Chains, entries: Entries, only: Family | None) -> TableRules:
    """Keep the chains that have rules of the captured families, and the jumps to them."""
    kept = tuple((chain, rules_for(rules, only)) for chain, rules in chains)
    filled = {chain for chain, rules in kept if rules}
    return TableRules(
        table=table,
        chains=tuple((chain, rules) for chain, rules in kept if rules),
        entries=tuple(
            Entry(hook=hook, chain=chain, family=only) for hook, chain in entries if chain in filled
        ),
    )


def rules_for(rules: tuple[Rule, ...], only: Family | None) -> tuple[Rule, ...]:
    """Leave out the rules of a family that is not captured."""
    return tuple(rule for rule in rules if None in (only, rule.family) or rule.family is only)


def rejection_table(capture: Capture) -> TableRules:
    """Reset IPv6 TCP outside loopback when IPv6 shall neither be captured nor bypass the proxy."""
    if capture.ipv6 is not Ipv6.REJECT:
        return TableRules(table=Table.FILTER, chains=(), entries=())
    chains = (
        (Chain.INBOUND, (rejection_rule(incoming=True),)),
        (Chain.OUTPUT, (rejection_rule(incoming=False),)),
    )
    entries = ((Hook.INPUT, Chain.INBOUND), (Hook.OUTPUT, Chain.OUTPUT))
    return table_of(Table.FILTER, chains, entries, Family.V6)


def rejection_rule(*, incoming: bool) -> Rule:
    """Reset new connections of one direction; ICMPv6 stays, neighbour discovery needs it.

    Only new ones: the reset of an inbound connection leaves through OUTPUT itself.
    """
    return Rule(
        name="R1/in" if incoming else "R1/out",
        why="IPv6 is not captured and must not bypass the proxy",
        matches=(
            Interface(name="lo", incoming=incoming, negated=True),
            Transport(protocol=Protocol.TCP),
            Tracking(states=("new",)),
        ),
        verdict=Plain.RESET,
    )
