"""What the Envoy document says of a pod, read off its view, and the labels that injection adds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
from msgspec import UNSET

from webhook.bootstrap.facts import Facts
from webhook.injection.sidecar import service_cluster
from webhook.injection.workload import Workload
from webhook.model import names
from webhook.model.pod import Container, ContainerPort, Pod
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
    application: Sequence[Container],
    workload: Workload,
    labels: Mapping[str, str],
    namespace: str,
    settings: Settings,
) -> Facts:
    """Return what the Envoy document says of the pod.

    Labels of controllers are left out, so that a Deployment injected by the command line and the
    pods that come of it have the same document.
    """
    owned = dict(labels)
    for key in _OF_CONTROLLERS & owned.keys():
        del owned[key]
    return Facts(
        labels=owned,
        workload=labels.get(names.WORKLOAD_NAME) or workload.name,
        owner=_owner(workload, namespace),
        pod_ports=_pod_ports(application),
        app_containers=",".join([container.name for container in application]),
        service_cluster=service_cluster(settings, labels.get("app") or workload.name),
        network=labels.get(names.NETWORK, ""),
    )


def _pod_ports(application: Sequence[Container]) -> str:
    """Return the container ports as the API server would write them: nothing null or empty."""
    ports = [port for container in application for port in container.ports or ()]
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
    """Return the owner in Istio's form, empty for a pod whose name is not known yet."""
    if not workload.name:
        return ""
    return (
        f"kubernetes://apis/{workload.api_version}/namespaces/{namespace}/"
        f"{workload.kind.lower()}s/{workload.name}"
    )


def labels_of(pod: Pod, workload: Workload, network: str) -> dict[str, str]:
    """Return the pod's labels with ours: what Istio's own injector adds, less `tlsMode`."""
    labels = {key: text or "" for key, text in pod.labels.items()}
    name = (
        labels.get(names.CANONICAL_NAME)
        or labels.get("app.kubernetes.io/name")
        or labels.get("app")
        or workload.name
    )
    canonical = name[: names.LABEL_VALUE_LIMIT].strip("-_.")
    if canonical:
        labels.setdefault(names.CANONICAL_NAME, canonical)
    labels.setdefault(
        names.CANONICAL_REVISION,
        labels.get("app.kubernetes.io/version") or labels.get("version") or "latest",
    )
    if network:
        labels.setdefault(names.NETWORK, network)
    return labels
