"""What is answered to the API server, and what is noted of it."""

from __future__ import annotations

import json
from typing import Any

import jsonpatch
import pytest

from tests.core.admission.reviews import UID, body, handler, patch, response, review
from tests.core.injection import sample
from webhook.model import names
from webhook.model.errors import RequestError


def test_injected() -> None:
    """An application's pod is allowed with a patch that injects it, under the request's uid."""
    pod = sample.value()
    admission = handler().handle(body(review(pod)))
    answer = response(admission)
    assert answer["uid"] == UID
    assert answer["allowed"] is True
    assert answer.keys() == {"uid", "allowed", "patchType", "patch", "auditAnnotations"}
    assert answer["auditAnnotations"] == {"decision": "inject", "reason": "policy-enabled"}
    assert jsonpatch.apply_patch(pod, patch(answer)) == sample.injected(pod)


def test_injected_facts() -> None:
    """The facts for the log and the metrics are those of the request and the outcome."""
    admission = handler().handle(body(review(sample.value(), name="web", dryRun=True)))
    assert (admission.uid, admission.namespace, admission.name) == (UID, "demo", "web")
    assert (admission.operation, admission.decision) == ("CREATE", "inject")
    assert (admission.reason, admission.dry_run) == ("policy-enabled", True)
    assert (admission.warnings, admission.message) == ((), "")


@pytest.mark.parametrize(("said", "noted"), [(True, True), (False, False), (None, False)])
def test_dry_run_is_noted(said: bool | None, noted: bool) -> None:
    """A dry run is answered the same and noted as one."""
    wet = handler().handle(body(review(sample.value())))
    admission = handler().handle(body(review(sample.value(), dryRun=said)))
    assert admission.dry_run is noted
    assert admission.answer == wet.answer


def test_warnings_of_an_injection() -> None:
    """What works differently beside a sidecar is a warning to the author and in the facts."""
    admission = handler().handle(body(review(sample.value({names.INJECT: "yes"}))))
    answer = response(admission)
    assert answer["allowed"] is True
    assert tuple(answer["warnings"]) == admission.warnings
    assert "means nothing" in admission.warnings[0]


def test_skipped() -> None:
    """A pod that opted out is allowed as it is, with the reason in the audit annotations."""
    admission = handler().handle(body(review(sample.value({names.INJECT: "false"}))))
    answer = response(admission)
    assert answer == {
        "uid": UID,
        "allowed": True,
        "auditAnnotations": {"decision": "skip", "reason": "opted-out"},
    }
    assert (admission.decision, admission.reason) == ("skip", "opted-out")


def test_skipped_with_a_warning() -> None:
    """A skip that its author may not expect is explained."""
    pod = sample.value({names.INJECT: "true"}, hostNetwork=True)
    admission = handler().handle(body(review(pod)))
    assert "hostNetwork" in response(admission)["warnings"][0]
    assert admission.warnings


def test_denied() -> None:
    """A pod that must not be admitted is refused with what to change, as a bad request."""
    pod = sample.value(annotations={"sidecar.istio.io/proxyCPU": "lots"})
    admission = handler().handle(body(review(pod)))
    answer = response(admission)
    assert answer["uid"] == UID
    assert answer["allowed"] is False
    assert answer["status"]["code"] == 400
    assert answer["status"]["reason"] == "BadRequest"
    assert "proxyCPU" in answer["status"]["message"]
    assert answer["auditAnnotations"] == {"decision": "deny", "reason": "invalid"}
    assert admission.message == answer["status"]["message"]
    assert "patch" not in answer


def test_already_injected() -> None:
    """A second admission of the same pod is allowed without a patch."""
    admission = handler().handle(body(review(sample.injected(sample.value()))))
    assert response(admission) == {
        "uid": UID,
        "allowed": True,
        "auditAnnotations": {"decision": "skip", "reason": "already-injected"},
    }
    assert (admission.decision, admission.reason) == ("skip", "already-injected")


OTHERS: dict[str, dict[str, Any]] = {
    "update": {"operation": "UPDATE"},
    "delete": {"operation": "DELETE", "object": None},
    "connect": {"operation": "CONNECT"},
    "no-operation": {"operation": ""},
    "ephemeral-containers": {"operation": "UPDATE", "subResource": "ephemeralcontainers"},
    "binding": {"subResource": "binding"},
    "another-kind": {"kind": {"group": "", "version": "v1", "kind": "Binding"}},
    "another-group": {"kind": {"group": "metrics.k8s.io", "version": "v1", "kind": "Pod"}},
}


@pytest.mark.parametrize("members", OTHERS.values(), ids=OTHERS)
def test_others_are_untouched(members: dict[str, Any]) -> None:
    """What is not the creation of a pod is allowed as it is, whatever the webhook's rules say."""
    admission = handler().handle(body(review(sample.value(), **members)))
    assert response(admission) == {"uid": UID, "allowed": True}
    assert (admission.decision, admission.reason) == ("skip", "not-a-new-pod")
    assert admission.operation == members.get("operation", "CREATE")


def test_absent_object_is_untouched() -> None:
    """A creation without an object, as no API server sends it, changes nothing."""
    request = review(sample.value())
    del request["request"]["object"]
    assert response(handler().handle(body(request))) == {"uid": UID, "allowed": True}


def test_null_object_is_untouched() -> None:
    """Nor does a creation of null."""
    assert response(handler().handle(body(review(None)))) == {"uid": UID, "allowed": True}


@pytest.mark.parametrize("pod", [[], 7, "pod", {}, {"spec": []}], ids=repr)
def test_object_that_is_no_pod_is_denied(pod: Any) -> None:
    """An object that cannot be read as a pod is refused by a sentence, not by a failure."""
    answer = response(handler().handle(body(review(pod))))
    assert answer["allowed"] is False
    assert "cannot be read" in answer["status"]["message"]


def test_namespace_labels_are_asked_for() -> None:
    """What is known of the request's namespace decides; an unknown namespace decides nothing."""
    labels = {"demo": {names.DATAPLANE_MODE: "ambient"}}
    known = handler(labels=labels).handle(body(review(sample.value())))
    assert known.reason == "ambient"
    other = handler(labels=labels).handle(body(review(sample.value(), namespace="other")))
    assert other.reason == "policy-enabled"


def test_namespace_of_the_request_counts() -> None:
    """The pod's own metadata need not name its namespace at admission."""
    admission = handler().handle(body(review(sample.value(), namespace="kube-system")))
    assert admission.reason == "system-namespace"


HOSTILE: dict[str, bytes] = {
    "deep": b"[" * 100_000 + b"]" * 100_000,
    "lone-surrogate": b'"\\ud800"',
    "invalid-utf-8": b'"\xff"',
}


@pytest.mark.parametrize("odd", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("where", ["spec", "annotation", "probe"])
def test_hostile_object_has_an_answer(odd: bytes, where: str) -> None:
    """Odd text in a pod is answered under the uid, or the whole body is no AdmissionReview."""
    pod = {
        "spec": sample.value(odd="HERE"),
        "annotation": sample.value(annotations={"note": "HERE"}),
        "probe": sample.with_app(readinessProbe={"httpGet": {"port": 80, "path": "HERE"}}),
    }[where]
    try:
        admission = handler().handle(body(review(pod)).replace(b'"HERE"', odd))
    except RequestError:
        return
    assert json.loads(admission.answer)["response"]["uid"] == UID


def test_nul_is_text() -> None:
    """A NUL in an annotation is a character like others."""
    pod = sample.value(annotations={"note": "a\x00b"})
    answer = response(handler().handle(body(review(pod))))
    assert answer["allowed"] is True


def test_message_with_quotes_is_json() -> None:
    """A denial that quotes hostile text is still an answer that can be parsed."""
    pod = sample.value(annotations={"sidecar.istio.io/logLevel": '"}\n\\ud800 \U0001f600'})
    answer = response(handler().handle(body(review(pod))))
    assert answer["allowed"] is False
    assert "\n" not in answer["status"]["message"]
