"""One admission: bytes in, bytes out, and what to log and count of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Protocol

import msgspec
from msgspec import Raw, Struct

from webhook.admission import review
from webhook.admission.quotas import Quota, foretold
from webhook.injection import patch
from webhook.injection.engine import Denied, Injected, Outcome, Skipped, apply_stages
from webhook.injection.plan import Context
from webhook.model.pod import Pod


class Injector(Protocol):
    """Decides on pods and plans their injection. `injection.engine.Engine` is one."""

    def inject_view(self, pod: Pod, text: Callable[[], bytes | Raw], context: Context) -> Outcome:
        """Return what becomes of a pod; `text` gives its JSON."""
        ...

    def inject(self, text: bytes | Raw, context: Context) -> Outcome:
        """Return what becomes of a pod, or of what should be one."""
        ...


class NamespaceLabels(Protocol):
    """What is known of namespaces without asking anybody; a watch's cache, or nothing.

    Called while an admission waits, so it must not block.
    """

    def __call__(self, namespace: str, /) -> Mapping[str, str] | None:
        """Return the labels of a namespace, or None when they are not known."""
        ...


class NamespaceQuotas(Protocol):
    """What is known of the quotas of namespaces, as for labels; called for injected pods only."""

    def __call__(self, namespace: str, /) -> Sequence[Quota]:
        """Return the quotas that count every pod of a namespace; none when they are not known."""
        ...


def no_quotas(_namespace: str) -> Sequence[Quota]:
    """Know of no quota, as without a cluster."""
    return ()


class Admission(Struct, frozen=True):
    """An answered request: the answer, and the facts for the log line and the metrics."""

    answer: bytes
    uid: str
    namespace: str
    name: str
    operation: str
    decision: str
    reason: str
    dry_run: bool
    warnings: tuple[str, ...] = ()
    message: str = ""


class Handler:
    """Answers admission requests for pods with one engine."""

    def __init__(
        self,
        engine: Injector,
        token: Callable[[], str],
        namespace_labels: NamespaceLabels,
        quotas: NamespaceQuotas = no_quotas,
    ) -> None:
        """Make a handler.

        Args:
            engine: decides and plans.
            token: returns 128 new random bits in hexadecimal.
            namespace_labels: what is known of a namespace.
            quotas: what is known of its quotas.
        """
        self._engine = engine
        self._token = token
        self._namespace_labels = namespace_labels
        self._quotas = quotas

    def handle(self, body: bytes) -> Admission:
        """Return the answer to an AdmissionReview.

        Raises:
            RequestError: the body is no AdmissionReview that we can answer.
        """
        request = review.read(body)
        if not _is_new_pod(request):
            return _admission(request, review.allowed(request.uid), "skip", "not-a-new-pod")
        context = Context(
            namespace=request.namespace,
            token=self._token(),
            namespace_labels=self._namespace_labels(request.namespace),
        )
        if isinstance(request.object, Pod):
            text = partial(review.object_text, body)
            outcome = self._engine.inject_view(request.object, text, context)
        else:
            outcome = self._engine.inject(review.object_text(body), context)
        if isinstance(outcome, Injected) and outcome.stages:
            quotas = self._quotas(request.namespace)
            if quotas:
                outcome = _with_quotas(outcome, quotas, body)
        return _answered(request, outcome)


def _with_quotas(outcome: Injected, quotas: Sequence[Quota], body: bytes) -> Injected:
    """Add what the quotas will say of the pod as we leave it."""
    pod = apply_stages(outcome.stages, msgspec.json.decode(review.object_text(body)))
    said = foretold(quotas, pod)
    return msgspec.structs.replace(outcome, warnings=(*outcome.warnings, *said))


def _is_new_pod(request: review.Request[Any]) -> bool:
    return (
        request.operation == "CREATE"
        and not request.subResource
        and request.kind.kind == "Pod"
        and not request.kind.group
        and request.object is not None
    )


def _answered(request: review.Request[Any], outcome: Outcome) -> Admission:
    uid, reason = request.uid, outcome.match.reason.value
    match outcome:
        case Injected(stages=()):
            answer = review.allowed(uid, audit=_audit("skip", reason))
            return _admission(request, answer, "skip", reason)
        case Injected(stages=stages, warnings=warnings):
            answer = review.patched(
                uid, patch.render(stages), warnings=warnings, audit=_audit("inject", reason)
            )
            return _admission(request, answer, "inject", reason, warnings)
        case Skipped(warnings=warnings):
            answer = review.allowed(uid, warnings=warnings, audit=_audit("skip", reason))
            return _admission(request, answer, "skip", reason, warnings)
        case Denied(message=message, warnings=warnings):
            answer = review.denied(uid, message, warnings=warnings, audit=_audit("deny", reason))
            return _admission(request, answer, "deny", reason, warnings, message)


def _audit(decision: str, reason: str) -> Mapping[str, str]:
    return {"decision": decision, "reason": reason}


def _admission(
    request: review.Request[Any],
    answer: bytes,
    decision: str,
    reason: str,
    warnings: tuple[str, ...] = (),
    message: str = "",
) -> Admission:
    return Admission(
        answer,
        request.uid,
        request.namespace,
        request.name,
        request.operation,
        decision,
        reason,
        bool(request.dryRun),
        warnings,
        message,
    )
