"""Whether a pod that carries our injection already is what injecting it anew would make of it.

Between the two stands the API server, which fills in defaults and rewrites quantities, and perhaps
other webhooks, which add to our containers. Neither is a reason to inject again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from webhook.model import names

_DEFAULTS: Mapping[str, tuple[object, ...]] = {
    "apiVersion": ("v1",),
    "defaultMode": (420,),
    "failureThreshold": (3,),
    "imagePullPolicy": ("Always", "IfNotPresent"),
    "periodSeconds": (10,),
    "protocol": ("TCP",),
    "resources": ({},),
    "scheme": ("HTTP",),
    "successThreshold": (1,),
    "terminationMessagePath": ("/dev/termination-log",),
    "terminationMessagePolicy": ("File",),
    "timeoutSeconds": (1,),
}
"""What the API server fills into containers, probes and volumes
(k8s.io/kubernetes `pkg/apis/core/v1/defaults.go`)."""

_OTHERS_MAY_ADD = frozenset({"env", "volumeMounts", "ports", "limits", "requests"})
"""Members of our containers to which other webhooks and LimitRanges add."""

_KEYS = {"volumeMounts": "mountPath"}
_QUANTITY = re.compile(r"([0-9.]+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]+)?")
_SCALES = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4, "Pi": 5, "Ei": 6}


def is_satisfied(present: Any, wanted: Any) -> bool:
    """Tell whether the pod as it is differs from the pod as injection would make it by nothing of ours.

    Both are JSON values of the whole pod; what is not ours is the same in both.
    """
    return _same(present, wanted, "")


def _same(present: Any, wanted: Any, key: str) -> bool:
    if isinstance(wanted, dict):
        return isinstance(present, dict) and _same_members(present, wanted, key)
    if isinstance(wanted, list):
        return isinstance(present, list) and _same_items(present, wanted, key)
    if key in ("cpu", "memory") and isinstance(present, str) and isinstance(wanted, str):
        return quantity(present) == quantity(wanted)
    return bool(present == wanted)


def _same_members(present: dict[str, Any], wanted: dict[str, Any], key: str) -> bool:
    for name, value in wanted.items():
        if name == names.STATUS:
            continue
        if name not in present or not _same(present[name], value, name):
            return False
    return all(
        key in _OTHERS_MAY_ADD or name in _OTHERS_MAY_ADD or value in _DEFAULTS.get(name, ())
        for name, value in present.items()
        if name not in wanted
    )


def _same_items(present: list[Any], wanted: list[Any], key: str) -> bool:
    identity = _KEYS.get(key, "name")
    if not all(
        isinstance(item, dict) and isinstance(item.get(identity), str)
        for item in (*present, *wanted)
    ):
        return len(present) == len(wanted) and all(
            _same(one, other, key) for one, other in zip(present, wanted, strict=True)
        )
    held = {item[identity]: item for item in present}
    if key not in _OTHERS_MAY_ADD and len(present) != len(wanted):
        return False
    return all(item[identity] in held and _same(held[item[identity]], item, "") for item in wanted)


def quantity(text: str) -> Decimal | None:
    """Return the amount that a Kubernetes quantity means, or None if it is none."""
    found = _QUANTITY.fullmatch(text)
    if found is None:
        return None
    number, unit = Decimal(found[1]), found[2] or ""
    if unit in _BINARY:
        return number * Decimal(1024) ** _BINARY[unit]
    exponent = _SCALES[unit] if unit in _SCALES else int(unit[1:])
    return number.scaleb(exponent)
