"""Whether the quotas of a namespace leave room for the sidecar, foretold as warnings.

The API server decides, after us; its refusal says what is exceeded, but not that a part of it is
the sidecar's, and a controller's pods are refused where nobody looks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any, Final

from msgspec import Struct

from webhook.injection.quantity import amount
from webhook.model import names

_COUNTED: Final = {
    "cpu": ("requests", "cpu"),
    "memory": ("requests", "memory"),
    "requests.cpu": ("requests", "cpu"),
    "requests.memory": ("requests", "memory"),
    "limits.cpu": ("limits", "cpu"),
    "limits.memory": ("limits", "memory"),
}
"""What a quota may count of a pod that a sidecar adds to (Kubernetes' names): its kind and unit."""
_OURS: Final = (names.PROXY, *names.RESERVED_CONTAINERS)


class Quota(Struct, frozen=True):
    """A ResourceQuota that counts every pod, as its status was last seen."""

    name: str
    hard: Mapping[str, str]
    used: Mapping[str, str]


def foretold(quotas: Sequence[Quota], pod: Mapping[str, Any]) -> list[str]:
    """Return a sentence for each amount of which a quota has too little left for an injected pod.

    A pod that states its resources as a whole is left to the API server: containers do not count.
    """
    spec = pod["spec"]
    if spec.get("resources"):
        return []
    return [
        sentence
        for quota in quotas
        for key in quota.hard
        if key in _COUNTED
        for sentence in _foretold(quota, key, spec)
    ]


def _foretold(quota: Quota, key: str, spec: Mapping[str, Any]) -> Iterator[str]:
    kind, unit = _COUNTED[key]
    silent = [
        each["name"]
        for each in _containers(spec)
        if each["name"] in _OURS and _stated(each, kind, unit) is None
    ]
    if silent:
        yield (
            f"ResourceQuota {quota.name} counts {key}, which the container {', '.join(silent)} "
            "does not state, so the pod will be refused; state it by annotation or configuration"
        )
        return
    try:
        left = amount(quota.hard[key]) - amount(quota.used.get(key, "0"))
        needed = _needed(spec, kind, unit)
        own = sum((_amount(each, kind, unit) for each in _proxy(spec)), Fraction(0))
    except ValueError:
        return  # a quantity that the API server would not take, or that we cannot read
    if needed > left:
        yield (
            f"ResourceQuota {quota.name} has {key} {_shown(max(left, Fraction(0)), unit)} left, "
            f"and the pod needs {_shown(needed, unit)}, {_shown(own, unit)} of it for the sidecar; "
            "raise the quota, or lower the sidecar's amounts by annotation"
        )


def _containers(spec: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [*(spec.get("initContainers") or ()), *spec["containers"]]


def _proxy(spec: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    return (each for each in _containers(spec) if each["name"] == names.PROXY)


def _needed(spec: Mapping[str, Any], kind: str, unit: str) -> Fraction:
    """Return what a pod counts for: all that run at once, or the largest of what runs before."""
    beside = before = Fraction(0)
    for each in spec.get("initContainers") or ():
        if each.get("restartPolicy") == "Always":
            beside += _amount(each, kind, unit)
        else:
            before = max(before, beside + _amount(each, kind, unit))
    running = sum((_amount(each, kind, unit) for each in spec["containers"]), beside)
    return max(running, before)


def _amount(container: Mapping[str, Any], kind: str, unit: str) -> Fraction:
    return amount(_stated(container, kind, unit) or "0")


def _stated(container: Mapping[str, Any], kind: str, unit: str) -> str | None:
    """Return an amount of a container; a request that is not stated is as high as the limit."""
    resources = container.get("resources") or {}
    for each in (kind, "limits"):
        found = (resources.get(each) or {}).get(unit)
        if found is not None:
            return str(found)
    return None


def _shown(quantity: Fraction, unit: str) -> str:
    if unit == "cpu":
        return f"{float(quantity * 1000):.0f}m"
    return f"{float(quantity / 2**20):.0f}Mi"
