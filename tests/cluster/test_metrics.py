"""What Prometheus learns from the sidecars: requests, errors and latency of each pair."""

import bisect
from collections.abc import Iterator

import pytest

from tests.cluster.cluster import Cluster
from tests.cluster.namespace import Namespace, temporary_namespace
from tests.cluster.telemetry import (
    SCRAPE_SECONDS,
    load_images,
    number,
    prometheus,
    queried,
)
from tests.cluster.traffic import rejecting_nothing, sidecar_scope, tell, version, virtual_service
from tests.cluster.workloads import deployment, service

pytestmark = pytest.mark.cluster

_CLIENT = "deployment/client"
_REQUESTS = 1000

_BUCKETS = (0.5, 1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000, 30000)
"""Upper bounds of Envoy's histograms in milliseconds (envoy docs, `histogram_bucket_settings`)."""


@pytest.fixture(scope="module")
def shop(mesh: Cluster) -> Iterator[Namespace]:
    """Yield a namespace whose client calls two services, without Istio's retries."""
    load_images(mesh, "prometheus")
    plain = [
        virtual_service(
            host, http=[{"route": [{"destination": {"host": host}}], "retries": {"attempts": 0}}]
        )
        for host in ("orders", "stock")
    ]
    with rejecting_nothing(
        mesh, deployment("client"), version("orders", "v1"), version("stock", "v1"),
        service("orders"), service("stock"), *plain,
        # Whatever else is in the cluster, the sidecars know of this namespace only.
        sidecar_scope(egress=[{"hosts": ["./*"]}]),
    ) as namespace:  # fmt: skip
        yield namespace


@pytest.fixture(scope="module")
def monitoring(mesh: Cluster, shop: Namespace) -> Iterator[Namespace]:
    """Yield a namespace with a Prometheus that scrapes the sidecars of `shop`."""
    with temporary_namespace(mesh, {}, prefix="monitoring") as namespace:
        pods = [shop.pod(app) for app in ("client", "orders", "stock")]
        namespace.apply(*prometheus(pods))
        namespace.wait_ready("deployment/prometheus")
        namespace.wait_for(lambda: len(queried(namespace, "up == 1")) == 3, what="three targets")
        yield namespace


def _requests(shop: Namespace, host: str, answered: str = "...") -> str:
    """Return the query for requests of the client to a service, by class of status."""
    labels = (
        f'app="client",direction="outbound",service="{host}.{shop.name}.svc.cluster.local",'
        f'response_code_class=~"{answered}"'
    )
    return f"sum(envoy_cluster_upstream_rq{{{labels}}})"


def test_counts_and_quantiles_are_the_load_generators(
    shop: Namespace, monitoring: Namespace
) -> None:
    """For each pair, requests and errors are within 1 % of those sent, and p90 within a bucket."""
    tell(shop, shop.pod("orders"), failures=0.2, latency="60ms")
    tell(shop, shop.pod("stock"), latency="150ms")
    for host in ("orders", "stock"):
        before = number(monitoring, _requests(shop, host))
        load = (f"--count={_REQUESTS}", "--connections=20")
        found = shop.load(_CLIENT, f"http://{host}/", *load)
        failed = found["statuses"].get("503", 0)
        monitoring.wait_for(
            lambda host=host, before=before: (  # type: ignore[misc]  # bound now, for the loop
                number(monitoring, _requests(shop, host)) >= before + _REQUESTS
            ),
            what=f"{_REQUESTS} requests to {host}",
            seconds=20 * SCRAPE_SECONDS,
        )
        sent = number(monitoring, _requests(shop, host)) - before
        errors = number(monitoring, _requests(shop, host, "5xx"))
        quantile = _quantile(shop, monitoring, host, 0.9)
        print(
            f"\nclient → {host}: {sent:.0f} requests of {_REQUESTS}, {errors:.0f} errors of "
            f"{failed}, p90 {quantile:.1f} ms of {found['milliseconds']['p90']:.1f} ms"
        )
        assert abs(sent - _REQUESTS) <= 0.01 * _REQUESTS
        assert abs(errors - failed) <= 0.01 * max(failed, 1)
        assert abs(_bucket(quantile) - _bucket(found["milliseconds"]["p90"])) <= 1


def test_series_of_a_sidecar_are_few(shop: Namespace, monitoring: Namespace) -> None:
    """A sidecar that knows two services has a few thousand series at most."""
    samples = queried(monitoring, "scrape_samples_scraped")
    series = {each["metric"]["app"]: int(each["value"][1]) for each in samples}
    print(f"\nseries per sidecar: {series}")
    assert set(series) == {"client", "orders", "stock"}
    assert all(100 < count < 5000 for count in series.values())


def _quantile(shop: Namespace, monitoring: Namespace, host: str, part: float) -> float:
    labels = f'app="client",service="{host}.{shop.name}.svc.cluster.local"'
    buckets = f"envoy_cluster_upstream_rq_time_bucket{{{labels}}}"
    return number(monitoring, f"histogram_quantile({part}, sum by (le) ({buckets}))")


def _bucket(milliseconds: float) -> int:
    return bisect.bisect_left(_BUCKETS, milliseconds)
