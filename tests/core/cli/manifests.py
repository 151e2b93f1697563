"""Texts of manifests that tests are fed with."""

from __future__ import annotations

import json
from typing import Any

POD = """\
apiVersion: v1
kind: Pod
metadata:
  name: web
  namespace: demo
spec:
  containers:
    - name: app
      image: app:1
"""
SERVICE = """\
apiVersion: v1
kind: Service
metadata: {name:   web , namespace: demo}   # odd blanks, which must stay
spec: {ports: [{port: 80}]}
"""
DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  selector:
    matchLabels: {app: web}
  template:
    metadata:
      labels: {app: web}
    spec:
      containers:
        - name: app
          image: app:1
          ports:
            - containerPort: 8080
          livenessProbe:
            httpGet:
              path: /live
              port: 8080
"""


def namespace(name: str, **labels: str) -> str:
    """Return a Namespace; underscores of label keys stand for what Python's names cannot hold."""
    return json.dumps(
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}
    )


def pod(*, annotations: dict[str, str] | None = None, **spec: Any) -> str:
    """Return a Pod as JSON, which is YAML, too."""
    metadata: dict[str, Any] = {"name": "web", "namespace": "demo"}
    if annotations is not None:
        metadata["annotations"] = annotations
    content = {"containers": [{"name": "app", "image": "app:1"}], **spec}
    return json.dumps({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": content})
