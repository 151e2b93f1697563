"""The chart is tested, upgraded and uninstalled without harm to pods that run."""

import json

import pytest

from tests.cluster.cluster import Cluster
from tests.cluster.further_release import FurtherRelease, further_release
from tests.cluster.mesh import NAMESPACE
from tests.cluster.namespace import Namespace, temporary_namespace
from tests.cluster.workloads import deployment, pod, service

pytestmark = pytest.mark.cluster


def test_helm_test_passes(mesh: Cluster) -> None:
    """`helm test` has the API server inject a pod, from inside the cluster."""
    done = mesh.helm("test", "pillion", f"--namespace={NAMESPACE}", "--logs")
    assert done.returncode == 0, done.stderr
    assert "istio-proxy" in done.stdout


def test_upgrade_and_uninstall_leave_running_pods_alone(mesh: Cluster) -> None:
    """Stale pods are found by their status, a restart renews them, and all work to the end."""
    with (
        further_release(mesh) as release,
        temporary_namespace(mesh, release.labels) as namespace,
    ):
        namespace.apply(deployment("server"), service("server"), deployment("client"))
        namespace.wait_ready("deployment/server", "deployment/client")
        before = _configuration(namespace, "server")
        release.install(proxy={"logLevel": "info"})
        current = _awaited_configuration(release, namespace, before)
        assert _configuration(namespace, "server") == before
        assert _stale(namespace, current) == "client server"
        assert _speaks(namespace)
        namespace.kubectl("rollout", "restart", "deployment/server")
        namespace.wait_ready("deployment/server")
        assert _configuration(namespace, "server") == current
        assert _configuration(namespace, "client") == before
        release.uninstall()
        assert _speaks(namespace)
        namespace.apply(pod("late"))
        namespace.wait_ready("pod/late")
        late = namespace.get("pod", "late")
        assert "sidecar.istio.io/status" not in late["metadata"]["annotations"]
        assert [each["name"] for each in late["spec"]["containers"]] == ["app"]
        assert "initContainers" not in late["spec"]


def _configuration(namespace: Namespace, app: str) -> str:
    """Return the digest of the configuration that the only pod was injected with."""
    annotations = namespace.pod(app)["metadata"]["annotations"]
    configuration: str = json.loads(annotations["sidecar.istio.io/status"])["hash"]
    return configuration


def _stale(namespace: Namespace, current: str) -> str:
    """Return the applications whose pods' status does not name the current configuration."""
    query = r"{.metadata.labels.app}{' '}{.metadata.annotations.sidecar\.istio\.io/status}{'\n'}"
    lines = namespace.kubectl(
        "get", "pods", f"--output=jsonpath={{range .items[*]}}{query}{{end}}"
    ).splitlines()
    return " ".join(sorted(each.partition(" ")[0] for each in lines if current not in each))


def _awaited_configuration(release: FurtherRelease, namespace: Namespace, before: str) -> str:
    """Wait until the webhook took up its new configuration, and return that one's digest."""
    seen: list[str] = []

    def is_new() -> bool:
        dry = namespace.kubectl("run", "asked", "--image=app", "--dry-run=server", "--output=json")
        status = json.loads(json.loads(dry)["metadata"]["annotations"]["sidecar.istio.io/status"])
        seen.append(status["hash"])
        return seen[-1] != before

    namespace.wait_for(is_new, what=f"{release.name} takes up its configuration")
    return seen[-1]


def _speaks(namespace: Namespace) -> bool:
    found = namespace.load("deployment/client", "http://server/", "--count=20")
    return bool(found["statuses"] == {"200": 20})
