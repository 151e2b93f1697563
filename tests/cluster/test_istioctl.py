"""Istio's own command line gives right answers for pods without an agent."""

import pytest

from tests.cluster.mesh import REVISION
from tests.cluster.namespace import Namespace
from tests.cluster.workloads import deployment, service

pytestmark = pytest.mark.cluster


@pytest.fixture
def server(namespace: Namespace) -> Namespace:
    """Return the namespace once it holds a ready server."""
    namespace.apply(deployment("server"), service("server"))
    namespace.wait_ready("deployment/server")
    return namespace


def test_questions_about_a_pod_are_answered(server: Namespace) -> None:
    """proxy-config reads Envoy, proxy-status Pilot, and check-inject and describe the labels."""
    name = f"server.{server.name}.svc.cluster.local"
    clusters = server.istioctl("proxy-config", "clusters", "deployment/server")
    assert name in clusters
    assert "inbound" in clusters
    routes = server.istioctl("proxy-config", "routes", "deployment/server")
    assert f"server.{server.name}" in routes
    endpoints = server.istioctl("proxy-config", "endpoints", "deployment/server")
    assert server.pod("server")["status"]["podIP"] in endpoints
    pod = server.pod("server")["metadata"]["name"]
    status = server.istioctl("proxy-status", "--revision", REVISION)
    (line,) = [each for each in status.splitlines() if each.startswith(pod)]
    assert "1.32" in line
    assert "CDS,LDS,EDS,RDS" in line
    injection = server.istioctl("experimental", "check-inject", "deployment/server")
    assert "pillion" in injection
    assert f"Namespace label istio.io/rev={REVISION} matches" in injection
    described = server.istioctl("experimental", "describe", "pod", pod)
    assert f"Pod Revision: {REVISION}" in described
    assert "Port: http 80/HTTP targets pod port 8080" in described
    assert "Workload mTLS mode: DISABLE" in described


def test_analysis_has_nothing_to_complain_of(server: Namespace) -> None:
    """The analysis finds no fault but an image that it does not know (IST0158), as documented."""
    done = server.cluster.istioctl("analyze", f"--namespace={server.name}", "--revision", REVISION)
    messages = [each for each in done.stdout.splitlines() if "[IST" in each]
    assert all("[IST0158]" in each for each in messages), done.stdout
    assert done.returncode == 0, done.stderr
