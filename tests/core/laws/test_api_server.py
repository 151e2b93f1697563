"""An injected pod that an API server stored, or that comes of an injected template, is done."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.injection.sample import TOKEN
from tests.core.laws import pods
from tests.core.laws.apiserver import canonical, created
from tests.core.laws.engines import Configuration, after, engines, text, without
from webhook.injection.decision import Reason
from webhook.injection.engine import Injected
from webhook.injection.plan import Context
from webhook.injection.workload import Workload


@given(engines, pods.pods(unknown=False))
def test_defaulting_is_no_reason_to_inject_again(by: Configuration, pod: Any) -> None:
    """The webhook's second look at a pod, after the API server's defaulting, finds it done."""
    stored = created(after(by, created(pod)))
    again = by.engine.inject(text(stored), Context(namespace="demo", token="f" * 32))
    assert isinstance(again, Injected)
    assert again.match.reason is Reason.ALREADY_INJECTED
    assert again.stages == ()


CONTROLLERS: dict[str, tuple[Workload, dict[str, Any]]] = {
    "deployment": (
        Workload("apps/v1", "Deployment", "web"),
        {
            "owner": ("apps/v1", "ReplicaSet", "web-5d4f8c7b9"),
            "labels": {"pod-template-hash": "5d4f8c7b9"},
        },
    ),
    "rollout": (
        Workload("argoproj.io/v1alpha1", "Rollout", "web"),
        {
            "owner": ("apps/v1", "ReplicaSet", "web-77"),
            "labels": {"rollouts-pod-template-hash": "77"},
        },
    ),
    "stateful-set": (
        Workload("apps/v1", "StatefulSet", "web"),
        {
            "owner": ("apps/v1", "StatefulSet", "web"),
            "labels": {
                "apps.kubernetes.io/pod-index": "0",
                "controller-revision-hash": "web-1",
                "statefulset.kubernetes.io/pod-name": "web-0",
            },
        },
    ),
    "daemon-set": (
        Workload("apps/v1", "DaemonSet", "web"),
        {
            "owner": ("apps/v1", "DaemonSet", "web"),
            "labels": {"controller-revision-hash": "1", "pod-template-generation": "1"},
        },
    ),
    "job": (
        Workload("batch/v1", "Job", "web"),
        {
            "owner": ("batch/v1", "Job", "web"),
            "labels": {
                "batch.kubernetes.io/controller-uid": "u",
                "batch.kubernetes.io/job-name": "web",
                "controller-uid": "u",
                "job-name": "web",
            },
        },
    ),
    "cron-job": (
        Workload("batch/v1", "CronJob", "web"),
        {
            "owner": ("batch/v1", "Job", "web-28412345"),
            "labels": {"batch.kubernetes.io/job-name": "web-28412345", "job-name": "web-28412345"},
        },
    ),
}


def _from_template(template: Any, controller: dict[str, Any]) -> Any:
    """Return the pod that a controller makes of a template, as the webhook gets it."""
    pod = created(template)
    version, kind, name = controller["owner"]
    owner = {"apiVersion": version, "kind": kind, "name": name, "controller": True}
    metadata = pod["metadata"]
    metadata.pop("name", None)
    metadata |= {"generateName": f"{name}-", "ownerReferences": [owner]}
    metadata["labels"] = {**metadata.get("labels", {}), **controller["labels"]}
    return pod


@given(engines, st.sampled_from(list(CONTROLLERS)), pods.pods(unknown=False))
def test_injected_template_makes_injected_pods(by: Configuration, kind: str, pod: Any) -> None:
    """A pod of a template that the command line injected is admitted as it is."""
    workload, controller = CONTROLLERS[kind]
    context = Context(namespace="demo", token=TOKEN, workload=workload)
    admitted = _from_template(after(by, pod, context), controller)
    again = by.engine.inject(text(admitted), Context(namespace="demo", token="f" * 32))
    assert isinstance(again, Injected)
    assert again.match.reason is Reason.ALREADY_INJECTED
    assert again.stages == ()


@given(engines, pods.pods(unknown=False))
def test_stored_pod_can_be_undone(by: Configuration, pod: Any) -> None:
    """Taking the injection out of a stored pod leaves what is stored without an injection."""
    first = created(pod)
    restored = without(by, created(after(by, first)))
    assert created(restored) == created(first)


@pytest.mark.parametrize(
    ("quantity", "written"),
    [
        ("0.5", "500m"),
        ("1000m", "1"),
        ("1024Mi", "1Gi"),
        ("1.5Gi", "1536Mi"),
        ("1e3", "1e3"),
        ("1500", "1500"),
        ("2000", "2k"),
        ("100m", "100m"),
        ("0", "0"),
    ],
)
def test_canonical(quantity: str, written: str) -> None:
    """The stand-in for the API server writes quantities as resource.Quantity does."""
    assert canonical(quantity) == written


def test_stand_in_changes_the_pod() -> None:
    """The stand-in fills in what a pod lacks, so that the laws above are not empty."""
    pod = {"spec": {"containers": [{"name": "app", "resources": {"limits": {"cpu": "1000m"}}}]}}
    kept = copy.deepcopy(pod)
    (container,) = created(pod)["spec"]["containers"]
    assert container["resources"] == {"limits": {"cpu": "1"}, "requests": {"cpu": "1"}}
    assert container["terminationMessagePath"] == "/dev/termination-log"
    assert pod == kept
