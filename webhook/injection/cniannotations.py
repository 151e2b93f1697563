"""The annotations from which Istio's CNI plugin takes what to redirect."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from webhook.injection.ports import own_ports
from webhook.model.errors import PodRejected
from webhook.model.settings import RedirectMode, Settings

_LONGEST_RANGE: Final = 1000
"""Ports of one range, written one by one: 6 KB of the 256 KiB that all annotations may have."""


def cni_annotations(settings: Settings) -> tuple[tuple[str, str], ...]:
    """Return them with their texts; none where no plugin redirects."""
    if settings.redirect.mode is not RedirectMode.CNI:
        return ()
    traffic = settings.traffic
    excluded = (*(str(port) for port in own_ports(settings)), *traffic.exclude_inbound_ports)
    prefix = "traffic.sidecar.istio.io"
    texts = (
        ("sidecar.istio.io/interceptionMode", traffic.interception_mode.value),
        (f"{prefix}/includeOutboundIPRanges", ",".join(traffic.include_outbound_cidrs)),
        (f"{prefix}/excludeOutboundIPRanges", ",".join(traffic.exclude_outbound_cidrs)),
        (f"{prefix}/includeInboundPorts", _ports(traffic.include_inbound_ports)),
        (f"{prefix}/excludeInboundPorts", _ports(excluded)),
        (f"{prefix}/includeOutboundPorts", _ports(traffic.include_outbound_ports)),
        (f"{prefix}/excludeOutboundPorts", _ports(traffic.exclude_outbound_ports)),
        (f"{prefix}/excludeInterfaces", ",".join(traffic.exclude_interfaces)),
        ("istio.io/reroute-virtual-interfaces", ",".join(traffic.virtual_interfaces)),
    )
    always = (f"{prefix}/includeOutboundIPRanges", f"{prefix}/includeInboundPorts")
    return tuple((key, text) for key, text in texts if text or key in always)


def _ports(ports: Iterable[str]) -> str:
    """Return ports one by one: the plugin knows no ranges, and fails the pod that has one.

    Raises:
        PodRejected: there are too many to write them all.
    """
    found: dict[str, None] = {}
    for port in ports:
        first, _, last = port.partition("-")
        if last and int(last) - int(first) >= _LONGEST_RANGE:
            raise PodRejected(
                f"ports {port}: got a range of more than {_LONGEST_RANGE} ports, expected a "
                "shorter one, because the CNI plugin takes single ports only"
            )
        found |= dict.fromkeys(map(str, range(int(first), int(last) + 1)) if last else (port,))
    return ",".join(found)
