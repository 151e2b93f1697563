"""How requests are divided among endpoints: in turn, by load, by a header, by place."""

from collections.abc import Iterator

import pytest

from tests.cluster.cluster import Cluster
from tests.cluster.namespace import Namespace
from tests.cluster.traffic import destination_rule, pod_of, rejecting_nothing, tell, version
from tests.cluster.workloads import deployment, service, template

pytestmark = pytest.mark.cluster

_CLIENT = "deployment/client"
_HERE, _THERE = {"istio-locality": "west.one"}, {"istio-locality": "east.one"}


@pytest.fixture(scope="module")
def shop(mesh: Cluster) -> Iterator[Namespace]:
    """Yield a namespace with a client and three endpoints of `server`, one of them near it."""
    with rejecting_nothing(
        mesh,
        deployment("client", template("client", labels=_HERE)),
        version("server", "near", labels=_HERE),
        version("server", "far", labels=_THERE, replicas=2),
    ) as namespace:
        yield namespace


def test_round_robin_is_even(shop: Namespace) -> None:
    """In turn, three endpoints get a third each of 600 requests, within 5 %."""
    shop.apply(
        service("turns", "server"),
        destination_rule("turns", loadBalancer={"simple": "ROUND_ROBIN"}),
    )
    shop.wait_for(
        lambda: set(shop.load(_CLIENT, "http://turns/", "--count=9")["pods"].values()) == {3},
        what="turns",
    )
    found = shop.load(_CLIENT, "http://turns/", "--count=600")
    print(f"\nround robin: {sorted(found['pods'].values())}")
    assert len(found["pods"]) == 3
    assert all(190 <= got <= 210 for got in found["pods"].values())


def test_least_request_favours_fast_endpoints(shop: Namespace) -> None:
    """An endpoint that takes 100 ms longer gets less than half of its share."""
    shop.apply(
        service("least", "server"),
        destination_rule("least", loadBalancer={"simple": "LEAST_REQUEST"}),
    )
    slow = pod_of(shop, "server", "near")
    tell(shop, slow, latency="100ms")
    try:
        found = shop.load(_CLIENT, "http://least/", "--count=600", "--connections=10")
    finally:
        tell(shop, slow, latency="0s")
    got = found["pods"].get(slow["metadata"]["name"], 0)
    print(f"\nleast request: {got} of 600 to the slow endpoint, a third would be 200")
    assert found["statuses"] == {"200": 600}
    assert 0 < got < 100


def test_consistent_hash_sticks(shop: Namespace) -> None:
    """All requests of one user reach one endpoint, and users are spread over endpoints."""
    by_user = {"consistentHash": {"httpHeaderName": "x-user"}}
    shop.apply(service("sticky", "server"), destination_rule("sticky", loadBalancer=by_user))
    load = ("--count=240", "--connections=4", "--vary=x-user=24")

    def sticks() -> bool:
        users = shop.load(_CLIENT, "http://sticky/", *load)["values"]
        return all(len(pods) == 1 for pods in users.values())

    shop.wait_for(sticks, what="stickiness")
    first = shop.load(_CLIENT, "http://sticky/", *load)["values"]
    second = shop.load(_CLIENT, "http://sticky/", *load)["values"]
    print(
        f"\nconsistent hash: {len(first)} users over {len({*map(str, first.values())})} endpoints"
    )
    assert first == second
    assert len({pod for pods in first.values() for pod in pods}) > 1


def test_locality_is_preferred_and_fails_over(shop: Namespace) -> None:
    """Endpoints with the client's `istio-locality` get everything, until they fail."""
    outliers = {
        "consecutive5xxErrors": 3, "interval": "1s", "baseEjectionTime": "60s",
        "maxEjectionPercent": 100,
    }  # fmt: skip
    shop.apply(
        service("local", "server"),
        destination_rule(
            "local",
            loadBalancer={"simple": "ROUND_ROBIN", "localityLbSetting": {"enabled": True}},
            outlierDetection=outliers,
        ),
    )

    def answering() -> set[str]:
        return set(shop.load(_CLIENT, "http://local/", "--count=30")["versions"])

    shop.wait_for(lambda: answering() == {"near"}, what="the near endpoint only")
    found = shop.load(_CLIENT, "http://local/", "--count=300")
    near = pod_of(shop, "server", "near")
    tell(shop, near, failures=1)
    try:
        shop.wait_for(lambda: answering() == {"far"}, what="failover")
    finally:
        tell(shop, near, failures=0)
    print(f"\nlocality: {found['versions']}, then all to the far ones")
    assert found["versions"] == {"near": 300}
