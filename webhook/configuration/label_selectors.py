"""What is wrong with a label selector (k8s.io/apimachinery `metav1/validation`)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from webhook.injection.protobuf_json import described

_NAME = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
_PREFIX = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_WITH_VALUES: Final = ("In", "NotIn")
_WITHOUT_VALUES: Final = ("Exists", "DoesNotExist")


def selector_mistakes(selector: dict[str, Any], path: str) -> Iterator[str]:
    """Yield a sentence for each mistake; a selector that selects every pod is one."""
    for name in selector.keys() - {"matchLabels", "matchExpressions"}:
        yield f"{path}.{described(name)[1:-1]}: is not known"
    labels = selector.get("matchLabels") or {}
    expressions = selector.get("matchExpressions") or []
    if not labels and not expressions:
        yield f"{path}: got no requirement, which selects every pod, expected at least one"
    if not isinstance(labels, dict):
        yield f"{path}.matchLabels: got {described(labels)}, expected an object"
    else:
        for key, value in labels.items():
            yield from _label(key, value, f"{path}.matchLabels")
    if not isinstance(expressions, list):
        yield f"{path}.matchExpressions: got {described(expressions)}, expected a list"
    else:
        for index, expression in enumerate(expressions):
            yield from _expression(expression, f"{path}.matchExpressions[{index}]")


def _expression(expression: Any, path: str) -> Iterator[str]:
    if not isinstance(expression, dict):
        yield f"{path}: got {described(expression)}, expected an object"
        return
    for name in expression.keys() - {"key", "operator", "values"}:
        yield f"{path}.{described(name)[1:-1]}: is not known, expected key, operator, values"
    if not _is_key(expression.get("key")):
        yield f"{path}.key: got {described(expression.get('key'))}, expected a label's key"
    operator = expression.get("operator")
    values = expression.get("values") or []
    if operator not in (*_WITH_VALUES, *_WITHOUT_VALUES):
        expected = ", ".join((*_WITH_VALUES, *_WITHOUT_VALUES))
        yield f"{path}.operator: got {described(operator)}, expected one of {expected}"
    elif not isinstance(values, list):
        yield f"{path}.values: got {described(values)}, expected a list"
    elif operator in _WITH_VALUES and not values:
        yield f"{path}.values: got none, expected at least one for {operator}"
    elif operator in _WITHOUT_VALUES and values:
        yield f"{path}.values: got some, expected none for {operator}"
    else:
        for index, value in enumerate(values):
            if not _is_value(value):
                yield f"{path}.values[{index}]: got {described(value)}, expected a label's value"


def _label(key: Any, value: Any, path: str) -> Iterator[str]:
    if not _is_key(key):
        yield f"{path}: got {described(key)}, expected a label's key"
    if not _is_value(value):
        yield f"{path}.{described(key)[1:-1]}: got {described(value)}, expected a label's value"


def _is_key(key: Any) -> bool:
    if not isinstance(key, str):
        return False
    prefix, slash, name = key.rpartition("/")
    has_prefix = len(prefix) <= 253 and _PREFIX.fullmatch(prefix) is not None
    return _NAME.fullmatch(name) is not None and (not slash or has_prefix)


def _is_value(value: Any) -> bool:
    return isinstance(value, str) and (not value or _NAME.fullmatch(value) is not None)
