"""What the tests of traffic share: services in versions, Istio's rules, and faults told to pods."""

import json
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httpx

from tests.apiserver.kube_api import KubeObject, NamespaceTransport
from tests.cluster.cluster import Cluster
from tests.cluster.mesh import ISTIO_NAMESPACE, REVISION
from tests.cluster.namespace import MESH_LABELS, Namespace, temporary_namespace
from tests.cluster.workloads import (
    CONTROL_PORT,
    KubeManifest,
    deployment,
    shop_container,
    template,
)

ADMIN = "http://127.0.0.1:15000"
"""Envoy's own interface, as the application beside it sees it."""

_PILOT_METRICS_PORT = 15014


def version(
    app: str,
    name: str,
    *arguments: str,
    replicas: int = 1,
    labels: Mapping[str, str] | None = None,
) -> KubeManifest:
    """Return the Deployment `APP-NAME` of one version of the service `app`.

    `arguments` are further ones of `shop serve`.
    """
    chosen = {"version": name, **(labels or {})}
    container = shop_container(args=["serve", f"--name={app}", f"--version={name}", *arguments])
    made = deployment(
        f"{app}-{name}", template(app, containers=[container], labels=chosen), replicas=replicas
    )
    made["spec"]["selector"] = {"matchLabels": {"app": app, "version": name}}
    return made


def virtual_service(host: str, **spec: Any) -> KubeManifest:
    """Return the VirtualService of one host, in the words of Istio's API."""
    return _rule("VirtualService", host, hosts=[host], **spec)


def destination_rule(host: str, *, versions: tuple[str, ...] = (), **policy: Any) -> KubeManifest:
    """Return the DestinationRule of one host: a subset for each version, and a traffic policy."""
    subsets = [{"name": each, "labels": {"version": each}} for each in versions]
    chosen = {"trafficPolicy": policy} if policy else {}  # Istio refuses an empty one
    return _rule("DestinationRule", host, host=host, subsets=subsets, **chosen)


def service_entry(host: str, **spec: Any) -> KubeManifest:
    """Return the ServiceEntry of one host."""
    return _rule("ServiceEntry", host.replace(".", "-"), hosts=[host], **spec)


def sidecar_scope(**spec: Any) -> KubeManifest:
    """Return the Sidecar resource of a whole namespace."""
    return _rule("Sidecar", "default", **spec)


def telemetry(**spec: Any) -> KubeManifest:
    """Return the Telemetry resource of a whole namespace."""
    return {
        "apiVersion": "telemetry.istio.io/v1",
        "kind": "Telemetry",
        "metadata": {"name": "default"},
        "spec": spec,
    }


def _rule(kind: str, name: str, **spec: Any) -> KubeManifest:
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": kind,
        "metadata": {"name": name},
        "spec": spec,
    }


def to(host: str, subset: str | None = None, weight: int | None = None) -> KubeManifest:
    """Return one destination of a route."""
    destination = {"host": host} if subset is None else {"host": host, "subset": subset}
    route: KubeManifest = {"destination": destination}
    return route if weight is None else {**route, "weight": weight}


def shares(host: str, **weights: int) -> KubeManifest:
    """Return an HTTP route that divides requests among versions, in per cent."""
    return {"route": [to(host, name, weight) for name, weight in weights.items()]}


@contextmanager
def rejecting_nothing(mesh: Cluster, *manifests: KubeManifest) -> Iterator[Namespace]:
    """Yield a namespace that opted in, with Deployments ready in it; in the end look for refusals.

    Neither Pilot may have seen any refusal, nor any proxy of the namespace have refused a listener
    or a cluster.
    """
    with temporary_namespace(mesh, MESH_LABELS) as namespace:
        namespace.apply(*manifests)
        names = [each["metadata"]["name"] for each in manifests if each["kind"] == "Deployment"]
        namespace.wait_ready(*(f"deployment/{name}" for name in names))
        yield namespace
        refused = {name: refusals(namespace, f"deployment/{name}") for name in names}
        assert not any(refused.values()), refused
        assert pilot_refusals(mesh) == {}


def refusals(namespace: Namespace, workload: str) -> dict[str, int]:
    """Return how often a workload's Envoy refused what Pilot sent, by statistic; none is empty."""
    url = f"{ADMIN}/stats?format=json&filter=update_rejected"
    stats = json.loads(namespace.load(workload, url)["last"])["stats"]
    found = {each["name"]: each["value"] for each in stats if "value" in each}
    assert "listener_manager.lds.update_rejected" in found
    return {name: times for name, times in found.items() if times}


def pilot_refusals(mesh: Cluster) -> dict[str, float]:
    """Return the refusals that Pilot was told of since it started, by kind of resource."""
    path = f"/api/v1/namespaces/{ISTIO_NAMESPACE}/pods?labelSelector=istio.io/rev={REVISION}"
    found = {}
    pods = mesh.api.get(path)["items"]
    assert pods, "no Pilot to ask"
    for pod in pods:
        address = pod["status"]["podIP"]
        text = ask(mesh, f"http://{address}:{_PILOT_METRICS_PORT}/metrics").text
        assert "pilot_xds_pushes" in text
        for line in text.splitlines():
            # Such as pilot_total_xds_rejects{type="lds"} 1; absent until there is one.
            if line.startswith("pilot_total_xds_rejects"):
                name, _, value = line.rpartition(" ")
                found[name] = float(value)
    return found


def ask(cluster: Cluster, url: str, method: str = "GET") -> httpx.Response:
    """Send a request from the first node, from where every pod can be reached."""
    transport = NamespaceTransport(cluster.network, httpx.HTTPTransport())
    with httpx.Client(transport=transport, timeout=30, trust_env=False) as client:
        return client.request(method, url).raise_for_status()


def tell(namespace: Namespace, pod: KubeObject, **faults: object) -> None:
    """Tell the example application in a pod to be slow or to fail: `failures`, `latency`, …."""
    query = "&".join(f"{name}={value}" for name, value in faults.items())
    ask(namespace.cluster, f"{_control(pod)}/faults?{query}", "POST")


def counts(namespace: Namespace, pod: KubeObject) -> dict[str, int]:
    """Return how many requests of each kind the application in a pod was given."""
    found: dict[str, int] = ask(namespace.cluster, f"{_control(pod)}/counts").json()
    return found


def _control(pod: KubeObject) -> str:
    return f"http://{pod['status']['podIP']}:{CONTROL_PORT}"


def pod_of(namespace: Namespace, app: str, name: str) -> KubeObject:
    """Return the only pod of a version."""
    pods = namespace.pods(app)
    (found,) = (each for each in pods if each["metadata"]["labels"]["version"] == name)
    return found


WITHIN_99_9_PERCENT, WITHIN_99_999_PERCENT = 3.29, 4.42
"""Standard deviations within which a normal value lies with that probability."""


def assert_share(
    found: int, trials: int, part: float, *, deviations: float = WITHIN_99_999_PERCENT
) -> None:
    """Check that `found` of `trials` is what chance makes of `part`.

    By default one sound run in 100,000 is refused, because every run makes many such checks.
    """
    spread = deviations * math.sqrt(trials * part * (1 - part))
    least, most = trials * part - spread, trials * part + spread
    assert least <= found <= most, f"got {found} of {trials}, expected {least:.0f} to {most:.0f}"
