"""Keys that decide which packets go through the proxy."""

from __future__ import annotations

from typing import Final

from webhook.injection.annotation_values import Refused
from webhook.injection.catalogue.entry import Entry, degraded, setting
from webhook.injection.effective import Effective
from webhook.injection.network_values import (
    cidrs,
    cidrs_or_all,
    interfaces,
    ports,
    ports_or_all,
)
from webhook.model.settings import InterceptionMode, RedirectMode

_DOMAIN: Final = "traffic.sidecar.istio.io"
_PORTS: Final = "ports 1-65535 or ranges a-b, separated by commas, or nothing for none"
_CIDRS: Final = "CIDR prefixes separated by commas without blanks, or nothing for none"
_INTERFACES: Final = (
    "names of at most 15 letters, digits, _, . and -, separated by commas, or nothing for none"
)


def _mode(text: str) -> InterceptionMode:
    try:
        return InterceptionMode(text)
    except ValueError as error:
        raise Refused from error


def _uses_cni(draft: Effective, _: str) -> bool:
    return draft.settings.redirect.mode is RedirectMode.CNI


ENTRIES: Final = (
    Entry(
        key="sidecar.istio.io/interceptionMode",
        accepted="REDIRECT, NONE, or TPROXY where the administrator set proxy.allowTproxy",
        default="configuration: traffic.interceptionMode",
        effect="how packets reach the proxy; NONE sets no rules and adds no init container",
        change=setting("settings.traffic.interception_mode", _mode),
    ),
    Entry(
        key=f"{_DOMAIN}/includeOutboundIPRanges",
        accepted=f"* or {_CIDRS}",
        default="configuration: traffic.includeOutboundCidrs (*)",
        effect="only connections to these addresses go through the proxy",
        change=setting("settings.traffic.include_outbound_cidrs", cidrs_or_all),
    ),
    Entry(
        key=f"{_DOMAIN}/excludeOutboundIPRanges",
        accepted=_CIDRS,
        default="configuration: traffic.excludeOutboundCidrs (none)",
        effect="connections to these addresses pass by the proxy",
        change=setting("settings.traffic.exclude_outbound_cidrs", cidrs),
    ),
    Entry(
        key=f"{_DOMAIN}/includeInboundPorts",
        accepted=f"* or {_PORTS}",
        default="configuration: traffic.includeInboundPorts (*)",
        effect="only connections to these ports of the pod go through the proxy",
        change=setting("settings.traffic.include_inbound_ports", ports_or_all),
    ),
    Entry(
        key=f"{_DOMAIN}/excludeInboundPorts",
        accepted=_PORTS,
        default="configuration: traffic.excludeInboundPorts (none); Pillion's own ports always",
        effect="connections to these ports of the pod pass by the proxy",
        change=setting("settings.traffic.exclude_inbound_ports", ports),
    ),
    Entry(
        key=f"{_DOMAIN}/includeOutboundPorts",
        accepted=_PORTS,
        default="configuration: traffic.includeOutboundPorts (none)",
        effect="connections to these ports go through the proxy whatever their address",
        change=setting("settings.traffic.include_outbound_ports", ports),
    ),
    Entry(
        key=f"{_DOMAIN}/excludeOutboundPorts",
        accepted=_PORTS,
        default="configuration: traffic.excludeOutboundPorts (none)",
        effect="connections to these ports pass by the proxy",
        change=setting("settings.traffic.exclude_outbound_ports", ports),
    ),
    Entry(
        key=f"{_DOMAIN}/excludeInterfaces",
        accepted=_INTERFACES,
        default="configuration: traffic.excludeInterfaces (none)",
        effect="packets of these interfaces pass by the proxy, in both directions",
        change=setting("settings.traffic.exclude_interfaces", interfaces),
    ),
    Entry(
        key=f"{_DOMAIN}/kubevirtInterfaces",
        accepted=_INTERFACES,
        default="configuration: traffic.virtualInterfaces (none)",
        effect="the older spelling of istio.io/reroute-virtual-interfaces, which wins",
        change=setting("settings.traffic.virtual_interfaces", interfaces),
    ),
    Entry(
        key="istio.io/reroute-virtual-interfaces",
        accepted=_INTERFACES,
        default="configuration: traffic.virtualInterfaces (none)",
        effect="what arrives on these interfaces (a virtual machine's) is treated as outbound",
        change=setting("settings.traffic.virtual_interfaces", interfaces),
    ),
    degraded(
        "k8s.v1.cni.cncf.io/networks",
        effect="Multus' own list of networks; never changed by Pillion",
        instead="Pillion adds no network to it; where the redirecting plugin is attached through "
        "Multus, name its network here yourself",
        asks=_uses_cni,
    ),
)
