"""Label selectors as the Kubernetes API matches them."""

from __future__ import annotations

from typing import Any

import pytest

from webhook.injection.selectors import first_match, matches


def _expression(key: str, operator: str, *values: str) -> dict[str, Any]:
    requirement: dict[str, Any] = {"key": key, "operator": operator}
    if values:
        requirement["values"] = list(values)
    return {"matchExpressions": [requirement]}


LABELS = {"app": "web", "tier": "front", "empty": ""}
TABLE: dict[str, tuple[dict[str, Any], bool]] = {
    "empty-selector-selects-all": ({}, True),
    "null-parts-select-all": ({"matchLabels": None, "matchExpressions": None}, True),
    "label-equal": ({"matchLabels": {"app": "web"}}, True),
    "label-different": ({"matchLabels": {"app": "db"}}, False),
    "label-absent": ({"matchLabels": {"role": "web"}}, False),
    "label-empty-is-not-absent": ({"matchLabels": {"role": ""}}, False),
    "label-empty-equal": ({"matchLabels": {"empty": ""}}, True),
    "labels-all": ({"matchLabels": {"app": "web", "tier": "back"}}, False),
    "in": (_expression("app", "In", "db", "web"), True),
    "in-others": (_expression("app", "In", "db"), False),
    "in-absent": (_expression("role", "In", "web"), False),
    "not-in": (_expression("app", "NotIn", "db"), True),
    "not-in-that": (_expression("app", "NotIn", "db", "web"), False),
    "not-in-absent": (_expression("role", "NotIn", "web"), True),
    "exists": (_expression("tier", "Exists"), True),
    "exists-empty": (_expression("empty", "Exists"), True),
    "exists-absent": (_expression("role", "Exists"), False),
    "does-not-exist": (_expression("role", "DoesNotExist"), True),
    "does-not-exist-present": (_expression("app", "DoesNotExist"), False),
    "labels-and-expressions": (
        {"matchLabels": {"app": "web"}, **_expression("tier", "In", "back")},
        False,
    ),
    "all-expressions": (
        {
            "matchExpressions": [
                {"key": "app", "operator": "Exists"},
                {"key": "tier", "operator": "DoesNotExist"},
            ]
        },
        False,
    ),
}


@pytest.mark.parametrize(("selector", "selected"), TABLE.values(), ids=TABLE)
def test_matches(selector: dict[str, Any], selected: bool) -> None:
    """A selector selects labels that meet each of its requirements."""
    assert matches(selector, LABELS) is selected


@pytest.mark.parametrize(
    ("selector", "selected"),
    [
        ({"matchLabels": {"x": ""}}, True),
        (_expression("x", "In", ""), True),
        (_expression("x", "NotIn", ""), False),
        (_expression("x", "Exists"), True),
    ],
    ids=["equal", "in", "not-in", "exists"],
)
def test_null_label_reads_as_empty(selector: dict[str, Any], selected: bool) -> None:
    """A null label value is the empty text, as the API server reads it."""
    assert matches(selector, {"x": None}) is selected


def test_first_match_is_the_first() -> None:
    """Of several selectors the first that selects is named."""
    one, two = {"matchLabels": {"app": "web"}}, _expression("app", "Exists")
    assert first_match((_expression("app", "In", "db"), two, one), LABELS) is two
    assert first_match((), LABELS) is None


def test_empty_selector_in_a_list_selects_nothing() -> None:
    """An empty entry in a list of exceptions is passed over, as Istio's injector does."""
    assert first_match(({},), LABELS) is None
