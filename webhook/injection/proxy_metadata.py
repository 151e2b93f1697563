"""What a ProxyConfig's `proxyMetadata` becomes: node metadata that Pilot reads, or a warning.

In Istio these are environment variables of the agent, which copies `ISTIO_META_*` into Envoy's node
metadata. Here that copy is made at injection; what the agent itself would obey has no reader.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from webhook.injection.annotation_values import Refused
from webhook.injection.effective import Effective, at, put, warn

PREFIX: Final = "ISTIO_META_"

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,127}")

_SETTINGS: Final[Mapping[str, str]] = {
    "CLUSTER_ID": "settings.pilot.cluster_id",
    "MESH_ID": "settings.pilot.mesh_id",
    "NETWORK": "settings.pilot.network",
}

_OURS: Final = frozenset(
    (
        "ANNOTATIONS",
        "APP_CONTAINERS",
        "ENVOY_PROMETHEUS_PORT",
        "ENVOY_STATUS_PORT",
        "GENERATOR",
        "INSTANCE_IPS",
        "INTERCEPTION_MODE",
        "ISTIO_REVISION",
        "ISTIO_VERSION",
        "LABELS",
        "NAME",
        "NAMESPACE",
        "NODE_NAME",
        "OWNER",
        "PLATFORM_METADATA",
        "POD_PORTS",
        "PROXY_CONFIG",
        "SERVICE_ACCOUNT",
        "STATIC_LABELS",
        "WORKLOAD_NAME",
    )
)
"""Members of the node metadata that identify the pod, or that must not be text."""

_DNS: Final = "no agent answers DNS in the pod; the cluster's own DNS is used"
_HBONE: Final = "the sidecar has no HBONE listener"
_CERTIFICATES: Final = "no agent serves certificates"
_AGENT: Final = "no agent runs in the pod"
_WITHOUT_AGENT: Final[Mapping[str, str]] = {
    "DNS_CAPTURE": _DNS,
    "DNS_AUTO_ALLOCATE": f"{_DNS}, so give the ServiceEntry an address",
    "DNS_PROXY_ADDR": _DNS,
    "ENABLE_DNS_SERVER": _DNS,
    "ENABLE_HBONE": _HBONE,
    "DISABLE_HBONE_SEND": _HBONE,
    "TLS_SERVER_CERT_CHAIN": _CERTIFICATES,
    "TLS_SERVER_KEY": _CERTIFICATES,
    "TLS_SERVER_ROOT_CERT": _CERTIFICATES,
    "TLS_CLIENT_CERT_CHAIN": _CERTIFICATES,
    "TLS_CLIENT_KEY": _CERTIFICATES,
    "TLS_CLIENT_ROOT_CERT": _CERTIFICATES,
    "CERT_SIGNER": _CERTIFICATES,
    "WORKLOAD_IDENTITY_SOCKET_FILE": _CERTIFICATES,
    "ENVOY_SECURE_METRICS_PORT": f"{_CERTIFICATES}; the Prometheus port is plain HTTP",
    "ENVOY_SECURE_MERGED_METRICS_PORT": f"{_CERTIFICATES}; the Prometheus port is plain HTTP",
    "ENABLE_SELF_DISCOVERY": "the bootstrap has no cluster of its own service",
    "EXIT_ON_ZERO_ACTIVE_CONNECTIONS": f"{_AGENT} to watch connections; use drainDuration",
    "AUTO_REGISTER_GROUP": "it registers workloads outside Kubernetes",
    "WORKLOAD_ENTRY": "it describes workloads outside Kubernetes",
    "METADATA_DISCOVERY": "stock Envoy has no workload metadata extension",
    "STS_PORT": f"{_AGENT} to serve tokens",
    "CLOUDRUN_ADDR": _AGENT,
    "GLOBAL_DOWNSTREAM_MAX_CONNECTIONS": (
        "use an overload_manager in sidecar.istio.io/bootstrapOverride"
    ),
}


def with_metadata(draft: Effective, metadata: Mapping[str, str], where: str) -> Effective:
    """Return the draft with these variables honoured; `where` begins each warning.

    Raises:
        Refused: a variable of node metadata has a name that cannot be a key there.
    """
    kept: dict[str, str] = {}
    for variable, value in metadata.items():
        name = variable.removeprefix(PREFIX)
        if not variable.startswith(PREFIX):
            draft = warn(draft, f"{where}.{variable} has no effect: {_AGENT} to read it")
        elif not _NAME.fullmatch(name):
            raise Refused(f'proxyMetadata: "{variable}" is no variable name')
        elif name in _SETTINGS:
            draft = put(draft, _SETTINGS[name], value)
        elif name in _OURS:
            draft = warn(draft, f"{where}.{variable} has no effect: Pillion sets it from the pod")
        elif name in _WITHOUT_AGENT:
            if value != "false":
                draft = warn(draft, f"{where}.{variable} has no effect: {_WITHOUT_AGENT[name]}")
        else:
            kept[name] = value
    path = "settings.bootstrap.proxy_metadata"
    return put(draft, path, {**at(draft, path), **kept}) if kept else draft


def why_not(name: str) -> str:
    """Say why a member of the node metadata cannot be configured; empty: it can."""
    if not _NAME.fullmatch(name):
        return "expected letters, digits, _, . and - after a letter or _"
    if name in _SETTINGS:
        return "expected the pilot section to set it: clusterId, meshId or network"
    if name in _OURS:
        return "is set by Pillion from the pod"
    return f"has no effect: {_WITHOUT_AGENT[name]}" if name in _WITHOUT_AGENT else ""
