"""Which inbound ports the redirect rules capture."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from webhook.model.settings import InterceptionMode, RedirectMode, Settings


class Capture(Struct, frozen=True):
    """The inbound ports that reach the proxy instead of the application."""

    everything: bool
    included: frozenset[int]
    excluded: frozenset[int]

    def takes(self, port: int) -> bool:
        """Tell whether a connection to this port of the pod is redirected."""
        return (self.everything or port in self.included) and port not in self.excluded


def own_ports(settings: Settings) -> tuple[int, ...]:
    """Return the proxy's ports that others connect to, which must not be redirected to itself."""
    ports = settings.proxy.ports
    return ports.probes, ports.readiness, ports.prometheus


def inbound_capture(settings: Settings) -> Capture:
    """Return what the rules of these settings capture; nothing without redirection."""
    traffic = settings.traffic
    if (
        traffic.interception_mode is InterceptionMode.NONE
        or settings.redirect.mode is RedirectMode.NONE
    ):
        return Capture(everything=False, included=frozenset(), excluded=frozenset())
    return Capture(
        everything="*" in traffic.include_inbound_ports,
        included=_numbers(port for port in traffic.include_inbound_ports if port != "*"),
        excluded=_numbers(traffic.exclude_inbound_ports) | frozenset(own_ports(settings)),
    )


def _numbers(ports: Iterable[str]) -> frozenset[int]:
    """Return the ports of `80` and `8000-8010`, which were validated with the settings."""
    found: set[int] = set()
    for port in ports:
        first, _, last = port.partition("-")
        found.update(range(int(first), int(last or first) + 1))
    return frozenset(found)
