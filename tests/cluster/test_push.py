"""How long a new route takes from kubectl to every sidecar."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.cluster.cluster import Cluster
from tests.cluster.namespace import Namespace
from tests.cluster.traffic import (
    destination_rule,
    rejecting_nothing,
    shares,
    version,
    virtual_service,
)
from tests.cluster.workloads import deployment, service

pytestmark = pytest.mark.cluster

_WORKLOADS = ("deployment/client", "deployment/server-v1", "deployment/server-v2")
_DEADLINE_SECONDS = 30


@pytest.fixture(scope="module")
def shop(mesh: Cluster) -> Iterator[Namespace]:
    """Yield a namespace with three sidecars and a host that v1 answers."""
    with rejecting_nothing(
        mesh, deployment("client"), version("server", "v1"), version("server", "v2")
    ) as namespace:
        namespace.apply(
            service("server"),
            destination_rule("server", versions=("v1", "v2")),
            virtual_service("server", http=[shares("server", v1=100)]),
        )
        yield namespace


def test_route_reaches_every_sidecar(shop: Namespace) -> None:
    """Each sidecar sends to v2 soon after the route was applied, and no request fails."""
    for workload in _WORKLOADS:
        shop.wait_for(
            lambda at=workload: (  # type: ignore[misc]  # bound now, for the loop's variable
                shop.load(at, "http://server/", "--count=20")["versions"] == {"v1": 20}
            ),
            what=f"v1 only, from {workload}",
        )
    load = ("--duration=12s", "--rate=50")
    with ThreadPoolExecutor(len(_WORKLOADS)) as pool:
        running = [pool.submit(shop.load, each, "http://server/", *load) for each in _WORKLOADS]
        time.sleep(3)  # until all of them send
        started = time.time()
        shop.apply(virtual_service("server", http=[shares("server", v2=100)]))
        applied = time.time()
        found = [each.result() for each in running]
    effects = [each["firstAnswers"]["v2"] - started for each in found]
    seconds = ", ".join(f"{effect:.2f} s" for effect in effects)
    print(f"\npush: applied in {applied - started:.2f} s, in effect after {seconds}")
    assert all(each["firstAnswers"]["v1"] < started for each in found)
    assert max(effects) < _DEADLINE_SECONDS
    assert all(each["statuses"] == {"200": each["requests"]} for each in found)
