"""Installs Istio's Pilot and Pillion into a cluster, as their manuals say and with real Helm."""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from tests.cluster.cluster import Cluster
from tests.cluster.istio_charts import istio_chart
from tests.images.build import build

CHART: Final = Path(__file__).parents[2] / "charts" / "pillion"
ISTIO_NAMESPACE: Final = "istio-system"
NAMESPACE: Final = "pillion-system"
REVISION: Final = "pillion"
IMAGES: Final = ("webhook", "init", "envoy", "shop", "istiod")

_ROLLOUT_SECONDS = 240

_SMALL: Final = {"requests": {"cpu": "10m", "memory": "32Mi"}}
"""Requests that let dozens of pods share two cores; limits stay as they are by default."""


class MeshError(Exception):
    """A step of the installation failed; the message is the program's own."""


def image(name: str) -> str:
    """Return how a pod names an image of this project that was loaded into the nodes."""
    return f"local/pillion-{name}:test"


def istiod_values() -> dict[str, Any]:
    """Return what a test adds to `istiod-values.yaml`: where the image is, and a small size."""
    return {
        "image": image("istiod"),
        "autoscaleEnabled": False,
        "resources": _SMALL,
        "global": {"imagePullPolicy": "Never"},
    }


def pillion_values() -> dict[str, Any]:
    """Return the values that a test gives our chart: where the images are, and a small size."""
    repository, tag = image("webhook").split(":")
    return {
        "image": {"repository": repository, "tag": tag, "pullPolicy": "Never"},
        "resources": _SMALL,
        "configuration": {
            "proxy": {
                "image": image("envoy"),
                "imagePullPolicy": "Never",
                "resources": {
                    "requests": _SMALL["requests"], "limits": {"cpu": "2", "memory": "1Gi"},
                },
            },
            "redirect": {"image": image("init"), "imagePullPolicy": "Never"},
        },
    }  # fmt: skip


def install_mesh(cluster: Cluster) -> None:
    """Load the images, then install Pilot and Pillion and wait for both.

    Raises:
        MeshError: a step fails, or something is not ready in time.
    """
    for name in IMAGES:
        cluster.load_image(build(name))
    install_pilot(cluster)
    install_pillion(cluster)


def install_pilot(cluster: Cluster) -> None:
    """Install Istio's resource definitions and Pilot, with the values that our chart brings."""
    base = ("--set", f"defaultRevision={REVISION}", "--create-namespace")
    upgrade(cluster, "istio-base", istio_chart("base"), ISTIO_NAMESPACE, *base)
    upgrade(
        cluster,
        "istiod",
        istio_chart("istio-control/istio-discovery"),
        ISTIO_NAMESPACE,
        f"--values={CHART / 'istiod-values.yaml'}",
        values=istiod_values(),
    )
    wait_for_rollout(cluster, ISTIO_NAMESPACE, f"deployment/istiod-{REVISION}")


def install_pillion(cluster: Cluster, values: Mapping[str, Any] | None = None) -> None:
    """Install our chart, or upgrade it to other values, and wait for its replicas."""
    upgrade(
        cluster, "pillion", CHART, NAMESPACE, "--create-namespace",
        values=pillion_values() if values is None else values,
    )  # fmt: skip
    wait_for_rollout(cluster, NAMESPACE, "deployment/pillion")


def upgrade(
    cluster: Cluster,
    release: str,
    chart: Path,
    namespace: str,
    *options: str,
    values: Mapping[str, Any] | None = None,
) -> None:
    """Install a chart, or upgrade its release."""
    command = ["upgrade", "--install", release, str(chart), "--namespace", namespace, *options]
    if values is not None:
        command.append("--values=-")
    done = cluster.helm(*command, stdin=None if values is None else json.dumps(values))
    if done.returncode != 0:
        raise MeshError(f"helm {release}: {done.stderr.strip()}")


def wait_for_rollout(cluster: Cluster, namespace: str, workload: str) -> None:
    """Wait until all replicas of a workload are of its newest state, and ready."""
    command = ("rollout", "status", workload, f"--namespace={namespace}")
    try:
        done = cluster.kubectl(*command, seconds=_ROLLOUT_SECONDS)
    except subprocess.TimeoutExpired:
        raise MeshError(f"{workload}: {describe_pods(cluster, namespace)}") from None
    if done.returncode != 0:
        raise MeshError(f"{workload}: {done.stderr}{describe_pods(cluster, namespace)}")


def describe_pods(cluster: Cluster, namespace: str) -> str:
    """Return what there is to say of the pods of a namespace, for an error's message."""
    scope = f"--namespace={namespace}"
    pods = cluster.kubectl("get", "pods", "--output=wide", scope).stdout
    events = cluster.kubectl("events", scope).stdout.splitlines()[-15:]
    return "\n".join([f"pods of {namespace}:", pods, *events])
