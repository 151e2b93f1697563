"""Writes the manifests of test applications: plain Kubernetes objects as Python values."""

from collections.abc import Mapping, Sequence
from typing import Any

from tests.cluster.mesh import image

HTTP_PORT, CONTROL_PORT, TCP_PORT, GRPC_PORT = 8080, 8081, 9000, 9090
"""Where the example application listens."""

KubeManifest = dict[str, Any]


def shop_container(name: str = "app", **fields: Any) -> KubeManifest:
    """Return the example application's container; `fields` are added to it, or replace its own."""
    return {
        "name": name,
        "image": image("shop"),
        "imagePullPolicy": "Never",
        "ports": [
            {"name": "http", "containerPort": HTTP_PORT},
            {"name": "control", "containerPort": CONTROL_PORT},
            {"name": "tcp", "containerPort": TCP_PORT},
            {"name": "grpc", "containerPort": GRPC_PORT},
        ],
        "readinessProbe": {
            "httpGet": {"path": "/healthz/ready", "port": "control"},
            "periodSeconds": 2,
        },
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
    """Return a pod template labelled `app`, with the example application unless told otherwise.

    `spec` holds further fields of the pod's specification.
    """
    return {
        "metadata": {"labels": {"app": app, **(labels or {})}, "annotations": annotations or {}},
        "spec": {
            "containers": list(containers or [shop_container()]),
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
    """Return a Service before the example application of the pods labelled `app` (its own name)."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "labels": {"app": app or name}},
        "spec": {
            "selector": {"app": app or name},
            "ports": [
                {"name": "http", "port": port, "targetPort": HTTP_PORT},
                {"name": "http-control", "port": CONTROL_PORT, "targetPort": CONTROL_PORT},
                {"name": "tcp", "port": TCP_PORT, "targetPort": TCP_PORT},
                {"name": "grpc", "port": GRPC_PORT, "targetPort": GRPC_PORT},
            ],
        },
    }
