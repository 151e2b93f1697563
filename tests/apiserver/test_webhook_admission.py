"""Pods on a real API server come back with the sidecar, and everybody is told what happened."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.apiserver.conftest import ControlPlanes
from tests.apiserver.kube_api import KubeApiError, KubeObject
from tests.apiserver.kubernetes_version import KubernetesVersion
from tests.apiserver.polling import wait_until
from tests.apiserver.replicas import Installation, installation

pytestmark = pytest.mark.apiserver

API_TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount"
LIMITS = {"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"cpu": "1", "memory": "128Mi"}}


@pytest.fixture(scope="module", params=list(KubernetesVersion))
def installed(
    request: pytest.FixtureRequest,
    control_planes: ControlPlanes,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Installation]:
    """Yield the chart with one replica, once for the module and version."""
    directory = tmp_path_factory.mktemp("webhook")
    with installation(control_planes.get(request.param), directory) as found:
        found.serve()
        yield found


@pytest.fixture
def namespace(installed: Installation) -> str:
    """Return a namespace that is opted in."""
    return installed.namespace()


def pod(name: str = "web", **metadata: Any) -> KubeObject:
    """Return a pod."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, **metadata},
        "spec": {"containers": [{"name": "app", "image": "nginx:1.29"}]},
    }


def names(found: KubeObject) -> list[str]:
    """Return the names of all containers, in their order."""
    spec = found["spec"]
    return [each["name"] for each in (*spec.get("initContainers", ()), *spec["containers"])]


def create(installed: Installation, namespace: str, subject: KubeObject, query: str = "") -> Any:
    """Create a pod through the API."""
    return installed.plane.api.create(f"/api/v1/namespaces/{namespace}/pods{query}", subject)


def logged(installed: Installation, namespace: str) -> list[dict[str, Any]]:
    """Return the log's lines about pods of the namespace: controllers of others go on trying."""
    lines = installed.replicas[0].lines("admission")
    return [line for line in lines if line["namespace"] == namespace]


def test_kubectl_gets_a_pod_with_a_sidecar(installed: Installation, namespace: str) -> None:
    """A pod that kubectl makes in a labelled namespace has init container, sidecar and status."""
    plane = installed.plane
    ran = plane.kubectl("run", "web", "--image=nginx:1.29", "--namespace", namespace)
    assert ran.stdout == "pod/web created\n", ran.stderr
    assert ran.stderr == ""
    found = plane.api.get(f"/api/v1/namespaces/{namespace}/pods/web")
    assert names(found) == ["istio-init", "istio-proxy", "web"]
    status = json.loads(found["metadata"]["annotations"]["sidecar.istio.io/status"])
    assert (status["injector"], status["revision"]) == ("pillion", installed.release.name)


def test_no_api_token_in_our_containers(installed: Installation, namespace: str) -> None:
    """The application keeps its token; ours mount an empty directory in its place."""
    found = create(installed, namespace, pod())
    mounts = {
        each["name"]: {mount["mountPath"]: mount["name"] for mount in each["volumeMounts"]}
        for each in (*found["spec"]["initContainers"], *found["spec"]["containers"])
    }
    assert mounts["app"][API_TOKEN].startswith("kube-api-access-")
    volumes = {each["name"]: each for each in found["spec"]["volumes"]}
    for name in ("istio-init", "istio-proxy"):
        assert volumes[mounts[name][API_TOKEN]]["emptyDir"]["medium"] == "Memory"


def test_controllers_pods_are_injected(installed: Installation, namespace: str) -> None:
    """The pods of a Deployment and a Job, which have generated names, are injected."""
    plane = installed.plane
    plane.kubectl("create", "deployment", "web", "--image=nginx:1.29", "--namespace", namespace)
    plane.kubectl("create", "job", "once", "--image=busybox:1.37", "--namespace", namespace)
    path = f"/api/v1/namespaces/{namespace}/pods"
    wait_until(lambda: len(plane.api.get(path)["items"]) == 2, seconds=30, what="two pods")
    for found in plane.api.get(path)["items"]:
        assert names(found)[:2] == ["istio-init", "istio-proxy"]
    assert {line["pod"][:4] for line in logged(installed, namespace)} == {"web-", "once"}


def test_generated_names_are_injected_and_logged(installed: Installation, namespace: str) -> None:
    """A bare pod with generateName is injected, and logged by its prefix."""
    subject = pod(generateName="worker-")
    del subject["metadata"]["name"]
    found = create(installed, namespace, subject)
    assert found["metadata"]["name"].startswith("worker-")
    assert "istio-proxy" in names(found)
    assert logged(installed, namespace)[-1]["pod"] == "worker-"


def test_server_side_dry_run(installed: Installation, namespace: str) -> None:
    """`--dry-run=server` shows the sidecar and leaves no pod."""
    ran = installed.plane.kubectl(
        "run", "web", "--image=nginx:1.29", "--namespace", namespace,
        "--dry-run=server", "--output=json",
    )  # fmt: skip
    assert "istio-proxy" in names(json.loads(ran.stdout)), ran.stderr
    assert logged(installed, namespace)[-1]["dryRun"] is True
    assert not installed.plane.exists(f"/api/v1/namespaces/{namespace}/pods/web")


def test_kubectl_prints_our_warnings(installed: Installation, namespace: str) -> None:
    """Where the sidecar will not do what one expects, kubectl says so."""
    subject = pod(labels={"sidecar.istio.io/inject": "yes"})
    ran = installed.plane.kubectl(
        "apply", "--namespace", namespace, "-f", "-", stdin=json.dumps(subject)
    )
    assert ran.returncode == 0
    assert ran.stderr.startswith("Warning: ")
    assert "sidecar.istio.io/inject" in ran.stderr


def test_denial_reaches_the_author(installed: Installation, namespace: str) -> None:
    """An annotation that cannot be read refuses the pod, with every bad key."""
    keys = {"sidecar.istio.io/proxyCPU": "lots", "sidecar.istio.io/proxyMemory": "much"}
    with pytest.raises(KubeApiError) as refused:
        create(installed, namespace, pod(annotations=keys))
    assert refused.value.status == 400
    for key in keys:
        assert key in refused.value.message


def test_denial_of_a_controllers_pod_is_an_event_on_it(
    installed: Installation, namespace: str
) -> None:
    """Who looks at the ReplicaSet finds why it makes no pods."""
    template = {
        "metadata": {
            "labels": {"app": "web"},
            "annotations": {"sidecar.istio.io/proxyCPU": "lots"},
        },
        "spec": pod()["spec"],
    }
    installed.plane.api.create(
        f"/apis/apps/v1/namespaces/{namespace}/deployments",
        {
            "metadata": {"name": "web"},
            "spec": {"selector": {"matchLabels": {"app": "web"}}, "template": template},
        },
    )

    def told() -> list[KubeObject]:
        events = installed.plane.api.get(f"/api/v1/namespaces/{namespace}/events")["items"]
        return [each for each in events if each["reason"] == "SidecarDenied"]

    wait_until(lambda: bool(told()), seconds=30, what="an Event")
    event = told()[0]
    assert event["involvedObject"]["kind"] == "ReplicaSet"
    assert "proxyCPU" in event["message"]


def test_audit_log_has_our_annotations(installed: Installation, namespace: str) -> None:
    """The API server's audit log says decision and reason."""
    create(installed, namespace, pod())
    (event,) = installed.plane.audit_log.events(namespace=namespace, resource="pods", verb="create")
    ours = {
        key.rpartition("/")[2]: value
        for key, value in event["annotations"].items()
        if ".pillion.istio.io/" in key
    }
    assert ours == {"decision": "inject", "reason": "policy-enabled"}


def test_quota_that_demands_requests_and_limits(installed: Installation, namespace: str) -> None:
    """Under a quota on requests and limits a pod that states its own is admitted with ours."""
    hard = {f"{kind}.{what}": "8" for kind in ("requests", "limits") for what in ("cpu",)}
    hard |= {f"{kind}.memory": "8Gi" for kind in ("requests", "limits")}
    quotas = f"/api/v1/namespaces/{namespace}/resourcequotas"
    installed.plane.api.create(quotas, {"metadata": {"name": "all"}, "spec": {"hard": hard}})
    wait_until(
        lambda: "hard" in installed.plane.api.get(f"{quotas}/all").get("status", {}),
        seconds=30,
        what="the quota's status",
    )
    subject = pod()
    subject["spec"]["containers"][0]["resources"] = LIMITS
    assert "istio-proxy" in names(create(installed, namespace, subject))


def test_quota_without_room_is_foretold(installed: Installation, namespace: str) -> None:
    """A quota that has too little left for the sidecar is told, beside the API server's refusal."""
    quotas = f"/api/v1/namespaces/{namespace}/resourcequotas"
    hard = {"requests.cpu": "150m"}
    installed.plane.api.create(quotas, {"metadata": {"name": "small"}, "spec": {"hard": hard}})
    subject = pod()
    subject["spec"]["containers"][0]["resources"] = LIMITS

    def said() -> str:
        ran = installed.plane.kubectl(
            "create", "--namespace", namespace, "-f", "-", stdin=json.dumps(subject)
        )
        assert ran.returncode == 1
        assert "exceeded quota: small" in ran.stderr  # by the API server itself
        return ran.stderr

    wait_until(
        lambda: "small has requests.cpu 150m left, and the pod needs 200m, 100m of it" in said(),
        seconds=20,
        what="our warning",
    )


def test_limit_range_that_caps_containers(installed: Installation, namespace: str) -> None:
    """Under a LimitRange with defaults and a maximum our containers keep their own amounts."""
    limits = {
        "type": "Container",
        "default": {"cpu": "50m", "memory": "32Mi"},
        "max": {"cpu": "2", "memory": "1Gi"},
    }
    installed.plane.api.create(
        f"/api/v1/namespaces/{namespace}/limitranges",
        {"metadata": {"name": "all"}, "spec": {"limits": [limits]}},
    )
    found = create(installed, namespace, pod())
    by_name = {each["name"]: each for each in found["spec"]["initContainers"]}
    assert by_name["istio-init"]["resources"]["limits"] == {"cpu": "1", "memory": "64Mi"}
    assert by_name["istio-proxy"]["resources"]["limits"] == {"cpu": "2", "memory": "1Gi"}


def test_pod_security_level_is_warned_of(installed: Installation) -> None:
    """In a namespace that enforces a level which refuses NET_ADMIN, the refusal is foretold."""
    labels = {"pod-security.kubernetes.io/enforce": "baseline"}
    namespace = installed.namespace(**labels)

    def said() -> str:
        ran = installed.plane.kubectl("run", "w", "--image=nginx:1.29", "--namespace", namespace)
        assert ran.returncode == 1
        assert "NET_ADMIN" in ran.stderr  # by PodSecurity itself
        return ran.stderr

    wait_until(lambda: "redirect.mode cni" in said(), seconds=10, what="our warning")


def test_injecting_twice_changes_nothing(installed: Installation, namespace: str) -> None:
    """A pod re-created from what `kubectl get -o yaml` shows gets an empty patch."""
    plane = installed.plane
    first = create(installed, namespace, pod())
    shown = plane.kubectl("get", "pod", "web", "--namespace", namespace, "--output=json").stdout
    plane.api.delete(f"/api/v1/namespaces/{namespace}/pods/web?gracePeriodSeconds=0")
    again = json.loads(shown)
    for member in ("uid", "resourceVersion", "creationTimestamp", "managedFields"):
        again["metadata"].pop(member, None)
    del again["status"]
    second = create(installed, namespace, again)
    assert second["spec"] == first["spec"]
    assert logged(installed, namespace)[-1]["reason"] == "already-injected"


def test_replica_serves_within_its_rights(installed: Installation) -> None:
    """With the chart's service account alone the replica is ready, and nothing of it failed."""
    replica = installed.replicas[0]
    assert replica.ready() == (
        True,
        "[+] serving ok\n[+] certificate ok\n[+] configuration ok\nready\n",
    )
    assert replica.lines("background step failed") == []
    assert replica.metric("pillion_cabundle_in_sync") == 1
    assert replica.metric('pillion_cabundle_patches_total{reason="empty",result="written"}') == 1


def test_live_pods_are_explained(installed: Installation) -> None:
    """Each pod is told as it stands, beside what the API server and the webhook would do now."""
    plane, release = installed.plane, installed.release
    namespace = plane.create_namespace()
    path = f"/api/v1/namespaces/{namespace}/pods"
    plane.api.create(path, pod("early"))
    plane.api.create(path, pod("asked", labels={"istio.io/rev": release.name}))
    plane.api.create(path, pod("meshed", labels={"sidecar.istio.io/inject": "false"}))
    label = ("label", "namespace", namespace, f"istio.io/rev={release.name}")
    assert plane.kubectl(*label).returncode == 0
    foreign = pod("foreign", labels={"sidecar.istio.io/inject": "true"})
    foreign["spec"]["containers"].append({"name": "linkerd-proxy", "image": "linkerd:1"})
    plane.api.create(path, foreign)
    done = installed.pillion("explain", "--namespace", namespace, "--output=json")
    assert done.returncode == 0, done.stderr
    told = {each["name"]: each for each in json.loads(done.stdout)["pods"]}
    assert {name: each["standing"] for name, each in told.items()} == {
        "early": "missing",
        "asked": "injected",
        "meshed": "left-alone",
        "foreign": "foreign",
    }
    assert told["early"]["webhook"] == "rev.namespace.pillion.istio.io"
    assert told["early"]["remedy"].startswith("it was created before it was opted in; ")
    assert told["meshed"]["webhook"] is None
    assert "sidecar.istio.io/inject" in told["meshed"]["called"]
    # Opted out again, what is injected stays, and one pod is told by its name alone.
    assert plane.kubectl("label", "namespace", namespace, "istio.io/rev-").returncode == 0
    done = installed.pillion("explain", "early", "asked", "--namespace", namespace)
    assert f"Pod {namespace}/early: left-alone\n" in done.stdout
    assert f"Pod {namespace}/asked: injected\n" in done.stdout  # its own label asks for it
    absent = installed.pillion("explain", "nobody", "--namespace", namespace)
    assert (absent.returncode, absent.stdout) == (1, "")
    assert 'pods "nobody" not found' in absent.stderr
