"""Admission reviews to send, and reading what comes back."""

from __future__ import annotations

import base64
import json
from typing import Any

JsonObject = dict[str, Any]


def pod(**metadata: Any) -> JsonObject:
    """Return a small pod; `metadata` is merged over a name."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "web", **metadata},
        "spec": {"containers": [{"name": "app", "image": "nginx:1.29"}]},
    }


def review(subject: JsonObject | None = None, **request: Any) -> JsonObject:
    """Return the review of the creation of a pod; `request` is merged over its members."""
    return {
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "request": {
            "uid": "00000000-0000-0000-0000-000000000001",
            "kind": {"group": "", "version": "v1", "kind": "Pod"},
            "operation": "CREATE",
            "namespace": "shop",
            "object": pod() if subject is None else subject,
            **request,
        },
    }


def body(subject: JsonObject | None = None, **request: Any) -> bytes:
    """Return the review as the API server sends it."""
    return json.dumps(review(subject, **request)).encode()


def patch_of(answer: bytes) -> list[JsonObject]:
    """Return the JSON Patch of an answer; empty when it has none."""
    response = json.loads(answer)["response"]
    encoded = response.get("patch")
    found: list[JsonObject] = [] if encoded is None else json.loads(base64.b64decode(encoded))
    return found
