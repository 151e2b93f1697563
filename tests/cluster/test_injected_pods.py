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
    answer = namespace.execute("deployment/client", "curl", "-si", "http://server/hello")
    head, _, body = answer.replace("\r", "").partition("\n\n")
    assert head.startswith("HTTP/1.1 200")
    assert "server: envoy" in head
    assert json.loads(body)["headers"]["x-envoy-attempt-count"] == "1"
