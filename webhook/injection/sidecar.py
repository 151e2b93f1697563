"""The sidecar of one set of annotations, prepared once and filled in for each pod."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from msgspec import Raw, Struct

from webhook import __version__
from webhook.bootstrap.document import Prepared
from webhook.bootstrap.document import prepare as prepare_document
from webhook.bootstrap.facts import Facts, ProbeTarget
from webhook.bootstrap.template import Template, template
from webhook.bootstrap.text import Reference, encode, literal
from webhook.injection import record
from webhook.injection.annotations import effective
from webhook.injection.cniannotations import cni_annotations
from webhook.injection.effective import Effective, put
from webhook.injection.fingerprint import configuration_hash
from webhook.injection.initcontainer import init_container
from webhook.injection.overlay import merge
from webhook.injection.placement import Named
from webhook.injection.ports import inbound_capture
from webhook.injection.probes import Rewriting
from webhook.injection.proxy_config import ReadYaml
from webhook.injection.proxycontainer import proxy_container
from webhook.injection.volumes import volumes as volumes_of
from webhook.model import names
from webhook.model.errors import PodRejected
from webhook.model.settings import (
    InterceptionMode,
    OverlayTarget,
    RedirectMode,
    Resources,
    Settings,
)

# Stand for what differs from pod to pod in the container's JSON text; no configuration holds them.
_STAND_INS: Final = {
    b"bootstrap": "\ue000bootstrap\ue001",
    b"drain": "\ue000drain\ue001",
    b"cluster": "\ue000cluster\ue001",
}


class Sidecar(Struct, frozen=True, eq=False):
    """What all pods with the same annotations share, most of it as JSON text."""

    settings: Settings
    """Effective for these annotations."""
    warnings: tuple[str, ...]
    rewriting: Rewriting | None
    """None: probes are left alone."""
    taken_ports: frozenset[int]
    volumes: tuple[Named, ...]
    volume_names: frozenset[str]
    pull_secrets: tuple[Named, ...]
    constant: tuple[tuple[str, str], ...]
    """Annotations of ours whose text is the same for every pod."""
    annotation_keys: tuple[str, ...]
    """All of ours but the status."""
    for_plugin: tuple[tuple[str, str], ...]
    """What the plugin that redirects must read, whatever form the pod's own annotation has."""
    identity: record.Identity
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

    def holes(
        self, facts: Facts, probes: tuple[ProbeTarget, ...], token: str
    ) -> dict[bytes, bytes]:
        """Return what belongs in the holes of `container` for one pod.

        Raises:
            PodRejected: some text cannot be written as JSON.
        """
        values = self.document.values(facts, probes, token)
        values[b"drain"] = encode(token)[1:-1]
        values[b"cluster"] = encode(facts.service_cluster)[1:-1]
        return values

    def check(self, text: bytes, facts: Facts, probes: tuple[ProbeTarget, ...], token: str) -> None:
        """Let a text that holds the proxy container pass if its Envoy document is not too large.

        Raises:
            PodRejected: the document is too large for an argument.
        """
        self.document.check(text, facts, probes, token)


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
    container = proxy_container(
        found,
        document=_STAND_INS[b"bootstrap"],
        service_cluster=_STAND_INS[b"cluster"],
        token=_STAND_INS[b"drain"],
    )
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
    volumes = tuple((volume["name"], Raw(encode(volume))) for volume in volumes_of(found))
    secrets = tuple((name, Raw(encode({"name": name}))) for name in own.proxy.image_pull_secrets)
    for_plugin = cni_annotations(own)
    constant = ((names.REVISION, own.revision), *for_plugin)
    identity = record.Identity(own.revision, __version__, configuration_hash(settings))
    return Sidecar(
        settings=own,
        warnings=(*found.warnings, *said),
        rewriting=_rewriting(own),
        taken_ports=frozenset(msgspec.structs.astuple(own.proxy.ports)),
        volumes=volumes,
        volume_names=frozenset(dict(volumes)),
        pull_secrets=secrets,
        constant=constant,
        annotation_keys=(
            *dict(constant),
            names.DEFAULT_CONTAINER,
            names.DEFAULT_LOGS_CONTAINER,
        ),
        for_plugin=for_plugin,
        identity=identity,
        plain_init=init,
        container=_template(container, document),
        document=document,
    )


def _rewriting(settings: Settings) -> Rewriting | None:
    if not settings.probes.rewrite:
        return None
    return Rewriting(
        capture=inbound_capture(settings),
        native=settings.proxy.native,
        excludes=settings.redirect.mode is RedirectMode.INIT,
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
