"""Keys that shape the proxy's container: image, resources, log, probes, volumes."""

from __future__ import annotations

from typing import Final

from webhook.injection import user_volumes
from webhook.injection.annotation_values import (
    boolean,
    component_log_levels,
    image,
    log_level,
    number,
    positive,
    quantity,
    seconds,
    true_or_false,
)
from webhook.injection.catalogue.entry import Entry, degraded, setting
from webhook.injection.effective import Effective, put, warn
from webhook.injection.proxy_config import ReadYaml

_DOMAIN: Final = "sidecar.istio.io"
_READINESS: Final = "readiness.status.sidecar.istio.io"
STATUS_PORT: Final = "status.sidecar.istio.io/port"
_QUANTITY: Final = "a Kubernetes quantity that is not negative, such as 250m or 1Gi"


def _status_port(draft: Effective, text: str, _: ReadYaml) -> Effective:
    port = number(text.strip(" "), 0, 65535)
    if port:
        return put(draft, "settings.proxy.ports.probes", port)
    return warn(
        put(draft, "proxy_probes", value=False),
        f'annotation "{STATUS_PORT}": 0 takes the probes off the proxy, so nothing holds the '
        "application until it is ready",
    )


def _cpu_or_memory(key: str, path: str, what: str) -> Entry:
    return Entry(
        key=f"{_DOMAIN}/{key}",
        accepted=_QUANTITY,
        default=f"configuration: proxy.resources.{path}",
        effect=f"the proxy's {what}; the other amounts keep their defaults",
        change=setting(f"settings.proxy.resources.{path}", quantity),
    )


ENTRIES: Final = (
    Entry(
        key=f"{_DOMAIN}/nativeSidecar",
        accepted="true or false",
        default="configuration: proxy.native (true)",
        effect="false makes the proxy a classic container, which cannot hold the application",
        change=setting("settings.proxy.native", true_or_false),
    ),
    Entry(
        key=f"{_DOMAIN}/proxyImage",
        accepted="an image reference",
        default="configuration: proxy.image",
        effect="the image of istio-proxy; the init container keeps its own",
        change=setting("settings.proxy.image", image),
    ),
    degraded(
        f"{_DOMAIN}/proxyImageType",
        effect="a variant of Istio's proxy image",
        instead="the variants are Istio's; name an image with sidecar.istio.io/proxyImage",
    ),
    _cpu_or_memory("proxyCPU", "requests.cpu", "CPU request"),
    _cpu_or_memory("proxyMemory", "requests.memory", "memory request"),
    _cpu_or_memory("proxyCPULimit", "limits.cpu", "CPU limit"),
    _cpu_or_memory("proxyMemoryLimit", "limits.memory", "memory limit"),
    Entry(
        key=f"{_DOMAIN}/logLevel",
        accepted="trace, debug, info, warning, error, critical or off",
        default="configuration: proxy.logLevel (warning)",
        effect="Envoy's log level",
        change=setting("settings.proxy.log_level", log_level),
    ),
    Entry(
        key=f"{_DOMAIN}/componentLogLevel",
        accepted="component:level pairs of Envoy, separated by commas, or nothing for none",
        default="configuration: proxy.componentLogLevel (misc:error)",
        effect="log levels of single components of Envoy",
        change=setting("settings.proxy.component_log_level", component_log_levels),
    ),
    degraded(
        f"{_DOMAIN}/agentLogLevel",
        effect="the log level of Istio's agent",
        instead="no agent runs in the pod; use sidecar.istio.io/logLevel for Envoy's log",
    ),
    Entry(
        key=STATUS_PORT,
        accepted="a port 1-65535 that the proxy does not use otherwise, or 0 for no probes",
        default="configuration: proxy.ports.probes (15020)",
        effect="the port on which rewritten probes of the application are answered",
        change=_status_port,
    ),
    Entry(
        key=f"{_READINESS}/initialDelaySeconds",
        accepted="a number 0-2147483647",
        default="configuration: proxy.readiness.initialDelaySeconds (0)",
        effect="the proxy's readiness probe",
        change=setting("settings.proxy.readiness.initial_delay_seconds", seconds),
    ),
    Entry(
        key=f"{_READINESS}/periodSeconds",
        accepted="a number 1-2147483647",
        default="configuration: proxy.readiness.periodSeconds (15)",
        effect="the proxy's readiness probe",
        change=setting("settings.proxy.readiness.period_seconds", positive),
    ),
    Entry(
        key=f"{_READINESS}/failureThreshold",
        accepted="a number 1-2147483647",
        default="configuration: proxy.readiness.failureThreshold (4)",
        effect="the proxy's readiness probe",
        change=setting("settings.proxy.readiness.failure_threshold", positive),
    ),
    degraded(
        f"{_READINESS}/applicationPorts",
        effect="ports that the agent once waited for; Istio reads it no longer either",
        instead="give the application a readiness probe",
    ),
    Entry(
        key=f"{_DOMAIN}/rewriteAppHTTPProbers",
        accepted="true or false",
        default="configuration: probes.rewrite (true)",
        effect="whether probes that capture would break are answered through the proxy",
        change=setting("settings.probes.rewrite", boolean),
    ),
    Entry(
        key=f"{_DOMAIN}/capNetBindService",
        accepted="true or false",
        default="false",
        effect="adds NET_BIND_SERVICE to the proxy, which then runs as root",
        change=setting("cap_net_bind_service", boolean),
    ),
    Entry(
        key=f"{_DOMAIN}/userVolume",
        accepted="a JSON object of volume name to source, or a JSON list of volumes",
        default="none",
        effect="volumes added to the pod",
        change=setting("user_volumes", user_volumes.volumes),
    ),
    Entry(
        key=f"{_DOMAIN}/userVolumeMount",
        accepted="a JSON object of volume name to mount, or a JSON list of mounts",
        default="none",
        effect="mounts added to the proxy",
        change=setting("user_volume_mounts", user_volumes.mounts),
    ),
    Entry(
        key="kubectl.kubernetes.io/default-container",
        accepted="a container's name",
        default="the first container that is not istio-proxy",
        effect="kept if present; decides what `kubectl exec` enters",
    ),
    Entry(
        key="kubectl.kubernetes.io/default-logs-container",
        accepted="a container's name",
        default="the first container that is not istio-proxy",
        effect="kept if present; decides what `kubectl logs` shows",
    ),
    degraded(
        "proxy.istio.io/overrides",
        effect="Istio's record of a user's own istio-proxy container",
        instead="Pillion keeps that in its own status; remove it from the template",
    ),
)
