"""Inbound rules of REDIRECT mode: the nat PREROUTING classifier.

There is no loopback rule: a locally generated connection is decided in OUTPUT, and the kernel does
not evaluate nat PREROUTING for it again.
"""

from __future__ import annotations

from initcontainer.capture import Capture
from initcontainer.outbound import excluded_interface_rules, present
from initcontainer.ranges import Ranges, of
from initcontainer.rules import (
    Chain,
    Interface,
    Jump,
    Match,
    Plain,
    Protocol,
    Redirect,
    Rule,
    Transport,
    addressed,
)


def inbound_rules(capture: Capture) -> tuple[Rule, ...]:
    """Give the chain that every connection from outside passes."""
    own = () if capture.is_transparent else port_rules(capture)
    virtual = virtual_interface_rules(capture)
    if not own and not virtual:
        return ()
    return (*virtual, *excluded_interface_rules(capture, incoming=True), *own)


def inbound_redirect_rules(capture: Capture) -> tuple[Rule, ...]:
    """Give the chain that ends in the inbound listener."""
    return (
        Rule(
            name="I9",
            why="hand captured TCP to the inbound listener",
            matches=(Transport(protocol=Protocol.TCP),),
            verdict=Redirect(port=capture.inbound_port),
        ),
    )


def virtual_interface_rules(capture: Capture) -> tuple[Rule, ...]:
    """Treat what a virtual machine in the pod sends as outbound, and nothing else of it."""
    included = capture.outbound_destinations
    networks = present(included.v4, included.v6)
    addresses: tuple[tuple[Match, ...], ...] = tuple(addressed(n) for n in networks)
    if included.everything:
        addresses = ((),)
    families = (None,) if included.everything else tuple(n.family for n in networks)
    captured = tuple(
        Rule(
            name="I0/capture",
            why="traffic of the virtual machine is outbound traffic",
            matches=(Interface(name=name, incoming=True), *address),
            verdict=Jump(chain=Chain.REDIRECT),
            family=family,
        )
        for name in capture.virtual_interfaces
        for address, family in zip(addresses, families, strict=True)
    )
    left = tuple(
        Rule(
            name="I0/return",
            why="other traffic of the virtual machine is not inbound traffic",
            matches=(Interface(name=name, incoming=True),),
            verdict=Plain.RETURN,
        )
        for name in capture.virtual_interfaces
    )
    return (*captured, *left)


def port_rules(capture: Capture) -> tuple[Rule, ...]:
    """Capture all ports but the excluded ones, or the listed ones."""
    if not capture.inbound_ports:
        return ()
    ports = () if capture.inbound_ports.everything else (capture.inbound_ports.ranges,)
    transport = Transport(protocol=Protocol.TCP, ports=ports[0] if ports else of())
    return (
        *bypass_rules(capture),
        Rule(
            name="I5",
            why="listed port is captured" if ports else "every other port is captured",
            matches=(transport,),
            verdict=Jump(chain=Chain.IN_REDIRECT),
        ),
    )


def bypass_rules(capture: Capture) -> tuple[Rule, ...]:
    """Let tunnelled, excluded-source and excluded-port connections reach the application."""
    sources = capture.inbound_excluded_sources
    rules = [pass_rule("I2", "tunnelled traffic reaches its own listener", of(capture.tunnel_port))]
    rules.extend(
        Rule(
            name="I3",
            why="connections from an excluded network are not captured",
            matches=addressed(networks, source=True),
            verdict=Plain.RETURN,
            family=networks.family,
        )
        for networks in present(sources.v4, sources.v6)
    )
    if capture.inbound_ports.everything and capture.inbound_excluded_ports:
        rules.append(pass_rule("I4", "excluded port", capture.inbound_excluded_ports))
    return tuple(rules)


def pass_rule(name: str, why: str, ports: Ranges) -> Rule:
    """Leave some TCP ports alone."""
    matches = (Transport(protocol=Protocol.TCP, ports=ports),)
    return Rule(name=name, why=why, matches=matches, verdict=Plain.RETURN)
