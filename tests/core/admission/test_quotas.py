"""Quotas that leave no room for the sidecar are foretold, and nothing else is."""

from __future__ import annotations

from typing import Any

import pytest

from webhook.admission.quotas import Quota, foretold


def container(name: str, cpu: str | None = None, **others: Any) -> dict[str, Any]:
    """Return a container that asks for so much."""
    resources = {} if cpu is None else {"resources": {"requests": {"cpu": cpu}}}
    return {"name": name, **resources, **others}


def pod(**spec: Any) -> dict[str, Any]:
    """Return a pod of an application of 100m with a native sidecar of 100m."""
    return {
        "spec": {
            "initContainers": [
                container("istio-init", "10m"),
                container("istio-proxy", "100m", restartPolicy="Always"),
            ],
            "containers": [container("app", "100m")],
            **spec,
        }
    }


def quota(hard: str, used: str = "0", key: str = "requests.cpu") -> Quota:
    """Return a quota on the requests of CPU."""
    return Quota(name="all", hard={key: hard, "pods": "1"}, used={key: used, "pods": "1"})


LITTLE = (
    "ResourceQuota all has requests.cpu 199m left, and the pod needs 200m, 100m of it for the "
    "sidecar; raise the quota, or lower the sidecar's amounts by annotation"
)
ROWS: dict[str, tuple[Quota, dict[str, Any], str | None]] = {
    "room": (quota("200m"), pod(), None),
    "exactly-what-is-left": (quota("1", "800m"), pod(), None),
    "one-too-few": (quota("1", "801m"), pod(), LITTLE),
    "by-the-short-name": (
        quota("1", "801m", "cpu"),
        pod(),
        LITTLE.replace("requests.cpu", "cpu"),
    ),
    "more-used-than-hard": (quota("1", "2"), pod(), LITTLE.replace("199m", "0m")),
    "large-init-container": (
        quota("250m"),
        pod(initContainers=[container("migrate", "300m"), *pod()["spec"]["initContainers"]]),
        "ResourceQuota all has requests.cpu 250m left, and the pod needs 300m, 100m of it for the "
        "sidecar; raise the quota, or lower the sidecar's amounts by annotation",
    ),
    "sidecar-beside-a-later-init-container": (
        quota("399m"),
        pod(initContainers=[*pod()["spec"]["initContainers"], container("migrate", "300m")]),
        LITTLE.replace("199m", "399m").replace("200m", "400m"),
    ),
    "limit-stands-for-the-request": (
        quota("199m"),
        pod(containers=[{"name": "app", "resources": {"limits": {"cpu": 0.1}}}]),
        LITTLE,
    ),
    "sidecar-states-none": (
        quota("8"),
        pod(initContainers=[container("istio-proxy", restartPolicy="Always")]),
        "ResourceQuota all counts requests.cpu, which the container istio-proxy does not state, so "
        "the pod will be refused; state it by annotation or configuration",
    ),
    "application-states-none": (quota("100m"), pod(containers=[container("app")]), None),
    "resources-of-the-pod": (quota("1m"), pod(resources={"requests": {"cpu": "1"}}), None),
    "counts-other-things": (Quota("all", {"pods": "0"}, {}), pod(), None),
    "unreadable": (quota("lots"), pod(), None),
    "classic-sidecar": (
        quota("199m"),
        {"spec": {"containers": [container("app", "100m"), container("istio-proxy", "100m")]}},
        LITTLE,
    ),
}


@pytest.mark.parametrize(("found", "injected", "expected"), ROWS.values(), ids=ROWS)
def test_quota_is_foretold(found: Quota, injected: dict[str, Any], expected: str | None) -> None:
    """A sentence comes when the pod with the sidecar does not fit, or lacks what is counted."""
    assert foretold([found], injected) == ([] if expected is None else [expected])


def test_memory_is_told_in_mebibytes() -> None:
    """Limits on memory are compared and shown as such."""
    spec = {
        "containers": [
            {"name": name, "resources": {"limits": {"memory": "512Mi"}}}
            for name in ("app", "istio-proxy")
        ]
    }
    (sentence,) = foretold(
        [Quota("m", {"limits.memory": "1Gi"}, {"limits.memory": "1"})], {"spec": spec}
    )
    assert "limits.memory 1024Mi left, and the pod needs 1024Mi, 512Mi of it" in sentence
