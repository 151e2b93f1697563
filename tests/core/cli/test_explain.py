"""`pillion explain`: why each pod is injected or not, for people and for programs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.core.cli.command import EXAMPLES
from tests.core.cli.conftest import Pillion
from tests.core.cli.manifests import POD
from tests.goldens import explanations

LISTS = {
    "init": "initContainers",
    "containers": "containers",
    "volumes": "volumes",
    "secrets": "imagePullSecrets",
    "labels": "labels",
    "annotates": "annotations",
    "rewrites": "rewritten",
}
"""Word of the text to member of `changes` in the JSON."""


@pytest.fixture(scope="module")
def now() -> dict[str, str]:
    """Give what the command says now."""
    return explanations.made()


def _pods(text: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(text)["pods"]
    return found


@pytest.mark.parametrize("name", sorted(explanations.FORMS))
def test_golden(name: str, now: dict[str, str]) -> None:
    """Text and JSON are, byte for byte, those that were reviewed."""
    assert now[name] == explanations.written()[name]


def test_no_stray_files() -> None:
    """Each golden is one of a form that exists."""
    assert explanations.written().keys() == explanations.FORMS.keys()


def test_twelve_pods_have_twelve_reasons_to_be_different(now: dict[str, str]) -> None:
    """The namespace has 12 pods, and no two of them get the same explanation."""
    pods = _pods(now["namespace.json"])
    assert len(pods) == 12
    told = {json.dumps({**pod, "name": "", "document": 0}) for pod in pods}
    assert len(told) == 12
    assert [(pod["name"], pod["decision"], pod["reason"]) for pod in pods] == [
        ("plain", "inject", "policy-enabled"),
        ("asked-for", "inject", "requested"),
        ("opted-out-by-label", "skip", "not-selected"),
        ("opted-out-by-annotation", "skip", "opted-out"),
        ("misspelt", "inject", "policy-enabled"),
        ("host-network", "skip", "host-network"),
        ("windows", "skip", "unsupported-os"),
        ("ambient", "skip", "ambient"),
        ("other-mesh", "skip", "foreign-sidecar"),
        ("gateway", "deny", "unsupported-template"),
        ("bad-annotation", "deny", "invalid"),
        ("batch", "skip", "never-selector"),
    ]


def test_text_and_json_tell_the_same_facts(now: dict[str, str]) -> None:
    """Whatever the text says of a pod is in the JSON, and the other way round."""
    blocks = now["namespace.txt"].split("\n\n")
    pods = _pods(now["namespace.json"])
    assert len(blocks) == len(pods)
    for block, pod in zip(blocks, pods, strict=True):
        assert sorted(_told(block)) == sorted(_known(pod))


def _told(block: str) -> Iterator[tuple[str, ...]]:
    """Yield the facts of a pod's lines of text."""
    head, *lines = block.splitlines()
    yield ("pod", head)
    for line in lines:
        if line[4:8] == "row ":
            number, verdict, rest = line[8:].split(maxsplit=2)
            yield ("row", str(line[2] == "→"), number, verdict, rest)
        else:
            key, rest = line[2:14].strip().rstrip(":"), line[14:]
            yield from ((key, each) for each in (rest.split(", ") if key in LISTS else [rest]))


def _known(pod: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    """Yield the facts of a pod's JSON."""
    yield ("pod", f"{pod['kind']} {pod['namespace']}/{pod['name']}")
    yield ("at", f"{pod['source']}, document {pod['document']}")
    yield ("decision", f"{pod['decision']} ({pod['reason']}): {pod['detail']}")
    yield ("called", f"{pod['selection']['webhook'] or 'no'}, {pod['selection']['why']}")
    for row in pod["rows"]:
        detail = f"{row['reason']}: {row['detail']}"
        yield ("row", str(row["decisive"]), str(row["row"]), row["verdict"], detail)
    for word, member in LISTS.items():
        yield from ((word, name) for name in pod["changes"].pop(member))
    assert pod["changes"] == {}
    for annotation in pod["annotations"]:
        yield ("annotation", f"{annotation['key']}={annotation['value']}")
        yield ("", f"{annotation['support']}: {annotation['effect']}")
    yield from (("warning", warning) for warning in pod["warnings"])


def test_exactly_one_row_decides(now: dict[str, str]) -> None:
    """Of the rows that match a pod exactly one is marked: the first that does not pass it on.

    None is for a pod that is refused for what the table does not look at.
    """
    for pod in _pods(now["namespace.json"]):
        decisive = [row["decisive"] for row in pod["rows"]]
        if pod["reason"] == "invalid":
            assert decisive.count(True) == 0
            continue
        assert decisive.count(True) == 1
        passed = pod["rows"][: decisive.index(True)]
        assert all(row["verdict"] == "continue" for row in passed)


def test_explanation_is_what_inject_does(pillion: Pillion) -> None:
    """What explain announces is what the report of inject says of the shop."""
    shop = EXAMPLES / "shop"
    explained = _pods(pillion("explain", "-o", "json", "-f", shop).text)
    report = _pods(pillion("inject", "-q", "--report", "-f", shop).text)
    assert [pod["reason"] for pod in explained] == [pod["reason"] for pod in report]
    assert [pod["decision"] == "inject" for pod in explained] == [
        pod["outcome"] == "changed" for pod in report
    ]


def test_unknown_namespace_is_said(tmp_path: Path, pillion: Pillion) -> None:
    """Without the namespace's labels nothing is claimed of the API server's selectors."""
    path = tmp_path / "x.yaml"
    path.write_text(POD)
    run = pillion("explain", "-f", path)
    assert "called:     unknown, the labels of namespace demo are not given" in run.text
    (pod,) = _pods(pillion("explain", "-o", "json", "-f", path).text)
    assert pod["selection"] is None
