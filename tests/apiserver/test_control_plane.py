"""The control plane of the tests is a real one: it admits, authorises, audits and remembers."""

import json
import signal
from pathlib import Path

import pytest

from tests.apiserver.conftest import ControlPlanes
from tests.apiserver.control_plane import ControlPlane
from tests.apiserver.kube_api import KubeApiError, KubeObject
from tests.apiserver.kubernetes_version import KubernetesVersion
from tests.apiserver.polling import wait_until
from tests.tools.pins import read_group

pytestmark = pytest.mark.apiserver

NEWEST = pytest.mark.parametrize("control_plane", [KubernetesVersion.V1_37], indirect=True)

POD: KubeObject = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "web"},
    "spec": {"containers": [{"name": "app", "image": "nginx:1.29"}]},
}


def test_version_is_the_pinned_one(control_plane: ControlPlane) -> None:
    """The API server says the version that its group of tools pins."""
    pinned = read_group(control_plane.version.tool_group).tool("kube-apiserver").version
    assert control_plane.api.get("/version")["gitVersion"] == pinned


def test_every_version_is_its_own_server(control_planes: ControlPlanes) -> None:
    """Both versions run side by side, in different network namespaces."""
    planes = [control_planes.get(version) for version in KubernetesVersion]
    assert len({plane.network.inode for plane in planes}) == len(planes)
    assert len({plane.api.get("/version")["minor"] for plane in planes}) == len(planes)


def test_kubectl_creates_a_namespace_and_a_pod(control_plane: ControlPlane) -> None:
    """What kubectl creates server-side is defaulted, stored and readable."""
    name = f"by-hand-{control_plane.version.replace('.', '-')}"
    created = control_plane.kubectl("create", "namespace", name)
    assert created.stdout == f"namespace/{name} created\n", created.stderr
    control_plane.wait_for_service_account(name)
    applied = control_plane.kubectl(
        "apply", "--server-side", "--namespace", name, "-f", "-", stdin=json.dumps(POD)
    )
    assert applied.stdout == "pod/web serverside-applied\n", applied.stderr
    stored = control_plane.api.get(f"/api/v1/namespaces/{name}/pods/web")
    assert stored["spec"]["containers"][0]["imagePullPolicy"] == "IfNotPresent"


def test_service_account_admission_is_on(control_plane: ControlPlane, namespace: str) -> None:
    """A pod gets the token volume of its service account, and is refused for one that is absent."""
    pods = f"/api/v1/namespaces/{namespace}/pods"
    created = control_plane.api.create(pods, POD)
    (mount,) = created["spec"]["containers"][0]["volumeMounts"]
    assert mount["mountPath"] == "/var/run/secrets/kubernetes.io/serviceaccount"
    lost = {**POD, "spec": {**POD["spec"], "serviceAccountName": "absent"}}
    with pytest.raises(KubeApiError, match='serviceaccount "absent" not found') as refused:
        control_plane.api.create(pods, {**lost, "metadata": {"name": "lost"}})
    assert refused.value.status == 403


def test_rbac_is_on(control_plane: ControlPlane, namespace: str) -> None:
    """A service account may do what a binding grants it, and nothing else."""
    kubeconfig = control_plane.service_account_kubeconfig(namespace, "default")
    arguments = ("--kubeconfig", str(kubeconfig), "--namespace", namespace, "get")
    assert "forbidden" in control_plane.kubectl(*arguments, "pods").stderr
    granted = control_plane.kubectl(
        "create", "rolebinding", "view", "--namespace", namespace,
        "--clusterrole=view", f"--serviceaccount={namespace}:default",
    )  # fmt: skip
    assert granted.returncode == 0, granted.stderr
    wait_until(
        lambda: control_plane.kubectl(*arguments, "pods").returncode == 0,
        seconds=10,
        what="pods readable through the binding",
    )
    assert "forbidden" in control_plane.kubectl(*arguments, "secrets").stderr


def test_audit_log_has_each_request_before_its_answer(
    control_plane: ControlPlane, namespace: str
) -> None:
    """Whenever a create has returned, the audit log already says who created what."""
    for number in range(30):
        named = {**POD, "metadata": {"name": f"web-{number}"}}
        control_plane.api.create(f"/api/v1/namespaces/{namespace}/pods", named)
        *_, last = control_plane.audit_log.events(
            namespace=namespace, resource="pods", verb="create"
        )
        assert last["objectRef"]["name"] == f"web-{number}"
        assert last["user"]["username"] == "administrator"
        assert last["requestObject"]["spec"]["containers"][0]["image"] == "nginx:1.29"


def test_controllers_create_pods_and_remove_namespaces(
    control_plane: ControlPlane, namespace: str
) -> None:
    """A Deployment's pod is created by its controller, and a deleted namespace goes away."""
    deployed = control_plane.kubectl(
        "create", "deployment", "web", "--image=nginx:1.29", "--namespace", namespace
    )
    assert deployed.returncode == 0, deployed.stderr
    pods = f"/api/v1/namespaces/{namespace}/pods"
    wait_until(lambda: bool(control_plane.api.get(pods)["items"]), seconds=30, what="a pod")
    (created,) = control_plane.audit_log.events(namespace=namespace, resource="pods", verb="create")
    assert created["user"]["username"] == (
        "system:serviceaccount:kube-system:replicaset-controller"
    )
    control_plane.api.delete(f"/api/v1/namespaces/{namespace}")
    wait_until(
        lambda: not control_plane.exists(f"/api/v1/namespaces/{namespace}"),
        seconds=60,
        what="the namespace gone",
    )


def test_store_survives_a_restart_of_etcd(control_plane: ControlPlane, namespace: str) -> None:
    """After etcd was killed and started again the API server serves what was stored before."""
    assert control_plane.etcd.stop() == -signal.SIGKILL
    assert control_plane.etcd.pid is None
    control_plane.etcd.start()
    control_plane.api_server.wait_until(lambda: control_plane.exists("/readyz"), seconds=60)
    assert control_plane.api.get(f"/api/v1/namespaces/{namespace}")["status"]["phase"] == "Active"


@NEWEST
@pytest.mark.parametrize("group", ["helm", "helm3"])
def test_helm_of_both_majors_speaks_to_it(
    control_plane: ControlPlane, tmp_path: Path, group: str
) -> None:
    """Helm is the pinned one, and installs, lists and removes a release on the API server."""
    pinned = read_group(group).tool("helm").version
    version = control_plane.helm("version", "--template={{.Version}}", group=group)
    assert version.stdout == pinned, version.stderr
    chart = _chart_with_one_config_map(tmp_path)
    namespace = control_plane.create_namespace()
    for arguments, expected in (
        (("install", "release", str(chart)), "STATUS: deployed"),
        (("list",), "one-config-map-1.0.0"),
        (("uninstall", "release"), 'release "release" uninstalled'),
    ):
        done = control_plane.helm(*arguments, "--namespace", namespace, group=group)
        assert expected in done.stdout, done.stderr
    assert not control_plane.exists(f"/api/v1/namespaces/{namespace}/configmaps/made-by-helm")


def _chart_with_one_config_map(directory: Path) -> Path:
    chart = directory / "one-config-map"
    (chart / "templates").mkdir(parents=True)
    (chart / "Chart.yaml").write_text("apiVersion: v2\nname: one-config-map\nversion: 1.0.0\n")
    (chart / "templates" / "configmap.yaml").write_text(
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: made-by-helm\n"
    )
    return chart
