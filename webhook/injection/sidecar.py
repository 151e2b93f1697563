"""The sidecar of one set of annotations, prepared once and filled in for each pod."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from typing import Any, Final

import msgspec
from msgspec import Raw, Struct

from webhook import __version__
from webhook.bootstrap.arguments import OVERRIDE_DIRECTORY, arguments, environment
from webhook.bootstrap.document import Prepared
from webhook.bootstrap.document import prepare as prepare_document
from webhook.bootstrap.facts import Facts, ProbeTarget, drain_path
from webhook.bootstrap.template import Template, template
from webhook.bootstrap.text import Reference, encode, literal
from webhook.injection import record
from webhook.injection.annotations import effective
from webhook.injection.effective import Effective, put
from webhook.injection.fingerprint import configuration_hash
from webhook.injection.initcontainer import (
    init_container,
    no_api_token_mount,
    resources,
    restricted,
)
from webhook.injection.layout import Layout, Shape, layout
from webhook.injection.overlay import merge
from webhook.injection.placement import Named
from webhook.injection.ports import Capture, inbound_capture, own_ports
from webhook.injection.proxy_config import ReadYaml
from webhook.model import names
from webhook.model.errors import PodRejected
from webhook.model.settings import (
    InterceptionMode,
    OverlayTarget,
    PilotConnection,
    Readiness,
    RedirectMode,
    Resources,
    Settings,
    Startup,
)

# Stand for what differs from pod to pod in the container's JSON text; no configuration holds them.
_STAND_INS: Final = {
    b"bootstrap": "\ue000bootstrap\ue001",
    b"drain": "\ue000drain\ue001",
    b"cluster": "\ue000cluster\ue001",
}


_SHAPES_KEPT = 256
"""Layouts of one sidecar, about 4 KB each; a cluster has a dozen shapes."""


class Sidecar(Struct, frozen=True):
    """What all pods with the same annotations share, most of it as JSON text."""

    settings: Settings
    """Effective for these annotations."""
    warnings: tuple[str, ...]
    capture: Capture
    taken_ports: frozenset[int]
    volume_names: frozenset[str]
    pull_secrets: tuple[Named, ...]
    annotation_keys: tuple[str, ...]
    identity: record.Identity
    layout: Callable[[Shape], Layout]
    """What pods of a shape have in common; the latest shapes are kept."""
    plain_init: Raw | None
    container: Template
    """The proxy container's JSON text, with the document's holes and its own."""
    document: Prepared

    @property
    def init_name(self) -> str:
        """The name of the init container."""
        return _init_name(self.settings)

    def init(self, excluded_ports: tuple[int, ...]) -> Named | None:
        """Return the init container, which leaves these inbound ports uncaptured too."""
        if self.plain_init is None or not excluded_ports:
            return None if self.plain_init is None else (self.init_name, self.plain_init)
        container = _init(self.settings, excluded_ports)
        return None if container is None else (self.init_name, container)

    def proxy(self, facts: Facts, probes: tuple[ProbeTarget, ...], token: str) -> bytes:
        """Return the proxy container's JSON text for one pod.

        Raises:
            PodRejected: the Envoy document is too large for an argument, or holds text that Envoy
                cannot read.
        """
        values = self.document.values(facts, probes, token)
        values[b"drain"] = encode(token)[1:-1]
        values[b"cluster"] = encode(facts.service_cluster)[1:-1]
        text = self.container.fill(values)
        self.document.check(text, facts, probes, token)
        return text


def prepare(
    settings: Settings,
    annotations: Mapping[str, str],
    *,
    has_pod_resources: bool,
    read_yaml: ReadYaml,
) -> Sidecar:
    """Return the sidecar of pods with these annotations.

    Args:
        settings: the configuration.
        annotations: those that the catalogue knows.
        has_pod_resources: the pod has a budget for all its containers together (`spec.resources`).
            The API server refuses containers that ask for more than that, so ours then ask for
            nothing, unless an annotation says what.
        read_yaml: reads annotations that hold YAML.

    Raises:
        PodRejected: an annotation cannot be read, or what they ask for together is not allowed.
    """
    start = _without_resources(settings) if has_pod_resources else settings
    found = _without_redirection(effective(start, annotations, read_yaml))
    own = found.settings
    container = _proxy(found)
    for overlay in own.overlays:
        if overlay.target is OverlayTarget.PROXY:
            container = merge(container, overlay.patch)
    document = prepare_document(own)
    said = (
        (_budget_advice(settings),)
        if has_pod_resources and own.proxy.resources == Resources()
        else ()
    )
    init = _init(own, ())
    volumes = tuple((volume["name"], Raw(encode(volume))) for volume in _volumes(found))
    secrets = tuple((name, Raw(encode({"name": name}))) for name in own.proxy.image_pull_secrets)
    constant = ((names.REVISION, own.revision), *_for_plugin(own))
    identity = record.Identity(own.revision, __version__, configuration_hash(settings))
    layout_of = partial(
        layout,
        annotations=constant,
        volumes=volumes,
        secrets=secrets,
        placed=(*(() if init is None else (_init_name(own),)), names.PROXY),
        identity=identity,
        native=own.proxy.native,
    )
    return Sidecar(
        settings=own,
        warnings=(*found.warnings, *said),
        capture=inbound_capture(own),
        taken_ports=frozenset(msgspec.structs.astuple(own.proxy.ports)),
        volume_names=frozenset(dict(volumes)),
        pull_secrets=secrets,
        annotation_keys=(
            *dict(constant),
            names.DEFAULT_CONTAINER,
            names.DEFAULT_LOGS_CONTAINER,
        ),
        identity=identity,
        layout=lru_cache(maxsize=_SHAPES_KEPT)(layout_of),
        plain_init=init,
        container=_template(container, document),
        document=document,
    )


def _template(container: dict[str, Any], document: Prepared) -> Template:
    """Return the container's text with the document's own holes in it, to fill both in one pass."""
    stand_ins = {name: stand_in.encode() for name, stand_in in _STAND_INS.items()}
    text = encode(container)
    if any(text.count(stand_in) > 1 for stand_in in stand_ins.values()):
        raise PodRejected(
            "the proxy's container: got text with U+E000, expected assigned characters"
        )
    made = template(text, stand_ins)
    return Template(made.pattern.replace(b"%(bootstrap)b", document.whole.pattern))


def _init_name(settings: Settings) -> str:
    return names.INIT if settings.redirect.mode is RedirectMode.INIT else names.VALIDATION


def service_cluster(settings: Settings, service: str) -> str:
    """Return Envoy's service cluster as an argument that kubelet expands."""
    if settings.proxy.service_cluster is not None:
        return literal(settings.proxy.service_cluster)
    return f"{literal(service)}.{Reference.POD_NAMESPACE}"


def _without_redirection(found: Effective) -> Effective:
    """Say `NONE` in both places where nothing is redirected."""
    if found.settings.redirect.mode is not RedirectMode.NONE:
        return found
    return put(found, "settings.traffic.interception_mode", InterceptionMode.NONE)


def _without_resources(settings: Settings) -> Settings:
    replace = msgspec.structs.replace
    return replace(
        settings,
        proxy=replace(settings.proxy, resources=Resources()),
        redirect=replace(settings.redirect, resources=Resources()),
    )


def _budget_advice(settings: Settings) -> str:
    wanted = settings.proxy.resources
    requests, limits = wanted.requests, wanted.limits
    return (
        "spec.resources is a budget for all containers, so the proxy gets none of its own: add "
        f"{requests.cpu or '0'} CPU and {requests.memory or '0'} of memory to its requests, and "
        f"{limits.cpu or '0'} and {limits.memory or '0'} to its limits, or set "
        "sidecar.istio.io/proxyCPU and proxyMemory"
    )


def _init(settings: Settings, excluded_ports: tuple[int, ...]) -> Raw | None:
    container = init_container(settings, excluded_ports=excluded_ports)
    if container is None:
        return None
    for overlay in settings.overlays:
        if overlay.target is OverlayTarget.INIT:
            container = merge(container, overlay.patch)
    return Raw(encode(container))


def _proxy(found: Effective) -> dict[str, Any]:
    """Return the proxy container with the three places that differ from pod to pod."""
    settings = found.settings
    proxy = settings.proxy
    container: dict[str, Any] = {"name": names.PROXY, "image": proxy.image}
    if proxy.image_pull_policy is not None:
        container["imagePullPolicy"] = proxy.image_pull_policy.value
    container["args"] = arguments(settings, _STAND_INS[b"bootstrap"], _STAND_INS[b"cluster"])
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
        "preStop": {
            "httpGet": {"path": drain_path(_STAND_INS[b"drain"]), "port": proxy.ports.readiness}
        }
    }
    container["terminationMessagePolicy"] = "FallbackToLogsOnError"
    container["volumeMounts"] = [*_mounts(settings), *found.user_volume_mounts]
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


def _mounts(settings: Settings) -> list[dict[str, Any]]:
    mounts = [no_api_token_mount()]
    if settings.pilot.connection is PilotConnection.TOKEN:
        mounts += (
            {"name": names.VOLUME_TOKEN, "mountPath": names.TOKEN_DIRECTORY, "readOnly": True},
            {"name": names.VOLUME_ROOT, "mountPath": names.ROOT_DIRECTORY, "readOnly": True},
        )
    if settings.bootstrap.override_config_map is not None:
        mounts.append(
            {"name": names.VOLUME_OVERRIDE, "mountPath": OVERRIDE_DIRECTORY, "readOnly": True}
        )
    return mounts


def _volumes(found: Effective) -> list[dict[str, Any]]:
    settings = found.settings
    volumes: list[dict[str, Any]] = [
        {"name": names.VOLUME_NO_API_TOKEN, "emptyDir": {"medium": "Memory"}}
    ]
    if settings.pilot.connection is PilotConnection.TOKEN:
        volumes += (_token_volume(settings), _root_volume(settings))
    if settings.bootstrap.override_config_map is not None:
        volumes.append(
            {
                "name": names.VOLUME_OVERRIDE,
                "configMap": {"name": settings.bootstrap.override_config_map},
            }
        )
    return [*volumes, *found.user_volumes]


def _token_volume(settings: Settings) -> dict[str, Any]:
    token = {
        "audience": settings.pilot.token_audience,
        "expirationSeconds": settings.pilot.token_expiration_seconds,
        "path": names.TOKEN_FILE,
    }
    return {
        "name": names.VOLUME_TOKEN,
        "projected": {"sources": [{"serviceAccountToken": token}]},
    }


def _root_volume(settings: Settings) -> dict[str, Any]:
    root = settings.pilot.root_certificate
    if root.cluster_trust_bundle is not None:
        bundle = {"name": root.cluster_trust_bundle, "path": names.ROOT_FILE}
        return {
            "name": names.VOLUME_ROOT,
            "projected": {"sources": [{"clusterTrustBundle": bundle}]},
        }
    items = [{"key": root.key, "path": names.ROOT_FILE}]
    return {"name": names.VOLUME_ROOT, "configMap": {"name": root.config_map, "items": items}}


def _for_plugin(settings: Settings) -> tuple[tuple[str, str], ...]:
    """Return the annotations from which Istio's CNI plugin takes what to redirect."""
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
