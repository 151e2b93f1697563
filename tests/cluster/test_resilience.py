"""Retries, circuit breakers, ejection of bad endpoints, timeouts and injected faults."""

from collections.abc import Iterator

import pytest

from tests.apiserver.kube_api import KubeObject
from tests.cluster.cluster import Cluster
from tests.cluster.namespace import Namespace
from tests.cluster.traffic import (
    assert_share,
    counts,
    destination_rule,
    rejecting_nothing,
    telemetry,
    tell,
    to,
    version,
    virtual_service,
)
from tests.cluster.workloads import deployment, service

pytestmark = pytest.mark.cluster

_CLIENT = "deployment/client"


@pytest.fixture(scope="module")
def shop(mesh: Cluster) -> Iterator[Namespace]:
    """Yield a namespace with a client and two endpoints of `server`; each test names a Service."""
    logged = telemetry(accessLogging=[{"providers": [{"name": "envoy"}]}])
    with rejecting_nothing(
        mesh, deployment("client"), version("server", "v1", replicas=2), logged
    ) as namespace:
        yield namespace


@pytest.fixture
def servers(shop: Namespace) -> Iterator[list[KubeObject]]:
    """Yield the pods behind each Service, which are sound again afterwards."""
    pods = shop.pods("server")
    try:
        yield pods
    finally:
        for pod in pods:
            tell(shop, pod, failures=0, latency="0s")


def test_retries_hide_failures(shop: Namespace, servers: list[KubeObject]) -> None:
    """Of 2,000 requests to endpoints that fail 30 %, 99.5 % succeed with five further attempts."""
    retries = {"attempts": 5, "retryOn": "5xx", "perTryTimeout": "5s"}
    shop.apply(
        service("retried", "server"),
        virtual_service("retried", http=[{"route": [to("retried")], "retries": retries}]),
    )
    for pod in servers:
        tell(shop, pod, failures=0.3)
    before = sum(counts(shop, pod).get("http", 0) for pod in servers)
    shop.wait_for(
        lambda: "2" in shop.load(_CLIENT, "http://retried/", "--count=20")["attempts"],
        what="the first retry",
    )
    warmed = sum(counts(shop, pod).get("http", 0) for pod in servers)
    found = shop.load(_CLIENT, "http://retried/", "--count=2000", "--connections=8")
    received = sum(counts(shop, pod)["http"] for pod in servers) - warmed
    print(f"\nretries: {found['statuses']}, attempts {found['attempts']}, {received} received")
    assert warmed > before
    assert found["errors"] == {}
    assert found["statuses"]["200"] >= 0.995 * 2000
    assert_share(found["attempts"]["1"], 2000, 0.7)
    # Each answer names the attempt that brought it, so that all attempts can be counted.
    assert received == sum(int(n) * times for n, times in found["attempts"].items())


def test_overflow_is_refused_at_once(shop: Namespace, servers: list[KubeObject]) -> None:
    """Beyond one connection and one waiting request, Envoy answers itself, and logs UO."""
    limits = {"tcp": {"maxConnections": 1}, "http": {"http1MaxPendingRequests": 1}}
    shop.apply(
        service("narrow", "server"),
        destination_rule("narrow", connectionPool=limits),
        virtual_service("narrow", http=[{"route": [to("narrow")], "retries": {"attempts": 0}}]),
    )
    for pod in servers:
        tell(shop, pod, latency="200ms")
    load = ("--count=60", "--connections=20")
    shop.wait_for(
        lambda: bool(shop.load(_CLIENT, "http://narrow/", *load)["overloaded"]),
        what="an overflow",
    )
    before = sum(counts(shop, pod)["http"] for pod in servers)
    found = shop.load(_CLIENT, "http://narrow/", *load)
    received = sum(counts(shop, pod)["http"] for pod in servers) - before
    print(f"\noverflow: {found['statuses']}, {found['overloaded']} refused by Envoy")
    assert found["statuses"]["503"] == found["overloaded"] > 0
    assert received == found["statuses"]["200"] > 0
    # Half of the answers came sooner than any endpoint answers.
    assert found["milliseconds"]["p50"] < 200
    shop.wait_for(
        lambda: " 503 UO " in shop.logs(_CLIENT, "istio-proxy"), what="UO in the access log"
    )


def test_bad_endpoint_is_ejected_and_returns(shop: Namespace, servers: list[KubeObject]) -> None:
    """An endpoint that answers 503 gets nothing after a few errors, and its share once healed."""
    outliers = {
        "consecutive5xxErrors": 3, "interval": "1s", "baseEjectionTime": "3s",
        "maxEjectionPercent": 100,
    }  # fmt: skip
    shop.apply(
        service("watched", "server"),
        destination_rule(
            "watched", outlierDetection=outliers, loadBalancer={"simple": "ROUND_ROBIN"}
        ),
        virtual_service("watched", http=[{"route": [to("watched")], "retries": {"attempts": 0}}]),
    )
    bad, good = (pod["metadata"]["name"] for pod in servers)
    tell(shop, servers[0], failures=1)
    runs: list[KubeObject] = []

    def is_ejected() -> bool:
        runs.append(shop.load(_CLIENT, "http://watched/", "--count=40"))
        return bool(runs[-1]["pods"] == {good: 40})

    shop.wait_for(is_ejected, what="ejection")
    tell(shop, servers[0], failures=0)

    def is_back() -> bool:
        runs.append(shop.load(_CLIENT, "http://watched/", "--count=40"))
        return int(runs[-1]["pods"].get(bad, 0)) > 10

    shop.wait_for(is_back, what="return")
    print(f"\nejection: {[run['pods'].get(bad, 0) for run in runs]} of 40 to the bad endpoint")
    assert runs[-1]["statuses"] == {"200": 40}


def test_slow_answers_time_out(shop: Namespace, servers: list[KubeObject]) -> None:
    """A route's timeout ends a request with 504, long before the endpoint would answer."""
    shop.apply(
        service("hurried", "server"),
        virtual_service("hurried", http=[{"route": [to("hurried")], "timeout": "0.3s"}]),
    )
    for pod in servers:
        tell(shop, pod, latency="10s")
    shop.wait_for(
        lambda: shop.load(_CLIENT, "http://hurried/")["statuses"] == {"504": 1}, what="a 504"
    )
    found = shop.load(_CLIENT, "http://hurried/", "--count=10", "--connections=5")
    print(f"\ntimeout of 300 ms: {found['statuses']}, p50 {found['milliseconds']['p50']:.0f} ms")
    assert found["statuses"] == {"504": 10}
    assert 300 <= found["milliseconds"]["p50"] < 10_000


def test_faults_are_injected(shop: Namespace, servers: list[KubeObject]) -> None:
    """A route may answer 40 % of requests with 418 itself and hold back all of them."""
    fault = {
        "abort": {"httpStatus": 418, "percentage": {"value": 40}},
        "delay": {"fixedDelay": "0.05s", "percentage": {"value": 100}},
    }
    shop.apply(
        service("faulty", "server"),
        virtual_service("faulty", http=[{"route": [to("faulty")], "fault": fault}]),
    )
    shop.wait_for(
        lambda: "418" in shop.load(_CLIENT, "http://faulty/", "--count=20")["statuses"],
        what="a fault",
    )
    found = shop.load(_CLIENT, "http://faulty/", "--count=500", "--connections=10")
    print(f"\nfaults: {found['statuses']}, p50 {found['milliseconds']['p50']:.0f} ms")
    assert_share(found["statuses"]["418"], 500, 0.4)
    assert found["statuses"]["200"] == 500 - found["statuses"]["418"]
    assert found["milliseconds"]["p50"] >= 50
