"""What is no admission request gets one clear status, and never reaches the engine."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.serving.local_server import LocalServer
from tests.serving.reviews import body, patch_of, review
from webhook.serving.body import LIMIT

JSON = {"content-type": "application/json"}
MEBIBYTE = b" " * 1024 * 1024


@pytest.mark.parametrize(
    "kind",
    ["application/json", "application/json; charset=utf-8", "Application/JSON;charset=UTF-8"],
)
def test_json_with_or_without_charset_is_taken(client: httpx.Client, kind: str) -> None:
    """Every spelling of the content type of JSON is answered with a patch and the uid."""
    answer = client.post("/inject?timeout=5s", content=body(), headers={"content-type": kind})
    response = answer.json()["response"]
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert (response["uid"], response["allowed"]) == (review()["request"]["uid"], True)
    assert any(step["path"].startswith("/spec/initContainers") for step in patch_of(answer.content))


@pytest.mark.parametrize("kind", ["text/plain", "application/jsonx", "application/yaml", ""])
def test_other_types_are_415(client: httpx.Client, kind: str) -> None:
    """Another content type is refused by name, and so is none."""
    answer = client.post("/inject", content=body(), headers={"content-type": kind} if kind else {})
    assert (answer.status_code, answer.text) == (
        415,
        f'got content type "{kind}", expected application/json\n',
    )


def test_other_methods_are_405(client: httpx.Client) -> None:
    """Another method is refused, and the answer says which one is allowed."""
    answer = client.get("/inject")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "the body is empty"),
        (b"{", "the body is no AdmissionReview"),
        (b"[]", "the body is no AdmissionReview"),
        (b"null", "the body is no AdmissionReview"),
        (b"{}", 'got kind "" of ""'),
        (b"\xff\xfe", "the body is no JSON"),
        (json.dumps({**review(), "request": None}).encode(), "request: got nothing"),
        (
            json.dumps({**review(), "apiVersion": "admission.k8s.io/v1beta1"}).encode(),
            'got kind "AdmissionReview" of "admission.k8s.io/v1beta1", expected AdmissionReview of '
            "admission.k8s.io/v1",
        ),
    ],
    ids=["empty", "cut", "list", "null", "no-kind", "no-utf8", "no-request", "v1beta1"],
)
def test_what_is_no_review_is_400(client: httpx.Client, content: bytes, reason: str) -> None:
    """A body that is no AdmissionReview of v1 is refused with a reason."""
    answer = client.post("/inject", content=content, headers=JSON)
    assert answer.status_code == 400
    assert answer.text.startswith(reason)


def test_largest_body_is_taken(client: httpx.Client) -> None:
    """A body of exactly the limit is answered."""
    padded = body() + b" " * (LIMIT - len(body()))
    assert client.post("/inject", content=padded, headers=JSON).status_code == 200


def test_declared_excess_is_413_before_it_is_sent(server: LocalServer) -> None:
    """A length above the limit is refused from the head alone."""
    with server.connect() as connection:
        connection.sendall(
            b"POST /inject HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"Content-Length: %d\r\n\r\n" % (LIMIT + 1)
        )
        head = connection.recv(4096).decode()
    assert head.startswith("HTTP/1.1 413 ")
    assert "connection: close" in head.lower()


def test_undeclared_excess_is_413_before_it_is_read(server: LocalServer) -> None:
    """A body that says no length is refused once it has passed the limit, without its end."""
    with server.connect() as connection:
        connection.sendall(
            b"POST /inject HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n"
        )
        for _ in range(7):
            connection.sendall(b"%x\r\n%b\r\n" % (len(MEBIBYTE), MEBIBYTE))
        connection.sendall(b"2\r\n  \r\n")
        assert connection.recv(4096).startswith(b"HTTP/1.1 413 ")


def test_fifty_megabytes_are_refused(server: LocalServer) -> None:
    """A client that insists on sending 50 MB is refused, and the next client is answered."""

    def chunks() -> Iterator[bytes]:
        for _ in range(50):
            yield MEBIBYTE

    with server.client() as client:
        # The connection may be ended while the client still writes.
        with contextlib.suppress(httpx.WriteError, httpx.ReadError):
            assert client.post("/inject", content=chunks(), headers=JSON).status_code == 413
        assert client.post("/inject", content=body(), headers=JSON).status_code == 200
    assert server.load.owed_bytes == 0


def test_other_paths_are_404(client: httpx.Client) -> None:
    """Nothing else is served on this port, metrics included."""
    for path in ("/", "/inject/", "/metrics", "/docs", "/openapi.json"):
        assert client.get(path).status_code == 404


@pytest.mark.parametrize(
    "members",
    [{"operation": "UPDATE"}, {"operation": "DELETE"}, {"subResource": "ephemeralcontainers"}],
    ids=str,
)
def test_all_but_new_pods_pass_untouched(client: httpx.Client, members: dict[str, Any]) -> None:
    """Updates and sub-resources are allowed without a patch."""
    answer = client.post("/inject", content=body(**members), headers=JSON)
    assert answer.json()["response"]["allowed"] is True
    assert patch_of(answer.content) == []


def test_dry_run_gets_the_same_answer(client: httpx.Client) -> None:
    """A dry run is patched like a creation."""
    answer = client.post("/inject", content=body(dryRun=True), headers=JSON)
    assert patch_of(answer.content)
