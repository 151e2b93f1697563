"""TPROXY rules: the mangle chains that deliver inbound connections with their source address."""

from __future__ import annotations

from initcontainer.capture import SELF_CALL_MARK, Capture
from initcontainer.inbound import bypass_rules
from initcontainer.outbound import (
    FAMILIES,
    LOOPBACK,
    PASSTHROUGH,
    excluded_interface_rules,
    proxy_owners,
)
from initcontainer.ranges import Ranges
from initcontainer.rules import (
    Address,
    Chain,
    Interface,
    Jump,
    Mark,
    Match,
    Owner,
    Plain,
    Protocol,
    Rule,
    SetMark,
    Tracking,
    Transparent,
    Transport,
    Verdict,
)

TCP = Transport(protocol=Protocol.TCP)
FROM_LOOPBACK = Interface(name="lo", incoming=True)


def mangle_inbound_rules(capture: Capture) -> tuple[Rule, ...]:
    """Give the mangle PREROUTING chain: invalid packets, then TPROXY's classifier."""
    invalid = invalid_rules(capture)
    own = transparent_rules(capture) if capture.is_transparent else ()
    if not invalid and not own:
        return ()
    return (*excluded_interface_rules(capture, incoming=True), *invalid, *own)


def invalid_rules(capture: Capture) -> tuple[Rule, ...]:
    """Drop out-of-window packets, every protocol: answered, they would reset the connection."""
    if not capture.drop_invalid:
        return ()
    why = "out-of-window packet would make the kernel reset the connection"
    state = Tracking(states=("invalid",))
    return (Rule(name="T0", why=why, matches=(state,), verdict=Plain.DROP),)


def transparent_rules(capture: Capture) -> tuple[Rule, ...]:
    """Sort out loops, then divert what belongs to a socket and hand new connections over.

    Istio also returns packets with the proxy's mark first; they come over loopback, so T4 does it.
    """
    marked = (TCP, Mark(number=capture.tproxy_mark))
    not_self_call = (TCP, FROM_LOOPBACK, Mark(number=SELF_CALL_MARK, negated=True))
    return (
        rule("T1", "keep the mark for answers of the application", marked, Plain.SAVE_MARK),
        *passthrough_returns(),
        rule(
            "T4",
            "over loopback only self-calls of the proxy are captured",
            not_self_call,
            Plain.RETURN,
        ),
        *bypass_rules(capture),
        *handover_rules(capture),
    )


def passthrough_returns() -> tuple[Rule, ...]:
    """Let the proxy's passthrough connections reach the application."""
    return tuple(
        Rule(
            name="T3",
            why="inbound passthrough to the application would loop to the inbound listener",
            matches=(TCP, FROM_LOOPBACK, Address(networks=PASSTHROUGH[family], source=True)),
            verdict=Plain.RETURN,
            family=family,
        )
        for family in FAMILIES
    )


def handover_rules(capture: Capture) -> tuple[Rule, ...]:
    """Divert packets of existing connections, hand new ones to the transparent listener."""
    ports = Ranges() if capture.inbound_ports.everything else capture.inbound_ports.ranges
    transport = Transport(protocol=Protocol.TCP, ports=ports)
    existing = (transport, Tracking(states=("established", "related")))
    why = "packet of a known connection goes to its socket"
    return (
        rule("T5", why, existing, Jump(chain=Chain.DIVERT)),
        rule("T6", "new connection", (transport,), Jump(chain=Chain.TPROXY)),
    )


def divert_rules(capture: Capture) -> tuple[Rule, ...]:
    """Mark for local delivery and stop."""
    mark = SetMark(number=capture.tproxy_mark)
    return (
        rule("T7", "route to the local socket", (), mark),
        rule("T8", "decided", (), Plain.ACCEPT),
    )


def handover_chain_rules(capture: Capture) -> tuple[Rule, ...]:
    """Hand over to the inbound listener, except what names localhost.

    Without a listener nft's statement lets the packet pass and iptables' target drops it; the
    second rule makes both drop.
    """
    hand_over = Transparent(port=capture.inbound_port, mark=capture.tproxy_mark)
    steps: tuple[tuple[str, str, Verdict], ...] = (
        ("T9", "hand the connection over with its source address", hand_over),
        ("T9/closed", "no listener yet: refuse rather than bypass the proxy", Plain.DROP),
    )
    return tuple(
        Rule(
            name=name,
            why=why,
            matches=(Address(networks=capture.local(family), negated=True), TCP),
            verdict=verdict,
            family=family,
        )
        for family in FAMILIES
        for name, why, verdict in steps
    )


def mangle_outbound_rules(capture: Capture) -> tuple[Rule, ...]:
    """Give the mangle OUTPUT chain: mark self-calls, restore the mark of answers."""
    if not capture.is_transparent:
        return ()
    marked = (LOOPBACK, TCP, Mark(number=capture.tproxy_mark))
    answers = (TCP, Mark(number=capture.tproxy_mark, connection=True))
    why = "route answers to captured connections back to the proxy"
    return (
        *excluded_interface_rules(capture, incoming=False),
        rule("T10", "proxy to application keeps its mark", marked, Plain.RETURN),
        *(mark for owner in proxy_owners(capture) for mark in self_call_marks(capture, owner)),
        rule("T12", why, answers, Plain.RESTORE_MARK),
    )


def self_call_marks(capture: Capture, owner: Owner) -> tuple[Rule, ...]:
    """Mark the proxy's connections to its own pod, so that they are captured as inbound."""
    return tuple(
        Rule(
            name="T11",
            why="self-call by the proxy is captured as inbound",
            matches=(LOOPBACK, Address(networks=capture.local(family), negated=True), TCP, owner),
            verdict=SetMark(number=SELF_CALL_MARK),
            family=family,
        )
        for family in FAMILIES
    )


def rule(name: str, why: str, matches: tuple[Match, ...], verdict: Verdict) -> Rule:
    """Build a rule for both families."""
    return Rule(name=name, why=why, matches=matches, verdict=verdict)
