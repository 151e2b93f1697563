"""What the Envoy document says of a pod, read off its view, and the labels that injection adds."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from webhook.bootstrap.facts import Facts
from webhook.injection.sidecar import service_cluster
from webhook.injection.workload import Workload
from webhook.model import names
from webhook.model.pod import Container, Pod
from webhook.model.settings import Settings

_OF_CONTROLLERS = (
    "pod-template-hash",
    "rollouts-pod-template-hash",
    "pod-template-generation",
    "controller-revision-hash",
    "controller-uid",
    "job-name",
)
_OF_CONTROLLERS_PREFIXES = (
    "batch.kubernetes.io/",
    "statefulset.kubernetes.io/",
    "apps.kubernetes.io/",
)


def facts_of(
    pod: Pod, workload: Workload, labels: Mapping[str, str], namespace: str, settings: Settings
) -> Facts:
    """Return what the Envoy document says of the pod.

    Labels that a controller writes into each pod are left out, so that a Deployment injected by the
    command line and the pods that come of it have the same document.
    """
    return Facts(
        labels={
            key: text
            for key, text in labels.items()
            if key not in _OF_CONTROLLERS and not key.startswith(_OF_CONTROLLERS_PREFIXES)
        },
        workload=labels.get(names.WORKLOAD_NAME) or workload.name,
        owner=_owner(workload, namespace),
        pod_ports=_pod_ports(pod.containers),
        app_containers=",".join(c.name for c in pod.containers if c.name != names.PROXY),
        service_cluster=service_cluster(settings, labels.get("app") or workload.name),
        network=labels.get(names.NETWORK, ""),
    )


def _owner(workload: Workload, namespace: str) -> str:
    """Return the owner in Istio's form, empty for a pod whose name is not known yet."""
    if not workload.name:
        return ""
    return (
        f"kubernetes://apis/{workload.api_version}/namespaces/{namespace}/"
        f"{workload.kind.lower()}s/{workload.name}"
    )


def _pod_ports(containers: list[Container]) -> str:
    ports = [
        {
            **({"name": port.name} if port.name else {}),
            "containerPort": port.containerPort,
            "protocol": port.protocol or "TCP",
        }
        for container in containers
        if container.name != names.PROXY
        for port in container.ports or ()
    ]
    return msgspec.json.encode(ports).decode()


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
