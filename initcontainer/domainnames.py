"""DNS rules: queries to the agent's port, and the conntrack zones that keep them apart.

A UDP redirection is remembered per address and port pair. Without zones an application that reuses
the source port of the agent's upstream query would share that entry and bypass the agent.
Zone 1 holds agent and upstream, zone 2 application and agent.
"""

from __future__ import annotations

from initcontainer.capture import Capture
from initcontainer.networks import Family
from initcontainer.outbound import DNS_QUERY_PORT, present, proxy_owners
from initcontainer.ranges import of
from initcontainer.rules import Match, Owner, Protocol, Redirect, Rule, Transport, Zone, addressed

UPSTREAM_ZONE = 1
APPLICATION_ZONE = 2
QUERIES = Transport(protocol=Protocol.UDP, ports=of(DNS_QUERY_PORT))
ANSWERS = Transport(protocol=Protocol.UDP, ports=of(DNS_QUERY_PORT), source=True)


def dns_redirect_rules(capture: Capture) -> tuple[Rule, ...]:
    """Send TCP and UDP queries, to the known servers or to all, to the agent."""
    return tuple(
        Rule(
            name=f"D1/{protocol}",
            why="DNS query of the application is answered by the agent",
            matches=(Transport(protocol=protocol, ports=of(DNS_QUERY_PORT)), *servers),
            verdict=Redirect(port=capture.dns_port),
            family=family,
        )
        for protocol in (Protocol.TCP, Protocol.UDP)
        for servers, family in server_matches(capture, source=False)
        if capture.redirect_dns
    )


def query_zone_rules(capture: Capture) -> tuple[Rule, ...]:
    """Choose the zone of what the pod sends; the first zone that is set stays."""
    if not capture.redirect_dns:
        return ()
    own = (rule for owner in proxy_owners(capture) for rule in agent_zone_rules(capture, owner))
    application = (
        zone_rule("D4", "query of the application", APPLICATION_ZONE, (QUERIES, *servers), family)
        for servers, family in server_matches(capture, source=False)
    )
    return (*own, *application)


def answer_zone_rules(capture: Capture) -> tuple[Rule, ...]:
    """Put the upstream's answers into the zone of the agent's query."""
    if not capture.redirect_dns:
        return ()
    return tuple(
        zone_rule("D5", "answer of the upstream", UPSTREAM_ZONE, (ANSWERS, *servers), family)
        for servers, family in server_matches(capture, source=True)
    )


def agent_zone_rules(capture: Capture, owner: Owner) -> tuple[Rule, ...]:
    """Tell the agent's upstream queries from its answers to the application."""
    answers = Transport(protocol=Protocol.UDP, ports=of(capture.dns_port), source=True)
    whose = "group" if owner.group else "user"
    return (
        zone_rule(f"D2/{whose}", "query of the agent", UPSTREAM_ZONE, (QUERIES, owner)),
        zone_rule(f"D3/{whose}", "answer of the agent", APPLICATION_ZONE, (answers, owner)),
    )


def zone_rule(
    name: str, what: str, zone: int, matches: tuple[Match, ...], family: Family | None = None
) -> Rule:
    """Track some packets in a zone of their own."""
    why = f"{what} must not share a conntrack entry with the other side"
    return Rule(name=name, why=why, matches=matches, verdict=Zone(number=zone), family=family)


def server_matches(
    capture: Capture, *, source: bool
) -> tuple[tuple[tuple[Match, ...], Family | None], ...]:
    """Give one match per family that has servers, or an empty one for all servers.

    Naming the servers keeps a DNS forwarder in the pod from being sent back to the agent.
    """
    servers = capture.dns_servers
    if servers.everything:
        return (((), None),)
    return tuple(
        (addressed(networks, source=source), networks.family)
        for networks in present(servers.v4, servers.v6)
    )
