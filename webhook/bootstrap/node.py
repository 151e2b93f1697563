"""Who the Envoy is: the node metadata by which Pilot chooses what to send.

Types matter: Pilot closes the stream when a field has the wrong JSON type (pilot/pkg/xds/ads.go).
"""

from __future__ import annotations

from typing import Any

from webhook.bootstrap.facts import Facts
from webhook.bootstrap.text import Reference
from webhook.model.settings import Settings


def node(settings: Settings, facts: Facts) -> dict[str, Any]:
    """Return the document's `node`; its id and cluster are arguments (`bootstrap.arguments`)."""
    return {"metadata": {**_constant(settings), **pod_metadata(settings, facts)}}


def pod_metadata(settings: Settings, facts: Facts) -> dict[str, Any]:
    """Return the entries that differ from pod to pod."""
    entries: dict[str, Any] = {
        "WORKLOAD_NAME": facts.workload,
        "LABELS": facts.labels,
        "POD_PORTS": facts.pod_ports,
        "APP_CONTAINERS": facts.app_containers,
    }
    if facts.owner:
        entries["OWNER"] = facts.owner
    network = facts.network or settings.pilot.network
    if network:
        entries["NETWORK"] = network
    return entries


def _constant(settings: Settings) -> dict[str, Any]:
    """Return the entries that are the same for every pod; ours win over a user's own."""
    ours: dict[str, Any] = {
        "NAME": Reference.POD_NAME,
        "NAMESPACE": Reference.POD_NAMESPACE,
        "SERVICE_ACCOUNT": Reference.SERVICE_ACCOUNT,
        "NODE_NAME": Reference.NODE_NAME,
        "INSTANCE_IPS": Reference.POD_IPS,
        "CLUSTER_ID": settings.pilot.cluster_id,
        "MESH_ID": settings.pilot.mesh_id,
        "ISTIO_VERSION": settings.pilot.istio_version,
        "INTERCEPTION_MODE": settings.traffic.interception_mode.value,
        # So that Pilot sees an application port that clashes with one of these.
        "ENVOY_STATUS_PORT": settings.proxy.ports.readiness,
        "ENVOY_PROMETHEUS_PORT": settings.proxy.ports.prometheus,
        # Without it Pilot sends listeners below 1024 in NONE mode, which uid 1337 cannot bind.
        "UNPRIVILEGED_POD": "true",
    }
    if settings.bootstrap.proxy_config:
        ours["PROXY_CONFIG"] = settings.bootstrap.proxy_config
    reserved = {*ours, "WORKLOAD_NAME", "LABELS", "POD_PORTS", "APP_CONTAINERS", "OWNER", "NETWORK"}
    extra = {k: v for k, v in settings.bootstrap.proxy_metadata.items() if k not in reserved}
    return {**extra, **ours}
