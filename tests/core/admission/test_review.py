"""Bodies that are no AdmissionReview of version v1."""

from __future__ import annotations

import json
from typing import Any

import jsonpatch
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.admission.reviews import UID, body, handler, patch, response, review
from tests.core.injection import sample
from tests.core.laws import pods
from webhook.admission import review as wire
from webhook.injection.engine import Injected
from webhook.model import names
from webhook.model.errors import RequestError


def _review(**members: Any) -> bytes:
    return body(review(sample.value()) | members)


BAD: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "no AdmissionReview"),
    "no-json": (b"{oops", "no AdmissionReview"),
    "no-utf-8": (b'{"kind":"\xff"}', "no AdmissionReview"),
    "no-object": (b"[]", "no AdmissionReview"),
    "null": (b"null", "no AdmissionReview"),
    "empty-object": (b"{}", "expected AdmissionReview of admission.k8s.io/v1"),
    "v1beta1": (_review(apiVersion="admission.k8s.io/v1beta1"), "admission.k8s.io/v1beta1"),
    "v2": (_review(apiVersion="admission.k8s.io/v2"), "admission.k8s.io/v2"),
    "another-kind": (_review(kind="ConversionReview"), "ConversionReview"),
    "kind-of-another-group": (_review(apiVersion="v1"), 'of "v1"'),
    "request-null": (_review(request=None), "request: got nothing"),
    "request-a-list": (_review(request=[]), "no AdmissionReview"),
    "request-without-uid": (_review(request={}), "uid"),
    "uid-null": (_review(request={"uid": None}), "uid"),
    "uid-a-number": (_review(request={"uid": 7}), "uid"),
    "kind-of-a-wrong-type": (_review(request={"uid": UID, "kind": "Pod"}), "kind"),
    "two-values": (_review() + b"{}", "no AdmissionReview"),
    "deep": (b"[" * 100_000, "no AdmissionReview"),
    "deep-in-an-object": (
        _review(deep="HERE").replace(b'"HERE"', b"[" * 100_000 + b"]" * 100_000),
        "nested too deeply",
    ),
    "lone-surrogate-in-uid": (
        _review().replace(UID.encode(), b"\\ud800"),
        "no AdmissionReview",
    ),
}


@pytest.mark.parametrize(("data", "message"), BAD.values(), ids=BAD)
def test_bad_body(data: bytes, message: str) -> None:
    """A body that cannot be answered is refused as a bad request, in one sentence."""
    with pytest.raises(RequestError) as refused:
        handler().handle(data)
    assert refused.value.status == 400
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


def test_request_without_request_is_refused() -> None:
    """A review that leaves its request out is refused like one with null."""
    with pytest.raises(RequestError, match="request: got nothing"):
        wire.read(b'{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview"}')


def test_read_takes_what_decides() -> None:
    """Of a request the members that decide are read, and the text of its object is kept."""
    request = wire.read(_review())
    assert request.uid == UID
    assert (request.operation, request.namespace, request.kind.kind) == ("CREATE", "demo", "Pod")
    assert request.object == sample.view(sample.value())
    assert json.loads(bytes(wire.object_text(_review()))) == sample.value()
    assert bytes(wire.object_text(_review(request=None))) == b""


def test_object_too_deep_to_read_again() -> None:
    """A body that is too deep where its object is asked for is refused like any other."""
    with pytest.raises(RequestError, match="nested too deeply"):
        wire.object_text(b'{"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}")


@pytest.mark.parametrize("depth", range(100, 1100, 50))
def test_nesting_on_the_edge(depth: int) -> None:
    """However much of the stack is in use, a nested body is answered or refused as declared."""
    pod = sample.injected(sample.value()) | {"deep": "HERE"}
    data = body(review(pod)).replace(b'"HERE"', b"[" * depth + b"]" * depth)
    try:
        admission = handler().handle(data)
    except RequestError:
        return
    assert json.loads(admission.answer)["response"]["uid"] == UID


def test_denied_for_a_fault_of_ours() -> None:
    """A failure of ours is an internal error, so that people look at us."""
    answer = json.loads(wire.denied(UID, "an error in the injector", code=500))
    assert answer["response"] == {
        "uid": UID,
        "allowed": False,
        "status": {
            "code": 500,
            "message": "an error in the injector",
            "reason": "InternalError",
        },
    }


def test_empty_additions_are_left_out() -> None:
    """An answer without warnings and audit annotations has no such members."""
    assert json.loads(wire.allowed("u"))["response"] == {"uid": "u", "allowed": True}
    answer = json.loads(wire.allowed("u", warnings=("w",), audit={"a": "b"}))
    assert answer["response"]["warnings"] == ["w"]
    assert answer["response"]["auditAnnotations"] == {"a": "b"}


@given(st.binary(max_size=80))
def test_any_bytes(data: bytes) -> None:
    """Bytes are refused by the declared error, and by no other."""
    with pytest.raises(RequestError):
        handler().handle(data)


@given(pods.json_values, st.sampled_from(("uid", "kind", "namespace", "object", "operation")))
def test_any_member(value: Any, member: str) -> None:
    """Any value of any member is refused or answered under the uid."""
    data = body(review(sample.value(), **{member: value}))
    try:
        admission = handler().handle(data)
    except RequestError:
        return
    uid = value if member == "uid" else UID
    assert json.loads(admission.answer)["response"]["uid"] == uid


@given(pods.pods())
def test_answer_is_the_engines(pod: Any) -> None:
    """Every pod is answered under the request's uid, with what the engine makes of its text."""
    admission = handler().handle(body(review(pod)))
    answer = response(admission)
    assert answer["uid"] == UID
    outcome = sample.inject(pod)
    assert admission.reason == outcome.match.reason
    if isinstance(outcome, Injected):
        answered = jsonpatch.apply_patch(pod, patch(answer))
        assert _with_status_read(answered) == _with_status_read(sample.injected(pod))


def _with_status_read(pod: Any) -> Any:
    """Return the pod with its record as a value: it keeps old values as they were spelt."""
    annotations = pod["metadata"]["annotations"]
    status = json.loads(annotations[names.STATUS])
    return {
        **pod,
        "metadata": {**pod["metadata"], "annotations": {**annotations, names.STATUS: status}},
    }
