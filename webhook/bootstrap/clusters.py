"""Our own clusters: the admin port, the readiness gate, the tracer; and what a cluster is."""

from __future__ import annotations

from typing import Any

from webhook.bootstrap.text import Reference
from webhook.model.settings import InterceptionMode, Settings

TYPE = "type.googleapis.com/envoy."

ADMIN = "prometheus_stats"
"""Istio's name for the cluster that is Envoy's own admin port."""
GATE = "config-ready"
TRACER = "zipkin"

SOURCE_IPV4 = "127.0.0.6"
SOURCE_IPV6 = "::6"
"""Where connections to the pod's own address come from: the redirect rules let these pass, where
they would send the proxy user's other connections to that address back into the proxy."""


def clusters(settings: Settings) -> list[dict[str, Any]]:
    """Return the clusters beside Pilot's and the probes'."""
    made = [admin_cluster(settings)]
    if settings.traffic.interception_mode is not InterceptionMode.NONE:
        made.append(_gate_cluster(settings))
    if settings.bootstrap.tracing.zipkin_address is not None:
        made.append(_tracer_cluster(settings.bootstrap.tracing.zipkin_address))
    return made


def admin_cluster(settings: Settings) -> dict[str, Any]:
    """Return the cluster through which the static listeners reach Envoy's admin port."""
    return cluster(ADMIN, [address("127.0.0.1", settings.proxy.ports.admin)])


def cluster(name: str, addresses: list[dict[str, Any]], **fields: Any) -> dict[str, Any]:
    """Return a cluster of fixed addresses, or of what `fields` say instead.

    The statistics' name ends in `;`, where the tag `cluster_name` ends (`bootstrap.stats`).
    """
    endpoints = [{"endpoint": {"address": each}} for each in addresses]
    return {
        "name": name,
        "alt_stat_name": f"{name};",
        "type": "STATIC",
        "connect_timeout": "0.250s",
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": endpoints}]},
        **fields,
    }


def address(host: str, port: int) -> dict[str, Any]:
    """Return a TCP socket address."""
    return {"socket_address": {"address": host, "port_value": port}}


def pod_source(settings: Settings) -> dict[str, Any]:
    """Return the cluster fields for connections to the pod's own address, of either family."""
    source: dict[str, Any] = {"source_address": {"address": SOURCE_IPV4, "port_value": 0}}
    if settings.proxy.ipv6:
        source["extra_source_addresses"] = [{"address": {"address": SOURCE_IPV6, "port_value": 0}}]
    return {"upstream_bind_config": source}


def http_options(options: dict[str, Any]) -> dict[str, Any]:
    """Return the cluster field that says which HTTP versions its hosts are spoken to in."""
    name = "extensions.upstreams.http.v3.HttpProtocolOptions"
    return {
        "typed_extension_protocol_options": {f"envoy.{name}": {"@type": f"{TYPE}{name}", **options}}
    }


def split(address: str) -> tuple[str, int]:
    """Return host (an IPv6 address without brackets) and port of `host:port`."""
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)


def _gate_cluster(settings: Settings) -> dict[str, Any]:
    """Return the cluster that is healthy when Pilot's two virtual listeners accept connections.

    Admin `/ready` would not do: it says 200 when Envoy refused every listener.
    """
    ports = settings.proxy.ports
    check = {
        "timeout": "0.5s",
        "interval": "1s",
        # Nothing else uses the cluster, and Envoy's default for such is a check a minute.
        "no_traffic_interval": "1s",
        "no_traffic_healthy_interval": "10s",
        "unhealthy_threshold": 1,
        "healthy_threshold": 1,
        "tcp_health_check": {},
    }
    return cluster(
        GATE,
        [address(Reference.POD_IP, ports.inbound), address(Reference.POD_IP, ports.outbound)],
        health_checks=[check],
        **pod_source(settings),
    )


def _tracer_cluster(collector: str) -> dict[str, Any]:
    host, port = split(collector)
    return cluster(
        TRACER,
        [address(host, port)],
        type="STRICT_DNS",
        dns_lookup_family="V4_PREFERRED",
        connect_timeout="1s",
    )
