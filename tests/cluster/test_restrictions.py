"""Namespaces with rules of their own: PodSecurity, quotas, limits, and nodes without the plugin."""

from typing import Any

import pytest

from tests.apiserver.kube_api import KubeObject
from tests.cluster.cluster import Cluster
from tests.cluster.further_release import further_release
from tests.cluster.namespace import MESH_LABELS, NamespaceError, temporary_namespace
from tests.cluster.workloads import deployment, pod, service, shop_container, template

pytestmark = pytest.mark.cluster

NOT_INTERCEPTED = {"sidecar.istio.io/interceptionMode": "NONE"}
ONLY_OWN_SERVICES = {
    "apiVersion": "networking.istio.io/v1",
    "kind": "Sidecar",
    "metadata": {"name": "default"},
    "spec": {"egress": [{"hosts": ["./*"]}]},
}
"""Without interception Envoy listens on the ports of all Services that it knows, on loopback: an
application with such a port must not know them (Istio's own rule for the mode NONE)."""

RESTRICTED = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}


@pytest.mark.parametrize("level", ["baseline", "restricted"])
def test_pod_security_admits_what_needs_no_capability(mesh: Cluster, level: str) -> None:
    """Without redirection pods run under PodSecurity; with it they are refused, by that name."""
    labels = {**MESH_LABELS, "pod-security.kubernetes.io/enforce": level}
    with temporary_namespace(mesh, labels) as namespace:
        with pytest.raises(NamespaceError, match=f'violates PodSecurity "{level}.*istio-init'):
            namespace.apply(pod("refused", _restricted("refused")))
        namespace.apply(ONLY_OWN_SERVICES)
        namespace.apply(pod("server", _restricted("server", annotations=NOT_INTERCEPTED)))
        namespace.wait_ready("pod/server")
        assert "istio-proxy" in _containers(namespace.get("pod", "server"))


def test_node_without_the_plugin_fails_instead_of_bypassing(mesh: Cluster) -> None:
    """With redirection left to a CNI plugin that is not there, no application starts."""
    with (
        further_release(mesh, redirect={"mode": "cni"}) as release,
        temporary_namespace(
            mesh, {**release.labels, "pod-security.kubernetes.io/enforce": "restricted"}
        ) as namespace,
    ):
        namespace.apply(pod("server", _restricted("server")))
        namespace.wait_for(
            lambda: _last_exit(namespace.get("pod", "server"), "istio-validation") not in (None, 0),
            what="istio-validation fails",
        )
        status = namespace.get("pod", "server")["status"]
        assert not any(each.get("started") for each in status["containerStatuses"])
        message = _termination(namespace.get("pod", "server"), "istio-validation")["message"]
        print(message)
        assert "did not arrive at port 15006" in message


def test_quotas_and_limits_admit_injected_pods(mesh: Cluster) -> None:
    """A quota that demands requests and limits, and a LimitRange, need no change of ours."""
    quota = {
        "requests.cpu": "2",
        "requests.memory": "2Gi",
        "limits.cpu": "8",
        "limits.memory": "8Gi",
    }
    with temporary_namespace(mesh, MESH_LABELS) as namespace:
        namespace.apply(
            _rule("ResourceQuota", {"hard": quota}),
            _rule("LimitRange", {"limits": [{"type": "Container", **_limits()}]}),
        )
        namespace.apply(deployment("server"), service("server"))
        namespace.wait_ready("deployment/server")


def _restricted(name: str, **fields: Any) -> KubeObject:
    return template(name, containers=[shop_container(securityContext=RESTRICTED)], **fields)


def _containers(found: KubeObject) -> list[str]:
    spec = found["spec"]
    return [each["name"] for each in (*spec.get("initContainers", ()), *spec["containers"])]


def _rule(kind: str, spec: KubeObject) -> KubeObject:
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": "rule"}, "spec": spec}


def _limits() -> KubeObject:
    amounts = {"cpu": "200m", "memory": "128Mi"}
    return {"default": amounts, "defaultRequest": {"cpu": "10m", "memory": "16Mi"}}


def _termination(found: KubeObject, container: str) -> KubeObject:
    statuses = found["status"].get("initContainerStatuses", [])
    for status in statuses:
        if status["name"] == container:
            ended: KubeObject = status["state"].get("terminated") or status["lastState"].get(
                "terminated", {}
            )
            return ended
    return {}


def _last_exit(found: KubeObject, container: str) -> int | None:
    code: int | None = _termination(found, container).get("exitCode")
    return code
