"""Writes the manifests of test applications: plain Kubernetes objects as Python values."""

from collections.abc import Mapping, Sequence
from typing import Any

from tests.cluster.mesh import image

HTTP_PORT = 8080
"""Where the echo application listens."""

KubeManifest = dict[str, Any]


def echo_container(name: str = "app", **fields: Any) -> KubeManifest:
    """Return a container that answers HTTP; `fields` are added to it, or replace its own."""
    return {
        "name": name,
        "image": image("echo"),
        "imagePullPolicy": "Never",
        "ports": [{"name": "http", "containerPort": HTTP_PORT}],
        "readinessProbe": {"httpGet": {"path": "/", "port": "http"}, "periodSeconds": 2},
        **fields,
    }


def template(
    app: str,
    *,
    containers: Sequence[KubeManifest] | None = None,
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
    **spec: Any,
) -> KubeManifest:
    """Return a pod template labelled `app`, with the echo application unless told otherwise.

    `spec` holds further fields of the pod's specification.
    """
    return {
        "metadata": {"labels": {"app": app, **(labels or {})}, "annotations": annotations or {}},
        "spec": {
            "containers": list(containers or [echo_container()]),
            # Nothing here needs time to end, and tests should not wait for it.
            "terminationGracePeriodSeconds": 3,
            **spec,
        },
    }


def deployment(name: str, pod: KubeManifest | None = None, *, replicas: int = 1) -> KubeManifest:
    """Return a Deployment; `pod` is a template labelled with its name."""
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": pod or template(name),
        },
    }


def pod(name: str, content: KubeManifest | None = None) -> KubeManifest:
    """Return a bare pod of that name; `content` is a template."""
    content = content or template(name)
    metadata = {**content["metadata"], "name": name}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": content["spec"]}


def service(name: str, app: str | None = None, *, port: int = 80) -> KubeManifest:
    """Return a Service before the echo application of the pods labelled `app` (its own name)."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "labels": {"app": app or name}},
        "spec": {
            "selector": {"app": app or name},
            "ports": [{"name": "http", "port": port, "targetPort": HTTP_PORT}],
        },
    }
