"""Traffic that leaves the mesh: only what a ServiceEntry names, with the mesh's features."""

from collections.abc import Iterator

import pytest

from tests.cluster.cluster import Cluster
from tests.cluster.namespace import Namespace
from tests.cluster.traffic import (
    rejecting_nothing,
    service_entry,
    sidecar_scope,
    tell,
    virtual_service,
)
from tests.cluster.workloads import HTTP_PORT, deployment

pytestmark = pytest.mark.cluster

_CLIENT = "deployment/client"
_HOST = "api.partner.test"


@pytest.fixture(scope="module")
def shop(mesh: Cluster) -> Iterator[Namespace]:
    """Yield a namespace whose client reaches nothing that is not registered."""
    registered = sidecar_scope(outboundTrafficPolicy={"mode": "REGISTRY_ONLY"})
    with rejecting_nothing(mesh, deployment("client"), registered) as namespace:
        yield namespace


def test_service_entry_lets_out_and_retries(shop: Namespace, plain_namespace: Namespace) -> None:
    """A foreign server is refused, then admitted by its ServiceEntry, and its failures retried."""
    plain_namespace.apply(deployment("partner"))
    plain_namespace.wait_ready("deployment/partner")
    partner = plain_namespace.pod("partner")
    address = partner["status"]["podIP"]
    load = (f"http://{address}:{HTTP_PORT}/", f"--header=Host:{_HOST}")
    # Where no service has the port, Envoy closes the connection; where one has, it answers 502.
    shop.wait_for(
        lambda: shop.load(_CLIENT, *load)["statuses"] in ({}, {"502": 1}),
        what="refusal of strangers",
    )
    port = {"number": HTTP_PORT, "name": "http", "protocol": "HTTP"}
    shop.apply(
        service_entry(
            _HOST,
            location="MESH_EXTERNAL",
            resolution="STATIC",
            ports=[port],
            endpoints=[{"address": address}],
        ),
        virtual_service(
            _HOST,
            http=[
                {
                    "route": [{"destination": {"host": _HOST}}],
                    "retries": {"attempts": 8, "retryOn": "5xx"},
                }
            ],
        ),
    )
    shop.wait_for(
        lambda: shop.load(_CLIENT, *load)["statuses"] == {"200": 1}, what="the entry's effect"
    )
    tell(plain_namespace, partner, failures=0.3)
    found = shop.load(_CLIENT, *load, "--count=300", "--connections=4")
    print(f"\negress: {found['statuses']}, attempts {found['attempts']}")
    assert found["statuses"] == {"200": 300}
    assert found["attempts"]["2"] > 0
