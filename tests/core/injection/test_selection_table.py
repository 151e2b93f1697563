"""Gate A: the truth table of the API server's selectors."""

from __future__ import annotations

from itertools import product

import pytest

from webhook.injection.selection import select
from webhook.model import names

INJECTION, REVISION, INJECT = names.NAMESPACE_INJECTION, names.REVISION, names.INJECT

Labels = dict[str, str]
Requirement = tuple[str, str, tuple[str, ...]]


def _requirement_met(requirement: Requirement, labels: Labels) -> bool:
    key, operator, values = requirement
    if operator == "DoesNotExist":
        return key not in labels
    if operator == "NotIn":
        return labels.get(key) not in values
    return key in labels and labels[key] in values


def _webhooks(
    revisions: tuple[str, ...], *, is_default: bool
) -> dict[str, tuple[list[Requirement], list[Requirement]]]:
    """Return name to (namespaceSelector, objectSelector), as Istio's chart writes them."""
    not_false: Requirement = (INJECT, "NotIn", ("false",))
    no_injection: Requirement = (INJECTION, "DoesNotExist", ())
    no_revision: Requirement = (REVISION, "DoesNotExist", ())
    webhooks = {
        "rev.namespace": ([(REVISION, "In", revisions), no_injection], [not_false]),
        "rev.object": ([no_revision, no_injection], [not_false, (REVISION, "In", revisions)]),
    }
    if is_default:
        webhooks["namespace"] = ([(INJECTION, "In", ("enabled",))], [not_false])
        webhooks["object"] = (
            [no_injection, no_revision],
            [(INJECT, "In", ("true",)), no_revision],
        )
    return webhooks


def _called(namespace: Labels, pod: Labels, *, is_default: bool) -> list[str]:
    revisions = ("pillion", "default") if is_default else ("pillion",)
    return [
        name
        for name, (of_namespace, of_pod) in _webhooks(revisions, is_default=is_default).items()
        if all(_requirement_met(each, namespace) for each in of_namespace)
        and all(_requirement_met(each, pod) for each in of_pod)
    ]


def _labels(**values: str | None) -> Labels:
    keys = {"injection": INJECTION, "revision": REVISION, "inject": INJECT}
    return {keys[name]: value for name, value in values.items() if value is not None}


COMBINATIONS = list(
    product(
        (None, "enabled", "disabled", "", "Enabled"),
        (None, "pillion", "default", "other", ""),
        (None, "true", "false", "yes", ""),
        (None, "pillion", "default", "other"),
        (True, False),
    )
)


def _id(case: tuple[str | None, str | None, str | None, str | None, bool]) -> str:
    shown = ["absent" if part is None else part or "empty" for part in case[:4]]
    return "-".join((*shown, "default" if case[4] else "canary"))


@pytest.mark.parametrize("case", COMBINATIONS, ids=_id)
def test_selection_is_what_the_selectors_do(
    case: tuple[str | None, str | None, str | None, str | None, bool],
) -> None:
    """For every combination of the four labels, the webhook that the chart's selectors call."""
    injection, revision, inject, pod_revision, is_default = case
    namespace = _labels(injection=injection, revision=revision)
    pod = _labels(inject=inject, revision=pod_revision)
    selection = select(namespace, pod, revision="pillion", is_default=is_default)
    called = _called(namespace, pod, is_default=is_default)
    assert ([selection.webhook] if selection.webhook else []) == called
    assert selection.why


TABLE: dict[str, tuple[Labels, Labels, str | None, str | None]] = {
    "disabled-namespace": (_labels(injection="disabled"), _labels(inject="true"), None, None),
    "enabled-namespace": (_labels(injection="enabled"), {}, "namespace", None),
    "enabled-beats-revision": (
        _labels(injection="enabled", revision="other"),
        _labels(revision="other"),
        "namespace",
        None,
    ),
    "enabled-but-opted-out": (_labels(injection="enabled"), _labels(inject="false"), None, None),
    "our-revision": (_labels(revision="pillion"), {}, "rev.namespace", "rev.namespace"),
    "our-revision-pod-revision-ignored": (
        _labels(revision="pillion"),
        _labels(revision="other"),
        "rev.namespace",
        "rev.namespace",
    ),
    "our-revision-but-opted-out": (
        _labels(revision="pillion"),
        _labels(inject="false"),
        None,
        None,
    ),
    "default-revision": (_labels(revision="default"), {}, "rev.namespace", None),
    "misspelt-revision": (_labels(revision="pilion"), _labels(inject="true"), None, None),
    "pod-names-our-revision": ({}, _labels(revision="pillion"), "rev.object", "rev.object"),
    "pod-names-our-revision-but-opts-out": (
        {},
        _labels(revision="pillion", inject="false"),
        None,
        None,
    ),
    "pod-asks": ({}, _labels(inject="true"), "object", None),
    "pod-asks-otherwise": ({}, _labels(inject="yes"), None, None),
    "nobody-says-anything": ({}, {}, None, None),
}


@pytest.mark.parametrize(("namespace", "pod", "default", "canary"), TABLE.values(), ids=TABLE)
def test_named_row(namespace: Labels, pod: Labels, default: str | None, canary: str | None) -> None:
    """The rows that people ask about, as the default revision and beside one."""
    assert select(namespace, pod, revision="pillion", is_default=True).webhook == default
    assert select(namespace, pod, revision="pillion", is_default=False).webhook == canary


WHYS: dict[str, tuple[Labels, Labels, bool, str]] = {
    "disabled": (_labels(injection="disabled"), {}, True, 'istio-injection is "disabled"'),
    "hidden": (_labels(injection="enabled"), {}, False, "hides istio.io/rev"),
    "opted-out": (_labels(revision="pillion"), _labels(inject="false"), False, 'is "false"'),
    "another-revision": (_labels(revision="x"), {}, False, 'is "x", not "pillion"'),
    "another-pod-revision": ({}, _labels(revision="x"), False, 'is "x", not "pillion"'),
    "names-no-revision": ({}, _labels(inject="true"), False, "add the label istio.io/rev=pillion"),
    "silent": ({}, {}, False, "label it istio.io/rev=pillion"),
    "selected": (_labels(revision="pillion"), {}, False, "the label istio.io/rev=pillion"),
}


@pytest.mark.parametrize(("namespace", "pod", "is_default", "why"), WHYS.values(), ids=WHYS)
def test_why(namespace: Labels, pod: Labels, is_default: bool, why: str) -> None:
    """The reason names the label that decided, and what would change it."""
    assert why in select(namespace, pod, revision="pillion", is_default=is_default).why


def test_null_label_reads_as_empty() -> None:
    """A null label value is there, and holds the empty text, as at the API server."""
    for namespace in ({INJECTION: None}, {REVISION: None}):
        chosen = select(namespace, {REVISION: "pillion"}, revision="pillion", is_default=True)
        assert chosen.webhook is None
    pod = {REVISION: None, INJECT: "true"}
    assert select({}, pod, revision="pillion", is_default=True).webhook is None
