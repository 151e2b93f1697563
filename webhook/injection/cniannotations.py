"""The annotations from which Istio's CNI plugin takes what to redirect."""

from __future__ import annotations

from webhook.injection.ports import own_ports
from webhook.model.settings import RedirectMode, Settings


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
        (f"{prefix}/includeInboundPorts", ",".join(traffic.include_inbound_ports)),
        (f"{prefix}/excludeInboundPorts", ",".join(dict.fromkeys(excluded))),
        (f"{prefix}/includeOutboundPorts", ",".join(traffic.include_outbound_ports)),
        (f"{prefix}/excludeOutboundPorts", ",".join(traffic.exclude_outbound_ports)),
        (f"{prefix}/excludeInterfaces", ",".join(traffic.exclude_interfaces)),
        ("istio.io/reroute-virtual-interfaces", ",".join(traffic.virtual_interfaces)),
    )
    always = (f"{prefix}/includeOutboundIPRanges", f"{prefix}/includeInboundPorts")
    return tuple((key, text) for key, text in texts if text or key in always)
