"""Which workload a pod belongs to: Istio's heuristic, row by row."""

from __future__ import annotations

from typing import Any

import pytest

from tests.core.injection import sample
from webhook.injection.workload import Workload, workload_of


def _pod(
    kind: str | None = None,
    name: str = "",
    labels: dict[str, Any] | None = None,
    *,
    version: str = "apps/v1",
    generate: str | None = "x-",
    controller: bool | None = True,
) -> dict[str, Any]:
    metadata: dict[str, Any] = {"name": "own-name", "labels": labels}
    if generate is not None:
        metadata["generateName"] = generate
    if kind is not None:
        owner = {"apiVersion": version, "kind": kind, "name": name}
        metadata["ownerReferences"] = [owner | {"controller": controller}]
    return {"metadata": metadata, "spec": {"containers": [{"name": "app"}]}}


HASH = {"pod-template-hash": "5d4f8c7b9"}
TABLE: dict[str, tuple[dict[str, Any], Workload]] = {
    "deployment": (
        _pod("ReplicaSet", "web-5d4f8c7b9", HASH),
        Workload("apps/v1", "Deployment", "web"),
    ),
    "deployment-with-dashes": (
        _pod("ReplicaSet", "web-v2-5d4f8c7b9", HASH),
        Workload("apps/v1", "Deployment", "web-v2"),
    ),
    "replica-set-of-its-own": (
        _pod("ReplicaSet", "web"),
        Workload("apps/v1", "ReplicaSet", "web"),
    ),
    "replica-set-with-another-hash": (
        _pod("ReplicaSet", "web-abc", HASH),
        Workload("apps/v1", "ReplicaSet", "web-abc"),
    ),
    "hash-without-dash-is-none": (
        _pod("ReplicaSet", "web5d4f8c7b9", HASH),
        Workload("apps/v1", "ReplicaSet", "web5d4f8c7b9"),
    ),
    "empty-hash-is-none": (
        _pod("ReplicaSet", "web-", {"pod-template-hash": ""}),
        Workload("apps/v1", "ReplicaSet", "web-"),
    ),
    "rollout": (
        _pod("ReplicaSet", "web-77", {"rollouts-pod-template-hash": "77"}),
        Workload("argoproj.io/v1alpha1", "Rollout", "web"),
    ),
    "rollout-hash-of-another": (
        _pod("ReplicaSet", "web-5d4f8c7b9", {"rollouts-pod-template-hash": "77", **HASH}),
        Workload("apps/v1", "Deployment", "web"),
    ),
    "deployment-config": (
        _pod("ReplicationController", "web-3", {"deploymentconfig": "web"}, version="v1"),
        Workload("apps.openshift.io/v1", "DeploymentConfig", "web"),
    ),
    "replication-controller": (
        _pod("ReplicationController", "web", version="v1"),
        Workload("v1", "ReplicationController", "web"),
    ),
    "cron-job": (
        _pod("Job", "backup-28412345", version="batch/v1"),
        Workload("batch/v1", "CronJob", "backup"),
    ),
    "cron-job-with-ten-digits": (
        _pod("Job", "backup-2841234567", version="batch/v1"),
        Workload("batch/v1", "CronJob", "backup"),
    ),
    "job-with-seven-digits": (
        _pod("Job", "backup-2841234", version="batch/v1"),
        Workload("batch/v1", "Job", "backup-2841234"),
    ),
    "job-with-eleven-digits": (
        _pod("Job", "backup-28412345678", version="batch/v1"),
        Workload("batch/v1", "Job", "backup-28412345678"),
    ),
    "job": (
        _pod("Job", "migrate", version="batch/v1"),
        Workload("batch/v1", "Job", "migrate"),
    ),
    "stateful-set": (_pod("StatefulSet", "db"), Workload("apps/v1", "StatefulSet", "db")),
    "daemon-set": (_pod("DaemonSet", "agent"), Workload("apps/v1", "DaemonSet", "agent")),
    "custom-controller": (
        _pod("Runner", "r", version="ci.example/v1"),
        Workload("ci.example/v1", "Runner", "r"),
    ),
    "bare-pod": (_pod(generate=None), Workload("v1", "Pod", "own-name")),
    "controller-without-generated-name": (
        _pod("ReplicaSet", "web-5d4f8c7b9", HASH, generate=None),
        Workload("v1", "Pod", "own-name"),
    ),
    "owner-that-is-no-controller": (
        _pod("ReplicaSet", "web-5d4f8c7b9", HASH, controller=False),
        Workload("v1", "Pod", "own-name"),
    ),
    "owner-that-does-not-say": (
        _pod("ReplicaSet", "web-5d4f8c7b9", HASH, controller=None),
        Workload("v1", "Pod", "own-name"),
    ),
    "generated-name-without-owner": (_pod(), Workload("v1", "Pod", "own-name")),
    "no-metadata": ({"spec": {}}, Workload("v1", "Pod", "")),
    "null-metadata": ({"metadata": None, "spec": {}}, Workload("v1", "Pod", "")),
    "no-name": ({"metadata": {}, "spec": {}}, Workload("v1", "Pod", "")),
}


@pytest.mark.parametrize(("pod", "workload"), TABLE.values(), ids=TABLE)
def test_workload(pod: dict[str, Any], workload: Workload) -> None:
    """A pod's metadata tells the object that a user would name as its owner."""
    assert workload_of(sample.view(pod)) == workload


def test_second_owner_may_be_the_controller() -> None:
    """Owners that are no controllers are passed over."""
    pod = _pod("DaemonSet", "agent")
    other = {"apiVersion": "v1", "kind": "Node", "name": "n"}
    pod["metadata"]["ownerReferences"].insert(0, other)
    assert workload_of(sample.view(pod)).name == "agent"


@pytest.mark.parametrize(
    ("kind", "ends"), [("Job", True), ("CronJob", True), ("Deployment", False), ("Pod", False)]
)
def test_is_job(kind: str, ends: bool) -> None:
    """Pods of Jobs and CronJobs are to end by themselves."""
    assert Workload("v1", kind, "x").is_job is ends
