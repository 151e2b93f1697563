"""One request is one trace in Jaeger, from the caller's sidecar to the last service."""

from collections.abc import Iterator

import pytest

from tests.apiserver.kube_api import KubeObject
from tests.cluster.cluster import Cluster
from tests.cluster.namespace import Namespace, temporary_namespace
from tests.cluster.telemetry import jaeger, load_images, traces, tracing_provider
from tests.cluster.traffic import rejecting_nothing, telemetry, version
from tests.cluster.workloads import deployment, service

pytestmark = pytest.mark.cluster

_CLIENT = "deployment/client"
_PROVIDER = "jaeger"


@pytest.fixture(scope="module")
def tracing(mesh: Cluster) -> Iterator[Namespace]:
    """Yield a namespace with Jaeger in it, which Pilot knows as a receiver of spans."""
    load_images(mesh, "jaeger")
    with temporary_namespace(mesh, {}, prefix="tracing") as namespace:
        namespace.apply(*jaeger())
        namespace.wait_ready("deployment/jaeger")
        with tracing_provider(mesh, _PROVIDER, f"jaeger.{namespace.name}.svc.cluster.local"):
            yield namespace


@pytest.fixture(scope="module")
def shop(mesh: Cluster, tracing: Namespace) -> Iterator[Namespace]:
    """Yield a namespace with a chain of three services, of whose requests all are traced."""
    everything = telemetry(
        tracing=[{"providers": [{"name": _PROVIDER}], "randomSamplingPercentage": 100}]
    )
    with rejecting_nothing(
        mesh,
        everything,
        deployment("client"),
        version("front", "v1", "--upstreams=http://middle/"),
        version("middle", "v1", "--upstreams=http://back/"),
        version("back", "v1"),
        *(service(name) for name in ("front", "middle", "back")),
    ) as namespace:
        yield namespace


def test_one_request_is_one_trace(shop: Namespace, tracing: Namespace) -> None:
    """Three services that forward headers make one trace: one root, every other span a child."""
    found: list[KubeObject] = []

    def is_traced() -> bool:
        shop.load(_CLIENT, "http://front/")
        found[:] = [each for each in traces(tracing, f"back.{shop.name}") if _is_whole(each)]
        return bool(found)

    shop.wait_for(is_traced, what="a trace from the client to the last service")
    trace = found[0]
    parents = {span["spanID"]: _parent(span) for span in trace["spans"]}
    print(f"\ntrace: {len(trace['spans'])} spans of {sorted(_services(trace))}")
    assert _services(trace) == {
        f"{app}.{shop.name}" for app in ("client", "front", "middle", "back")
    }
    roots = [span for span, parent in parents.items() if parent is None]
    assert len(roots) == 1
    assert all(parent in parents for parent in parents.values() if parent is not None)
    assert _chain(trace) == ["client", "front", "front", "middle", "middle", "back"]


def _is_whole(trace: KubeObject) -> bool:
    """Tell whether both sides of all three calls have sent their span."""
    return len(trace["spans"]) == 6


def _services(trace: KubeObject) -> set[str]:
    return {process["serviceName"] for process in trace["processes"].values()}


def _parent(span: KubeObject) -> str | None:
    parents: list[str] = [each["spanID"] for each in span["references"]]
    return parents[0] if parents else None


def _chain(trace: KubeObject) -> list[str]:
    """Return the services from the root to the last child; each span has one child at most."""
    children = {_parent(span): span for span in trace["spans"]}
    chain, parent = [], None
    while (span := children.get(parent)) is not None:
        name = trace["processes"][span["processID"]]["serviceName"]
        chain.append(str(name).partition(".")[0])
        parent = span["spanID"]
    return chain
