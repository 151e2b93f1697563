"""Which workload a pod belongs to, from its metadata alone."""

from __future__ import annotations

import re

from msgspec import UNSET, Struct

from webhook.model import names
from webhook.model.pod import Labels, Metadata, Owner, Pod

_CRON_JOB_RUN = re.compile(r"^(.+)-\d{8,10}$", re.ASCII)
"""A CronJob names its Jobs after the minute of their schedule (Istio's own rule)."""


class Workload(Struct, frozen=True):
    """The object that a user would name as the owner: a Deployment, not its ReplicaSet."""

    api_version: str
    kind: str
    name: str

    @property
    def is_job(self) -> bool:
        """Whether its pods are to end by themselves."""
        return self.kind in ("Job", "CronJob")


def workload_of(pod: Pod) -> Workload:
    """Return the workload of a pod as the API server sends it.

    Only a pod with a `generateName` was made by a controller. A ReplicaSet whose name ends in the
    pod's template hash stands for its Deployment (or Rollout), a Job with a time in its name for
    its CronJob, a ReplicationController with the label `deploymentconfig` for that. A pod's own
    name may be empty.
    """
    metadata = pod.metadata
    if metadata is UNSET or metadata is None:
        return Workload("v1", "Pod", "")
    controller = _controller(metadata)
    if controller is None or not metadata.generateName:
        return Workload("v1", "Pod", metadata.name or "")
    return _stands_for(controller, metadata.labels or {})


def _controller(metadata: Metadata) -> Owner | None:
    for owner in metadata.ownerReferences or ():
        if owner.controller:
            return owner
    return None


def _stands_for(owner: Owner, labels: Labels) -> Workload:
    name = owner.name
    match owner.kind:
        case "ReplicaSet":
            rollout = labels.get(names.ROLLOUT_TEMPLATE_HASH)
            if rollout and name.endswith(f"-{rollout}"):
                return Workload("argoproj.io/v1alpha1", "Rollout", name[: -len(rollout) - 1])
            template = labels.get(names.POD_TEMPLATE_HASH)
            if template and name.endswith(f"-{template}"):
                return Workload(owner.apiVersion, "Deployment", name[: -len(template) - 1])
        case "ReplicationController" if config := labels.get("deploymentconfig"):
            return Workload("apps.openshift.io/v1", "DeploymentConfig", config)
        case "Job" if run := _CRON_JOB_RUN.match(name):
            return Workload("batch/v1", "CronJob", run[1])
    return Workload(owner.apiVersion, owner.kind, name)
