"""Bodies made to hurt get a 4xx, a denial or the right patch, and the server goes on."""

from __future__ import annotations

import json
from typing import Any

import httpx
import jsonpatch
import pytest

from tests.serving.local_server import LocalServer
from tests.serving.reviews import body, patch_of, pod, review

JSON = {"content-type": "application/json"}
DEEP = "[" * 100_000 + "]" * 100_000


def with_object(text: str) -> bytes:
    """Return a review whose pod is this JSON text."""
    whole = json.dumps(review({"here": "x"}))
    return whole.replace('{"here": "x"}', text).encode("utf-8", "surrogatepass")


@pytest.mark.parametrize(
    "content",
    [
        DEEP.encode(),
        with_object(DEEP),
        with_object('{"metadata":{},"spec":{"containers":[],"x":' + DEEP + "}}"),
        with_object('{"metadata":{"annotations":' + DEEP + "}}"),
        with_object('{"metadata":{"name":"a\\u0000b"},"spec":{"containers":[{"name":"\\u0000"}]}}'),
        with_object('{"metadata":{"name":"\ud800"},"spec":{"containers":[]}}'),
        with_object('{"metadata":{"labels":{"app":"\\ud800"}},"spec":{"containers":[]}}'),
        with_object('{"spec":{"containers":7}}'),
        with_object('{"metadata":{"annotations":{"sidecar.istio.io/status":"\\u0000"}}}'),
        with_object("7"),
        with_object("[]"),
        with_object("null"),
        with_object('{"a":1,"a":2,"metadata":{"name":1e999}}'),
        b'{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":7}}',
        b"\x00" * 1000,
    ],
    ids=[
        "deep", "deep-pod", "deep-unknown-member", "deep-annotations", "nul", "raw-surrogate",
        "escaped-surrogate", "containers-a-number", "status-nul", "number", "list", "null",
        "duplicates", "uid-a-number", "nuls",
    ],
)  # fmt: skip
def test_answer_is_4xx_or_an_admission(
    server: LocalServer, client: httpx.Client, content: bytes
) -> None:
    """No such body crashes the engine or goes unanswered."""
    crashes = server.count("pillion_crashes_total")
    answer = client.post("/inject", content=content, headers=JSON)
    assert answer.status_code in (200, 400), answer.text
    if answer.status_code == 200:
        response = answer.json()["response"]
        assert response.get("status", {}).get("code", 400) < 500, response
    assert server.count("pillion_crashes_total") == crashes
    assert client.post("/inject", content=body(), headers=JSON).status_code == 200


@pytest.mark.parametrize("count", [1_000, 10_000])
def test_many_containers_get_the_right_patch(client: httpx.Client, count: int) -> None:
    """A pod of thousands of containers comes back with every one of them, and the sidecar."""
    subject: dict[str, Any] = pod()
    names = [f"app-{number}" for number in range(count)]
    subject["spec"]["containers"] = [{"name": name, "image": "nginx:1.29"} for name in names]
    answer = client.post("/inject", content=body(subject), headers=JSON)
    injected = jsonpatch.apply_patch(subject, patch_of(answer.content))
    assert [each["name"] for each in injected["spec"]["containers"]] == names
    assert [each["name"] for each in injected["spec"]["initContainers"]] == [
        "istio-init",
        "istio-proxy",
    ]
