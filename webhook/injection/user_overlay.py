"""The pod's own `istio-proxy`, merged over ours as far as the administrator lets it.

| mode           | taken                                                                        |
|----------------|------------------------------------------------------------------------------|
| `safe`         | resources, env, volumeMounts and ports that are not ours, lifecycle hooks,   |
|                | numbers of probes that we have, imagePullPolicy, terminationMessage…         |
| `unrestricted` | every member                                                                 |

What the API server fills in by itself counts as absent, so that the same template gives the same
container through the webhook, which sees those defaults, and on the command line, which does not.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from webhook.injection.overlay import Json, merge
from webhook.injection.quantity import amount
from webhook.injection.user_volumes import lies_inside
from webhook.model import names
from webhook.model.errors import PodRejected
from webhook.model.settings import OverlayMode

_PROBES: Final = ("startupProbe", "readinessProbe", "livenessProbe")
_DEFAULTS: Final[Mapping[str, Any]] = {
    "imagePullPolicy": "Always",  # of an image without a tag, such as `auto`
    "terminationMessagePath": "/dev/termination-log",
    "terminationMessagePolicy": "File",
}
"""pkg/apis/core/v1/defaults.go of k8s.io/kubernetes."""
_PROBE_DEFAULTS: Final[Mapping[str, int]] = {
    "initialDelaySeconds": 0,
    "timeoutSeconds": 1,
    "periodSeconds": 10,
    "successThreshold": 1,
    "failureThreshold": 3,
}
_HANDLERS: Final = frozenset({"exec", "httpGet", "tcpSocket", "grpc"})
_TAKEN: Final = frozenset({"imagePullPolicy", "terminationMessagePath", "terminationMessagePolicy"})
_UNRESTRICTED_ONLY: Final = frozenset({"command", "args", "securityContext"})


def user_overlay(ours: Json, users: Json, mode: OverlayMode) -> Json:
    """Return our container with the user's merged over it; neither is changed.

    The user's image is absent or `auto`: another one makes it a foreign sidecar.

    Raises:
        PodRejected: the user's has a member that the mode does not take, sets what is ours, or has
            another type than ours.
    """
    wanted = {
        name: value
        for name, value in users.items()
        if name not in ("name", "image")
        and value not in (None, "", [], {}, False)
        and value != ours.get(name)
        and _DEFAULTS.get(name) != value
    }
    if mode is OverlayMode.SAFE:
        wanted = {name: _safe(name, value, ours) for name, value in wanted.items()}
    else:
        wanted = {name: _without_defaults(name, value) for name, value in wanted.items()}
        ours = _without_replaced(ours, wanted)
    hooks = wanted.pop("lifecycle", None)
    try:
        merged = merge(ours, wanted)
    except PodRejected as error:
        raise PodRejected(f"container {names.PROXY}: {error}") from error
    if hooks is not None:
        merged["lifecycle"] = {**(merged.get("lifecycle") or {}), **_object("lifecycle", hooks)}
    return _balanced(merged, wanted.get("resources") or {})


def _safe(name: str, value: Any, ours: Json) -> Any:
    """Return what `safe` takes of a member, or refuse it by name."""
    match name:
        case "resources" | "lifecycle":
            return _object(name, value)
        case "env":
            return _new_items(name, value, "name", ours)
        case "ports":
            _new_items(name, value, "name", ours)
            return _new_items(name, value, "containerPort", ours)
        case "volumeMounts":
            return _new_mounts(value, ours)
        case _ if name in _PROBES:
            return _numbers(name, value, ours)
        case _ if name in _TAKEN:
            return value
        case _ if name in _UNRESTRICTED_ONLY:
            raise _not_taken(name, "that needs the configuration's proxy.overlay: unrestricted")
        case _:
            raise _not_taken(
                name,
                "only resources, env, volumeMounts, ports, lifecycle, numbers of probes, "
                "imagePullPolicy and terminationMessage members are",
            )


def _new_items(name: str, value: Any, key: str, ours: Json) -> list[Json]:
    items = _objects(name, value)
    taken = {item.get(key) for item in ours.get(name) or ()} - {None}
    for item in items:
        if _scalar(item.get(key)) in taken:
            raise _refused(name, f"{key} {item[key]}", "one that Pillion does not set itself")
    return items


def _new_mounts(value: Any, ours: Json) -> list[Json]:
    mounts = _objects("volumeMounts", value)
    directories = [mount["mountPath"] for mount in ours.get("volumeMounts") or ()]
    for mount in mounts:
        path = mount.get("mountPath")
        if isinstance(path, str) and any(
            lies_inside(path, directory) or lies_inside(directory, path)
            for directory in directories
        ):
            raise _refused("volumeMounts", f"mountPath {path}", "a path apart from Pillion's own")
    return mounts


def _numbers(name: str, value: Any, ours: Json) -> Json:
    probe = _object(name, value)
    if name not in ours:
        raise _not_taken(name, "Pillion's container has none to change")
    for member, number in probe.items():
        if member not in _PROBE_DEFAULTS:
            raise _not_taken(f"{name}.{member}", f"only {', '.join(_PROBE_DEFAULTS)} are")
        if not isinstance(number, int) or isinstance(number, bool):
            raise _refused(f"{name}.{member}", f"{number!r}"[:40], "a number")
    numbers: Json = _without_defaults(name, probe)
    return numbers


def _without_defaults(name: str, value: Any) -> Any:
    """Return a probe without the numbers that the API server fills in."""
    if name not in _PROBES or not isinstance(value, dict):
        return value
    return {
        member: number for member, number in value.items() if _PROBE_DEFAULTS.get(member) != number
    }


def _without_replaced(ours: Json, wanted: Json) -> Json:
    """Return ours without what cannot be merged: a variable's source, a probe's handler."""
    kept = dict(ours)
    env = wanted.get("env")
    if isinstance(env, list):
        replaced = {_scalar(item.get("name")) for item in env if isinstance(item, dict)}
        kept["env"] = [item for item in ours.get("env") or () if item["name"] not in replaced]
    for name in _PROBES:
        probe = wanted.get(name)
        if isinstance(probe, dict) and not _HANDLERS.isdisjoint(probe):
            kept[name] = {k: v for k, v in (ours.get(name) or {}).items() if k not in _HANDLERS}
    return kept


def _balanced(container: Json, users: Json) -> Json:
    """Return the container with no request above its limit, by changing the one that is ours."""
    resources = container.get("resources")
    if not isinstance(resources, dict) or not isinstance(users, dict):
        return container
    found = [resources.get(kind) or {} for kind in ("requests", "limits")]
    if not all(isinstance(amounts, dict) for amounts in found):
        return container  # the API server says so
    requests, limits = dict(found[0]), dict(found[1])
    for name in requests.keys() & limits.keys():
        if _is_above(requests[name], limits[name]):
            if name not in (users.get("limits") or {}):
                limits[name] = requests[name]
            elif name not in (users.get("requests") or {}):
                requests[name] = limits[name]
    changed = {"requests": requests, "limits": limits}
    return {
        **container,
        "resources": resources | {k: v for k, v in changed.items() if k in resources},
    }


def _is_above(request: Any, limit: Any) -> bool:
    try:
        return amount(str(request)) > amount(str(limit))
    except (ValueError, KeyError):
        return False  # no quantity: the API server says so


def _object(name: str, value: Any) -> Json:
    if not isinstance(value, dict):
        raise _refused(name, "another type", "an object")
    return value


def _objects(name: str, value: Any) -> list[Json]:
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise _refused(name, "another type", "a list of objects")
    return value


def _scalar(value: Any) -> Any:
    return None if isinstance(value, dict | list) else value


def _refused(name: str, got: str, expected: str) -> PodRejected:
    return PodRejected(f"container {names.PROXY}: {name}: got {got}, expected {expected}")


def _not_taken(name: str, why: str) -> PodRejected:
    return PodRejected(f"container {names.PROXY}: {name} is not taken: {why}")
