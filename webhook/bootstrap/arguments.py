"""Envoy's command line, and the environment that its references need."""

from __future__ import annotations

from typing import Any

from webhook.model.settings import Settings

OVERRIDE_DIRECTORY = "/etc/istio/custom-bootstrap"
OVERRIDE_FILE = "custom_bootstrap.json"
"""Where the ConfigMap of `bootstrap.overrideConfigMap` is mounted: Istio's path and key."""

_FIELDS = {
    "POD_NAME": "metadata.name",
    "POD_NAMESPACE": "metadata.namespace",
    "POD_IP": "status.podIP",
    "POD_IPS": "status.podIPs",
    "NODE_NAME": "spec.nodeName",
    "SERVICE_ACCOUNT": "spec.serviceAccountName",
}


def arguments(settings: Settings, document: str, service_cluster: str) -> list[str]:
    """Return Envoy's arguments, as kubelet is given them.

    Args:
        settings: effective for the pod.
        document: the bootstrap with each `$` escaped for kubelet (`text.argument`).
        service_cluster: likewise escaped (`text.literal`).
    """
    domain = settings.proxy.cluster_domain
    return [
        *_override(settings),
        "--config-yaml",
        document,
        "--service-node",
        f"sidecar~$(POD_IP)~$(POD_NAME).$(POD_NAMESPACE)~$(POD_NAMESPACE).svc.{domain}",
        "--service-cluster",
        service_cluster,
        *_concurrency(settings),
        "--drain-time-s",
        str(settings.proxy.drain_seconds),
        # Every response says `connection: close` from the start, not more of them as time passes.
        "--drain-strategy",
        "immediate",
        # Hot restart would need shared memory and a second Envoy in the pod.
        "--disable-hot-restart",
        "--file-flush-interval-msec",
        "1000",
        "--log-level",
        settings.proxy.log_level,
        *_component_log_level(settings),
    ]


def environment() -> list[dict[str, Any]]:
    """Return the container's `env` by which kubelet resolves the references."""
    return [
        {"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}}
        for name, path in _FIELDS.items()
    ]


def _override(settings: Settings) -> list[str]:
    """Return the arguments that read a user's bootstrap.

    Envoy reads `--config-path` first and merges `--config-yaml` over it: lists are joined, the
    file's items first; where both say a single field, ours stands.
    """
    if settings.bootstrap.override_config_map is None:
        return []
    return ["--config-path", f"{OVERRIDE_DIRECTORY}/{OVERRIDE_FILE}"]


def _concurrency(settings: Settings) -> list[str]:
    """Return the number of workers; Envoy takes 0 for 1, and no number for one per core."""
    if settings.proxy.concurrency == 0:
        return []
    return ["--concurrency", str(settings.proxy.concurrency)]


def _component_log_level(settings: Settings) -> list[str]:
    if not settings.proxy.component_log_level:
        return []
    return ["--component-log-level", settings.proxy.component_log_level]
