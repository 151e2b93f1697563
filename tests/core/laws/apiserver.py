"""What a real API server makes of a pod: nothing empty, defaults filled in, quantities rewritten.

The rules of pkg/apis/core/v1/{defaults,zz_generated.defaults}.go in k8s.io/kubernetes, of the JSON
tags of k8s.io/api, of apimachinery's resource.Quantity, and of the ServiceAccount admission plugin,
as far as a generated pod needs them.
"""

from __future__ import annotations

import copy
from fractions import Fraction
from typing import Any

from webhook.injection.quantity import amount

_POINTERS = frozenset(
    {
        "allowPrivilegeEscalation",
        "automountServiceAccountToken",
        "emptyDir",
        "fsGroup",
        "optional",
        "privileged",
        "readOnlyRootFilesystem",
        "runAsGroup",
        "runAsNonRoot",
        "runAsUser",
        "securityContext",
        "terminationGracePeriodSeconds",
    }
)
"""Members that are kept although they are false, zero or empty: pointers in Go."""

_TOKEN_PATH = "/var/run/secrets/kubernetes.io/serviceaccount"


def created(pod: Any) -> Any:
    """Return the pod as it is stored, and as the next webhook gets it."""
    pod = _without_empty(copy.deepcopy(pod), "")
    metadata = pod.setdefault("metadata", {})
    metadata["creationTimestamp"] = None
    spec = pod["spec"]
    spec |= {
        "restartPolicy": "Always",
        "schedulerName": "default-scheduler",
        "enableServiceLinks": True,
        "serviceAccountName": "default",
        "serviceAccount": "default",
        "preemptionPolicy": "PreemptLowerPriority",
        "priority": 0,
    }
    spec.setdefault("dnsPolicy", "ClusterFirst")
    spec.setdefault("terminationGracePeriodSeconds", 30)
    spec.setdefault("securityContext", {})
    for volume in spec.get("volumes") or ():
        _default_volume(volume)
    token = {"name": "kube-api-access-x7k2p", "mountPath": _TOKEN_PATH, "readOnly": True}
    for container in (*spec["containers"], *(spec.get("initContainers") or ())):
        _default_container(container)
        mounts = container.setdefault("volumeMounts", [])
        if all(mount["mountPath"] != _TOKEN_PATH for mount in mounts):
            mounts.append(dict(token))
    volumes = spec.setdefault("volumes", [])
    if all(volume["name"] != token["name"] for volume in volumes):
        volumes.append({"name": token["name"], "projected": {"defaultMode": 420, "sources": []}})
    _quantities(pod["spec"].get("resources"))
    return pod


def _without_empty(value: Any, key: str) -> Any:
    if isinstance(value, dict):
        if key in ("labels", "annotations"):
            return {name: "" if text is None else text for name, text in value.items()}
        found = {name: _without_empty(member, name) for name, member in value.items()}
        return {
            name: member
            for name, member in found.items()
            if member is not None
            and (member or name in _POINTERS or (key == "httpHeaders" and name == "value"))
            and not (member == {} and name in ("labels", "annotations"))
        }
    if isinstance(value, list):
        return [_without_empty(item, key) for item in value]
    return value


def _default_container(container: dict[str, Any]) -> None:
    image = container.get("image", "")
    latest = ":" not in image.rpartition("/")[2] or image.endswith(":latest")
    container.setdefault("imagePullPolicy", "Always" if latest else "IfNotPresent")
    container.setdefault("terminationMessagePath", "/dev/termination-log")
    container.setdefault("terminationMessagePolicy", "File")
    resources = container.setdefault("resources", {})
    _quantities(resources)
    for name, limit in (resources.get("limits") or {}).items():
        resources.setdefault("requests", {}).setdefault(name, limit)
    for port in container.get("ports") or ():
        port.setdefault("protocol", "TCP")
    for variable in container.get("env") or ():
        source = variable.get("valueFrom") or {}
        if "fieldRef" in source:
            source["fieldRef"].setdefault("apiVersion", "v1")
        if "resourceFieldRef" in source:
            source["resourceFieldRef"].setdefault("divisor", "0")
    for name in ("livenessProbe", "readinessProbe", "startupProbe"):
        if name in container:
            _default_probe(container[name])
    for hook in (container.get("lifecycle") or {}).values():
        _default_http_get(hook)


def _default_probe(probe: dict[str, Any]) -> None:
    probe |= {
        "timeoutSeconds": probe.get("timeoutSeconds") or 1,
        "periodSeconds": probe.get("periodSeconds") or 10,
        "successThreshold": probe.get("successThreshold") or 1,
        "failureThreshold": probe.get("failureThreshold") or 3,
    }
    _default_http_get(probe)
    if "grpc" in probe:
        probe["grpc"].setdefault("service", "")


def _default_http_get(handler: dict[str, Any]) -> None:
    get = handler.get("httpGet")
    if get is None:
        return
    get.setdefault("path", "/")
    get.setdefault("scheme", "HTTP")
    for header in get.get("httpHeaders") or ():
        header.setdefault("value", "")


def _default_volume(volume: dict[str, Any]) -> None:
    for kind in ("configMap", "secret", "projected", "downwardAPI"):
        if kind in volume:
            volume[kind].setdefault("defaultMode", 420)
    if "hostPath" in volume:
        volume["hostPath"].setdefault("type", "")
    if "emptyDir" in volume and "sizeLimit" in volume["emptyDir"]:
        volume["emptyDir"]["sizeLimit"] = canonical(volume["emptyDir"]["sizeLimit"])


def _quantities(resources: Any) -> None:
    for kind in ("requests", "limits"):
        amounts = (resources or {}).get(kind) or {}
        amounts |= {name: canonical(str(quantity)) for name, quantity in amounts.items()}


def canonical(quantity: str) -> str:
    """Return a quantity as resource.Quantity writes it: the largest suffix without a fraction."""
    value = amount(quantity)
    if quantity.endswith("i") and value.denominator == 1:
        return _suffixed(value, 1024, ("", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"))
    if "e" in quantity.lower() and not quantity.endswith(("E", "Ei")):
        power = 0
        while value and (value / 1000).denominator == 1:
            value, power = value / 1000, power + 3
        return f"{value}e{power}" if power else str(value)
    if value.denominator == 1:
        return _suffixed(value, 1000, ("", "k", "M", "G", "T", "P", "E"))
    return _suffixed(value * 1000, 1000, ("m",))


def _suffixed(value: Fraction, base: int, suffixes: tuple[str, ...]) -> str:
    place = 0
    while place + 1 < len(suffixes) and value and (value / base).denominator == 1:
        value, place = value / base, place + 1
    return f"{value}{suffixes[place]}"
