"""istiod-values.yaml makes Istio's own chart install a Pilot without injector, for stock Envoys."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.chart.generate import CHART, ROOT
from tests.chart.rendering import OLDEST, helm
from webhook.model.settings import Settings

pytestmark = [pytest.mark.apiserver, pytest.mark.usefixtures("built_helm")]

VALUES = CHART / "istiod-values.yaml"
INJECTORS = "MutatingWebhookConfiguration"


@pytest.fixture(scope="module")
def istio_chart() -> Path:
    """Return Istio's chart, from the module that the tests' istiod is built from."""
    done = subprocess.run(
        ["go", "mod", "download", "-json", "istio.io/istio"],
        cwd=ROOT / "tests" / "tools" / "istio",
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
        env=os.environ | {"GOFLAGS": "-mod=readonly"},
    )
    directory = Path(json.loads(done.stdout)["Dir"])
    return directory / "manifests" / "charts" / "istio-control" / "istio-discovery"


def _render(chart: Path, *arguments: str) -> list[dict[str, Any]]:
    done = helm(
        "helm",
        [
            "template", "istiod", str(chart), "--namespace", "istio-system",
            "--kube-version", OLDEST, *arguments,
        ],
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return [each for each in yaml.safe_load_all(done.stdout) if each is not None]


def _only(found: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    (only,) = (each for each in found if each["kind"] == kind)
    return only


def test_registers_no_injector(istio_chart: Path) -> None:
    """With our values no injector of Istio's is registered; without them one is, on our label."""
    ours = _render(istio_chart, "--values", str(VALUES))
    assert [each for each in ours if each["kind"] == INJECTORS] == []
    theirs = _only(_render(istio_chart, "--set", "revision=pillion"), INJECTORS)
    selectors = [webhook["namespaceSelector"] for webhook in theirs["webhooks"]]
    assert {"key": "istio.io/rev", "operator": "In", "values": ["pillion"]} in selectors[0][
        "matchExpressions"
    ]


def test_pilot_says_what_a_stock_envoy_takes(istio_chart: Path) -> None:
    """Environment and mesh configuration are those under which nothing was rejected."""
    found = _render(istio_chart, "--values", str(VALUES))
    (container,) = _only(found, "Deployment")["spec"]["template"]["spec"]["containers"]
    environment = {each["name"]: each.get("value") for each in container["env"]}
    assert {
        "REVISION": "pillion",
        "INJECT_ENABLED": "false",
        "PILOT_ENABLE_METADATA_EXCHANGE": "false",
        "PILOT_ENABLE_ALPN_FILTER": "false",
        "PILOT_DISABLE_MX_ALPN": "true",
    }.items() <= environment.items()
    (mesh,) = (
        yaml.safe_load(each["data"]["mesh"])
        for each in found
        if each["kind"] == "ConfigMap" and "mesh" in each.get("data", {})
    )
    assert mesh["enableAutoMtls"] is False
    assert mesh["defaultProviders"]["metrics"] == []
    assert [each for each in found if each["kind"] == "EnvoyFilter"] == []


def test_service_is_where_proxies_look(istio_chart: Path) -> None:
    """Pilot's Service has the name and ports that the webhook's default address is made of."""
    services = [
        each for each in _render(istio_chart, "--values", str(VALUES)) if each["kind"] == "Service"
    ]
    ports = {
        each["metadata"]["name"]: {port["port"] for port in each["spec"]["ports"]}
        for each in services
    }
    assert {15010, 15012} <= ports[f"istiod-{Settings().revision}"]


def test_revision_is_the_default_one() -> None:
    """Without a change to either file, Pilot and webhook speak of the same revision."""
    assert yaml.safe_load(VALUES.read_text(encoding="utf-8"))["revision"] == Settings().revision
