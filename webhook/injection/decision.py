"""Gate B: whether a pod that the webhook was called for is injected, and why.

Applied to q, the pod without what an earlier injection of ours put in. The first decisive row wins;
`explain` shows all that match, from the same rows.

| # | test on q | result |
|---|---|---|
| 1 | label (else annotation) `sidecar.istio.io/inject` is `false` | skip `opted-out` |
| 2 | Windows | skip `unsupported-os` |
| 2 | mirror or static pod | skip `static-pod` |
| 2 | system or own namespace | skip `system-namespace` |
| 3 | host network | skip `host-network` |
| 4 | a template other than `sidecar` | deny `unsupported-template` |
| 5 | ambient data plane, unless inject is `true` | skip `ambient` |
| 6 | another mesh's sidecar, or a proxy that is not ours | skip `foreign-sidecar` |
| 7 | inject is `true` | inject `requested` |
| 8 | inject has any other value | warning; goes on |
| 9 | never-inject selector | skip `never-selector` |
| 9 | always-inject selector | inject `always-selector` |
| 10 | policy | inject `policy-enabled` / skip `policy-disabled` |
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum

import msgspec
from msgspec import Struct

from webhook.injection.annotation_values import shown
from webhook.injection.overview import Overview
from webhook.injection.selectors import first_match
from webhook.model import names
from webhook.model.pod import Container, Labels
from webhook.model.settings import DefaultPolicy, Policy, Settings


class Verdict(StrEnum):
    """What a row decides."""

    INJECT = "inject"
    SKIP = "skip"
    DENY = "deny"
    CONTINUE = "continue"


class Reason(StrEnum):
    """Why; also the value of the metric label `reason` and of `explain -o json`."""

    OPTED_OUT = "opted-out"
    UNSUPPORTED_OS = "unsupported-os"
    STATIC_POD = "static-pod"
    SYSTEM_NAMESPACE = "system-namespace"
    HOST_NETWORK = "host-network"
    UNSUPPORTED_TEMPLATE = "unsupported-template"
    AMBIENT = "ambient"
    FOREIGN_SIDECAR = "foreign-sidecar"
    REQUESTED = "requested"
    UNKNOWN_VALUE = "unknown-value"
    NEVER_SELECTOR = "never-selector"
    ALWAYS_SELECTOR = "always-selector"
    POLICY_ENABLED = "policy-enabled"
    POLICY_DISABLED = "policy-disabled"
    ALREADY_INJECTED = "already-injected"
    NOT_SELECTED = "not-selected"
    INVALID = "invalid"


class Match(Struct, frozen=True):
    """One row that applies to the pod."""

    row: int
    verdict: Verdict
    reason: Reason
    detail: str
    """What was found, in half a sentence for people."""
    warning: str | None = None
    """What the pod's author should hear even though the row may be as they wish."""


class Case(Struct, frozen=True):
    """Everything that the table looks at."""

    look: Overview
    namespace: str
    namespace_labels: Mapping[str, str | None] | None
    """None when they are not known, as in the webhook, which never waits for them."""
    policy: Policy
    own_namespace: str
    labels: Labels
    annotations: Labels
    wish: tuple[str, str] | None
    """The pod's own word and where it stands: the label, or else the annotation."""

    @property
    def is_requested(self) -> bool:
        """Whether the pod asks for injection by name."""
        return self.wish is not None and self.wish[1] == "true"


def case_of(
    look: Overview, namespace: str, labels: Mapping[str, str | None] | None, settings: Settings
) -> Case:
    """Put together what the table looks at."""
    own, annotations = look.labels, look.annotations
    wish = None
    if names.INJECT in own:
        wish = ("label", own[names.INJECT] or "")
    elif names.INJECT in annotations:
        wish = ("annotation", annotations[names.INJECT] or "")
    return Case(
        look, namespace, labels, settings.policy, settings.namespace, own, annotations, wish
    )


def decide(case: Case) -> Match:
    """Return the first decisive row."""
    for row in _BEFORE_POLICY if case.wish is not None else _WITHOUT_WISH:
        match = row(case)
        if match is not None and match.verdict is not Verdict.CONTINUE:
            return match
    return _policy(case)


def explain(case: Case) -> tuple[Match, ...]:
    """Return every row that matches, first to last; the first decisive one is what happens."""
    return tuple(match for row in ROWS if (match := row(case)) is not None)


def _opted_out(case: Case) -> Match | None:
    wish = case.wish
    if wish is None or wish[1] != "false":
        return None
    return Match(1, Verdict.SKIP, Reason.OPTED_OUT, f'{wish[0]} {names.INJECT} is "false"')


def _windows(case: Case) -> Match | None:
    system = case.look.pod.spec.os
    if system is None or system.name != "windows":
        return None
    return Match(2, Verdict.SKIP, Reason.UNSUPPORTED_OS, "spec.os.name is windows")


def _static(case: Case) -> Match | None:
    annotations = case.annotations
    if names.MIRROR_POD in annotations:
        return Match(
            2, Verdict.SKIP, Reason.STATIC_POD, f"annotation {names.MIRROR_POD} is present"
        )
    source = annotations.get(names.STATIC_POD_SOURCE)
    if source and source != "api":
        return Match(
            2,
            Verdict.SKIP,
            Reason.STATIC_POD,
            f'annotation {names.STATIC_POD_SOURCE} is "{shown(source)}"',
        )
    return None


def _system_namespace(case: Case) -> Match | None:
    if case.namespace in names.SYSTEM_NAMESPACES:
        return Match(
            2,
            Verdict.SKIP,
            Reason.SYSTEM_NAMESPACE,
            f"{case.namespace} is a namespace of Kubernetes",
        )
    if case.namespace == case.own_namespace:
        return Match(
            2, Verdict.SKIP, Reason.SYSTEM_NAMESPACE, f"{case.namespace} is the injector's own"
        )
    return None


def _host_network(case: Case) -> Match | None:
    if not case.look.pod.spec.hostNetwork:
        return None
    warning = None
    if case.is_requested:
        warning = (
            f"the pod asks for injection, but spec.hostNetwork is true: the redirect rules would "
            f"capture the node's own traffic; remove hostNetwork or the label {names.INJECT}"
        )
    return Match(3, Verdict.SKIP, Reason.HOST_NETWORK, "spec.hostNetwork is true", warning)


def _template(case: Case) -> Match | None:
    if names.TEMPLATES not in case.annotations:
        return None
    value = case.annotations[names.TEMPLATES] or ""
    others = [name for part in value.split(",") if (name := part.strip()) != "sidecar"]
    if not others:
        return None
    return Match(
        4,
        Verdict.DENY,
        Reason.UNSUPPORTED_TEMPLATE,
        f'annotation "{names.TEMPLATES}": got "{shown(value)}", expected "sidecar"; gateways and '
        "proxyless gRPC are injected by Istio's own revision, so label this pod with that one",
    )


def _ambient(case: Case) -> Match | None:
    labels: Mapping[str, str | None] = case.labels
    where = "pod"
    if names.DATAPLANE_MODE not in labels:
        if not case.namespace_labels:
            return None
        labels = case.namespace_labels
        where = "namespace"
    if labels.get(names.DATAPLANE_MODE) != "ambient" or case.is_requested:
        return None
    return Match(
        5,
        Verdict.SKIP,
        Reason.AMBIENT,
        f"the {where}'s label {names.DATAPLANE_MODE} is ambient",
        f"no sidecar is injected: the {where}'s label {names.DATAPLANE_MODE} is ambient, and its "
        f'node captures the traffic already; set the pod label {names.INJECT} to "true" for one',
    )


def _foreign(case: Case) -> Match | None:
    status = case.annotations.get(names.STATUS)
    if status and not is_ours(status):
        return _foreign_status(status)
    if _PROXIES.isdisjoint(case.look.names):
        return None
    found = _foreign_container("container", case.look.containers)
    return found or _foreign_container("init container", case.look.init_containers)


_PROXIES = frozenset((names.PROXY, *names.FOREIGN_SIDECARS))


def _foreign_container(kind: str, containers: Sequence[Container]) -> Match | None:
    for container in containers:
        name = container.name
        if name in names.FOREIGN_SIDECARS:
            return _foreign_match(f"{kind} {name} is another mesh's sidecar")
        if name == names.PROXY and container.image not in (None, "", "auto"):
            return _foreign_match(
                f"{kind} {names.PROXY} has an image of its own, {shown(container.image)}"
            )
    return None


def _foreign_status(status: str) -> Match:
    if status_object(status) is None:
        begin = status if len(status) <= 80 else f"{status[:77]}..."
        return Match(
            6,
            Verdict.DENY,
            Reason.INVALID,
            f'annotation "{names.STATUS}": got "{shown(begin)}", expected the JSON object that an '
            "injector writes; remove the annotation",
        )
    return _foreign_match(f"annotation {names.STATUS} was written by another injector")


def _foreign_match(found: str) -> Match:
    return Match(
        6,
        Verdict.SKIP,
        Reason.FOREIGN_SIDECAR,
        found,
        f"no sidecar is injected: {found}; two proxies in a pod would redirect each other's "
        "traffic",
    )


def _requested(case: Case) -> Match | None:
    wish = case.wish
    if wish is None or wish[1] != "true":
        return None
    return Match(7, Verdict.INJECT, Reason.REQUESTED, f'{wish[0]} {names.INJECT} is "true"')


def _unknown_value(case: Case) -> Match | None:
    wish = case.wish
    if wish is None or wish[1] in ("true", "false"):
        return None
    where, value = wish
    found = f'{where} {names.INJECT} is "{shown(value)}"'
    return Match(
        8,
        Verdict.CONTINUE,
        Reason.UNKNOWN_VALUE,
        found,
        f'{found}, which means nothing: expected "true" or "false"; it is treated as absent',
    )


def _never(case: Case) -> Match | None:
    selectors = case.policy.never_inject_selector
    selector = first_match(selectors, case.labels) if selectors else None
    if selector is None:
        return None
    return Match(
        9, Verdict.SKIP, Reason.NEVER_SELECTOR, f"policy.neverInjectSelector has {_shown(selector)}"
    )


def _always(case: Case) -> Match | None:
    selectors = case.policy.always_inject_selector
    selector = first_match(selectors, case.labels) if selectors else None
    if selector is None:
        return None
    return Match(
        9,
        Verdict.INJECT,
        Reason.ALWAYS_SELECTOR,
        f"policy.alwaysInjectSelector has {_shown(selector)}",
    )


def _policy(case: Case) -> Match:
    if case.policy.default is DefaultPolicy.ENABLED:
        return Match(10, Verdict.INJECT, Reason.POLICY_ENABLED, "policy.default is enabled")
    return Match(10, Verdict.SKIP, Reason.POLICY_DISABLED, "policy.default is disabled")


_BEFORE_POLICY: tuple[Callable[[Case], Match | None], ...] = (
    _opted_out,
    _windows,
    _static,
    _system_namespace,
    _host_network,
    _template,
    _ambient,
    _foreign,
    _requested,
    _unknown_value,
    _never,
    _always,
)
_WITHOUT_WISH = tuple(
    row for row in _BEFORE_POLICY if row not in (_opted_out, _requested, _unknown_value)
)
"""Those that may match a pod that has no word of its own."""
ROWS: tuple[Callable[[Case], Match | None], ...] = (*_BEFORE_POLICY, _policy)


class _Status(Struct):
    injector: str = ""


def status_object(text: str) -> _Status | None:
    """Read a status annotation as far as to tell whose it is; None if it is no JSON object."""
    try:
        return msgspec.json.decode(text, type=_Status)
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
        return None


def is_ours(text: str | None) -> bool:
    """Tell whether a status annotation was written by this injector."""
    if not text:
        return False
    status = status_object(text)
    return status is not None and status.injector == names.INJECTOR


def _shown(selector: Mapping[str, object]) -> str:
    return msgspec.json.encode(selector).decode()
