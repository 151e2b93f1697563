"""Label selectors, as the Kubernetes API matches them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


def matches(selector: Mapping[str, Any], labels: Mapping[str, str | None]) -> bool:
    """Tell whether the labels meet every requirement of a LabelSelector.

    The selector was validated with the configuration; an empty one selects everything, as in the
    API. `NotIn` is met by a label that is absent.
    """
    wanted = (selector.get("matchLabels") or {}).items()
    return all(key in labels and (labels[key] or "") == value for key, value in wanted) and all(
        _meets(requirement, labels) for requirement in selector.get("matchExpressions") or ()
    )


def first_match(
    selectors: Iterable[Mapping[str, Any]], labels: Mapping[str, str | None]
) -> Mapping[str, Any] | None:
    """Return the first selector that selects these labels.

    An empty selector is passed over: in a list of exceptions it would select every pod, which
    Istio's injector takes for a mistake too.
    """
    for selector in selectors:
        if selector and matches(selector, labels):
            return selector
    return None


def _meets(requirement: Mapping[str, Any], labels: Mapping[str, str | None]) -> bool:
    key = requirement["key"]
    values = requirement.get("values") or ()
    match requirement["operator"]:
        case "In":
            return key in labels and (labels[key] or "") in values
        case "NotIn":
            return key not in labels or (labels[key] or "") not in values
        case "Exists":
            return key in labels
        case _:
            return key not in labels
