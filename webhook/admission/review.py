"""AdmissionReview as bytes: what of a request is read, and how an answer is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
import pybase64
from msgspec import Raw, Struct, field

from webhook.model.errors import RequestError

_VERSION = "admission.k8s.io/v1"


class GroupVersionKind(Struct, frozen=True):
    """`request.kind`: the type that the object was converted to."""

    group: str = ""
    version: str = ""
    kind: str = ""


class Request(Struct, frozen=True):
    """The members of `request` that decide what is answered; `object` stays text."""

    uid: str
    operation: str = ""
    namespace: str = ""
    name: str = ""
    subResource: str = ""
    dryRun: bool | None = None
    kind: GroupVersionKind = GroupVersionKind()
    object: Raw = field(default_factory=lambda: Raw(b""))


class _Review(Struct, frozen=True):
    apiVersion: str = ""
    kind: str = ""
    request: Request | None = None


_DECODER = msgspec.json.Decoder(_Review)
_ENCODER = msgspec.json.Encoder()


def read(body: bytes) -> Request:
    """Return the request of an AdmissionReview.

    Raises:
        RequestError: it is not JSON, not an AdmissionReview of version v1, or holds no request.
    """
    try:
        review = _DECODER.decode(body)
    except msgspec.DecodeError as error:
        raise RequestError(400, f"the body is no AdmissionReview: {error}") from error
    except RecursionError as error:
        raise RequestError(
            400, "the body is no AdmissionReview: it is nested too deeply"
        ) from error
    if review.kind != "AdmissionReview" or review.apiVersion != _VERSION:
        raise RequestError(
            400,
            f'got kind "{review.kind}" of "{review.apiVersion}", expected AdmissionReview of {_VERSION}',
        )
    if review.request is None:
        raise RequestError(400, "request: got nothing, expected an admission request")
    return review.request


def allowed(
    uid: str, *, warnings: Sequence[str] = (), audit: Mapping[str, str] | None = None
) -> bytes:
    """Return the answer that admits the object as it is."""
    return _answer({"uid": uid, "allowed": True}, warnings, audit)


def patched(
    uid: str, patch: bytes, *, warnings: Sequence[str] = (), audit: Mapping[str, str] | None = None
) -> bytes:
    """Return the answer that admits the object with a JSON Patch."""
    response = {
        "uid": uid,
        "allowed": True,
        "patchType": "JSONPatch",
        "patch": pybase64.b64encode_as_string(patch),
    }
    return _answer(response, warnings, audit)


def denied(
    uid: str,
    message: str,
    *,
    code: int = 400,
    warnings: Sequence[str] = (),
    audit: Mapping[str, str] | None = None,
) -> bytes:
    """Return the answer that refuses the object, with what its author must change.

    `code` is the HTTP status that the API server gives the client: 400 where the object is at
    fault, 500 where we are.
    """
    status = {
        "code": code,
        "message": message,
        "reason": "BadRequest" if code == 400 else "InternalError",
    }
    return _answer({"uid": uid, "allowed": False, "status": status}, warnings, audit)


def _answer(
    response: dict[str, object], warnings: Sequence[str], audit: Mapping[str, str] | None
) -> bytes:
    if warnings:
        response["warnings"] = list(warnings)
    if audit:
        response["auditAnnotations"] = audit
    return _ENCODER.encode(
        {"apiVersion": _VERSION, "kind": "AdmissionReview", "response": response}
    )
