"""Outbound rules: the nat OUTPUT classifier, Istio's O1 to O14 with several owners done right.

Order is meaning. The first rule that returns or redirects decides.
"""

from __future__ import annotations

from initcontainer.capture import Capture, Exemption
from initcontainer.networks import Family, Networks, network
from initcontainer.ranges import of
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
    Redirect,
    Rule,
    Transport,
    addressed,
)

DNS_QUERY_PORT = 53
FAMILIES = (Family.V4, Family.V6)
LOOPBACK = Interface(name="lo", incoming=False)
PASSTHROUGH = {
    Family.V4: network(Family.V4, "127.0.0.6/32"),
    Family.V6: network(Family.V6, "::6/128"),
}
"""Source addresses that Envoy's inbound passthrough cluster binds."""


def outbound_rules(capture: Capture) -> tuple[Rule, ...]:
    """Give the chain that every locally generated connection passes."""
    return (
        *excluded_interface_rules(capture, incoming=False),
        *exclusion_rules(capture),
        *captured_rules(capture),
        *passthrough_rules("O2"),
        *proxy_rules(capture),
        *owner_group_rules(capture),
        *dns_jumps(capture),
        *localhost_rules(capture),
        *destination_rules(capture),
    )


def redirect_rules(capture: Capture) -> tuple[Rule, ...]:
    """Give the chain that ends in the outbound listener; anything but TCP falls through."""
    return (
        Rule(
            name="O15",
            why="hand captured TCP to the outbound listener",
            matches=(Transport(protocol=Protocol.TCP),),
            verdict=Redirect(port=capture.outbound_port),
        ),
    )


def excluded_interface_rules(capture: Capture, *, incoming: bool) -> tuple[Rule, ...]:
    """Leave both directions of an excluded interface alone."""
    return tuple(
        Rule(
            name="I1" if incoming else "O0",
            why="leave the excluded interface alone",
            matches=(Interface(name=name, incoming=incoming),),
            verdict=Plain.RETURN,
        )
        for name in capture.excluded_interfaces
    )


def exclusion_rules(capture: Capture) -> tuple[Rule, ...]:
    """O1: excluded ports come first, self-calls and DNS capture included."""
    why = "excluded port, decided before self-calls and DNS capture"
    udp = capture.outbound_excluded_ports | capture.outbound_excluded_udp_ports
    ports = ((Protocol.TCP, capture.outbound_excluded_ports), (Protocol.UDP, udp))
    return (
        *(
            Rule(
                name=f"O1/{protocol}",
                why=why,
                matches=(Transport(protocol=protocol, ports=ranges),),
                verdict=Plain.RETURN,
            )
            for protocol, ranges in ports
            if ranges
        ),
        *(exemption_rule(exemption) for exemption in capture.exemptions),
    )


def exemption_rule(exemption: Exemption) -> Rule:
    """Let some users' traffic pass."""
    transport: tuple[Match, ...] = ()
    if exemption.protocol is not None:
        transport = (Transport(protocol=exemption.protocol, ports=exemption.ports),)
    return Rule(
        name="O1/user",
        why="traffic of an exempted user is not captured",
        matches=(*transport, Owner(ids=exemption.users)),
        verdict=Plain.RETURN,
    )


def captured_rules(capture: Capture) -> tuple[Rule, ...]:
    """T13: in TPROXY mode the proxy connects to the application from the client's address.

    Measured: without it O3 takes that connection for a self-call and it loops.
    """
    if not capture.is_transparent:
        return ()
    mark = Mark(number=capture.tproxy_mark)
    why = "proxy to application, already captured, would loop as a self-call"
    return (Rule(name="T13", why=why, matches=(LOOPBACK, mark), verdict=Plain.RETURN),)


def passthrough_rules(name: str) -> tuple[Rule, ...]:
    """O2: the proxy's inbound passthrough connections must not come back to its inbound port."""
    return tuple(
        Rule(
            name=name,
            why="inbound passthrough to the application would loop to the inbound listener",
            matches=(LOOPBACK, Address(networks=PASSTHROUGH[family], source=True)),
            verdict=Plain.RETURN,
            family=family,
        )
        for family in FAMILIES
    )


def proxy_rules(capture: Capture) -> tuple[Rule, ...]:
    """O3 to O8: self-calls through the inbound port, application loopback, the proxy's egress.

    One O4 for all owners: a return per owner would return the other owners' self-calls.
    """
    owners = proxy_owners(capture)
    own_self_calls = (rule for owner in owners for rule in self_call_rules(capture, owner))
    egress = (egress_rule(owner) for owner in owners)
    return (*own_self_calls, *application_loopback_rules(capture), *egress)


def proxy_owners(capture: Capture) -> tuple[Owner, ...]:
    """Give the owner matches that recognise the proxy: by user, then by group."""
    users = Owner(ids=capture.proxy_users)
    groups = Owner(ids=capture.proxy_groups, group=True)
    return tuple(owner for owner in (users, groups) if owner.ids)


def self_call_rules(capture: Capture, owner: Owner) -> tuple[Rule, ...]:
    """O3/O6: application to its own Service comes back over lo and must enter as inbound."""
    name, whose = ("O6", "group") if owner.group else ("O3", "user")
    passed = of(capture.tunnel_port)
    if capture.redirect_dns:
        passed = passed | of(DNS_QUERY_PORT)
    return tuple(
        Rule(
            name=name,
            why=f"self-call by the proxy {whose} enters through the inbound listener",
            matches=(
                LOOPBACK,
                Address(networks=capture.local(family), negated=True),
                Transport(protocol=Protocol.TCP, ports=passed, negated=True),
                owner,
            ),
            verdict=Jump(chain=Chain.IN_REDIRECT),
            family=family,
        )
        for family in FAMILIES
    )


def application_loopback_rules(capture: Capture) -> tuple[Rule, ...]:
    """O4/O7: application to application over lo is never captured.

    With DNS capture TCP to port 53 goes on: the resolver may be on localhost.
    """
    if capture.captures_loopback:
        return ()
    transport: tuple[Match, ...] = ()
    if capture.redirect_dns:
        ports = of(DNS_QUERY_PORT)
        transport = (Transport(protocol=Protocol.TCP, ports=ports, negated=True),)
    others = (
        Owner(ids=owner.ids, group=owner.group, negated=True) for owner in proxy_owners(capture)
    )
    return (
        Rule(
            name="O4",
            why="application to itself over loopback is not captured",
            matches=(LOOPBACK, *transport, *others),
            verdict=Plain.RETURN,
        ),
    )


def egress_rule(owner: Owner) -> Rule:
    """O5/O8: the proxy's own traffic, every protocol, must leave the pod."""
    name, whose = ("O8", "group") if owner.group else ("O5", "user")
    return Rule(
        name=name,
        why=f"egress of the proxy {whose} would loop to its outbound listener",
        matches=(owner,),
        verdict=Plain.RETURN,
    )


def owner_group_rules(capture: Capture) -> tuple[Rule, ...]:
    """O9: capture only some groups, or all but some."""
    if capture.groups_captured is not None:
        owner = Owner(ids=capture.groups_captured, group=True, negated=True)
    elif capture.groups_excluded:
        owner = Owner(ids=capture.groups_excluded, group=True)
    else:
        return ()
    matches: tuple[Match, ...] = (owner,) if owner.ids else ()
    return (
        Rule(
            name="O9",
            why="traffic of this owner group is not captured",
            matches=matches,
            verdict=Plain.RETURN,
        ),
    )


def dns_jumps(capture: Capture) -> tuple[Rule, ...]:
    """O10: DNS comes after the proxy's own traffic, whose upstream queries would loop."""
    if not capture.redirect_dns:
        return ()
    why = "DNS of the application, after the queries of the proxy have returned"
    servers = capture.dns_servers
    families: tuple[Family | None, ...] = (None,)
    if not servers.everything:
        families = tuple(family for family in FAMILIES if servers.of(family))
    return tuple(
        Rule(name="O10", why=why, matches=(), verdict=Jump(chain=Chain.OUTPUT_DNS), family=family)
        for family in families
    )


def localhost_rules(capture: Capture) -> tuple[Rule, ...]:
    """O11: what explicitly names localhost is meant for a neighbour container."""
    return tuple(
        Rule(
            name="O11",
            why="explicit localhost means a neighbour container",
            matches=(Address(networks=capture.local(family)),),
            verdict=Plain.RETURN,
            family=family,
        )
        for family in FAMILIES
    )


def destination_rules(capture: Capture) -> tuple[Rule, ...]:
    """O12 to O14: excluded networks beat included ports, which beat included networks."""
    excluded = capture.outbound_excluded_destinations
    included = capture.outbound_destinations
    to_proxy = Jump(chain=Chain.REDIRECT)
    rules = [
        Rule(
            name="O12",
            why="excluded network beats every inclusion",
            matches=addressed(networks),
            verdict=Plain.RETURN,
            family=networks.family,
        )
        for networks in present(excluded.v4, excluded.v6)
    ]
    if capture.outbound_ports:
        ports = Transport(protocol=Protocol.TCP, ports=capture.outbound_ports)
        why = "included port is captured whatever the address"
        rules.append(Rule(name="O13", why=why, matches=(ports,), verdict=to_proxy))
    if included.everything:
        why = "everything left is captured"
        rules.append(Rule(name="O14", why=why, matches=(), verdict=to_proxy))
    rules.extend(
        Rule(
            name="O14",
            why="included network is captured",
            matches=addressed(networks),
            verdict=to_proxy,
            family=networks.family,
        )
        for networks in present(included.v4, included.v6)
    )
    return tuple(rules)


def present(*candidates: Networks) -> tuple[Networks, ...]:
    """Keep the sets that have any address."""
    return tuple(networks for networks in candidates if networks)
