"""Answers admission bodies with the engine of the moment; counts and logs each."""

from __future__ import annotations

import logging
from time import perf_counter_ns
from typing import Protocol

import msgspec
from msgspec import Struct

from webhook.admission import review
from webhook.admission.handler import Admission
from webhook.model.errors import RequestError
from webhook.serving.metrics import Metrics

_LOG = logging.getLogger("pillion.admission")
_CRASHED = "the injector failed on this pod by a mistake of its own; its log has the cause"


class Handler(Protocol):
    """Answers one body. `admission.handler.Handler` is one; called for each request."""

    def handle(self, body: bytes) -> Admission:
        """Return the answer; RequestError when the body is no AdmissionReview."""
        ...


class Observer(Protocol):
    """Hears of each answer after it was made, and must return at once; Events come from it."""

    def __call__(self, admission: Admission, body: bytes, /) -> None:
        """Take note of an answer."""
        ...


class _Metadata(Struct, frozen=True):
    generateName: str = ""


class _Object(Struct, frozen=True):
    metadata: _Metadata = _Metadata()


class _Request(Struct, frozen=True):
    object: _Object = _Object()


class _Named(Struct, frozen=True):
    request: _Request = _Request()


_NAMED = msgspec.json.Decoder(_Named)


class Admissions:
    """The one place where a body becomes an answer; the handler can be replaced between two."""

    def __init__(self, metrics: Metrics, observe: Observer | None = None) -> None:
        self._handler: Handler | None = None
        self._metrics = metrics
        self._observe = observe

    def replace_handler(self, handler: Handler) -> None:
        """Answer all further requests with this handler: a new configuration, whole."""
        self._handler = handler

    def answer(self, body: bytes) -> bytes:
        """Return the AdmissionReview that answers this one.

        A crash of the engine is one log line, one count and an answer with the request's uid.

        Raises:
            RequestError: the body is no AdmissionReview.
        """
        handler = self._handler
        if handler is None:
            raise RequestError(503, "no configuration was read yet")
        started = perf_counter_ns()
        try:
            admission = handler.handle(body)
        except RequestError:
            raise
        except Exception:
            admission = self._crashed(body)
        elapsed = perf_counter_ns() - started
        self._metrics.answered(
            admission.operation,
            admission.decision,
            admission.reason,
            seconds=elapsed / 1e9,
            size=len(body),
        )
        if _LOG.isEnabledFor(logging.INFO):
            _log(admission, body, elapsed // 1000)
        if self._observe is not None:
            self._observe(admission, body)
        return admission.answer

    def _crashed(self, body: bytes) -> Admission:
        request = review.read(body)
        self._metrics.crashes.inc()
        _LOG.exception("admission crashed", extra={"uid": request.uid})
        return Admission(
            answer=review.denied(request.uid, _CRASHED, code=500),
            uid=request.uid,
            namespace=request.namespace,
            name=request.name,
            operation=request.operation,
            decision="error",
            reason="crashed",
            dry_run=bool(request.dryRun),
            message=_CRASHED,
        )


def _log(admission: Admission, body: bytes, microseconds: int) -> None:
    fields: dict[str, object] = {
        "namespace": admission.namespace,
        "pod": admission.name or _generate_name(body),
        "uid": admission.uid,
        "decision": admission.decision,
        "reason": admission.reason,
        "microseconds": microseconds,
    }
    if admission.dry_run:
        fields["dryRun"] = True
    if admission.warnings:
        fields["warnings"] = admission.warnings
    if admission.decision == "deny":
        fields["denial"] = admission.message
    _LOG.info("admission", extra=fields)


def _generate_name(body: bytes) -> str:
    """Return the prefix from which the API server will make a name, as controllers' pods have."""
    try:
        return _NAMED.decode(body).request.object.metadata.generateName
    except (msgspec.DecodeError, RecursionError):
        return ""
