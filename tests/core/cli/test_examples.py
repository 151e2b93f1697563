"""The examples: what the first command of the README does, and the laws on every one of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.core.cli.command import EXAMPLES, SHOP, process
from tests.core.cli.conftest import Pillion
from tests.core.cli.readers import container_names, pods, texts, values

DENIED = sorted((EXAMPLES / "denied").iterdir())
ACCEPTED = sorted(
    path
    for folder in (SHOP, EXAMPLES / "anchors", EXAMPLES / "kustomize")
    for path in folder.iterdir()
)
SHARED = EXAMPLES / "anchors" / "shared-probe.yaml"
REMOVED = {
    "agents.yaml": ["      labels: {app: log-shipper}"],
    "catalogue.yaml": [
        "      labels: {app: catalogue, version: v3}",
        "          httpGet: {path: /metrics, port: metrics}",
        "          grpc: {port: 9000}",
        "          grpc:",
        "            port: 9000",
        "            service: shop.Catalogue",
    ],
    "cart.json": [
        '          "version": "v1"',
        '                "path": "/live",',
        '                "port": "http"',
        "              }",
    ],
    "flow.yaml": [
        "  template: {metadata: {labels: {app: images}},",
        "      livenessProbe: {httpGet: {path: /live, port: http}}}]}}}}",
    ],
    "frontend.yaml": [
        "              path: /healthz/started",
        "              port: health",
        "              path: /healthz/live",
        "              port: health",
        '              path: "/healthz/ready?deep=1"',
        "              port: health",
        "              httpGet: {path: /drain, port: health}",
    ],
    "jobs.yaml": ["      labels: {app: import-catalogue}"],
    "legacy.yaml": [
        "        labels: {app: coupons}",
        "            httpGet: {path: /, port: 8000}",
    ],
    "orders.yaml": ["            tcpSocket:", "              port: store"],
    "payments.yaml": [
        "              path: /live",
        "              port: https",
        "              scheme: HTTPS",
        "              path: /ready",
        "              port: https",
        "              scheme: HTTPS",
    ],
    "resource-list.yaml": [
        "        labels: {app: reviews}",
        "            httpGet: {path: /live, port: 8080}",
    ],
    "search.yaml": ["            httpGet: {path: /_health, port: 9200}"],
    "stock.yaml": ["              path: /ready\r", "              port: 8080\r"],
}
"""Every line of an example that an injection changes: rewritten probes, labels in flow style, and
in JSON what gets a comma behind it."""
RESTYLED = {
    "catalogue.yaml": "a probe's handler in flow style",
    "flow.yaml": "a probe's handler in flow style, broken over lines",
    "frontend.yaml": "a quoted path of a probe",
    "shared-probe.yaml": "a document that is written anew",
}
"""Where undoing gives back the same values in another notation: a rewritten field loses its own."""


def test_first_command_injects_the_shop() -> None:
    """The README's first command writes manifests and says what became of each pod."""
    run = process("inject", "-f", "examples/shop")
    assert run.code == 0
    lines = run.err.splitlines()
    assert lines[-1] == "13 injected, 3 skipped; 6 documents without pods"
    assert "injected  CronJob shop/nightly-report (examples/shop/jobs.yaml, document 2)" in lines
    assert [line for line in lines if line.startswith("skipped")] == [
        "skipped   DaemonSet shop/node-meter (examples/shop/agents.yaml, document 1): "
        "spec.hostNetwork is true",
        "skipped   Deployment shop/mailer (examples/shop/left-alone.yaml, document 1): "
        'the pod\'s label sidecar.istio.io/inject is "false"',
        "skipped   Deployment shop/label-printer (examples/shop/left-alone.yaml, document 2): "
        "spec.os.name is windows",
    ]
    found = [container_names(pod) for pod in pods(values(run.out))]
    assert len(found) == 16
    assert sum(names[:2] == ["istio-init", "istio-proxy"] for names in found) == 13


def test_shop_has_every_kind_of_workload_and_probe() -> None:
    """The shop shows each kind of workload, of probe and of notation that can be injected."""
    everything = [value for path in sorted(SHOP.iterdir()) for value in values(path.read_bytes())]
    kinds = {value["kind"] for value in everything}
    assert {
        "DaemonSet", "Deployment", "StatefulSet", "Job", "CronJob", "List", "Rollout",
        "Namespace", "Service",
    } <= kinds  # fmt: skip
    (listed,) = (value["items"] for value in everything if value["kind"] == "List")
    assert {"ReplicaSet", "Pod"} <= {item["kind"] for item in listed}
    text = "".join(path.read_text() for path in SHOP.iterdir())
    for shown in (
        "httpGet", "tcpSocket", "grpc:", "exec:", "scheme: HTTPS", "restartPolicy: Always",
        "initContainers", "hostNetwork", "windows", "capabilities", "<<:", "&env",
    ):  # fmt: skip
        assert shown in text, shown


@pytest.mark.parametrize("path", [*ACCEPTED, *DENIED], ids=lambda path: str(path.name))
def test_example_says_what_it_shows(path: Path) -> None:
    """The first comment of an example (in JSON, a description) says what it shows."""
    text = path.read_text()
    assert text.startswith("# Shows: ") or '"Shows: ' in text


@pytest.mark.parametrize("path", ACCEPTED, ids=lambda path: path.name)
def test_injecting_twice_is_injecting_once(path: Path, tmp_path: Path, pillion: Pillion) -> None:
    """An injected example comes out of a second injection byte for byte."""
    once, twice = tmp_path / path.name, tmp_path / "twice"
    assert pillion("inject", "-q", "-f", path, "-o", once).code == 0
    assert pillion("inject", "-q", "-f", once, "-o", twice).code == 0
    assert twice.read_bytes() == once.read_bytes()


@pytest.mark.parametrize("path", ACCEPTED, ids=lambda path: path.name)
def test_uninject_gives_the_example_back(path: Path, tmp_path: Path, pillion: Pillion) -> None:
    """Undoing gives back every byte, or the same JSON text where notation was lost."""
    injected, back = tmp_path / path.name, tmp_path / "back"
    pillion("inject", "-q", "-f", path, "-o", injected)
    assert pillion("uninject", "-q", "-f", injected, "-o", back).code == 0
    assert texts(back.read_bytes()) == texts(path.read_bytes())
    assert (back.read_bytes() == path.read_bytes()) is (path.name not in RESTYLED)


@pytest.mark.parametrize(
    "path", [path for path in ACCEPTED if path != SHARED], ids=lambda path: path.name
)
def test_diff_takes_away_only_rewritten_fields(path: Path, pillion: Pillion) -> None:
    """An injection adds lines; it takes away none but those of rewritten probes and labels."""
    run = pillion("diff", "-q", "-f", path)
    removed = [
        line[1:]
        for line in run.text.split("\n")
        if line.startswith("-") and not line.startswith("---")
    ]
    assert removed == REMOVED.get(path.name, [])


def test_comments_survive(pillion: Pillion) -> None:
    """No comment of the shop is lost."""
    before = [line for path in sorted(SHOP.glob("*.yaml")) for line in _comments(path.read_text())]
    after = list(_comments(pillion("inject", "-q", "-f", SHOP).text))
    assert len(before) > 25
    assert after == before


def test_shared_probe_is_written_anew(pillion: Pillion) -> None:
    """A document that cannot be edited in place says so, and each container gets its own probe."""
    run = pillion("inject", "-f", SHARED)
    assert "shared-probe.yaml, document 1: written anew as a whole" in run.err
    (pod,) = pods(values(run.out))
    paths = [
        each["livenessProbe"]["httpGet"]["path"].partition("/app-health/")[2]
        for each in pod["spec"]["containers"]
    ]
    assert paths == ["api/livez", "worker/livez"]


def test_line_ends_stay(pillion: Pillion) -> None:
    """Every line of a file with Windows line ends keeps them, added ones too."""
    run = pillion("inject", "-q", "-f", SHOP / "stock.yaml")
    assert run.out.count(b"\n") == run.out.count(b"\r\n") > 100


@pytest.mark.parametrize("path", DENIED, ids=lambda path: path.name)
def test_denied_example_fails_the_run(path: Path, tmp_path: Path, pillion: Pillion) -> None:
    """A denied pod makes the whole run fail, and the sentence names file, document and object."""
    run = pillion("inject", "-f", SHOP, "-f", path, "-o", tmp_path / "out/")
    assert run.code == 1
    assert run.err.startswith(f"pillion: {path}, document 1, ")
    assert " shop/" in run.err
    assert run.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def _comments(text: str) -> list[str]:
    return re.findall(r"(?:^|\s)(# [^\r\n]+)", text, re.MULTILINE)
