"""Whether a pod that carries our injection already is what injecting it anew would make of it.

Between the two stands the API server, which fills in defaults, leaves out what is empty and
rewrites quantities, and perhaps other webhooks, which add to our containers. None of that is a
reason to inject again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from webhook.injection.quantity import amount
from webhook.model import names

if TYPE_CHECKING:
    from fractions import Fraction

_DEFAULTS: Mapping[str, tuple[object, ...]] = {
    "apiVersion": ("v1",),
    "cachingMode": ("ReadWrite",),
    "defaultMode": (420,),
    "divisor": ("0",),
    "expirationSeconds": (3600,),
    "failureThreshold": (3,),
    "fsType": ("ext4", "xfs"),
    "imagePullPolicy": ("Always", "IfNotPresent"),
    "iscsiInterface": ("default",),
    "keyring": ("/etc/ceph/keyring",),
    "kind": ("Shared",),
    "path": ("/",),
    "periodSeconds": (10,),
    "pool": ("rbd",),
    "protocol": ("TCP",),
    "pullPolicy": ("Always", "IfNotPresent"),
    "readOnly": (False,),
    "resources": ({},),
    "scheme": ("HTTP",),
    "service": ("",),
    "storageMode": ("ThinProvisioned",),
    "successThreshold": (1,),
    "terminationMessagePath": ("/dev/termination-log",),
    "terminationMessagePolicy": ("File",),
    "timeoutSeconds": (1,),
    "type": ("",),
    "user": ("admin",),
    "value": ("",),
    "volumeMode": ("Filesystem",),
}
"""What the API server fills into containers, probes and volumes, our own or an annotation's
(k8s.io/kubernetes `pkg/apis/core/v1/defaults.go`)."""

_AFTER_DELETION: Mapping[str, tuple[object, ...]] = {
    "dnsPolicy": ("ClusterFirst",),
    "enableServiceLinks": (True,),
    "preemptionPolicy": ("PreemptLowerPriority",),
    "priority": (0,),
    "restartPolicy": ("Always",),
    "schedulerName": ("default-scheduler",),
    "securityContext": ({},),
    "serviceAccount": ("default",),
    "serviceAccountName": ("default",),
    "terminationGracePeriodSeconds": (30,),
}
"""What it fills into a pod's `spec` where a configured overlay deleted a member."""

_OTHERS_MAY_ADD = frozenset({"env", "volumeMounts", "ports", "limits", "requests"})
"""Members of our containers to which other webhooks and LimitRanges add."""

_NEVER_LEFT_OUT = frozenset({"securityContext", "labels", "annotations"})
"""Objects in which the API server keeps false, zero and empty text, because they mean something."""

_KEYS = {"volumeMounts": "mountPath"}
_AMOUNTS = frozenset({"limits", "requests"})
_QUANTITIES = frozenset({"sizeLimit", "divisor"})


def is_satisfied(present: Any, wanted: Any) -> bool:
    """Tell whether a pod differs from what injection would make of it by nothing of ours.

    Both are JSON values of the whole pod; what is not ours is equal in both.
    """
    return _same(present, wanted, "", "")


def _same(present: Any, wanted: Any, key: str, parent: str) -> bool:
    if present == wanted:
        return True
    if isinstance(wanted, dict):
        return isinstance(present, dict) and _same_members(present, wanted, key)
    if isinstance(wanted, list):
        return isinstance(present, list) and _same_items(present, wanted, key)
    if parent in _AMOUNTS or key in _QUANTITIES:
        return _amount(present) == _amount(wanted) is not None
    return False


def _same_members(present: dict[str, Any], wanted: dict[str, Any], key: str) -> bool:
    for name, value in wanted.items():
        if name == names.STATUS:
            continue
        if name not in present:
            if value or key in _NEVER_LEFT_OUT:
                return False
        elif value is None:
            if present[name] not in (None, *_filled_in(name, key)):
                return False
        elif not _same(present[name], value, name, key):
            return False
    return all(
        key in _OTHERS_MAY_ADD or name in _OTHERS_MAY_ADD or value in _DEFAULTS.get(name, ())
        for name, value in present.items()
        if name not in wanted
    )


def _filled_in(name: str, key: str) -> tuple[object, ...]:
    """Return what the API server may have put where a configured overlay deleted a member."""
    return (*_DEFAULTS.get(name, ()), *(_AFTER_DELETION.get(name, ()) if key == "spec" else ()))


def _same_items(present: list[Any], wanted: list[Any], key: str) -> bool:
    held, asked = _by_identity(present, key), _by_identity(wanted, key)
    if held is None or asked is None:
        return len(present) == len(wanted) and all(
            _same(one, other, "", key) for one, other in zip(present, wanted, strict=True)
        )
    if key not in _OTHERS_MAY_ADD and len(present) != len(wanted):
        return False
    return all(name in held and _same(held[name], item, "", key) for name, item in asked.items())


def _by_identity(items: list[Any], key: str) -> dict[str, Any] | None:
    """Return the items by what tells them apart, or None if nothing does."""
    identity = _KEYS.get(key, "name")
    found = {
        name: item
        for item in items
        if isinstance(item, dict) and isinstance(name := item.get(identity), str)
    }
    return found if len(found) == len(items) else None


def _amount(value: Any) -> Fraction | None:
    """Return the amount that a Kubernetes quantity means, or None if it is none."""
    try:
        return amount(str(value))
    except (ValueError, KeyError):
        return None
