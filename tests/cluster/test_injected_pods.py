"""Pods that opted in become ready under a real kubelet, and their traffic goes through Envoy."""

import json

import pytest

from tests.cluster.namespace import Namespace
from tests.cluster.workloads import deployment, service

pytestmark = pytest.mark.cluster


def test_pods_speak_through_their_sidecars(namespace: Namespace) -> None:
    """A labelled namespace is all it takes: both pods are ready, and Envoy is on both sides."""
    namespace.apply(deployment("server"), service("server"), deployment("client"))
    namespace.wait_ready("deployment/server", "deployment/client")
    found = namespace.load("deployment/client", "http://server/hello")
    assert found["statuses"] == {"200": 1}
    assert found["pods"] == {namespace.pod("server")["metadata"]["name"]: 1}
    headers = json.loads(found["last"])["headers"]
    assert headers["X-Envoy-Attempt-Count"] == "1"
    assert headers["X-Request-Id"]
