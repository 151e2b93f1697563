"""What a pod does while Pilot is away: it says so, keeps its application, and recovers."""

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from tests.apiserver.kube_api import KubeObject
from tests.cluster.cluster import Cluster
from tests.cluster.mesh import ISTIO_NAMESPACE, REVISION, wait_for_rollout
from tests.cluster.namespace import Namespace
from tests.cluster.sidecar_process import envoy_processes
from tests.cluster.workloads import deployment, service

pytestmark = pytest.mark.cluster

PILOT = f"deployment/istiod-{REVISION}"


@contextmanager
def pilot_away(cluster: Cluster) -> Iterator[None]:
    """Have no Pilot for the length of a block, and a ready one after it."""
    _scale(cluster, 0)
    try:
        cluster.kubectl(
            "wait", "--for=delete", "pod", "--selector=app=istiod",
            f"--namespace={ISTIO_NAMESPACE}", "--timeout=60s",
        )  # fmt: skip
        yield
    finally:
        _scale(cluster, 1)
        wait_for_rollout(cluster, ISTIO_NAMESPACE, PILOT)


def test_new_pod_waits_for_pilot_and_says_so(namespace: Namespace) -> None:
    """Without Pilot a pod does not become ready, its events and log say why; then it does."""
    with pilot_away(namespace.cluster):
        namespace.apply(deployment("server"))
        namespace.wait_for(
            lambda: "Startup probe failed" in namespace.kubectl("events"), what="event"
        )
        (pod,) = namespace.pods("server")
        assert _condition(pod, "Ready") == "False"
        namespace.wait_for(
            lambda: "config stream" in namespace.logs("deployment/server", "istio-proxy"),
            what="log names the stream to Pilot",
        )
        assert _application(namespace.pod("server")).get("started") is False
    namespace.wait_ready("deployment/server")
    assert _restarts(namespace.pod("server")) == {"istio-init": 0, "istio-proxy": 0, "app": 0}


def test_traffic_flows_while_pilot_restarts(namespace: Namespace) -> None:
    """Requests at a steady rate do not notice a roll-out of Pilot."""
    namespace.apply(deployment("server"), service("server"), deployment("client"))
    namespace.wait_ready("deployment/server", "deployment/client")
    with ThreadPoolExecutor(1) as thread:
        load = thread.submit(
            namespace.load, "deployment/client", "http://server/", "--duration=25s", "--rate=40"
        )
        pilot = f"--namespace={ISTIO_NAMESPACE}"
        assert namespace.cluster.kubectl("rollout", "restart", PILOT, pilot).returncode == 0
        wait_for_rollout(namespace.cluster, ISTIO_NAMESPACE, PILOT)
        found = load.result()
    print(f"requests while Pilot restarted: {found['requests']}, {found['milliseconds']}")
    assert found["statuses"] == {"200": found["requests"]}
    assert not found["errors"]


def test_envoy_that_dies_during_an_outage_harms_no_application(namespace: Namespace) -> None:
    """The pod is not ready while Envoy has no configuration; its application is not restarted."""
    namespace.apply(deployment("server"), service("server"))
    namespace.wait_ready("deployment/server")
    name = namespace.pod("server")["metadata"]["name"]
    with pilot_away(namespace.cluster):
        (process,) = envoy_processes(name, namespace.name)
        os.kill(process, signal.SIGKILL)
        namespace.wait_for(
            lambda: _restarts(namespace.pod("server"))["istio-proxy"] == 1, what="Envoy restarted"
        )
        namespace.wait_for(
            lambda: _condition(namespace.pod("server"), "Ready") == "False", what="not ready"
        )
        # The application's probes are answered all the while: Envoy serves them without Pilot.
        namespace.wait_for(
            lambda: bool(_application(namespace.pod("server"))["ready"]), what="application ready"
        )
        assert _restarts(namespace.pod("server"))["app"] == 0
    namespace.wait_ready("deployment/server")
    assert namespace.pod("server")["metadata"]["name"] == name
    assert _restarts(namespace.pod("server"))["app"] == 0


def _scale(cluster: Cluster, replicas: int) -> None:
    done = cluster.kubectl(
        "scale", PILOT, f"--namespace={ISTIO_NAMESPACE}", f"--replicas={replicas}"
    )
    assert done.returncode == 0, done.stderr


def _condition(pod: KubeObject, kind: str) -> str:
    return next(str(e["status"]) for e in pod["status"]["conditions"] if e["type"] == kind)


def _application(pod: KubeObject) -> KubeObject:
    found: KubeObject = next(e for e in pod["status"]["containerStatuses"] if e["name"] == "app")
    return found


def _restarts(pod: KubeObject) -> dict[str, int]:
    status = pod["status"]
    statuses = [*status.get("initContainerStatuses", []), *status.get("containerStatuses", [])]
    return {each["name"]: each["restartCount"] for each in statuses}
