"""Whatever makes pods works with a sidecar: jobs end, probes pass, init containers can speak."""

import json
from typing import Any

import pytest

from tests.apiserver.kube_api import KubeObject
from tests.cluster.namespace import Namespace
from tests.cluster.workloads import (
    CONTROL_PORT,
    GRPC_PORT,
    HTTP_PORT,
    TCP_PORT,
    deployment,
    pod,
    service,
    shop_container,
    template,
)

pytestmark = pytest.mark.cluster

CLASSIC = {"sidecar.istio.io/nativeSidecar": "false"}


def test_every_kind_of_workload_runs(namespace: Namespace) -> None:
    """A Job and a CronJob's Job complete though Envoy would run on; sets of pods become ready."""
    namespace.apply(deployment("server"), service("server"))
    namespace.wait_ready("deployment/server")
    once = template("once", containers=[_client("http://server/")], restartPolicy="Never")
    job = {"backoffLimit": 0, "template": once}
    namespace.apply(
        {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "once"}, "spec": job},
        {
            "apiVersion": "batch/v1",
            "kind": "CronJob",
            "metadata": {"name": "often"},
            "spec": {"schedule": "* * * * *", "jobTemplate": {"spec": job}},
        },
        _set("StatefulSet", "stateful", {"serviceName": "server", "replicas": 2}),
        _set("DaemonSet", "daemon", {}),
    )
    namespace.wait_ready("statefulset/stateful", "daemonset/daemon")
    assert [pod["metadata"]["name"] for pod in namespace.pods("stateful")] == [
        "stateful-0",
        "stateful-1",
    ]
    for app in ("stateful", "daemon"):
        assert all(_sidecar(pod)["restartPolicy"] == "Always" for pod in namespace.pods(app))
    namespace.wait_for(lambda: _succeeded(namespace) >= 2, what="Job and CronJob's Job complete")
    statuses = json.loads(namespace.logs("job/once", "app"))["statuses"]
    assert statuses == {"200": 1}


def test_init_containers_have_a_network(namespace: Namespace) -> None:
    """The native sidecar is ready before the application's own init containers start."""
    namespace.apply(deployment("server"), service("server"))
    namespace.wait_ready("deployment/server")
    fetch = _client("http://server/", name="fetch")
    namespace.apply(pod("client", template("client", initContainers=[fetch])))
    namespace.wait_ready("pod/client")
    assert json.loads(namespace.logs("pod/client", "fetch"))["statuses"] == {"200": 1}
    names = [each["name"] for each in namespace.get("pod", "client")["spec"]["initContainers"]]
    assert names == ["istio-init", "istio-proxy", "fetch"]


def test_classic_container_works_too(namespace: Namespace) -> None:
    """By annotation the proxy is an ordinary container, and traffic goes through it as well."""
    namespace.apply(
        deployment("server", template("server", annotations=CLASSIC)),
        service("server"),
        deployment("client", template("client", annotations=CLASSIC)),
    )
    namespace.wait_ready("deployment/server", "deployment/client")
    spec = namespace.pod("server")["spec"]
    assert [each["name"] for each in spec["containers"]] == ["app", "istio-proxy"]
    assert [each["name"] for each in spec["initContainers"]] == ["istio-init"]
    found = namespace.load("deployment/client", "http://server/", "--count=20")
    assert found["statuses"] == {"200": 20}
    assert json.loads(found["last"])["headers"]["X-Envoy-Attempt-Count"] == "1"


def test_probes_of_every_kind_tell_the_truth(namespace: Namespace) -> None:
    """HTTP, TCP, gRPC and exec probes pass when they should, and only then, and can recover."""
    good: dict[str, KubeObject] = {
        "http": {"httpGet": {"path": "/healthz/ready", "port": "control"}},
        "tcp": {"tcpSocket": {"port": TCP_PORT}},
        "grpc": {"grpc": {"port": GRPC_PORT}},
        "exec": {"exec": {"command": ["/shop", "load", "http://127.0.0.1:8080/"]}},
    }
    bad: dict[str, KubeObject] = {
        "http": {"httpGet": {"path": "/", "port": "http"}},
        "tcp": {"tcpSocket": {"port": 9999}},
        "grpc": {"grpc": {"port": CONTROL_PORT}},
        "exec": {"exec": {"command": ["/shop", "nonsense"]}},
    }
    namespace.apply(_probed("good", good), _probed("bad", bad, SHOP_FAILURES="1"))
    namespace.wait_ready("pod/good")
    assert _readiness(namespace, "good") == dict.fromkeys(good, True)
    ended = [
        each["restartCount"] for each in namespace.get("pod", "good")["status"]["containerStatuses"]
    ]
    assert ended == [0] * len(good)
    namespace.wait_for(lambda: _running(namespace, "bad") == len(bad), what="containers started")
    assert _readiness(namespace, "bad") == dict.fromkeys(bad, False)
    faults = f"http://127.0.0.1:{CONTROL_PORT}/faults?failures=0"
    address = namespace.get("pod", "bad")["status"]["podIP"]
    namespace.cluster.post(faults.replace("127.0.0.1", address))
    namespace.wait_for(
        lambda: _readiness(namespace, "bad") == {**dict.fromkeys(bad, False), "http": True},
        what="HTTP probe passes",
    )


def _client(url: str, name: str = "app") -> KubeObject:
    container = shop_container(name, args=["load", url])
    del container["readinessProbe"], container["ports"]
    return container


def _set(kind: str, name: str, fields: dict[str, Any]) -> KubeObject:
    spec = {"selector": {"matchLabels": {"app": name}}, "template": template(name), **fields}
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name}, "spec": spec}


def _sidecar(pod: KubeObject) -> KubeObject:
    found: KubeObject = next(
        each for each in pod["spec"]["initContainers"] if each["name"] == "istio-proxy"
    )
    return found


def _succeeded(namespace: Namespace) -> int:
    jobs = json.loads(namespace.kubectl("get", "jobs", "--output=json"))["items"]
    return sum(each["status"].get("succeeded", 0) for each in jobs)


def _probed(name: str, probes: dict[str, KubeObject], **environment: str) -> KubeObject:
    """Return a pod with one container per probe; the first is the one that listens."""
    containers = []
    for number, (kind, handler) in enumerate(probes.items()):
        probe = {**handler, "periodSeconds": 1, "timeoutSeconds": 5}
        variables = {
            **environment,
            "SHOP_HTTP": f":{HTTP_PORT + 100 * number}",
            "SHOP_CONTROL": f":{CONTROL_PORT + 100 * number}",
        }
        if number:
            variables |= {"SHOP_TCP": "", "SHOP_GRPC": ""}
        container = shop_container(
            kind,
            readinessProbe=probe,
            env=[{"name": key, "value": value} for key, value in variables.items()],
        )
        if number:
            del container["ports"]
        if name == "good":
            container |= {"livenessProbe": probe, "startupProbe": probe | {"failureThreshold": 60}}
        containers.append(container)
    return pod(name, template(name, containers=containers))


def _readiness(namespace: Namespace, name: str) -> dict[str, bool]:
    statuses = namespace.get("pod", name)["status"].get("containerStatuses", [])
    return {each["name"]: each["ready"] for each in statuses}


def _running(namespace: Namespace, name: str) -> int:
    statuses = namespace.get("pod", name)["status"].get("containerStatuses", [])
    return sum("running" in each["state"] for each in statuses)
