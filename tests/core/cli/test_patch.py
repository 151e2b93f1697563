"""--patch and --report: the same injection for programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonpatch
import jsonschema
import pytest

from tests.core.cli.command import EXAMPLES, SHOP
from tests.core.cli.conftest import Pillion
from tests.core.cli.readers import values

REPORT = {
    "type": "object",
    "additionalProperties": False,
    "required": ["pods", "otherDocuments", "warnings", "namespacesTakenAsOptedIn"],
    "properties": {
        "otherDocuments": {"type": "integer", "minimum": 0},
        "warnings": {"type": "array", "items": {"type": "string"}},
        "namespacesTakenAsOptedIn": {"type": "array", "items": {"type": "string"}},
        "pods": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": [
                    "source", "document", "kind", "namespace", "name", "outcome", "detail",
                    "warnings", "reason",
                ],
                "properties": {
                    "source": {"type": "string"},
                    "document": {"type": "integer", "minimum": 1},
                    "kind": {"type": "string"},
                    "namespace": {"type": "string"},
                    "name": {"type": "string"},
                    "outcome": {"enum": ["changed", "skipped"]},
                    "detail": {"type": "string"},
                    "warnings": {"type": "array", "items": {"type": "string"}},
                    "reason": {"type": "string", "pattern": "^[a-z-]+$"},
                },
            },
        },
    },
}  # fmt: skip
FILES = sorted(
    [*SHOP.iterdir(), *(EXAMPLES / "anchors").iterdir(), *(EXAMPLES / "kustomize").iterdir()]
)


def _lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.name))
def test_patches_lead_from_the_input_to_the_output(path: Path, pillion: Pillion) -> None:
    """Each object's patch, applied by the jsonpatch library, gives the injected object."""
    after = values(pillion("inject", "-q", "-f", path).out)
    # As JSON: what aliases share in YAML must not be one object.
    before = json.loads(json.dumps(values(path.read_bytes())))
    lines = _lines(pillion("inject", "-q", "--patch", "-f", path).text)
    for line in lines:
        index = line["document"] - 1
        before[index] = jsonpatch.apply_patch(before[index], line["patch"])
    assert before == after


def test_patch_lines_name_their_object(pillion: Pillion) -> None:
    """A line names source, document and object, and its paths begin at the document's root."""
    first, second = _lines(pillion("inject", "-q", "--patch", "-f", SHOP / "jobs.yaml").text)
    assert {key: first[key] for key in first if key != "patch"} == {
        "source": str(SHOP / "jobs.yaml"),
        "document": 1,
        "kind": "Job",
        "namespace": "shop",
        "name": "import-catalogue",
    }
    assert all(step["path"].startswith("/spec/template/") for step in first["patch"])
    root = "/spec/jobTemplate/spec/template/"
    assert all(step["path"].startswith(root) for step in second["patch"])


def test_verify_says_that_each_patch_was_applied(pillion: Pillion) -> None:
    """--verify applies every patch itself, and says so on standard error."""
    run = pillion("inject", "-q", "--patch", "--verify", "-f", SHOP)
    assert run.code == 0
    assert run.err.count(": the patch was applied and gives the injected pod\n") == 13
    assert len(run.text.splitlines()) == 13


def test_verify_knows_that_aliases_share_nothing(pillion: Pillion) -> None:
    """A probe that two containers share in YAML is two probes in a patch."""
    run = pillion("inject", "-q", "--patch", "--verify", "-f", EXAMPLES / "anchors")
    assert run.code == 0, run.err


def test_patch_of_an_injected_pod_is_none(tmp_path: Path, pillion: Pillion) -> None:
    """Nothing is printed for a pod that is injected already, or not to be injected."""
    injected = tmp_path / "stock.yaml"
    pillion("inject", "-q", "-f", SHOP / "stock.yaml", "-o", injected)
    paths = ("-f", str(injected), "-f", str(SHOP / "left-alone.yaml"))
    assert pillion("inject", "-q", "--patch", *paths) == (0, b"", "")


@pytest.mark.parametrize("form", ["--patch", "--report"])
def test_file_takes_patch_and_report(form: str, tmp_path: Path, pillion: Pillion) -> None:
    """-o with --patch or --report writes that to the file."""
    wanted = pillion("inject", "-q", form, "-f", SHOP).out
    assert pillion("inject", "-q", form, "-f", SHOP, "-o", tmp_path / "out") == (0, b"", "")
    assert (tmp_path / "out").read_bytes() == wanted != b""


def test_report_says_what_the_summary_says(pillion: Pillion) -> None:
    """The report has its documented shape, and the facts of the summary."""
    run = pillion("inject", "--report", "-f", SHOP)
    report = json.loads(run.out)
    jsonschema.validate(report, REPORT)
    assert report["otherDocuments"] == 6
    assert report["namespacesTakenAsOptedIn"] == []
    outcomes = [pod["outcome"] for pod in report["pods"]]
    assert (outcomes.count("changed"), outcomes.count("skipped")) == (13, 3)
    for pod in report["pods"]:
        word = "injected" if pod["outcome"] == "changed" else "skipped"
        place = f"({pod['source']}, document {pod['document']})"
        detail = f": {pod['detail']}" if pod["detail"] else ""
        line = f"{word:<9} {pod['kind']} {pod['namespace']}/{pod['name']} {place}{detail}"
        assert line in run.err.splitlines()
        assert all(f"  warning: {warning}" in run.err for warning in pod["warnings"])
    assert {pod["reason"] for pod in report["pods"]} == {
        "host-network", "not-selected", "policy-enabled", "unsupported-os",
    }  # fmt: skip


def test_report_names_namespaces_it_guessed(pillion: Pillion) -> None:
    """Namespaces whose labels are not known are listed."""
    report = json.loads(pillion("inject", "-q", "--report", "-f", SHOP / "stock.yaml").out)
    assert report["namespacesTakenAsOptedIn"] == ["shop"]


def test_token_is_derived_or_given(pillion: Pillion) -> None:
    """The same manifest gives the same bytes; --token replaces what is derived from it."""
    path, token = SHOP / "stock.yaml", "0123456789abcdef" * 2
    once = pillion("inject", "-q", "-f", path).text
    assert pillion("inject", "-q", "-f", path).text == once
    assert token not in once
    assert f"path: /{token}/app-health/stock/readyz" in pillion(
        "inject", "-q", "-f", path, "--token", token
    ).text.replace("\r", "")
