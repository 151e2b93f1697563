"""Labels that name the workload, its network and its service; read when the plan is made."""

from __future__ import annotations

from typing import Final

from webhook.injection.catalogue.entry import Entry, Place, Support
from webhook.model import names


def _label(
    key: str, effect: str, *, default: str = "the next source decides", instead: str = ""
) -> Entry:
    return Entry(
        key=key,
        place=Place.LABEL,
        accepted="a label value",
        default=default,
        effect=effect,
        support=Support.DEGRADED if instead else Support.HONOURED,
        instead=instead,
    )


ENTRIES: Final = (
    _label(
        names.NETWORK,
        "the pod's network, over the configuration's pilot.network",
        default="configuration: pilot.network",
    ),
    _label(
        names.CANONICAL_NAME,
        "the service's name in telemetry; kept if present",
        default="app.kubernetes.io/name, app, or the workload's name",
    ),
    _label(
        names.CANONICAL_REVISION,
        "the service's revision in telemetry; kept if present",
        default="app.kubernetes.io/version, version, or latest",
    ),
    _label(
        names.WORKLOAD_NAME,
        "the workload's name, over the one found from its owner",
        default="the owner's name",
    ),
    _label("app.kubernetes.io/name", "a source of the canonical name"),
    _label("app", "a source of the canonical name and of Envoy's service cluster"),
    _label("app.kubernetes.io/version", "a source of the canonical revision"),
    _label("version", "a source of the canonical revision"),
    _label(
        names.TLS_MODE,
        "tells other proxies that this pod takes mutual TLS; kept if present",
        default="not written: clients then speak plain text",
        instead="without certificates in the pod, `istio` makes clients speak TLS to a proxy that "
        "cannot answer; leave it out",
    ),
    _label(
        "networking.istio.io/tunnel",
        "tells other proxies that this pod takes HBONE; kept if present",
        default="not written",
        instead="the sidecar has no HBONE listener; leave it out",
    ),
    _label(
        names.POD_TEMPLATE_HASH, "tells a Deployment from a ReplicaSet", default="owner as it is"
    ),
    _label(
        names.ROLLOUT_TEMPLATE_HASH, "tells a Rollout from a ReplicaSet", default="owner as it is"
    ),
    _label(
        "deploymentconfig",
        "tells a DeploymentConfig from a ReplicationController",
        default="owner as it is",
    ),
)
