"""What the Envoy document says of a pod, read off its view, and the labels that injection adds."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec import UNSET

from webhook.bootstrap.facts import Facts
from webhook.injection.overview import Overview
from webhook.injection.sidecar import service_cluster
from webhook.injection.workload import Workload
from webhook.model import names
from webhook.model.pod import ContainerPort, Labels
from webhook.model.settings import Settings

_OF_CONTROLLERS = frozenset(
    {
        "apps.kubernetes.io/pod-index",
        "batch.kubernetes.io/controller-uid",
        "batch.kubernetes.io/job-completion-index",
        "batch.kubernetes.io/job-name",
        "controller-revision-hash",
        "controller-uid",
        "job-name",
        "pod-template-generation",
        "pod-template-hash",
        "rollouts-pod-template-hash",
        "statefulset.kubernetes.io/pod-name",
    }
)
"""Labels that a controller writes into each pod that it makes."""

_ENCODER = msgspec.json.Encoder()


def facts_of(
    look: Overview,
    workload: Workload,
    labels: dict[str, str],
    namespace: str,
    settings: Settings,
) -> Facts:
    """Return what the Envoy document says of the pod.

    A workload without a name, as of a pod that will get one, is no owner. Labels of controllers
    are left out, so that a Deployment injected by the command line and the pods that come of it
    have the same document.
    """
    if not _OF_CONTROLLERS.isdisjoint(labels):
        owned = {key: text for key, text in labels.items() if key not in _OF_CONTROLLERS}
    else:
        owned = labels
    name = workload.name
    return Facts(
        labels=owned,
        workload=labels.get(names.WORKLOAD_NAME) or name,
        owner=_owner(workload, namespace) if name else "",
        pod_ports=_pod_ports(look.ports),
        app_containers=",".join([container.name for container in look.application]),
        service_cluster=service_cluster(settings, labels.get("app") or name),
        network=labels.get(names.NETWORK, ""),
    )


def _pod_ports(ports: Sequence[ContainerPort]) -> str:
    """Return the container ports as the API server would write them: nothing null or empty."""
    text = _ENCODER.encode(ports)
    if b":null" in text or b':""' in text:
        text = _ENCODER.encode(
            [
                ContainerPort(port.name or UNSET, port.containerPort, port.protocol or "TCP")
                for port in ports
            ]
        )
    return text.decode()


def _owner(workload: Workload, namespace: str) -> str:
    """Return the owner in Istio's form."""
    return (
        f"kubernetes://apis/{workload.api_version}/namespaces/{namespace}/"
        f"{workload.kind.lower()}s/{workload.name}"
    )


def labels_of(held: Labels, workload: Workload, network: str) -> tuple[dict[str, str], list[str]]:
    """Return the pod's labels with ours, and the keys of those that are ours.

    Ours are what Istio's own injector adds, less `tlsMode`.
    """
    labels: dict[str, str] = dict(held)  # type: ignore[arg-type]
    if None in labels.values():
        labels = {key: text or "" for key, text in labels.items()}
    added: list[str] = []
    if names.CANONICAL_NAME not in labels:
        name = labels.get("app.kubernetes.io/name") or labels.get("app") or workload.name
        canonical = name[: names.LABEL_VALUE_LIMIT].strip("-_.")
        if canonical:
            labels[names.CANONICAL_NAME] = canonical
            added.append(names.CANONICAL_NAME)
    if names.CANONICAL_REVISION not in labels:
        version = labels.get("app.kubernetes.io/version") or labels.get("version") or "latest"
        labels[names.CANONICAL_REVISION] = version
        added.append(names.CANONICAL_REVISION)
    if network and names.NETWORK not in labels:
        labels[names.NETWORK] = network
        added.append(names.NETWORK)
    return labels, added
