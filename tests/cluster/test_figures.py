"""What a sidecar costs on this machine; the figures are printed, none is judged."""

import os
from datetime import datetime
from pathlib import Path

import pytest

from tests.apiserver.kube_api import KubeObject
from tests.cluster.namespace import Namespace
from tests.cluster.sidecar_process import envoy_processes
from tests.cluster.workloads import deployment, service

pytestmark = pytest.mark.cluster

PODS = 5


def test_cost_of_a_sidecar_is_printed(namespace: Namespace, plain_namespace: Namespace) -> None:
    """Seconds to ready with and without, then memory and processor time under some load."""
    seconds = {}
    for place in (plain_namespace, namespace):
        place.apply(deployment("server", replicas=PODS), service("server"), deployment("client"))
        place.wait_ready("deployment/server", "deployment/client")
        seconds[place.name] = sorted(_seconds_to_ready(pod) for pod in place.pods("server"))
    for name, taken in seconds.items():
        print(f"\n{name}: {PODS} pods at once, seconds to ready: {taken}")
    latencies = [
        place.load("deployment/client", "http://server/", "--count=2000")["milliseconds"]
        for place in (plain_namespace, namespace)
    ]
    print(f"milliseconds of a request: {latencies[0]} plain, {latencies[1]} with two sidecars")
    client = namespace.pod("client")["metadata"]["name"]
    (envoy,) = envoy_processes(client, namespace.name)
    print(f"the client's Envoy after 2000 requests: {_memory(envoy)} MB, {_processor(envoy)} s CPU")
    assert _memory(envoy) > 0


def _seconds_to_ready(pod: KubeObject) -> float:
    """Return how long a pod took; the API server's times are whole seconds."""
    (ready,) = [each for each in pod["status"]["conditions"] if each["type"] == "Ready"]
    return (
        _time(ready["lastTransitionTime"]) - _time(pod["metadata"]["creationTimestamp"])
    ).seconds


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _memory(process: int) -> float:
    """Return the resident memory in megabytes."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    (kilobytes,) = [line.split()[1] for line in lines if line.startswith("VmRSS:")]
    return round(int(kilobytes) * 1024 / 1e6, 1)


def _processor(process: int) -> float:
    """Return the seconds of processor time, user's and kernel's."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
