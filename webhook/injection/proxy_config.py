"""What `proxy.istio.io/config` changes: each member is honoured, or warned about by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from webhook.injection.annotation_values import Refused
from webhook.injection.effective import Effective, at, put, warn
from webhook.injection.proxy_config_fields import PROXY_CONFIG
from webhook.injection.proxy_metadata import with_metadata
from webhook.model.errors import ManifestError
from webhook.model.settings import InterceptionMode

KEY: Final = "proxy.istio.io/config"
ACCEPTED: Final = "YAML of Istio's ProxyConfig"
MOST_MISTAKES: Final = 10
"""Reading ends there: each unknown member costs a search for the nearest name."""


class ReadYaml(Protocol):
    """Reads one YAML document into plain values, with kubectl's rules.

    Implemented by the manifests' reader, which survives hostile text (depth, aliases, size);
    called for annotations that hold YAML. Raises ManifestError.
    """

    def __call__(self, text: str, /) -> Any:
        """Return the document's value; an empty document is None."""


# Members that nothing here can honour, and what to do instead.
_IGNORED: Final[Mapping[str, str]] = {
    "configPath": "the bootstrap is an argument of Envoy, not a file",
    "binaryPath": "the image decides which Envoy runs; use sidecar.istio.io/proxyImage",
    "tracingServiceName": "no agent derives a service name; use serviceCluster",
    "discoveryRefreshDelay": "Pilot pushes, nothing is polled",
    "statsdUdpAddress": "no statsd sink is configured; scrape /stats/prometheus on the proxy",
    "envoyMetricsServiceAddress": "no metrics sink is configured; scrape /stats/prometheus",
    "envoyMetricsService": "no metrics sink is configured; scrape /stats/prometheus",
    "envoyAccessLogService": "no such cluster is configured; use Istio's Telemetry API",
    "availabilityZone": "Pilot takes the locality from the node's labels",
    "controlPlaneAuthPolicy": "the configuration's pilot.connection decides",
    "customConfigFile": "use sidecar.istio.io/bootstrapOverride",
    "proxyBootstrapTemplatePath": "use sidecar.istio.io/bootstrapOverride",
    "statNameLength": "Envoy no longer limits the length of statistics' names",
    "sds": "no agent serves secrets",
    "runtimeValues": "use a layered_runtime in sidecar.istio.io/bootstrapOverride",
    "gatewayTopology": "it configures gateways, and this is a sidecar",
    "readinessProbe": "it is for workloads outside Kubernetes; use the container's own probes",
    "caCertificatesPem": "no agent fetches certificates",
    "image": "stock Envoy has no such variants; use sidecar.istio.io/proxyImage",
    "privateKeyProvider": "stock Envoy has none",
    "fileFlushInterval": "Envoy's default applies",
    "fileFlushMinSizeKb": "Envoy's default applies",
    "statsCompression": "the client's Accept-Encoding decides",
}

# Members that become one value of the settings, and where; put first, so that the newer
# `tracing.zipkin` and `terminationDrainDuration` win over the older ones.
_PLACES: Final[Mapping[str, str]] = {
    "serviceCluster": "settings.proxy.service_cluster",
    "discoveryAddress": "settings.pilot.address",
    "zipkinAddress": "settings.bootstrap.tracing.zipkin_address",
    "proxyAdminPort": "settings.proxy.ports.admin",
    "statusPort": "settings.proxy.ports.probes",
    "concurrency": "settings.proxy.concurrency",
    "drainDuration": "settings.proxy.drain_seconds",
    "meshId": "settings.pilot.mesh_id",
}
_DRAINS: Final = ("drainDuration", "terminationDrainDuration")


def apply(draft: Effective, text: str, read_yaml: ReadYaml) -> Effective:
    """Return the draft as this ProxyConfig changes it.

    Raises:
        Refused: it is not YAML, not a ProxyConfig, or has a member of a wrong type or bound.
    """
    members = _members(text, read_yaml)
    for name in (name for name in _PLACES if name in members):
        draft = put(draft, _PLACES[name], members[name])
    for name in (name for name in members if name not in _PLACES):
        if name in _IGNORED:
            draft = warn(draft, f'annotation "{KEY}": {name} has no effect: {_IGNORED[name]}')
        else:
            draft = _CHANGES[name](draft, members[name])
    if len({members[name] for name in _DRAINS if name in members}) > 1:
        draft = warn(
            draft,
            f'annotation "{KEY}": drainDuration has no effect beside terminationDrainDuration: '
            "there is one drain time",
        )
    return draft


def _members(text: str, read_yaml: ReadYaml) -> dict[str, Any]:
    try:
        document = read_yaml(text)
    except (ManifestError, ValueError, RecursionError) as error:
        raise Refused(str(error)) from error
    mistakes: list[str] = []

    def note(path: str, what: str) -> None:
        mistakes.append(f"{path}: {what}" if path else what)
        if len(mistakes) == MOST_MISTAKES:
            raise Refused("; ".join(mistakes))

    found = PROXY_CONFIG({} if document is None else document, "", note)
    if mistakes:
        raise Refused("; ".join(mistakes))
    members: dict[str, Any] = found
    return members


def _termination_drain(draft: Effective, seconds: int) -> Effective:
    return put(draft, "settings.proxy.drain_seconds", seconds)


def _interception_mode(draft: Effective, mode: str) -> Effective:
    return put(draft, "settings.traffic.interception_mode", InterceptionMode(mode))


def _tracing(draft: Effective, tracing: dict[str, Any]) -> Effective:
    for name in ("lightstep", "datadog", "stackdriver", "openCensusAgent", "tlsSettings"):
        if name in tracing:
            draft = warn(
                draft,
                f'annotation "{KEY}": tracing.{name} has no effect: the bootstrap has a Zipkin '
                "tracer only; use an extension provider and Istio's Telemetry API",
            )
    if address := (tracing.get("zipkin") or {}).get("address"):
        draft = put(draft, "settings.bootstrap.tracing.zipkin_address", address)
    known = ("customTags", "maxPathTagLength", "sampling", "enableIstioTags")
    return _for_pilot(draft, "tracing", {name: tracing[name] for name in known if name in tracing})


def _connection_settings(draft: Effective, settings: dict[str, Any]) -> Effective:
    if "globalDownstreamConnectionLimit" in settings:
        draft = warn(
            draft,
            f'annotation "{KEY}": connectionSettings.globalDownstreamConnectionLimit has no '
            "effect: use an overload_manager in sidecar.istio.io/bootstrapOverride",
        )
    rest = {k: v for k, v in settings.items() if k != "globalDownstreamConnectionLimit"}
    return _for_pilot(draft, "connectionSettings", rest)


def _proxy_headers(draft: Effective, headers: dict[str, Any]) -> Effective:
    return _for_pilot(draft, "proxyHeaders", headers)


def _for_pilot(draft: Effective, name: str, value: dict[str, Any]) -> Effective:
    """Send a member to Pilot, merged over the administrator's as protobuf merges messages."""
    if not value:
        return draft
    merged = _merged(draft.settings.bootstrap.proxy_config, {name: value})
    draft = put(draft, "settings.bootstrap.proxy_config", merged)
    return warn(
        draft,
        f'annotation "{KEY}": Pilot takes tracing, proxyHeaders and connectionSettings of this pod '
        "from here alone, not from the mesh's defaultConfig: no agent merges the two",
    )


def _merged(base: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for name, value in change.items():
        before = merged.get(name)
        if isinstance(before, dict) and isinstance(value, dict):
            merged[name] = _merged(before, value)
        else:
            merged[name] = value
    return merged


def _stat_tags(draft: Effective, tags: list[str]) -> Effective:
    path = "settings.bootstrap.stats.extra_tags"
    return put(draft, path, tuple(dict.fromkeys((*at(draft, path), *tags))))


def _stats_matcher(draft: Effective, matcher: dict[str, list[str]]) -> Effective:
    for member, name in (
        ("inclusionPrefixes", "inclusion_prefixes"),
        ("inclusionSuffixes", "inclusion_suffixes"),
        ("inclusionRegexps", "inclusion_regexps"),
    ):
        if member in matcher:
            found = tuple(item for item in matcher[member] if item)
            draft = put(draft, f"settings.bootstrap.stats.{name}", found)
    return draft


def _hold(draft: Effective, hold: bool) -> Effective:  # noqa: FBT001 - a change's shape
    return put(draft, "hold_application", hold)


def _metadata(draft: Effective, metadata: dict[str, str]) -> Effective:
    return with_metadata(draft, metadata, f'annotation "{KEY}": proxyMetadata')


_CHANGES: Final[Mapping[str, Callable[[Effective, Any], Effective]]] = {
    "terminationDrainDuration": _termination_drain,
    "interceptionMode": _interception_mode,
    "tracing": _tracing,
    "connectionSettings": _connection_settings,
    "proxyHeaders": _proxy_headers,
    "extraStatTags": _stat_tags,
    "proxyStatsMatcher": _stats_matcher,
    "holdApplicationUntilProxyStarts": _hold,
    "proxyMetadata": _metadata,
}
