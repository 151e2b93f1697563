"""The whole validation: outbound, bypass, self-call, localhost, DNS and inbound, per family.

A check that the process lacks a capability for, or a route, says so and does not count as failed.
"""

from __future__ import annotations

import os
import socket

from initcontainer.capture import Capture, Ipv6
from initcontainer.facts import NET_ADMIN, NET_RAW, SETGID, SETUID, Facts, can
from initcontainer.frozen import value
from initcontainer.networks import Family, format_address
from initcontainer.probes import (
    ANY,
    DATAGRAM,
    LOCALHOST,
    SOCKET_FAMILY,
    Identity,
    Target,
    listen,
    query_redirected_to,
    redirected_to,
)
from initcontainer.veth import Wire

NOBODY = 65534
UNROUTABLE = {Family.V4: "192.0.2.1", Family.V6: "2001:db8::1"}
"""Documentation addresses: a connection that is not redirected reaches nobody."""
DNS_QUERY_PORT = 53


@value
class Check:
    """One check: passed, failed or untested, and why it did not pass."""

    name: str
    family: Family
    state: str
    detail: str = ""


@value
class Pod:
    """What the checks of one family are about."""

    capture: Capture
    family: Family
    address: str
    """The pod's own address."""
    port: int
    seconds: float


def whole_checks(capture: Capture, facts: Facts, port: int, seconds: float) -> tuple[Check, ...]:
    """Run every check in every family the pod has an address of."""
    families = [Family.V4]
    if facts.has_ipv6 and capture.ipv6 in (Ipv6.AUTO, Ipv6.ON):
        families.append(Family.V6)
    checks: list[Check] = []
    for family in families:
        address = own_address(family)
        if address is None:
            detail = f"the pod has no route and so no {family} address"
            checks.append(Check(name="all", family=family, state="untested", detail=detail))
            continue
        pod = Pod(capture=capture, family=family, address=address, port=port, seconds=seconds)
        checks += [
            outbound(pod),
            bypass(pod),
            self_call(pod),
            localhost(pod),
            *dns(pod),
            inbound(pod),
        ]
    return tuple(checks)


def own_address(family: Family) -> str | None:
    """Give the address the kernel would send from; nothing is sent."""
    with socket.socket(SOCKET_FAMILY[family], DATAGRAM) as probe:
        try:
            probe.connect((UNROUTABLE[family], 9))
        except OSError:
            return None
        return str(probe.getsockname()[0])


def application() -> Identity:
    """Give an identity that is not the proxy's: our own user is root."""
    return Identity(user=os.geteuid(), group=os.getegid())


def proxy(capture: Capture) -> Identity:
    """Give the proxy's identity."""
    user = capture.proxy_users.intervals[0][0]
    groups = capture.proxy_groups.intervals
    return Identity(user=user, group=groups[0][0] if groups else NOBODY)


def outbound(pod: Pod) -> Check:
    """An application's connection to the outside arrives at the outbound port."""
    target = captured_target(pod)
    if target is None:
        return untested("outbound", pod, "no outbound destination is captured")
    with listen(pod.family, ANY[pod.family], pod.capture.outbound_port) as listener:
        problem = redirected_to(listener, target, application(), pod.seconds)
    return check("outbound", pod, problem)


def captured_target(pod: Pod) -> Target | None:
    """Give a destination that the capture includes; None when there is none."""
    capture = pod.capture
    port = next_free(pod.port, capture.outbound_excluded_ports)
    if capture.outbound_destinations.everything:
        return Target(family=pod.family, address=UNROUTABLE[pod.family], port=port)
    if capture.outbound_ports:
        port = capture.outbound_ports.intervals[0][0]
        return Target(family=pod.family, address=UNROUTABLE[pod.family], port=port)
    for low, _ in capture.outbound_destinations.of(pod.family).addresses.intervals:
        address = format_address(pod.family, low)
        return Target(family=pod.family, address=address, port=port)
    return None


def next_free(port: int, taken: object) -> int:
    """Give the first port from `port` on that is not in a set."""
    while port in taken:  # type: ignore[operator]
        port = port % 65535 + 1
    return port


def bypass(pod: Pod) -> Check:
    """The proxy's own connection is left alone: one to its tunnel port reaches that port."""
    if not can(SETUID) or not can(SETGID):
        return untested("bypass", pod, "capabilities SETUID and SETGID are missing")
    target = Target(family=pod.family, address=pod.address, port=pod.capture.tunnel_port)
    with listen(pod.family, pod.address, pod.capture.tunnel_port) as listener:
        problem = redirected_to(listener, target, proxy(pod.capture), pod.seconds, checked=False)
    return check("bypass", pod, problem)


def self_call(pod: Pod) -> Check:
    """The proxy's connection to its own pod enters at the inbound port."""
    if not can(SETUID) or not can(SETGID):
        return untested("self-call", pod, "capabilities SETUID and SETGID are missing")
    target = Target(family=pod.family, address=pod.address, port=pod.port)
    with listen(pod.family, ANY[pod.family], pod.capture.inbound_port) as listener:
        problem = redirected_to(listener, target, proxy(pod.capture), pod.seconds)
    return check("self-call", pod, problem)


def localhost(pod: Pod) -> Check:
    """An application's connection to localhost is left alone."""
    target = Target(family=pod.family, address=LOCALHOST[pod.family], port=pod.port)
    with listen(pod.family, LOCALHOST[pod.family], pod.port) as listener:
        problem = redirected_to(listener, target, application(), pod.seconds, checked=False)
    return check("localhost", pod, problem)


def dns(pod: Pod) -> tuple[Check, ...]:
    """Queries over UDP and TCP arrive at the agent's port, when DNS is captured."""
    capture = pod.capture
    if not capture.redirect_dns:
        return ()
    servers = capture.dns_servers.of(pod.family).addresses.intervals
    address = format_address(pod.family, servers[0][0]) if servers else UNROUTABLE[pod.family]
    if not servers and not capture.dns_servers.everything:
        return (untested("dns", pod, "resolv.conf names no server of this family"),)
    target = Target(family=pod.family, address=address, port=DNS_QUERY_PORT)
    local = LOCALHOST[pod.family]
    with listen(pod.family, local, capture.dns_port, kind=DATAGRAM) as listener:
        udp = query_redirected_to(listener, target, application(), pod.seconds)
    with listen(pod.family, local, capture.dns_port) as listener:
        tcp = redirected_to(listener, target, application(), pod.seconds)
    return check("dns-udp", pod, udp), check("dns-tcp", pod, tcp)


def inbound(pod: Pod) -> Check:
    """A connection from outside is answered by the inbound port's listener."""
    capture = pod.capture
    if not can(NET_ADMIN) or not can(NET_RAW):
        return untested("inbound", pod, "capabilities NET_ADMIN and NET_RAW are missing")
    if not capture.inbound_ports:
        return untested("inbound", pod, "no inbound port is captured")
    port = next_free(pod.port, capture.inbound_excluded_ports)
    if not capture.inbound_ports.everything:
        port = capture.inbound_ports.ranges.intervals[0][0]
    target = Target(family=pod.family, address=pod.address, port=port)
    listener = listen(
        pod.family, ANY[pod.family], capture.inbound_port, transparent=capture.is_transparent
    )
    with listener, Wire() as wire:
        answer = wire.answer_to_syn(target, pod.seconds)
    problem = "" if answer == "accepted" else f"a SYN to {target} from outside got {answer}"
    return check("inbound", pod, problem)


def check(name: str, pod: Pod, problem: str) -> Check:
    """Give the result of a check that was made."""
    state = "failed" if problem else "passed"
    return Check(name=name, family=pod.family, state=state, detail=problem)


def untested(name: str, pod: Pod, reason: str) -> Check:
    """Give the result of a check that could not be made."""
    return Check(name=name, family=pod.family, state="untested", detail=reason)
