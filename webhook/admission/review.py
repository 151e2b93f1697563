"""AdmissionReview as bytes: what of a request is read, and how an answer is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Generic, TypeVar

import msgspec
import pybase64
from msgspec import Raw, Struct

from webhook.model.errors import RequestError
from webhook.model.pod import NOTHING, Pod

_VERSION = "admission.k8s.io/v1"
_TOO_DEEP = "the body is no AdmissionReview: it is nested too deeply"


class GroupVersionKind(Struct, frozen=True):
    """`request.kind`: the type that the object was converted to."""

    group: str = ""
    version: str = ""
    kind: str = ""


_Object = TypeVar("_Object")


class Request(Struct, Generic[_Object], frozen=True):
    """The members of `request` that decide what is answered."""

    uid: str
    operation: str = ""
    namespace: str = ""
    name: str = ""
    subResource: str = ""
    dryRun: bool | None = None
    kind: GroupVersionKind = GroupVersionKind()
    object: _Object | None = None
    """The view of the pod; text where it is no pod, or none that can be read."""


class _Review(Struct, Generic[_Object], frozen=True):
    apiVersion: str = ""
    kind: str = ""
    request: Request[_Object] | None = None


class _Kept(Struct, frozen=True):
    """Keeps an object's text: `Raw` itself cannot be optional."""

    object: Raw = NOTHING


class _TextReview(Struct, frozen=True):
    request: _Kept | None = None


_POD_DECODER = msgspec.json.Decoder(_Review[Pod])
_DECODER = msgspec.json.Decoder(_Review[Any])
_TEXT_DECODER = msgspec.json.Decoder(_TextReview)
_PATCHED = b'{"apiVersion":"%b","kind":"AdmissionReview","response":{"uid":' % _VERSION.encode()
_ENCODER = msgspec.json.Encoder()


def read(body: bytes) -> Request[Pod] | Request[Any]:
    """Return the request of an AdmissionReview, its object as a pod where it is one.

    Raises:
        RequestError: it is not JSON, not an AdmissionReview of version v1, or holds no request.
    """
    review: _Review[Pod] | _Review[Any]
    try:
        review = _POD_DECODER.decode(body)
    except (msgspec.ValidationError, RecursionError):
        review = _read_anything(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RequestError(400, f"the body is no AdmissionReview: {error}") from error
    if review.kind != "AdmissionReview" or review.apiVersion != _VERSION:
        raise RequestError(
            400,
            f'got kind "{review.kind}" of "{review.apiVersion}", expected AdmissionReview of '
            f"{_VERSION}",
        )
    if review.request is None:
        raise RequestError(400, "request: got nothing, expected an admission request")
    return review.request


def object_text(body: bytes) -> Raw:
    """Return the text of the object of a review that was read before.

    Raises:
        RequestError: it is nested too deeply to be read again from where this is asked.
    """
    try:
        request = _TEXT_DECODER.decode(body).request
    except RecursionError as error:
        raise RequestError(400, _TOO_DEEP) from error
    return NOTHING if request is None else request.object


def _read_anything(body: bytes) -> _Review[Any]:
    try:
        return _DECODER.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RequestError(400, f"the body is no AdmissionReview: {error}") from error
    except RecursionError as error:
        raise RequestError(400, _TOO_DEEP) from error


def allowed(
    uid: str, *, warnings: Sequence[str] = (), audit: Mapping[str, str] | None = None
) -> bytes:
    """Return the answer that admits the object as it is."""
    return _answer({"uid": uid, "allowed": True}, warnings, audit)


def patched(
    uid: str, patch: bytes, *, warnings: Sequence[str] = (), audit: Mapping[str, str] | None = None
) -> bytes:
    """Return the answer that admits the object with a JSON Patch."""
    extra = b""
    if warnings:
        extra += b',"warnings":' + _ENCODER.encode(warnings)
    if audit:
        extra += b',"auditAnnotations":' + _ENCODER.encode(audit)
    # Joined: an encoder would look for what to escape in 20 KB of base64, a format copies it twice.
    return b"".join(
        (
            _PATCHED,
            _ENCODER.encode(uid),
            b',"allowed":true,"patchType":"JSONPatch","patch":"',
            pybase64.b64encode(patch),
            b'"',
            extra,
            b"}}",
        )
    )


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
