"""The example with Bookinfo's topology works as it lies there."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cluster.cluster import Cluster
from tests.cluster.namespace import Namespace
from tests.cluster.traffic import assert_share

pytestmark = pytest.mark.cluster

_MANIFEST = Path(__file__).parents[2] / "examples" / "bookinfo.yaml"
_REQUESTS = 400


@pytest.fixture
def bookinfo(mesh: Cluster) -> Iterator[Namespace]:
    """Yield the example's namespace with all its services ready."""
    objects = list(yaml.safe_load_all(_MANIFEST.read_text()))
    namespace = Namespace(mesh, "bookinfo")
    done = mesh.kubectl("apply", f"--filename={_MANIFEST}")
    try:
        assert done.returncode == 0, done.stderr
        deployed = [each["metadata"]["name"] for each in objects if each["kind"] == "Deployment"]
        namespace.wait_ready(*(f"deployment/{name}" for name in deployed))
        yield namespace
    finally:
        mesh.api.delete("/api/v1/namespaces/bookinfo")


def test_page_is_made_of_all_services(bookinfo: Namespace) -> None:
    """A page holds details and reviews; testers get the reviews with ratings, a tenth of others."""
    pods = [each for app in _APPS for each in bookinfo.pods(app)]
    assert all(_has_proxy(pod) for pod in pods)
    page = "deployment/productpage-v1"
    url = "http://productpage:9080/"
    bookinfo.wait_for(
        lambda: _shape(bookinfo.load(page, url, "--header=x-user:tester")) == _TESTERS_PAGE,
        what="the testers' page",
    )
    found = bookinfo.load(page, "http://reviews:9080/", f"--count={_REQUESTS}", "--connections=4")
    print(f"\nbookinfo: {len(pods)} pods, reviews by {found['versions']}")
    assert found["statuses"] == {"200": _REQUESTS}
    assert set(found["versions"]) == {"v1", "v3"}
    assert_share(found["versions"]["v3"], _REQUESTS, 0.1)


_APPS = ("productpage", "details", "reviews", "ratings")
_TESTERS_PAGE = ["productpage v1", ["details v1"], ["reviews v2", ["ratings v1"]]]


def _has_proxy(pod: dict[str, Any]) -> bool:
    return any(each["name"] == "istio-proxy" for each in pod["spec"]["initContainers"])


def _shape(found: dict[str, Any]) -> Any:
    """Return who answered a request, and below it who answered theirs."""
    return _named(json.loads(found["last"])) if found["statuses"] == {"200": 1} else None


def _named(answer: dict[str, Any]) -> list[Any]:
    below = [_named(each) for each in answer.get("upstreams", ())]
    return [f"{answer['service']} {answer['version']}", *below]
