"""What one live pod is, beside what it should be: the comparison, and what to do about it."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import msgspec
from msgspec import Struct

from webhook.injection.decision import Reason, is_ours
from webhook.injection.engine import Denied, Explanation, Injected
from webhook.model import names
from webhook.operate.calls import KubeObject, Registered


class Standing(StrEnum):
    """How a pod stands."""

    INJECTED = "injected"
    """It has our sidecar, as it should."""
    MISSING = "missing"
    """It should have our sidecar, and has none."""
    KEPT = "kept"
    """It has our sidecar; created anew it would not."""
    FOREIGN = "foreign"
    """Another mesh's sidecar is in it."""
    REFUSED = "refused"
    """Created anew it would be refused."""
    LEFT_ALONE = "left-alone"
    """It has no sidecar, as it should."""


class Row(Struct, frozen=True):
    """A row of the decision table that matches the pod."""

    row: int
    verdict: str
    reason: str
    detail: str


class Account(Struct, frozen=True):
    """Everything that is to be said of one live pod."""

    namespace: str
    name: str
    standing: Standing
    has: str
    """What is in it, in words."""
    webhook: str | None
    """The webhook of ours that the API server would call."""
    configuration: str | None
    failurePolicy: str | None
    called: str
    """Why it would be called, or not."""
    decision: str
    reason: str
    detail: str
    rows: list[Row]
    remedy: str | None
    warnings: tuple[str, ...]


def account_of(
    pod: KubeObject, webhook: Registered | None, called: str, explanation: Explanation
) -> Account:
    """Compare a pod with what the gates say.

    Args:
        pod: as the API server has it.
        webhook: that would be called for it, or None.
        called: why, in words.
        explanation: of the decision table.
    """
    metadata, outcome = pod["metadata"], explanation.outcome
    standing = _standing(pod, webhook, explanation)
    return Account(
        namespace=metadata["namespace"],
        name=metadata["name"],
        standing=standing,
        has=_has(pod),
        webhook=None if webhook is None else webhook.name,
        configuration=None if webhook is None else webhook.configuration,
        failurePolicy=None if webhook is None else webhook.failure_policy,
        called=called,
        decision=outcome.match.verdict.value,
        reason=outcome.match.reason.value,
        detail=outcome.message if isinstance(outcome, Denied) else outcome.match.detail,
        rows=[
            Row(match.row, match.verdict.value, match.reason.value, match.detail)
            for match in explanation.matches
        ],
        remedy=_remedy(pod, standing, webhook),
        warnings=outcome.warnings,
    )


def _standing(pod: KubeObject, webhook: Registered | None, explanation: Explanation) -> Standing:
    outcome = explanation.outcome
    if outcome.match.reason is Reason.FOREIGN_SIDECAR:
        return Standing.FOREIGN
    has, should = _is_injected(pod), webhook is not None and isinstance(outcome, Injected)
    if has:
        return Standing.INJECTED if should else Standing.KEPT
    if webhook is not None and isinstance(outcome, Denied):
        return Standing.REFUSED
    return Standing.MISSING if should else Standing.LEFT_ALONE


def _annotations(pod: KubeObject) -> dict[str, str]:
    return pod["metadata"].get("annotations") or {}


def _is_injected(pod: KubeObject) -> bool:
    """Tell whether our status is on the pod, and what it speaks of is in it."""
    return is_ours(_annotations(pod).get(names.STATUS)) and names.PROXY in _containers(pod)


def _containers(pod: KubeObject) -> list[str]:
    spec = pod["spec"]
    return [
        each["name"] for each in (*(spec.get("initContainers") or ()), *(spec["containers"] or ()))
    ]


def _has(pod: KubeObject) -> str:
    if not _is_injected(pod):
        shown = ", ".join(_containers(pod))
        return f"no sidecar of ours; containers {shown}"
    status: dict[str, Any] = msgspec.json.decode(_annotations(pod)[names.STATUS])
    return (
        f"our sidecar, of revision {status.get('revision', '?')}, "
        f"version {status.get('version', '?')}"
    )


def _remedy(pod: KubeObject, standing: Standing, webhook: Registered | None) -> str | None:
    if standing not in (Standing.MISSING, Standing.KEPT):
        return None
    cause = ""
    if standing is Standing.MISSING and webhook is not None:
        cause = (
            "it was created before it was opted in"
            if webhook.failure_policy == "Fail"
            else "it was created before it was opted in, or while no replica answered "
            f"(failurePolicy {webhook.failure_policy})"
        ) + "; "
    metadata = pod["metadata"]
    delete = f"kubectl delete pod {metadata['name']} -n {metadata['namespace']}"
    owner = next((o for o in metadata.get("ownerReferences") or () if o.get("controller")), None)
    if owner is None:
        return f"{cause}nobody makes it anew: delete it and create it again"
    return f"{cause}let {owner['kind']} {owner['name']} make it anew: {delete}"
