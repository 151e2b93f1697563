"""Where a namespace's labels come from, and what they decide."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.core.cli.conftest import Pillion
from tests.core.cli.manifests import DEPLOYMENT, POD, namespace

UNKNOWN = (
    "note: the labels of namespace {} are not known, so it is taken as opted in; say them with "
    "--namespace-labels"
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Give a pod of namespace demo and a Deployment without one."""
    path = tmp_path / "app.yaml"
    path.write_text(f"{POD}---\n{DEPLOYMENT}")
    return path


def test_unknown_labels_count_as_opted_in_and_it_is_said(path: Path, pillion: Pillion) -> None:
    """Without labels a pod is injected, and a note names its namespace once."""
    run = pillion("inject", "-f", path)
    assert run.err.splitlines() == [
        f"injected  Pod demo/web ({path}, document 1)",
        f"injected  Deployment default/web ({path}, document 2)",
        UNKNOWN.format("demo"),
        UNKNOWN.format("default"),
        "2 injected; 0 documents without pods",
    ]


@pytest.mark.parametrize("place", ["before", "after", "another-file", "list"])
def test_namespace_among_the_manifests_decides(place: str, path: Path, pillion: Pillion) -> None:
    """A Namespace anywhere in the inputs gives its labels, and no note is needed."""
    labelled = namespace("demo", **{"istio.io/rev": "another"})
    inputs = ["-f", path]
    match place:
        case "before":
            path.write_text(f"{labelled}\n---\n{POD}")
        case "after":
            path.write_text(f"{POD}---\n{labelled}\n")
        case "list":
            path.write_text(
                f'{POD}---\n{{"apiVersion": "v1", "kind": "List", "items": [{labelled}]}}\n'
            )
        case _:
            path.write_text(POD)
            other = path.with_name("namespace.json")
            other.write_text(labelled)
            inputs = [*inputs, "-f", other]
    run = pillion("inject", *inputs)
    assert run.err.splitlines() == [
        f"skipped   Pod demo/web ({path}, document {2 if place == 'before' else 1}): "
        'the namespace\'s label istio.io/rev is "another", not "pillion"',
        "1 skipped; 1 document without pods",
    ]


@pytest.mark.parametrize(
    ("labels", "word", "detail"),
    [
        ("istio.io/rev=pillion", "injected", ""),
        ("istio.io/rev=pillion,team=a", "injected", ""),
        ("team=a", "skipped", "neither the namespace nor the pod opts in"),
        ("", "skipped", "neither the namespace nor the pod opts in"),
        ("istio-injection=enabled", "skipped", "calls the default revision only"),
        ("istio-injection=disabled", "skipped", 'istio-injection is "disabled"'),
        ("istio.io/rev=other", "skipped", 'istio.io/rev is "other", not "pillion"'),
        ("istio.io/rev=pillion,istio.io/dataplane-mode=ambient", "skipped", "is ambient"),
    ],
)
def test_labels_of_the_command_line_decide(
    labels: str, word: str, detail: str, path: Path, pillion: Pillion
) -> None:
    """--namespace-labels are those of the namespace that -n names, and of no other."""
    run = pillion("inject", "-f", path, "-n", "blue", "--namespace-labels", labels)
    lines = run.err.splitlines()
    assert lines[0] == f"injected  Pod demo/web ({path}, document 1)"
    shown = next(line for line in lines if " Deployment " in line)
    assert shown.startswith(f"{word:<9} Deployment blue/web ({path}, document 2)")
    assert detail in shown
    assert UNKNOWN.format("demo") in lines
    assert UNKNOWN.format("blue") not in lines


def test_labels_of_the_command_line_win(path: Path, pillion: Pillion) -> None:
    """What the user says of a namespace wins over what a manifest says of it."""
    path.write_text(f"{namespace('demo', **{'istio.io/rev': 'other'})}\n---\n{POD}")
    labels = ("--namespace-labels", "istio.io/rev=pillion")
    run = pillion("inject", "-f", path, "-n", "demo", *labels)
    assert "1 injected; 1 document without pods" in run.err


def test_revision_of_the_command_line_is_the_one_that_is_asked_for(
    path: Path, pillion: Pillion
) -> None:
    """-r names the injecting revision, which namespaces and pods are then labelled with."""
    arguments = ("inject", "-f", path, "-n", "demo", "--namespace-labels", "istio.io/rev=blue")
    assert "skipped   Pod demo/web" in pillion(*arguments).err
    run = pillion(*arguments, "-r", "blue")
    assert "injected  Pod demo/web" in run.err
    assert "istio.io/rev: blue" in run.text
    assert "istiod-blue.istio-system.svc:15012" in run.text


def test_object_that_names_none_is_of_the_namespace_of_the_command_line(
    path: Path, pillion: Pillion
) -> None:
    """-n is the namespace of objects that name none, and of no other."""
    run = pillion("inject", "-f", path, "-n", "green")
    assert "Pod demo/web" in run.err
    assert "Deployment green/web" in run.err
    assert "namespaces/green/deployments/web" in run.text


def test_system_namespace_is_never_injected(path: Path, pillion: Pillion) -> None:
    """Kubernetes' own namespaces are left alone whatever their labels say."""
    labels = ("--namespace-labels", "istio.io/rev=pillion")
    run = pillion("inject", "-f", path, "-n", "kube-system", *labels)
    assert "skipped   Deployment kube-system/web" in run.err
