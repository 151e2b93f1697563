"""The engine: a pod's JSON text and its context in; injected, skipped or denied out."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any

import msgspec
from msgspec import Raw, Struct

from webhook.injection import patch, record, reversal
from webhook.injection.annotations import relevant
from webhook.injection.apply import apply
from webhook.injection.decision import (
    Case,
    Match,
    Reason,
    Verdict,
    case_of,
    decide,
    explain,
    is_ours,
)
from webhook.injection.layout import layout
from webhook.injection.overview import Overview, overview
from webhook.injection.plan import Context, Plan, plan
from webhook.injection.podoverlay import PodOverlays
from webhook.injection.proxy_config import ReadYaml
from webhook.injection.satisfied import is_satisfied
from webhook.injection.sidecar import Sidecar, prepare
from webhook.injection.workload import workload_of
from webhook.model import names
from webhook.model.errors import PodRejected
from webhook.model.pod import NOTHING, Metadata, Pod, is_absent, read
from webhook.model.settings import Settings

_TOKEN = re.compile("[0-9a-f]{32}")
"""What a token looks like; a status annotation may hold anything."""

_SIDECARS_KEPT = 512
"""Prepared sidecars, one for each set of annotations in use; about 40 KB each."""

_LAYOUTS_KEPT = 512
"""One for each sidecar and shape of pods in use; a cluster has a dozen, of about 20 KB each."""


class Injected(Struct, frozen=True):
    """The pod is injected by these stages of edits; none when it is injected already."""

    match: Match
    stages: tuple[patch.Stage, ...]
    warnings: tuple[str, ...]


class Skipped(Struct, frozen=True):
    """The pod stays as it is."""

    match: Match
    warnings: tuple[str, ...]


class Denied(Struct, frozen=True):
    """The pod must not be admitted; `message` says what to change."""

    match: Match
    message: str
    warnings: tuple[str, ...] = ()


Outcome = Injected | Skipped | Denied


class Explanation(Struct, frozen=True):
    """Every row that matches the pod, and what comes of it."""

    matches: tuple[Match, ...]
    outcome: Outcome


class Engine:
    """Decides and plans for one configuration; holds prepared sidecars, and no other state."""

    def __init__(self, settings: Settings, read_yaml: ReadYaml) -> None:
        """Make an engine.

        Args:
            settings: the configuration.
            read_yaml: reads annotations that hold YAML.

        Raises:
            ConfigurationError: a configured overlay cannot be applied and undone.
        """
        self.settings = settings
        self._read_yaml = read_yaml
        self._overlays = PodOverlays(settings.overlays)
        self._sidecar = lru_cache(maxsize=_SIDECARS_KEPT)(self._prepare)
        self._layout = lru_cache(maxsize=_LAYOUTS_KEPT)(layout)

    def inject(self, text: bytes | Raw, context: Context) -> Outcome:
        """Return what becomes of a pod.

        Args:
            text: the pod's, or pod template's, JSON text.
            context: what is known beside it.
        """
        try:
            pod = read(text)
        except PodRejected as error:
            return _rejected(error)
        return self.inject_view(pod, lambda: text, context)

    def inject_view(self, pod: Pod, text: Callable[[], bytes | Raw], context: Context) -> Outcome:
        """Return what becomes of a pod that was read already.

        Args:
            pod: the view of the pod.
            text: gives the JSON text that it is the view of; rarely asked for.
            context: what is known beside it.
        """
        try:
            if is_ours(pod.annotations.get(names.STATUS)):
                return self._inject_again(pod, text(), context)
            return self._inject_first(pod, text, context, ())
        except PodRejected as error:
            return _rejected(error)

    def explain(self, text: bytes | Raw, context: Context) -> Explanation:
        """Return every row of the decision table that matches, and the outcome."""
        outcome = self.inject(text, context)
        try:
            pod = read(text)
            if is_ours(pod.annotations.get(names.STATUS)):
                pod = _without_ours(pod, _value(text))[0]
        except PodRejected:
            return Explanation((), outcome)
        return Explanation(explain(self._case(overview(pod), context)), outcome)

    def uninject(self, text: bytes | Raw) -> tuple[patch.Stage, ...]:
        """Return the stages that take an injection of ours out; none when there is none.

        Raises:
            PodRejected: the pod or its status annotation cannot be read.
        """
        pod = read(text)
        if not is_ours(pod.annotations.get(names.STATUS)):
            return ()
        return _without_ours(pod, _value(text))[1]

    def _inject_first(
        self, pod: Pod, text: Callable[[], bytes | Raw], context: Context, said: tuple[str, ...]
    ) -> Outcome:
        look = overview(pod)
        match, warnings = self._decide(look, context)
        warnings = (*said, *warnings)
        if match.verdict is Verdict.SKIP:
            return Skipped(match, warnings)
        if match.verdict is Verdict.DENY:
            return Denied(match, match.detail, warnings)
        stages, planned = self._plan(look, text, context)
        return Injected(match, stages, (*warnings, *planned.warnings))

    def _inject_again(self, pod: Pod, text: bytes | Raw, context: Context) -> Outcome:
        """Decide on the pod without our injection, and change only what differs from a new one."""
        value = _value(text)
        status = record.read(pod.annotations[names.STATUS] or "")
        if not record.names_present(status, value):
            said = (
                f"annotation {names.STATUS} names containers that are not in the pod, as when it "
                "was copied from another one; it is ignored",
            )
            return self._inject_first(_without_status(pod), lambda: text, context, said)
        before, undo, clean = _without_ours(pod, value)
        look = overview(before)
        match, warnings = self._decide(look, context)
        if match.verdict is Verdict.DENY:
            return Denied(match, match.detail, warnings)
        if match.verdict is Verdict.SKIP:
            left = (
                f"{match.detail}, but the pod carries an injection of ours, which is left as it is"
            )
            return Skipped(match, (*warnings, f"{left}; remove it with `pillion uninject`"))
        token = status.token if _TOKEN.fullmatch(status.token) else context.token
        kept = msgspec.structs.replace(context, token=token)
        stages, planned = self._plan(look, lambda: _text(clean), kept)
        if is_satisfied(value, apply_stages(stages, clean)):
            found = Match(
                0, Verdict.INJECT, Reason.ALREADY_INJECTED, "nothing of ours would change"
            )
            return Injected(found, (), (*warnings, *planned.warnings))
        return Injected(match, (*undo, *stages), (*warnings, *planned.warnings))

    def _decide(self, look: Overview, context: Context) -> tuple[Match, tuple[str, ...]]:
        case = self._case(look, context)
        match = decide(case)
        said = (match.warning,) if match.warning else ()
        if case.wish is not None and case.wish[1] not in ("true", "false"):
            unknown = (row for row in explain(case) if row.reason is Reason.UNKNOWN_VALUE)
            said = (*(row.warning for row in unknown if row.warning), *said)
        return match, said

    def _case(self, look: Overview, context: Context) -> Case:
        return case_of(look, context.namespace, context.namespace_labels, self.settings)

    def _plan(
        self, look: Overview, text: Callable[[], bytes | Raw], context: Context
    ) -> tuple[tuple[patch.Stage, ...], Plan]:
        stages: tuple[patch.Stage, ...] = ()
        overlay = None
        workload = context.workload or workload_of(look.pod)
        if self._overlays:
            value = _value(text())
            edits = self._overlays.edits(value)
            if edits:
                stages = (patch.Stage(look.pod, lambda: edits),)
                overlay = record.undo_of(edits)
                changed = _text(apply(edits, value))
                text = lambda: changed  # noqa: E731 - stands for the one that was given
                look = overview(read(changed))
        budget = look.pod.spec.resources
        sidecar = self._sidecar(
            relevant(look.annotations), budget is not NOTHING and not is_absent(budget)
        )
        planned = plan(
            look,
            context,
            workload,
            sidecar,
            self._layout,
            overlay=overlay,
            value=lambda: _value(text()),
        )
        return (*stages, planned.stage), planned

    def _prepare(
        self,
        annotations: tuple[tuple[str, str], ...],
        has_pod_resources: bool,  # noqa: FBT001 - part of the cache's key
    ) -> Sidecar:
        return prepare(
            self.settings,
            dict(annotations),
            has_pod_resources=has_pod_resources,
            read_yaml=self._read_yaml,
        )


def _rejected(error: PodRejected) -> Denied:
    return Denied(Match(0, Verdict.DENY, Reason.INVALID, str(error)), str(error))


def apply_stages(stages: tuple[patch.Stage, ...], value: Any) -> Any:
    """Return the pod's JSON value after all stages."""
    for stage in stages:
        value = apply(stage.edits, value)
    return value


def _value(text: bytes | Raw) -> Any:
    """Return the JSON value of a pod's text, also of what its view passes over."""
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise PodRejected(f"the pod cannot be read: {error}") from error
    except RecursionError as error:
        raise PodRejected("the pod cannot be read: it is nested too deeply") from error


def _text(value: Any) -> bytes:
    """Return a pod's JSON text."""
    try:
        return msgspec.json.encode(value)
    except RecursionError as error:
        raise PodRejected("the pod cannot be written: it is nested too deeply") from error


def _without_ours(pod: Pod, value: Any) -> tuple[Pod, tuple[patch.Stage, ...], Any]:
    """Return view and JSON value of the pod without our injection, and the stages leading there."""
    status = record.read(pod.annotations.get(names.STATUS) or "")
    stages: list[patch.Stage] = []
    for undo, token in reversal.undos(status):
        edits = reversal.inverse(undo, value, token)
        stages.append(patch.Stage(pod, partial(tuple, edits), value))
        value = apply(edits, value)
        pod = read(_text(value))
    return pod, tuple(stages), value


def _without_status(pod: Pod) -> Pod:
    """Return the view as if the pod had no status annotation."""
    kept = {key: text for key, text in pod.annotations.items() if key != names.STATUS}
    replace = msgspec.structs.replace
    return replace(pod, metadata=replace(pod.metadata or Metadata(), annotations=kept))
