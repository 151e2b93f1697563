"""Metrics count what happened, under labels that no client can multiply."""

from __future__ import annotations

import httpx
import pytest
from prometheus_client import generate_latest

from tests.serving.local_server import LocalServer
from tests.serving.reviews import body, pod

JSON = {"content-type": "application/json"}


@pytest.mark.parametrize(
    ("metadata", "labels"),
    [
        ({}, {"decision": "inject", "reason": "policy-enabled"}),
        (
            {"labels": {"sidecar.istio.io/inject": "false"}},
            {"decision": "skip", "reason": "opted-out"},
        ),
        (
            {"annotations": {"sidecar.istio.io/proxyCPU": "lots"}},
            {"decision": "deny", "reason": "invalid"},
        ),
    ],
    ids=["inject", "skip", "deny"],
)
def test_each_decision_is_counted_with_its_reason(
    server: LocalServer,
    client: httpx.Client,
    metadata: dict[str, dict[str, str]],
    labels: dict[str, str],
) -> None:
    """One admission adds one to its own series, to the duration and to the size."""
    names = ("pillion_admission_duration_seconds_count", "pillion_admission_request_bytes_count")
    series = {"operation": "CREATE", **labels}
    before = server.count("pillion_admissions_total", **series)
    counts = [server.count(name) for name in names]
    client.post("/inject", content=body(pod(**metadata)), headers=JSON)
    assert server.count("pillion_admissions_total", **series) == before + 1
    assert [server.count(name) for name in names] == [count + 1 for count in counts]


def test_unknown_operations_share_a_series(server: LocalServer, client: httpx.Client) -> None:
    """A client that makes up operations adds no series."""
    for operation in ("A", "B", "C" * 1000):
        client.post("/inject", content=body(operation=operation), headers=JSON)
    labels = {"operation": "other", "decision": "skip", "reason": "not-a-new-pod"}
    assert server.count("pillion_admissions_total", **labels) == 3
    assert b"CCC" not in generate_latest(server.metrics.registry)


def test_refusals_are_counted_by_status(server: LocalServer, client: httpx.Client) -> None:
    """A request that gets no admission answer counts under its HTTP status."""
    before = server.count("pillion_requests_refused_total", status="400")
    client.post("/inject", content=b"{}", headers=JSON)
    assert server.count("pillion_requests_refused_total", status="400") == before + 1


def test_nothing_is_in_flight_afterwards(server: LocalServer, client: httpx.Client) -> None:
    """The count of pending requests is back at nothing, also after refusals and broken clients."""
    with server.connect() as connection:
        connection.sendall(b"POST /inject HTTP/1.1\r\nContent-Length: 10\r\n\r\n123")
    client.post("/nowhere", content=b"x" * 100_000)
    client.post("/inject", content=body(), headers=JSON)
    assert server.count("pillion_admissions_in_flight") == 0
