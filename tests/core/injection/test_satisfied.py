"""Which differences between a pod and its injection are ours, and which are not."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from tests.core.injection import sample
from webhook.injection.satisfied import is_satisfied
from webhook.model import names

Change = Callable[[Any, Any], None]
"""Changes the present pod; given its proxy container too."""


def _set(path: str, value: Any) -> Change:
    """Make a change that sets a member of the proxy at a dotted path."""

    def change(_: Any, proxy: Any) -> None:
        *parents, last = path.split(".")
        holder = proxy
        for parent in parents:
            holder = holder[int(parent)] if isinstance(holder, list) else holder[parent]
        holder[last] = value

    return change


def _remove(path: str) -> Change:
    def change(_: Any, proxy: Any) -> None:
        *parents, last = path.split(".")
        holder = proxy
        for parent in parents:
            holder = holder[parent]
        del holder[last]

    return change


def _item(member: str, index: int, value: Any) -> Change:
    def change(_: Any, proxy: Any) -> None:
        proxy[member][index] = value

    return change


def _status(pod: Any, _: Any) -> None:
    pod["metadata"]["annotations"][names.STATUS] = "{}"


def _annotation_removed(pod: Any, _: Any) -> None:
    del pod["metadata"]["annotations"]["istio.io/rev"]


def _container_added(pod: Any, _: Any) -> None:
    pod["spec"]["initContainers"].append({"name": "other"})


def _volumes_in_another_order(pod: Any, _: Any) -> None:
    pod["spec"]["volumes"].reverse()


def _variable(**members: Any) -> Change:
    return lambda _, proxy: proxy["env"].append({"name": "B"} | members)


SAME: dict[str, Change] = {
    "nothing": lambda _, __: None,
    "status": _status,
    "volumes-in-another-order": _volumes_in_another_order,
    "default-of-the-container": _set("terminationMessagePath", "/dev/termination-log"),
    "default-of-a-probe": _set("readinessProbe.successThreshold", 1),
    "default-of-a-source": _set("env.0.valueFrom.fieldRef.apiVersion", "v1"),
    "variable-of-others": _variable(value="1"),
    "request-of-others": _set("resources.requests.ephemeral-storage", "1Gi"),
    "cpu-in-another-form": _set("resources.requests.cpu", "0.1"),
    "memory-in-another-form": _set("resources.limits.memory", "1024Mi"),
    "number-as-an-amount": _set("resources.limits.cpu", 2),
    "mount-of-others": lambda _, proxy: proxy["volumeMounts"].append({"mountPath": "/x"}),
}
DIFFERENT: dict[str, Change] = {
    "another-image": _set("image", "other"),
    "image-missing": _remove("image"),
    "arguments-missing": _remove("args"),
    "argument-more": lambda _, proxy: proxy["args"].append("--more"),
    "argument-changed": _item("args", -1, "x"),
    "arguments-no-list": _set("args", "x"),
    "probe-no-object": _set("readinessProbe", None),
    "another-number": _set("readinessProbe.successThreshold", 2),
    "another-pull-policy": _set("imagePullPolicy", "Never"),
    "member-that-is-no-default": _set("command", ["sh"]),
    "privilege-missing": _remove("securityContext.privileged"),
    "privilege-more": _set("securityContext.runAsUser", 0),
    "variable-changed": _set("env.0.valueFrom", {"fieldRef": {"fieldPath": "spec.nodeName"}}),
    "variables-missing": lambda _, proxy: proxy["env"].pop(),
    "another-amount": _set("resources.requests.cpu", "200m"),
    "amount-that-is-none": _set("resources.requests.cpu", "1.2.3"),
    "amount-of-an-unknown-unit": _set("resources.requests.cpu", "5x"),
    "amount-that-is-an-object": _set("resources.requests.cpu", {}),
    "annotation-removed": _annotation_removed,
    "container-more": _container_added,
    "mount-elsewhere": _set("volumeMounts.0.mountPath", "/x"),
    "name-that-is-no-text": _set("env.0.name", []),
}


def _changed(change: Change) -> tuple[Any, Any]:
    wanted = sample.injected(sample.value())
    present = copy.deepcopy(wanted)
    (proxy,) = (c for c in present["spec"]["initContainers"] if c["name"] == names.PROXY)
    change(present, proxy)
    return present, wanted


@pytest.mark.parametrize("change", SAME.values(), ids=SAME)
def test_same(change: Change) -> None:
    """What the API server and other webhooks do is no difference of ours."""
    present, wanted = _changed(change)
    assert is_satisfied(present, wanted)


@pytest.mark.parametrize("change", DIFFERENT.values(), ids=DIFFERENT)
def test_different(change: Change) -> None:
    """What injection would put back is a difference."""
    present, wanted = _changed(change)
    assert not is_satisfied(present, wanted)


PAIRS: dict[str, tuple[Any, Any, bool]] = {
    "empty-text-left-out": ({"spec": {}}, {"spec": {"x": ""}}, True),
    "false-left-out": ({"spec": {}}, {"spec": {"x": False}}, True),
    "false-left-out-of-a-security-context": (
        {"securityContext": {}},
        {"securityContext": {"x": False}},
        False,
    ),
    "empty-label-left-out": ({"labels": {}}, {"labels": {"x": ""}}, False),
    "deleted-and-filled-in": (
        {"spec": {"dnsPolicy": "ClusterFirst"}},
        {"spec": {"dnsPolicy": None}},
        True,
    ),
    "deleted-and-set-again": (
        {"spec": {"dnsPolicy": "Default"}},
        {"spec": {"dnsPolicy": None}},
        False,
    ),
    "deleted-elsewhere": ({"x": {"dnsPolicy": "ClusterFirst"}}, {"x": {"dnsPolicy": None}}, False),
    "deleted-in-a-container": ({"x": {"protocol": "TCP"}}, {"x": {"protocol": None}}, True),
    "size-in-another-form": ({"sizeLimit": "1Gi"}, {"sizeLimit": "1024Mi"}, True),
    "text-that-looks-like-an-amount": ({"value": "1Gi"}, {"value": "1024Mi"}, False),
    "both-no-amounts": ({"limits": {"cpu": "x"}}, {"limits": {"cpu": "y"}}, False),
    "list-of-texts": ({"x": ["a"]}, {"x": ["a", "b"]}, False),
    "list-of-objects-without-names": ({"x": [{"a": 1}]}, {"x": [{"a": 2}]}, False),
    "items-of-one-name": (
        {"x": [{"name": "a", "v": 1}, {"name": "a", "v": 2}]},
        {"x": [{"name": "a", "v": 2}, {"name": "a", "v": 1}]},
        False,
    ),
    "item-missing": ({"x": [{"name": "a"}]}, {"x": [{"name": "b"}]}, False),
    "variables-more": ({"env": [{"name": "a"}, {"name": "b"}]}, {"env": [{"name": "a"}]}, True),
    "items-more": ({"x": [{"name": "a"}, {"name": "b"}]}, {"x": [{"name": "a"}]}, False),
}


@pytest.mark.parametrize(("present", "wanted", "same"), PAIRS.values(), ids=PAIRS)
def test_pair(present: Any, wanted: Any, same: bool) -> None:
    """Each rule by itself."""
    assert is_satisfied(present, wanted) is same
