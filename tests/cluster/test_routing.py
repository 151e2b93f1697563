"""Canaries, matches, mirroring, header rewrites, and routes of gRPC methods and TCP."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.cluster.cluster import Cluster
from tests.cluster.namespace import Namespace
from tests.cluster.traffic import (
    WITHIN_99_9_PERCENT,
    assert_share,
    counts,
    destination_rule,
    pod_of,
    rejecting_nothing,
    shares,
    to,
    version,
    virtual_service,
)
from tests.cluster.workloads import GRPC_PORT, TCP_PORT, KubeManifest, deployment, service

pytestmark = pytest.mark.cluster

_CLIENT = "deployment/client"
_VERSIONS = ("v1", "v2")


@pytest.fixture(scope="module")
def shop(mesh: Cluster) -> Iterator[Namespace]:
    """Yield a namespace with a client and two versions of `server`; each test names a Service."""
    with rejecting_nothing(
        mesh, deployment("client"), version("server", "v1"), version("server", "v2")
    ) as namespace:
        yield namespace


def _route(shop: Namespace, host: str, *routes: KubeManifest, **more: object) -> None:
    shop.apply(
        service(host, "server"),
        destination_rule(host, versions=_VERSIONS),
        virtual_service(host, http=list(routes), **more),
    )


def _await_only(shop: Namespace, chosen: str, url: str, *options: str) -> None:
    """Wait until ten requests are answered by one version only."""
    shop.wait_for(
        lambda: set(shop.load(_CLIENT, url, "--count=10", *options)["versions"]) == {chosen},
        what=f"only {chosen} behind {url}",
    )


def test_canary_gets_its_share_and_testers(shop: Namespace) -> None:
    """Of 1,000 requests a tenth reaches v2, give or take chance; testers reach it always."""
    testers = {
        "match": [{"headers": {"x-user": {"exact": "tester"}}}],
        "route": [to("canary", "v2")],
    }
    _route(shop, "canary", testers, shares("canary", v1=90, v2=10))
    _await_only(shop, "v2", "http://canary/", "--header=x-user:tester")
    found = shop.load(_CLIENT, "http://canary/", "--count=1000", "--connections=4")
    tests = shop.load(_CLIENT, "http://canary/", "--count=50", "--header=x-user:tester")
    print(f"\ncanary 90/10: {found['versions']}; testers: {tests['versions']}")
    assert found["statuses"] == {"200": 1000}
    assert_share(found["versions"]["v2"], 1000, 0.1, deviations=WITHIN_99_9_PERCENT)
    assert tests["versions"] == {"v2": 50}


def test_shift_loses_no_request(shop: Namespace) -> None:
    """Weights go from 90/10 to 0/100 under load: no request fails, and v2 answers in the end."""
    _route(shop, "shifted", shares("shifted", v1=90, v2=10))
    shop.wait_for(
        lambda: len(shop.load(_CLIENT, "http://shifted/", "--count=60")["versions"]) == 2,
        what="both versions",
    )
    with ThreadPoolExecutor(1) as pool:
        load = ("--duration=10s", "--rate=100", "--connections=4")
        running = pool.submit(shop.load, _CLIENT, "http://shifted/", *load)
        for part in (50, 100):
            time.sleep(2)  # so that each step has requests of its own
            _route(shop, "shifted", shares("shifted", v1=100 - part, v2=part))
        _await_only(shop, "v2", "http://shifted/")
        found = running.result()
    print(f"\nshift: {found['requests']} requests, {found['statuses']}, {found['versions']}")
    assert found["errors"] == {}
    assert found["statuses"] == {"200": found["requests"]}
    assert set(found["versions"]) == {"v1", "v2"}


def test_mirror_gets_copies(shop: Namespace) -> None:
    """The mirrored version gets a copy of each request, and its answers are thrown away."""
    mirrored = {**shares("mirrored", v1=100), "mirror": to("mirrored", "v2")["destination"]}
    _route(shop, "mirrored", mirrored)
    copy = pod_of(shop, "server", "v2")

    def is_mirrored() -> bool:
        before = counts(shop, copy).get("http", 0)
        shop.load(_CLIENT, "http://mirrored/")
        return counts(shop, copy).get("http", 0) > before

    shop.wait_for(is_mirrored, what="a copy")
    before = counts(shop, copy)["http"]
    found = shop.load(_CLIENT, "http://mirrored/", "--count=100")
    shop.wait_for(lambda: counts(shop, copy)["http"] == before + 100, what="100 copies", seconds=20)
    print(f"\nmirror: {found['versions']} answered, {counts(shop, copy)['http'] - before} copies")
    assert found["versions"] == {"v1": 100}


def test_route_rewrites_requests(shop: Namespace) -> None:
    """A route changes path and host, and sets, adds and removes headers in both directions."""
    rewriting = {
        **shares("rewritten", v1=100),
        "match": [{"uri": {"prefix": "/old/"}}],
        "rewrite": {"uri": "/new/", "authority": "inner.test"},
        "headers": {
            "request": {"set": {"x-set": "yes"}, "remove": ["x-secret"]},
            "response": {"set": {"x-shop-version": "hidden"}},
        },
    }
    _route(shop, "rewritten", rewriting)
    _await_only(shop, "hidden", "http://rewritten/old/page")
    found = shop.load(_CLIENT, "http://rewritten/old/page", "--header=x-secret:42")
    seen = json.loads(found["last"])
    assert seen["path"] == "/new/page"
    assert seen["host"] == "inner.test"
    assert seen["headers"]["X-Set"] == "yes"
    assert "X-Secret" not in seen["headers"]


def test_grpc_methods_are_routed(shop: Namespace) -> None:
    """One method of a gRPC service goes to v2, the others to v1, and statuses come through."""
    place = {
        "match": [{"uri": {"exact": "/shop.Orders/Place"}, "port": GRPC_PORT}],
        "route": [to("methods", "v2")],
    }
    _route(shop, "methods", place, shares("methods", v1=100))
    url = f"grpc://methods:{GRPC_PORT}/shop.Orders"
    _await_only(shop, "v2", f"{url}/Place")
    placed = shop.load(_CLIENT, f"{url}/Place", "--count=100")
    got = shop.load(_CLIENT, f"{url}/Get", "--count=100")
    print(f"\ngRPC: Place {placed['versions']}, Get {got['versions']}")
    assert placed["versions"] == {"v2": 100}
    assert got["versions"] == {"v1": 100}
    assert placed["statuses"] == got["statuses"] == {"grpc 0": 100}


def test_tcp_connections_are_divided(shop: Namespace) -> None:
    """Of 300 connections a quarter reaches v2, give or take chance."""
    divided = {
        "match": [{"port": TCP_PORT}],
        "route": [to("lines", "v1", 75), to("lines", "v2", 25)],
    }
    shop.apply(
        service("lines", "server"),
        destination_rule("lines", versions=_VERSIONS),
        virtual_service("lines", tcp=[divided]),
    )
    url = f"tcp://lines:{TCP_PORT}"

    def is_divided() -> bool:
        found = shop.load(_CLIENT, url, "--count=60")["versions"]
        return len(found) == 2 and found["v1"] > found["v2"]

    shop.wait_for(is_divided, what="both versions")
    found = shop.load(_CLIENT, url, "--count=300", "--connections=4")
    print(f"\nTCP 75/25: {found['versions']}")
    assert found["statuses"] == {"tcp": 300}
    assert_share(found["versions"]["v2"], 300, 0.25)
