"""Gate B, row by row and row against row, as the table of `injection.decision` says."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest
from msgspec import Struct

from tests.core.injection import sample
from webhook.injection.decision import Match, Reason, Verdict, case_of, decide, explain
from webhook.injection.overview import overview
from webhook.model import names
from webhook.model.settings import DefaultPolicy, Policy, Settings

INJECT, SKIP, DENY = Verdict.INJECT, Verdict.SKIP, Verdict.DENY
STATUS = names.STATUS


class Row(Struct, frozen=True):
    """A pod and its surroundings, and what the table says of them."""

    verdict: Verdict
    reason: str
    row: int
    labels: dict[str, Any] = {}
    annotations: dict[str, Any] = {}
    spec: dict[str, Any] = {}
    namespace: str = "demo"
    namespace_labels: dict[str, Any] | None = None
    policy: Policy = Policy()
    warning: str | None = None
    """A part of the warning; None: there is none."""


NEVER = Policy(never_inject_selector=({"matchLabels": {"tier": "batch"}},))
ALWAYS = Policy(
    default=DefaultPolicy.DISABLED, always_inject_selector=({"matchLabels": {"tier": "web"}},)
)
DISABLED = Policy(default=DefaultPolicy.DISABLED)


def _with(*names_of_containers: str, **more: Any) -> dict[str, Any]:
    return {"containers": [{"name": name, "image": "x", **more} for name in names_of_containers]}


ROWS: dict[str, Row] = {
    "label-false": Row(SKIP, "opted-out", 1, {names.INJECT: "false"}),
    "annotation-false": Row(SKIP, "opted-out", 1, annotations={names.INJECT: "false"}),
    "label-false-beats-annotation-true": Row(
        SKIP, "opted-out", 1, {names.INJECT: "false"}, {names.INJECT: "true"}
    ),
    "label-true-beats-annotation-false": Row(
        INJECT, "requested", 7, {names.INJECT: "true"}, {names.INJECT: "false"}
    ),
    "windows": Row(SKIP, "unsupported-os", 2, spec={"os": {"name": "windows"}}),
    "linux-by-name": Row(INJECT, "policy-enabled", 10, spec={"os": {"name": "linux"}}),
    "mirror-pod": Row(SKIP, "static-pod", 2, annotations={names.MIRROR_POD: "x"}),
    "mirror-pod-with-null-annotation": Row(
        SKIP, "static-pod", 2, annotations={names.MIRROR_POD: None}
    ),
    "static-pod-from-a-file": Row(
        SKIP, "static-pod", 2, annotations={names.STATIC_POD_SOURCE: "file"}
    ),
    "source-api-is-no-static-pod": Row(
        INJECT, "policy-enabled", 10, annotations={names.STATIC_POD_SOURCE: "api"}
    ),
    "source-without-text-is-no-static-pod": Row(
        INJECT, "policy-enabled", 10, annotations={names.STATIC_POD_SOURCE: ""}
    ),
    "kube-system": Row(SKIP, "system-namespace", 2, namespace="kube-system"),
    "kube-public": Row(SKIP, "system-namespace", 2, namespace="kube-public"),
    "kube-node-lease": Row(SKIP, "system-namespace", 2, namespace="kube-node-lease"),
    "own-namespace": Row(SKIP, "system-namespace", 2, namespace="pillion-system"),
    "host-network": Row(SKIP, "host-network", 3, spec={"hostNetwork": True}),
    "host-network-asked-for": Row(
        SKIP,
        "host-network",
        3,
        {names.INJECT: "true"},
        spec={"hostNetwork": True},
        warning="asks for injection",
    ),
    "host-network-false": Row(INJECT, "policy-enabled", 10, spec={"hostNetwork": False}),
    "gateway-template": Row(
        DENY, "unsupported-template", 4, annotations={"inject.istio.io/templates": "gateway"}
    ),
    "sidecar-and-another-template": Row(
        DENY,
        "unsupported-template",
        4,
        annotations={"inject.istio.io/templates": "sidecar, grpc-agent"},
    ),
    "empty-template": Row(
        DENY, "unsupported-template", 4, annotations={"inject.istio.io/templates": ""}
    ),
    "null-template-is-empty": Row(
        DENY, "unsupported-template", 4, annotations={"inject.istio.io/templates": None}
    ),
    "sidecar-template-twice": Row(
        INJECT, "policy-enabled", 10, annotations={names.TEMPLATES: "sidecar,sidecar"}
    ),
    "sidecar-template-with-blanks": Row(
        INJECT, "policy-enabled", 10, annotations={"inject.istio.io/templates": " sidecar "}
    ),
    "ambient-pod": Row(
        SKIP, "ambient", 5, {names.DATAPLANE_MODE: "ambient"}, warning="captures the traffic"
    ),
    "ambient-namespace": Row(
        SKIP,
        "ambient",
        5,
        namespace_labels={names.DATAPLANE_MODE: "ambient"},
        warning="the namespace's label",
    ),
    "ambient-namespace-but-pod-says-none": Row(
        INJECT,
        "policy-enabled",
        10,
        {names.DATAPLANE_MODE: "none"},
        namespace_labels={names.DATAPLANE_MODE: "ambient"},
    ),
    "ambient-namespace-but-pod-says-nothing-by-null": Row(
        INJECT,
        "policy-enabled",
        10,
        {names.DATAPLANE_MODE: None},
        namespace_labels={names.DATAPLANE_MODE: "ambient"},
    ),
    "ambient-but-asked-for": Row(
        INJECT, "requested", 7, {names.DATAPLANE_MODE: "ambient", names.INJECT: "true"}
    ),
    "status-of-istio": Row(
        SKIP,
        "foreign-sidecar",
        6,
        annotations={STATUS: '{"initContainers":["istio-init"]}'},
        warning="another injector",
    ),
    "status-of-another-name": Row(
        SKIP,
        "foreign-sidecar",
        6,
        annotations={STATUS: '{"injector":"other"}'},
        warning="another injector",
    ),
    "status-of-ours": Row(
        INJECT, "policy-enabled", 10, annotations={STATUS: '{"injector":"pillion"}'}
    ),
    "status-that-is-no-json": Row(DENY, "invalid", 6, annotations={STATUS: "{oops"}),
    "status-that-is-no-object": Row(DENY, "invalid", 6, annotations={STATUS: "[]"}),
    "status-without-text": Row(INJECT, "policy-enabled", 10, annotations={STATUS: ""}),
    "status-null": Row(INJECT, "policy-enabled", 10, annotations={STATUS: None}),
    "own-image-of-istio-proxy": Row(
        SKIP, "foreign-sidecar", 6, spec=_with("app", "istio-proxy"), warning="an image of its own"
    ),
    "own-image-of-istio-proxy-as-init-container": Row(
        SKIP,
        "foreign-sidecar",
        6,
        spec={**_with("app"), "initContainers": [{"name": "istio-proxy", "image": "x"}]},
        warning="init container istio-proxy",
    ),
    "istio-proxy-with-image-auto": Row(
        INJECT,
        "policy-enabled",
        10,
        spec={"containers": [{"name": "app"}, {"name": "istio-proxy", "image": "auto"}]},
    ),
    "istio-proxy-without-image": Row(
        INJECT,
        "policy-enabled",
        10,
        spec={"containers": [{"name": "app"}, {"name": "istio-proxy"}]},
    ),
    "istio-proxy-with-empty-image": Row(
        INJECT,
        "policy-enabled",
        10,
        spec={"containers": [{"name": "app"}, {"name": "istio-proxy", "image": ""}]},
    ),
    "linkerd": Row(
        SKIP,
        "foreign-sidecar",
        6,
        spec=_with("app", "linkerd-proxy"),
        warning="container linkerd-proxy",
    ),
    "kuma": Row(
        SKIP, "foreign-sidecar", 6, spec=_with("kuma-sidecar", "app"), warning="kuma-sidecar"
    ),
    "consul": Row(
        SKIP,
        "foreign-sidecar",
        6,
        spec={**_with("app"), "initContainers": [{"name": "consul-dataplane"}]},
        warning="init container consul-dataplane",
    ),
    "label-true": Row(INJECT, "requested", 7, {names.INJECT: "true"}, policy=DISABLED),
    "annotation-true": Row(
        INJECT, "requested", 7, annotations={names.INJECT: "true"}, policy=DISABLED
    ),
    "label-with-another-value": Row(INJECT, "policy-enabled", 10, {names.INJECT: "True"}),
    "label-without-text": Row(INJECT, "policy-enabled", 10, {names.INJECT: ""}),
    "label-with-another-value-hides-annotation": Row(
        SKIP, "policy-disabled", 10, {names.INJECT: "yes"}, {names.INJECT: "true"}, policy=DISABLED
    ),
    "never-selector": Row(SKIP, "never-selector", 9, {"tier": "batch"}, policy=NEVER),
    "never-selector-of-others": Row(INJECT, "policy-enabled", 10, {"tier": "web"}, policy=NEVER),
    "always-selector": Row(INJECT, "always-selector", 9, {"tier": "web"}, policy=ALWAYS),
    "always-selector-of-others": Row(SKIP, "policy-disabled", 10, {"tier": "db"}, policy=ALWAYS),
    "never-beats-always": Row(
        SKIP,
        "never-selector",
        9,
        {"tier": "web"},
        policy=Policy(
            never_inject_selector=({"matchLabels": {"tier": "web"}},),
            always_inject_selector=({"matchLabels": {"tier": "web"}},),
        ),
    ),
    "asked-for-beats-never": Row(
        INJECT, "requested", 7, {"tier": "batch", names.INJECT: "true"}, policy=NEVER
    ),
    "policy-enabled": Row(INJECT, "policy-enabled", 10),
    "policy-disabled": Row(SKIP, "policy-disabled", 10, policy=DISABLED),
}


def _decide(row: Row) -> Match:
    return decide(_case(row))


def _case(row: Row) -> Any:
    pod = sample.view(sample.value(row.labels, row.annotations, **row.spec))
    return case_of(overview(pod), row.namespace, row.namespace_labels, Settings(policy=row.policy))


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_row(row: Row) -> None:
    """Each row decides as the table says, by its number, and warns where it says so."""
    match = _decide(row)
    assert (match.verdict, match.reason, match.row) == (row.verdict, row.reason, row.row)
    assert match.detail
    if row.warning is None:
        assert match.warning is None
    else:
        assert row.warning in (match.warning or "")


def test_every_reason_of_the_table_is_tried() -> None:
    """No reason that a row can give is without a case above."""
    elsewhere = {Reason.ALREADY_INJECTED, Reason.NOT_SELECTED, Reason.UNKNOWN_VALUE}
    assert {row.reason for row in ROWS.values()} == {*Reason} - elsewhere


# What makes each decisive row match, in the table's order.
CAUSES: dict[str, Row] = {
    "opted-out": Row(SKIP, "opted-out", 1, annotations={names.INJECT: "false"}),
    "unsupported-os": ROWS["windows"],
    "static-pod": ROWS["mirror-pod"],
    "system-namespace": ROWS["kube-system"],
    "host-network": ROWS["host-network"],
    "unsupported-template": ROWS["gateway-template"],
    "ambient": ROWS["ambient-pod"],
    "foreign-sidecar": Row(
        SKIP, "foreign-sidecar", 6, spec={"initContainers": [{"name": "linkerd-proxy"}]}
    ),
    "requested": Row(INJECT, "requested", 7, annotations={names.INJECT: "true"}),
    "never-selector": Row(SKIP, "never-selector", 9, {"tier": "batch"}),
    "always-selector": Row(INJECT, "always-selector", 9, {"kind": "web"}),
    "policy-disabled": Row(SKIP, "policy-disabled", 10),
}
_POLICY = Policy(
    default=DefaultPolicy.DISABLED,
    never_inject_selector=({"matchLabels": {"tier": "batch"}},),
    always_inject_selector=({"matchLabels": {"kind": "web"}},),
)
_PAIRS = [
    (first, second)
    for first, second in combinations(CAUSES, 2)
    if (first, second) != ("opted-out", "requested")  # one key cannot hold both
]


def _both(first: str, second: str) -> Row:
    one, other = CAUSES[first], CAUSES[second]
    return Row(
        one.verdict,
        one.reason,
        one.row,
        one.labels | other.labels,
        one.annotations | other.annotations,
        one.spec | other.spec,
        "kube-system" if "system-namespace" in (first, second) else "demo",
        policy=_POLICY,
    )


@pytest.mark.parametrize(
    ("first", "second"), _PAIRS, ids=[f"{first}-before-{second}" for first, second in _PAIRS]
)
def test_earlier_row_wins(first: str, second: str) -> None:
    """Of two rows that both match, the one that stands first in the table decides."""
    row = _both(first, second)
    expected = "requested" if (first, second) == ("ambient", "requested") else first
    assert _decide(row).reason == expected


@pytest.mark.parametrize(
    ("first", "second"), _PAIRS, ids=[f"{first}-and-{second}" for first, second in _PAIRS]
)
def test_explain_shows_both_rows(first: str, second: str) -> None:
    """`explain` shows every matching row in the table's order, decisive or not."""
    found = [match.reason for match in explain(_case(_both(first, second)))]
    wanted = [first, second, "policy-disabled"]
    if (first, second) == ("ambient", "requested"):
        wanted.remove("ambient")
    assert found == list(dict.fromkeys(wanted))


@pytest.mark.parametrize("value", ["", "True", "yes", "0", "истина"], ids=ascii)
def test_unknown_value_is_a_warning(value: str) -> None:
    """Any other value of the inject label goes on down the table and names what is accepted."""
    outcome = sample.inject(sample.value({names.INJECT: value}))
    assert outcome.match.reason is Reason.POLICY_ENABLED
    assert outcome.warnings[0] == (
        f'label {names.INJECT} is "{value}", which means nothing: expected "true" or "false"; '
        "it is treated as absent"
    )


@pytest.mark.parametrize("where", ["labels", "annotations"])
def test_null_is_an_unknown_value(where: str) -> None:
    """A null inject label or annotation is the empty text, which is none of the two."""
    (warning,) = sample.inject(sample.value(**{where: {names.INJECT: None}})).warnings
    assert warning.startswith(f'{where.removesuffix("s")} {names.INJECT} is "", which means')


def test_unknown_value_continues() -> None:
    """Row 8 is no decision: explain shows it with the verdict `continue`."""
    rows = {m.row: m for m in explain(_case(ROWS["label-with-another-value"]))}
    assert rows[8].verdict is Verdict.CONTINUE
    assert rows[8].reason is Reason.UNKNOWN_VALUE


def test_known_value_is_no_warning() -> None:
    """A pod that says `true` hears nothing."""
    assert sample.inject(sample.value({names.INJECT: "true"})).warnings == ()


def test_details_name_what_was_found() -> None:
    """The half sentence for people names the member and its value."""
    assert _decide(ROWS["label-false"]).detail == f'label {names.INJECT} is "false"'
    assert _decide(ROWS["annotation-true"]).detail == f'annotation {names.INJECT} is "true"'
    assert _decide(ROWS["kube-public"]).detail == "kube-public is a namespace of Kubernetes"
    assert _decide(ROWS["own-namespace"]).detail == "pillion-system is the injector's own"
    assert _decide(ROWS["never-selector"]).detail == (
        'policy.neverInjectSelector has {"matchLabels":{"tier":"batch"}}'
    )
    assert 'got "", expected "sidecar"' in _decide(ROWS["null-template-is-empty"]).detail
    assert _decide(ROWS["linkerd"]).detail == "container linkerd-proxy is another mesh's sidecar"


def test_long_status_is_cut_in_the_message() -> None:
    """A status that does not parse is quoted with at most 80 characters."""
    row = Row(DENY, "invalid", 6, annotations={STATUS: "x" * 81})
    assert f'got "{"x" * 77}...", expected the JSON object' in _decide(row).detail
    row = Row(DENY, "invalid", 6, annotations={STATUS: "x" * 80})
    assert f'got "{"x" * 80}", expected' in _decide(row).detail


def test_words() -> None:
    """Verdicts and reasons are labels of metrics and of `explain -o json`, so they stay."""
    assert [*map(str, Verdict)] == ["inject", "skip", "deny", "continue"]
    assert [*map(str, Reason)] == [
        "opted-out",
        "unsupported-os",
        "static-pod",
        "system-namespace",
        "host-network",
        "unsupported-template",
        "ambient",
        "foreign-sidecar",
        "requested",
        "unknown-value",
        "never-selector",
        "always-selector",
        "policy-enabled",
        "policy-disabled",
        "already-injected",
        "not-selected",
        "invalid",
    ]
