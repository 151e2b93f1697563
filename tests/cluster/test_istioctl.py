"""Istio's own command line gives right answers for pods without an agent."""

import json

import pytest

from tests.cluster.mesh import ISTIO_NAMESPACE, REVISION
from tests.cluster.namespace import Namespace
from tests.cluster.workloads import deployment, service, template

pytestmark = pytest.mark.cluster


@pytest.fixture
def server(namespace: Namespace) -> Namespace:
    """Return the namespace once it holds a ready server."""
    namespace.apply(deployment("server"), service("server"))
    namespace.wait_ready("deployment/server")
    return namespace


def test_questions_about_a_pod_are_answered(server: Namespace) -> None:
    """proxy-config reads Envoy; check-inject and describe know the webhook and the pod."""
    name = f"server.{server.name}.svc.cluster.local"
    clusters = server.istioctl("proxy-config", "clusters", "deployment/server")
    assert name in clusters
    assert "inbound" in clusters
    routes = server.istioctl("proxy-config", "routes", "deployment/server")
    assert f"server.{server.name}" in routes
    endpoints = server.istioctl("proxy-config", "endpoints", "deployment/server")
    assert server.pod("server")["status"]["podIP"] in endpoints
    pod = server.pod("server")["metadata"]["name"]
    injection = server.istioctl("experimental", "check-inject", "deployment/server")
    assert "pillion" in injection
    assert f"Namespace label istio.io/rev={REVISION} matches" in injection
    described = server.istioctl("experimental", "describe", "pod", pod)
    assert f"Pod Revision: {REVISION}" in described
    assert "Port: http 80/HTTP targets pod port 8080" in described
    assert "Workload mTLS mode: DISABLE" in described


def test_status_lists_pods_that_send_a_proxy_config(namespace: Namespace) -> None:
    """In proxy-status stand those pods that told Pilot a ProxyConfig; its debug page knows all.

    Pilot takes whoever sends none for no proxy, and whoever sends one no longer gets the mesh's
    `defaultConfig`: so only pods that ask for one send it.
    """
    config = {"proxy.istio.io/config": json.dumps({"tracing": {"sampling": 100}})}
    namespace.apply(
        deployment("silent"), deployment("telling", template("telling", annotations=config))
    )
    namespace.wait_ready("deployment/silent", "deployment/telling")
    silent, telling = (namespace.pod(app)["metadata"]["name"] for app in ("silent", "telling"))
    status = namespace.istioctl("proxy-status", "--revision", REVISION)
    (line,) = [each for each in status.splitlines()[1:] if namespace.name in each]
    assert telling in line
    assert "1.32" in line
    request = ("pilot-discovery", "request", "GET", "/debug/syncz")
    pilot = ("exec", f"deployment/istiod-{REVISION}", f"--namespace={ISTIO_NAMESPACE}", "--")
    done = namespace.cluster.kubectl(*pilot, *request)
    proxies = {each["proxy"]: each for each in json.loads(done.stdout)}
    for pod in (silent, telling):
        told = proxies[f"{pod}.{namespace.name}"]
        assert told["listener_sent"] == told["listener_acked"]
        assert told["cluster_sent"] == told["cluster_acked"]


def test_analysis_has_nothing_to_complain_of(server: Namespace) -> None:
    """The analysis finds no fault but an image that it does not know (IST0158), as documented."""
    done = server.cluster.istioctl("analyze", f"--namespace={server.name}", "--revision", REVISION)
    messages = [each for each in done.stdout.splitlines() if "[IST" in each]
    assert all("[IST0158]" in each for each in messages), done.stdout
    assert done.returncode == 0, done.stderr
