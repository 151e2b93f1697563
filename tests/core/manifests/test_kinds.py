"""Pods are found wherever kubectl accepts them, and nothing is passed over silently."""

# ruff: noqa: E501 - a row of a table is a line

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.core.manifests import reading
from webhook.manifests import kinds, stream
from webhook.manifests.report import Entry, Outcome, counts
from webhook.model.errors import ManifestError
from webhook.model.settings import ExtraKind, Settings

TEMPLATE = {"spec": {"containers": [{"name": "app"}]}}
WORKLOADS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    kind: (version, kind, path)
    for version, kind, path in (
        ("v1", "Pod", ()),
        ("v1", "ReplicationController", ("spec", "template")),
        ("v1", "PodTemplate", ("template",)),
        ("apps/v1", "Deployment", ("spec", "template")),
        ("apps/v1", "ReplicaSet", ("spec", "template")),
        ("apps/v1", "StatefulSet", ("spec", "template")),
        ("apps/v1", "DaemonSet", ("spec", "template")),
        ("batch/v1", "Job", ("spec", "template")),
        ("batch/v1", "CronJob", ("spec", "jobTemplate", "spec", "template")),
        ("apps.openshift.io/v1", "DeploymentConfig", ("spec", "template")),
        ("argoproj.io/v1alpha1", "Rollout", ("spec", "template")),
    )
}
EXTRA = Settings().extra_kinds


def held(path: tuple[str, ...], template: Any) -> Any:
    """Put a template at a path."""
    for step in reversed(path):
        template = {step: template}
    return template


def survey(value: Any, **options: Any) -> kinds.Survey:
    """Look for pods in a value written as JSON."""
    return kinds.survey(reading.document(json.dumps(value)), EXTRA, **options)


@pytest.mark.parametrize(("version", "kind", "path"), WORKLOADS.values(), ids=WORKLOADS.keys())
def test_workload_is_found(version: str, kind: str, path: tuple[str, ...]) -> None:
    """With its template, where it stands, and who owns it; alone and in a list."""
    workload = {
        "apiVersion": version,
        "kind": kind,
        "metadata": {"name": "web", "namespace": "shop"},
        **held(path, TEMPLATE),
    }
    (alone,) = survey(workload).workloads
    (listed,) = survey(
        {"apiVersion": "v1", "kind": "List", "items": [{"kind": "X"}, workload]}
    ).workloads

    assert kinds.Owner(version, kind, "web", "shop") == alone.owner == listed.owner
    assert (path, ("items", 1, *path)) == (alone.path, listed.path)
    assert alone.pod["spec"] == listed.pod["spec"] == TEMPLATE["spec"]


@pytest.mark.parametrize(("version", "kind", "path"), WORKLOADS.values(), ids=WORKLOADS.keys())
def test_unknown_version_is_named(version: str, kind: str, path: tuple[str, ...]) -> None:
    """A known kind of another apiVersion passes, and a warning says so."""
    text = f"kind: {kind}\napiVersion: old/v1beta1\n"
    found = kinds.survey(reading.document("# c\n---\n" + text), EXTRA)

    assert not found.workloads
    assert found.warnings == (
        f"app.yaml, document 1, line 4: {kind} passed through, "
        f'got apiVersion "old/v1beta1", expected {version}',
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("kind: Deployment\napiVersion: apps/v1\nspec:\n  replicas: 1\n",
         "app.yaml, document 1, line 4: got nothing for Deployment spec.template, expected an object"),
        ("kind: Deployment\napiVersion: apps/v1\nspec:\n  template:\n  - a\n",
         "line 5: got a list for Deployment spec.template, expected an object"),
        ("kind: CronJob\napiVersion: batch/v1\nspec: x\n", 'line 3: got the text "x" for CronJob spec, expected an object'),
        ("kind: Pod\napiVersion: v1\n", "line 1: got nothing for Pod spec, expected an object"),
        ("kind: Pod\napiVersion: v1\nspec: 5\n", "line 3: got the value 5 for Pod spec, expected an object"),
        ("kind: List\nitems:\n- kind: Pod\n- text\n", r'line 4: got the text "text" for items\[1\], expected an object'),
        ("kind: List\nitems: {}\n", "line 2: got an object for items, expected a list"),
        ("kind: List\nitems:\n- kind: Job\n  apiVersion: batch/v1\n  spec: {template: []}\n",
         r"line 5: got a list for Job items\[0\].spec.template, expected an object"),
    ],
)  # fmt: skip
def test_workload_without_its_template_is_an_error(text: str, message: str) -> None:
    """The message names file, document, line, field, got and expected."""
    with pytest.raises(ManifestError, match=message):
        kinds.survey(reading.document(text))


def test_line_of_a_missing_field_is_that_of_what_holds_it() -> None:
    """Counted from the content's first line; the deepest part of the path that exists counts."""
    document = reading.document("# c\n---\na:\n- b\n- c: d\n")

    assert [document.line_of(path) for path in (("a",), ("a", 1), ("a", 1, "c", "x"), ("z",))] == [
        1,
        2,
        2,
        0,
    ]


def test_lists_in_lists_are_found_up_to_a_depth() -> None:
    """A list nests eight times and no deeper."""
    value: Any = {"apiVersion": "v1", "kind": "Pod", **TEMPLATE}
    for _ in range(8):
        value = {"kind": "List", "items": [value]}

    assert survey(value).workloads[0].path == ("items", 0) * 8
    with pytest.raises(ManifestError, match="expected at most 8 lists in each other"):
        survey({"kind": "List", "items": [{"kind": "List", "items": [value]}]})


def test_typed_list_lends_its_kind() -> None:
    """The items of a PodList need not say that they are pods."""
    found = survey({"apiVersion": "v1", "kind": "PodList", "items": [TEMPLATE]})

    assert (found.workloads[0].owner.api_version, found.workloads[0].owner.kind) == ("v1", "Pod")


def test_list_of_a_custom_kind_is_no_list() -> None:
    """A custom resource whose kind ends in List and that has no items is an object like any other."""
    assert (
        survey({"apiVersion": "x/v1", "kind": "AllowList", "spec": {"items": []}}).workloads == ()
    )
    assert survey({"apiVersion": "v1", "kind": "List", "items": None}).workloads == ()


def test_functions_input_is_a_list() -> None:
    """Kustomize hands functions a ResourceList."""
    value = {
        "apiVersion": "config.kubernetes.io/v1",
        "kind": "ResourceList",
        "items": [{"apiVersion": "v1", "kind": "Pod", **TEMPLATE}],
        "functionConfig": {"kind": "Pod"},
    }

    assert [found.path for found in survey(value).workloads] == [("items", 0)]


def test_configured_kind_is_found() -> None:
    """Also one of the core group, and beside a kind that is known."""
    extra = (
        ExtraKind(group="", version="v9", kind="Thing", path=("a", "b")),
        ExtraKind(group="batch.example", version="v1", kind="Job", path=("template",)),
    )
    thing = reading.document(
        json.dumps({"apiVersion": "v9", "kind": "Thing", "a": {"b": TEMPLATE}})
    )
    job = reading.document(
        json.dumps({"apiVersion": "batch.example/v1", "kind": "Job", "template": TEMPLATE})
    )

    assert [found.path for found in kinds.survey(thing, extra).workloads] == [("a", "b")]
    assert [found.path for found in kinds.survey(job, extra).workloads] == [("template",)]


def test_document_that_cannot_hold_a_pod_is_not_parsed_unless_strict() -> None:
    """A broken ConfigMap passes; with `strict` it is an error."""
    document = reading.document("kind: ConfigMap\na: [\n")

    assert kinds.survey(document).workloads == ()
    with pytest.raises(ManifestError, match="got no YAML"):
        kinds.survey(document, strict=True)


def test_namespaces_give_their_labels() -> None:
    """From documents and lists; what is no string label is left out, other kinds are not read."""
    text = (
        "kind: Namespace\napiVersion: v1\nmetadata: {name: a, labels: {x: 'y', n: 5}}\n---\n"
        "kind: ConfigMap\nbroken: [\n---\n"
        "kind: List\nitems:\n- {kind: Namespace, apiVersion: v1, metadata: {name: b}}\n"
        "- {kind: Namespace, apiVersion: other/v1, metadata: {name: c}}\n"
    )

    assert kinds.namespace_labels(stream.documents(text, "app.yaml")) == {"a": {"x": "y"}, "b": {}}


def test_report_counts_outcomes() -> None:
    """Every outcome is named, also one that did not happen."""
    entries = [
        Entry("a.yaml", number, "Pod", "", "x", outcome)
        for number, outcome in enumerate([Outcome.CHANGED, Outcome.PASSED, Outcome.PASSED], 1)
    ]

    assert counts(entries) == {Outcome.CHANGED: 1, Outcome.SKIPPED: 0, Outcome.PASSED: 2}
