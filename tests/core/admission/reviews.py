"""AdmissionReviews as the API server sends them, and a handler to answer them."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from tests.core.injection import sample
from webhook.admission.handler import Admission, Handler
from webhook.model.settings import Settings

UID = "705ab4f5-6393-11e8-b7cc-42010a800002"


def review(pod: Any, **members: Any) -> dict[str, Any]:
    """Return a review of a pod's creation; `members` are of the request."""
    request = {
        "uid": UID,
        "kind": {"group": "", "version": "v1", "kind": "Pod"},
        "resource": {"group": "", "version": "v1", "resource": "pods"},
        "requestKind": {"group": "", "version": "v1", "kind": "Pod"},
        "namespace": "demo",
        "operation": "CREATE",
        "userInfo": {"username": "admin"},
        "object": pod,
        "oldObject": None,
        "dryRun": False,
        "options": {"apiVersion": "meta.k8s.io/v1", "kind": "CreateOptions"},
    }
    return {
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "request": request | members,
    }


def body(review: Any) -> bytes:
    """Return a review as it is sent."""
    return sample.text(review)


def handler(
    settings: Settings | None = None, labels: Mapping[str, Mapping[str, str]] | None = None
) -> Handler:
    """Return a handler whose tokens are all the same; `labels` are those of known namespaces."""
    return Handler(sample.engine(settings), lambda: sample.TOKEN, (labels or {}).get)


def response(admission: Admission) -> dict[str, Any]:
    """Return the response of an answer, which must be an AdmissionReview."""
    answer = json.loads(admission.answer)
    assert answer.keys() == {"apiVersion", "kind", "response"}
    assert (answer["apiVersion"], answer["kind"]) == ("admission.k8s.io/v1", "AdmissionReview")
    return dict(answer["response"])


def patch(answer: Mapping[str, Any]) -> Any:
    """Return the JSON Patch of a response."""
    assert answer["patchType"] == "JSONPatch"
    return json.loads(base64.b64decode(answer["patch"], validate=True))
