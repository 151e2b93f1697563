"""Capture: what shall be redirected to the proxy, typed and validated; the input of the rules."""

from __future__ import annotations

from initcontainer.closed import StrEnum
from initcontainer.frozen import value
from initcontainer.networks import Family, Networks, network
from initcontainer.ranges import Ranges, of
from initcontainer.rules import Protocol

OUTBOUND_PORT = 15001
"""Istio's outbound listener (tools/common/config/config.go)."""
INBOUND_PORT = 15006
"""Istio's inbound listener."""
TUNNEL_PORT = 15008
"""HBONE: already encrypted for the proxy, reaches its listener directly."""
DNS_PORT = 15053
"""The DNS proxy of an agent (tools/istio-iptables/pkg/constants)."""
PROXY_ID = 1337
"""User and group of the proxy."""
TPROXY_MARK = 1337
"""Mark of packets for local delivery in TPROXY mode."""
SELF_CALL_MARK = 1338
"""Mark of the proxy's packets to its own pod address in TPROXY mode (Istio's OutboundMark)."""
TPROXY_TABLE = 133
"""Routing table that delivers marked packets locally."""


class Mode(StrEnum):
    """How inbound connections reach the proxy; outbound is REDIRECT in both capturing modes."""

    REDIRECT = "REDIRECT"
    TPROXY = "TPROXY"
    NONE = "NONE"


class Ipv6(StrEnum):
    """What happens to IPv6: captured when the kernel has it, captured, left alone, or refused."""

    AUTO = "auto"
    ON = "on"
    OFF = "off"
    REJECT = "reject"


@value
class Ports:
    """Ports to capture: all, or those in the ranges (none when empty)."""

    everything: bool = False
    ranges: Ranges = Ranges()

    def __bool__(self) -> bool:
        """Tell whether any port is captured."""
        return self.everything or bool(self.ranges)


@value
class Destinations:
    """Networks of both families; `everything` stands for all addresses."""

    everything: bool = False
    v4: Networks = Networks(family=Family.V4, addresses=Ranges())
    v6: Networks = Networks(family=Family.V6, addresses=Ranges())

    def __bool__(self) -> bool:
        """Tell whether there is any address in it."""
        return self.everything or bool(self.v4) or bool(self.v6)

    def of(self, family: Family) -> Networks:
        """Give the networks of one family."""
        return self.v4 if family is Family.V4 else self.v6

    def with_networks(self, more: Networks) -> Destinations:
        """Give these destinations with some more networks."""
        if more.family is Family.V4:
            return Destinations(everything=self.everything, v4=self.v4 | more, v6=self.v6)
        return Destinations(everything=self.everything, v4=self.v4, v6=self.v6 | more)


@value
class Exemption:
    """Traffic of some users that is not captured; protocol None and no ports mean all."""

    users: Ranges
    protocol: Protocol | None = None
    ports: Ranges = Ranges()


@value
class Capture:
    """Everything the rules depend on; the defaults are istio-iptables'."""

    mode: Mode = Mode.REDIRECT
    outbound_port: int = OUTBOUND_PORT
    inbound_port: int = INBOUND_PORT
    tunnel_port: int = TUNNEL_PORT
    dns_port: int = DNS_PORT
    proxy_users: Ranges = of(PROXY_ID)
    proxy_groups: Ranges = of(PROXY_ID)
    inbound_ports: Ports = Ports()
    inbound_excluded_ports: Ranges = Ranges()
    inbound_excluded_sources: Destinations = Destinations()
    outbound_destinations: Destinations = Destinations()
    outbound_excluded_destinations: Destinations = Destinations()
    outbound_ports: Ranges = Ranges()
    outbound_excluded_ports: Ranges = Ranges()
    outbound_excluded_udp_ports: Ranges = Ranges()
    exemptions: tuple[Exemption, ...] = ()
    excluded_interfaces: tuple[str, ...] = ()
    virtual_interfaces: tuple[str, ...] = ()
    groups_captured: Ranges | None = None
    """Only these groups' traffic is captured; None means all."""
    groups_excluded: Ranges = Ranges()
    captures_loopback: bool = False
    """An included network is a loopback address, so loopback traffic must not return early."""
    redirect_dns: bool = False
    dns_servers: Destinations = Destinations(everything=True)
    drop_invalid: bool = False
    loopback: Networks = network(Family.V4, "127.0.0.1/32")
    """The IPv4 addresses that mean "the application itself"; IPv6 has ::1 alone."""
    tproxy_mark: int = TPROXY_MARK
    tproxy_table: int = TPROXY_TABLE
    ipv6: Ipv6 = Ipv6.AUTO

    @property
    def is_transparent(self) -> bool:
        """Tell whether inbound traffic is captured by TPROXY."""
        return self.mode is Mode.TPROXY and bool(self.inbound_ports)

    def local(self, family: Family) -> Networks:
        """Give the addresses that explicitly mean localhost."""
        return self.loopback if family is Family.V4 else network(Family.V6, "::1/128")
