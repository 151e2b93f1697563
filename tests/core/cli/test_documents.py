"""What kinds of documents there are, and what is made of each."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.core.cli.command import EXAMPLES, SHOP
from tests.core.cli.conftest import Pillion
from tests.core.cli.forks import Forks
from tests.core.cli.manifests import DEPLOYMENT, POD, SERVICE
from tests.core.cli.readers import container_names, pods, texts, values
from webhook.model import names

KINDS = [
    ("Pod", "v1", ()),
    ("ReplicationController", "v1", ("spec", "template")),
    ("PodTemplate", "v1", ("template",)),
    ("Deployment", "apps/v1", ("spec", "template")),
    ("ReplicaSet", "apps/v1", ("spec", "template")),
    ("StatefulSet", "apps/v1", ("spec", "template")),
    ("DaemonSet", "apps/v1", ("spec", "template")),
    ("Job", "batch/v1", ("spec", "template")),
    ("CronJob", "batch/v1", ("spec", "jobTemplate", "spec", "template")),
    ("DeploymentConfig", "apps.openshift.io/v1", ("spec", "template")),
    ("Rollout", "argoproj.io/v1alpha1", ("spec", "template")),
]
TEMPLATE = {"spec": {"containers": [{"name": "app", "image": "app:1"}]}}


def _workload(kind: str, version: str, path: tuple[str, ...]) -> dict[str, Any]:
    head = {"apiVersion": version, "kind": kind, "metadata": {"name": "web"}}
    value: dict[str, Any] = TEMPLATE
    for step in reversed(path):
        value = {step: value}
    return {**head, **value}


def _at(value: Any, path: tuple[str, ...]) -> Any:
    for step in path:
        value = value[step]
    return value


@pytest.mark.parametrize(("kind", "version", "path"), KINDS, ids=[kind for kind, *_ in KINDS])
def test_metadata_belongs_to_the_pods(
    kind: str, version: str, path: tuple[str, ...], tmp_path: Path, pillion: Pillion
) -> None:
    """Labels and annotations go on the pod template, and nowhere above it."""
    before = _workload(kind, version, path)
    file = tmp_path / "x.json"
    file.write_text(json.dumps(before))
    run = pillion("inject", "-f", file)
    assert f"injected  {kind} default/web" in run.err
    (after,) = values(run.out)
    template = _at(after, path)
    assert container_names(template) == ["istio-init", "istio-proxy", "app"]
    assert names.STATUS in template["metadata"]["annotations"]
    if path:
        assert after["metadata"] == before["metadata"]
        assert run.text.count(f'"{names.STATUS}"') == 1


@pytest.mark.parametrize("opted", ["false", "true"])
def test_cron_job_is_opted_out_by_its_pod_template(
    opted: str, tmp_path: Path, pillion: Pillion
) -> None:
    """The label of a CronJob's pod template counts; that of its Job does not."""
    value = _workload(*KINDS[8])
    job = value["spec"]["jobTemplate"]
    other = "true" if opted == "false" else "false"
    job["metadata"] = {"labels": {"sidecar.istio.io/inject": other}}
    labels = {"labels": {"sidecar.istio.io/inject": opted}}
    job["spec"] = {"template": {"metadata": labels, **TEMPLATE}}
    file = tmp_path / "x.json"
    file.write_text(json.dumps(value))
    assert (b"istio-proxy" in pillion("inject", "-q", "-f", file).out) is (opted == "true")


def test_list_keeps_its_other_items(pillion: Pillion) -> None:
    """In a List each pod is injected, and everything else stays."""
    path = SHOP / "legacy.yaml"
    (before,), (after,) = values(path.read_bytes()), values(pillion("inject", "-q", "-f", path).out)
    assert after["items"][0] == before["items"][0]
    assert [item["kind"] for item in after["items"]] == ["Service", "ReplicaSet", "Pod"]
    assert all("istio-proxy" in container_names(pod) for pod in pods(after))


def test_typed_list_lends_its_kind(tmp_path: Path, pillion: Pillion) -> None:
    """A PodList of items without kinds, as the API server answers, is a list of pods."""
    file = tmp_path / "x.json"
    item = {"metadata": {"name": "web"}, **TEMPLATE}
    file.write_text(json.dumps({"apiVersion": "v1", "kind": "PodList", "items": [item, item]}))
    assert "2 injected" in pillion("inject", "-f", file).err


def test_function_of_kustomize(forks: Forks) -> None:
    """A ResourceList on standard input comes back as one, its function's configuration too."""
    data = (EXAMPLES / "kustomize" / "resource-list.yaml").read_bytes()
    run = forks.run("inject", "-q", "-f", "-", stdin=data)
    assert (run.code, run.err) == (0, "")
    (before,), (after,) = values(data), values(run.out)
    assert list(after) == list(before)
    assert after["functionConfig"] == before["functionConfig"]
    assert after["items"][0] == before["items"][0]
    assert container_names(after["items"][1]["spec"]["template"]) == [
        "istio-init", "istio-proxy", "reviews",
    ]  # fmt: skip
    kept = before["items"][1]["metadata"]
    assert after["items"][1]["metadata"] == kept


def test_json_comes_out_as_json(pillion: Pillion) -> None:
    """A JSON file is JSON again, in its own indentation and key order."""
    text = pillion("inject", "-q", "-f", SHOP / "cart.json").text
    value = json.loads(text)
    assert text == json.dumps(value, indent=2) + "\n"
    assert list(value) == ["apiVersion", "kind", "metadata", "spec"]


def test_json_keeps_its_own_indentation(tmp_path: Path, pillion: Pillion) -> None:
    """JSON on one line stays on one line; tabs stay tabs."""
    value = _workload(*KINDS[0])
    for name, indent in (("a.json", None), ("b.json", "\t"), ("c.json", 4)):
        (tmp_path / name).write_text(json.dumps(value, indent=indent))
        text = pillion("inject", "-q", "-f", tmp_path / name).text
        assert text == json.dumps(json.loads(text), indent=indent), name


def test_json_objects_may_follow_each_other(tmp_path: Path, pillion: Pillion) -> None:
    """Objects one after the other, as programs print them, are documents of their own."""
    value = json.dumps(_workload(*KINDS[0]))
    (tmp_path / "x.json").write_text(f"{value}\n{value}\n")
    run = pillion("inject", "-f", tmp_path / "x.json")
    assert "2 injected" in run.err
    assert len(values(run.out)) == 2


@pytest.mark.parametrize(
    "kind",
    ["apps/v1beta1 Deployment", "batch/v1beta1 CronJob", "v2 Pod", "extensions/v1beta1 DaemonSet"],
)
def test_unknown_version_of_a_known_kind_is_warned_about(
    kind: str, tmp_path: Path, pillion: Pillion
) -> None:
    """A kind with pods under an apiVersion that is not known passes, but never in silence."""
    version, name = kind.split()
    path = tmp_path / "x.yaml"
    text = f"apiVersion: {version}\nkind: {name}\nspec: {{}}\n"
    path.write_text(text)
    run = pillion("inject", "-f", path)
    assert (run.code, run.text) == (0, text)
    first, last = run.err.splitlines()
    assert first.startswith(f"warning: {path}, document 1, line 1: {name} passed through, got ")
    assert f'got apiVersion "{version}", expected ' in first
    assert last == "no pods; 1 document without pods"


def test_unknown_kind_passes(tmp_path: Path, pillion: Pillion) -> None:
    """A custom resource that is not configured passes byte for byte, template or not."""
    path = tmp_path / "x.yaml"
    path.write_text(f"{DEPLOYMENT.replace('kind: Deployment', 'kind: Fancy')}---\n{SERVICE}")
    run = pillion("inject", "-f", path)
    assert run.out == path.read_bytes()
    assert run.err == "no pods; 2 documents without pods\n"


def test_configured_kind_is_injected(tmp_path: Path, pillion: Pillion) -> None:
    """A custom resource of the configuration is injected at its path."""
    path, config = tmp_path / "x.yaml", tmp_path / "settings.yaml"
    path.write_text(
        "apiVersion: acme.test/v1\nkind: Fancy\nmetadata: {name: web}\nspec:\n  workload:\n"
        "    pod:\n      spec:\n        containers:\n        - {name: app, image: app:1}\n"
    )
    config.write_text(
        "extraKinds: [{group: acme.test, version: v1, kind: Fancy, path: [spec, workload, pod]}]\n"
    )
    assert "injected  Fancy default/web" in pillion("inject", "--config", config, "-f", path).err


TRAPS = """\
apiVersion: v1
kind: Pod
metadata:
  name: traps   # words that one reader takes for text and another for something else
  annotations:
    a: "yes"
    b: 'off'
    c: "1e3"
    d: "0o17"
    e: "2001-01-01"
    f: "~"
    g: "12:30:45"
    h: '0x1f'
    "on": "null"
spec:
  containers:
  - name: app
    image: app:1
    env:
    - {name: N, value: "n"}
    - {name: QUOTED, value: 'it''s "so"'}
    - name: FOLDED
      value: >-
        one
        two
    - name: LITERAL
      value: |
        # no comment
        ---x
    livenessProbe:
      httpGet: {path: "/1e3", port: 0x1F90, httpHeaders: [{name: X-Flag, value: "no"}]}
"""


def test_words_mean_what_they_meant(tmp_path: Path, pillion: Pillion) -> None:
    """Traps of YAML 1.1 and 1.2 keep their type and notation, and so they come back."""
    path, injected = tmp_path / "x.yaml", tmp_path / "y.yaml"
    path.write_text(TRAPS)
    assert pillion("inject", "-q", "-f", path, "-o", injected).code == 0
    text = injected.read_text()
    kept = [line for line in TRAPS.splitlines() if "httpGet" not in line]
    assert [line for line in kept if line not in text.splitlines()] == []
    run = pillion("uninject", "-q", "-f", injected)
    assert texts(run.out) == texts(path.read_bytes())
    (pod,) = values(run.out)
    assert pod["spec"]["containers"][0]["livenessProbe"]["httpGet"]["port"] == 8080
    assert pod["metadata"]["annotations"]["on"] == "null"


def test_large_documents(tmp_path: Path, pillion: Pillion) -> None:
    """Five megabytes beside a pod and around one pass, and only the pod changes."""
    note = "".join(f"    line {index:07} of a long text: [ # {{\n" for index in range(130_000))
    data = f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: big}}\ndata:\n  note: |\n{note}"
    around = DEPLOYMENT.replace("  name: web\n", f"  name: web\n  x-note: |\n{note}", 1)
    assert len(data) > 5_000_000
    path, out, back = (tmp_path / name for name in ("x.yaml", "out.yaml", "back.yaml"))
    path.write_text(f"{data}---\n{around}")
    assert pillion("inject", "-f", path, "-o", out).err.splitlines()[-1] == (
        "1 injected; 1 document without pods"
    )
    assert out.read_text().startswith(f"{data}---\n")
    assert note in out.read_text()[len(data) :]
    assert pillion("uninject", "-q", "-f", out, "-o", back).code == 0
    assert back.read_bytes() == path.read_bytes()


def test_strict_reads_what_cannot_hold_a_pod(tmp_path: Path, pillion: Pillion) -> None:
    """A document that cannot hold a pod is not parsed, unless --strict asks for it."""
    path = tmp_path / "x.yaml"
    path.write_text(f"{POD}---\nkind: Service\nspec: [\n")
    assert pillion("inject", "-f", path).code == 0
    run = pillion("inject", "--strict", "-f", path)
    assert (run.code, run.out) == (1, b"")
    assert f"{path}, document 2" in run.err


@pytest.mark.parametrize("letter", ["\n", "\x1b[31m", "\u2028", "\x85"], ids=ascii)
def test_quoted_text_cannot_forge_a_line(letter: str, tmp_path: Path, pillion: Pillion) -> None:
    """A name with line ends or control characters stays within its line of standard error."""
    path = tmp_path / "x.json"
    value = {**_workload(*KINDS[0]), "metadata": {"name": f"a{letter}injected  b"}}
    path.write_text(json.dumps(value))
    for command in ("inject", "uninject", "explain"):
        run = pillion(command, "-f", path)
        shown = run.err if command != "explain" else run.text
        assert run.code == 0
        assert not any(line.startswith("injected  b") for line in shown.splitlines())
        assert f"a{ascii(letter)[1:-1]}injected  b" in shown
        assert all(line.isprintable() for line in shown.split("\n"))
