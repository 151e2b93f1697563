"""The proxy container: stock Envoy, unprivileged, its whole configuration in one argument."""

from __future__ import annotations

from typing import Any

import msgspec

from webhook.bootstrap.arguments import arguments, environment
from webhook.bootstrap.facts import drain_path
from webhook.injection.effective import Effective
from webhook.injection.initcontainer import resources, restricted
from webhook.injection.volumes import mounts
from webhook.model import names
from webhook.model.settings import InterceptionMode, Readiness, Settings, Startup


def proxy_container(
    found: Effective, *, document: str, service_cluster: str, token: str
) -> dict[str, Any]:
    """Return the proxy container's JSON value.

    Args:
        found: what applies to the pod.
        document: the Envoy document, as an argument that kubelet expands.
        service_cluster: likewise.
        token: begins the paths that the proxy answers for kubelet.
    """
    settings = found.settings
    proxy = settings.proxy
    container: dict[str, Any] = {"name": names.PROXY, "image": proxy.image}
    if proxy.image_pull_policy is not None:
        container["imagePullPolicy"] = proxy.image_pull_policy.value
    container["args"] = arguments(settings, document, service_cluster)
    container["env"] = environment()
    container["ports"] = [
        {"name": "http-envoy-prom", "containerPort": proxy.ports.prometheus, "protocol": "TCP"}
    ]
    container |= resources(proxy.resources)
    container["securityContext"] = _security_context(found)
    if found.proxy_probes:
        container["startupProbe"] = _ready(settings) | _numbers(proxy.startup)
        container["readinessProbe"] = _ready(settings) | _numbers(proxy.readiness)
    container["lifecycle"] = {
        "preStop": {"httpGet": {"path": drain_path(token), "port": proxy.ports.readiness}}
    }
    container["terminationMessagePolicy"] = "FallbackToLogsOnError"
    container["volumeMounts"] = [*mounts(settings), *found.user_volume_mounts]
    if proxy.native:
        container["restartPolicy"] = "Always"
    return container


def _ready(settings: Settings) -> dict[str, Any]:
    return {"httpGet": {"path": "/healthz/ready", "port": settings.proxy.ports.readiness}}


def _numbers(probe: Startup | Readiness) -> dict[str, int]:
    """Return a probe's numbers in Kubernetes' spelling; zero is its default and left out."""
    return {key: value for key, value in msgspec.to_builtins(probe).items() if value}


def _security_context(found: Effective) -> dict[str, Any]:
    """Unprivileged, but for two things that only root may do."""
    proxy = found.settings.proxy
    context = restricted(proxy.uid, proxy.gid)
    added = []
    if found.settings.traffic.interception_mode is InterceptionMode.TPROXY:
        # A listener with a transparent socket fails to bind as any other uid.
        added.append("NET_ADMIN")
    if found.cap_net_bind_service:
        added.append("NET_BIND_SERVICE")
    if added:
        context |= {
            "capabilities": {"add": added, "drop": ["ALL"]},
            "runAsNonRoot": False,
            "runAsUser": 0,
        }
    return context
