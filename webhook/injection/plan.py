"""The plan: every edit that makes a pod an injected pod, in numbered steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import msgspec
from msgspec import Raw, Struct

from webhook.bootstrap.text import encode
from webhook.injection import record
from webhook.injection.advice import advice
from webhook.injection.layout import ANNOTATIONS, STATUS, Layout, Shape, Values, shape_of
from webhook.injection.overview import Overview
from webhook.injection.patch import Stage
from webhook.injection.placement import OwnProxy, own_proxy_place, refuse_collisions
from webhook.injection.podfacts import facts_of, labels_of
from webhook.injection.probes import Rewrites, edits_of, rewrite
from webhook.injection.rewritetext import text_of
from webhook.injection.sidecar import Sidecar
from webhook.injection.user_overlay import user_overlay
from webhook.injection.workload import Workload
from webhook.model import names
from webhook.model.edits import Edit, Set
from webhook.model.errors import PodRejected
from webhook.model.pod import Labels, Pod


class Context(Struct, frozen=True, kw_only=True):
    """What is known of the pod beside the pod itself."""

    namespace: str
    token: str
    """128 bits in hexadecimal; begins every path that the proxy answers for kubelet."""
    workload: Workload | None = None
    """Known to whoever reads the workload's own manifest; None: read off the pod."""
    namespace_labels: Mapping[str, str | None] | None = None
    """None when they are not known."""


class Plan(Struct, frozen=True):
    """What injection changes, in the coordinates of the planned pod, and its warnings."""

    stage: Stage
    warnings: tuple[str, ...]


def plan(
    look: Overview,
    context: Context,
    workload: Workload,
    sidecar: Sidecar,
    layout_of: Callable[[Sidecar, Shape], Layout],
    *,
    overlay: record.Undo | None,
    value: Callable[[], Any],
) -> Plan:
    """Return what injection changes in the pod.

    Args:
        look: at a pod without any sidecar of ours.
        context: what is known beside the pod.
        workload: which the pod belongs to.
        sidecar: prepared for the pod's annotations.
        layout_of: gives what pods of a shape have in common.
        overlay: how to undo the configured overlays, which were applied to the pod before.
        value: gives the pod's JSON value; asked for only when the pod declares its own proxy.

    Raises:
        PodRejected: the pod cannot be injected; the message says what to change.
    """
    pod, settings, token = look.pod, sidecar.settings, context.token
    refuse_collisions(look, sidecar.volume_names)

    # 1. The workload: a Job cannot end beside a classic sidecar.
    if workload.is_job and not settings.proxy.native:
        raise PodRejected(
            f"{workload.kind} {workload.name} would never complete beside a classic sidecar; "
            'set the annotation "sidecar.istio.io/nativeSidecar" to "true"'
        )

    # 2. The shape of the pod: labels, annotations, volumes and pull secrets of every such pod.
    labels, added = labels_of(look.labels, workload, settings.pilot.network)
    shape = shape_of(pod, added, sidecar.annotation_keys, sidecar.pull_secrets)
    common = layout_of(sidecar, shape)

    # 3. Probes and hooks, and annotations that a plugin could not read.
    rewrites = rewrite(look.asked, sidecar.rewriting)
    targets = tuple([each.target for each in rewrites.handlers])

    # 4. The proxy, whose document says what it must know of the pod; its own `istio-proxy`.
    facts = facts_of(look, workload, labels, context.namespace, settings)
    own = _own_proxy(look, value)

    # 5. All of it, with its record: as text where the pod is like most, as edits where it is not.
    parts = _Parts(
        pod=pod,
        sidecar=sidecar,
        common=common,
        labels=labels,
        first=look.application[0].name,
        rewrites=rewrites,
        for_plugin=_for_plugin(look.annotations, sidecar),
        holes=sidecar.holes(facts, targets, token),
        own=own,
        overlay=overlay,
        token=token,
    )
    stage = _ordinary(parts)
    if stage is None:
        edits = _edits(parts)
        stage = Stage(pod, lambda: edits)
    sidecar.check(stage.text or sidecar.container.fill(parts.holes), facts, targets, token)
    _check_size(look.annotations, stage, sidecar.for_plugin)
    said = advice(look, sidecar, context.namespace_labels)
    return Plan(stage, (*sidecar.warnings, *rewrites.warnings, *said))


class _Parts(Struct, frozen=True, kw_only=True):
    """What the edits of one pod are made from."""

    pod: Pod
    sidecar: Sidecar
    common: Layout
    labels: Mapping[str, str]
    first: str
    """The name of the application's first container."""
    rewrites: Rewrites
    for_plugin: Sequence[Edit]
    holes: dict[bytes, bytes]
    """What belongs in the holes of the proxy container."""
    own: OwnProxy | None
    overlay: record.Undo | None
    token: str


def _ordinary(parts: _Parts) -> Stage | None:
    """Return the plan of a pod whose patch differs from that of its shape in values only.

    Its text is what `_edits` would be rendered to, byte for byte.
    """
    common, rewrites, token = parts.common, parts.rewrites, parts.token
    if parts.own or parts.overlay or parts.for_plugin or rewrites.hook_ports:
        return None
    if not common.shape.status_was:
        return None
    texts = text_of(rewrites.handlers, token, parts.sidecar.settings.proxy.ports.probes)
    if texts is None:
        return None
    holes = parts.holes.copy()
    holes[b"first"] = encode(parts.first)
    holes[b"operations"] = texts.operations
    holes[b"status"] = encode(common.blank.fill(token, texts.replaced))
    for hole, key in common.label_holes:
        holes[hole] = encode(parts.labels[key])
    return Stage(parts.pod, partial(_edits, parts), text=common.patch.fill(holes))


def _edits(parts: _Parts) -> tuple[Edit, ...]:
    """Return all edits of one pod; the record of them is the last."""
    sidecar, common, own = parts.sidecar, parts.common, parts.own
    ports = sidecar.settings.proxy.ports.probes
    replacing = [
        *(edit for each in parts.rewrites.handlers for edit in edits_of(each, parts.token, ports)),
        *parts.for_plugin,
    ]
    proxy = Raw(sidecar.container.fill(parts.holes))
    if own is not None:
        mode = sidecar.settings.proxy.overlay
        proxy = Raw(msgspec.json.encode(user_overlay(msgspec.json.decode(proxy), own.value, mode)))
    init = sidecar.init(tuple(dict.fromkeys(parts.rewrites.hook_ports)))
    values = Values(parts.labels, parts.first, replacing, init, proxy, own)
    edits = common.edits(parts.pod, values)
    undo, blank = record.undo_of(replacing), common.blank
    if own is not None or parts.overlay is not None:
        undo = record.undo_of(edits)
        blank = record.blank(undo, sidecar.identity, parts.overlay)
    return (*edits, _status(common.shape, blank, undo.replaced, parts.token))


def _for_plugin(held: Labels, sidecar: Sidecar) -> tuple[Edit, ...]:
    """Return the edits that put the pod's own annotations into the form that a plugin reads."""
    if not sidecar.for_plugin:
        return ()
    return tuple(
        Set((*ANNOTATIONS, key), text, held[key])
        for key, text in sidecar.for_plugin
        if key in held and held[key] != text
    )


def _own_proxy(look: Overview, value: Callable[[], Any]) -> OwnProxy | None:
    found = own_proxy_place(look)
    if found is None:
        return None
    where, before = found
    declared = next(c for c in value()["spec"][where] if c.get("name") == names.PROXY)
    return OwnProxy(where, before, declared)


def _status(
    shape: Shape, blank: record.Blank, replaced: Sequence[record.Replaced], token: str
) -> Set:
    was = shape.status_was
    if was:
        # Absent; or a copy that names nothing in this pod, which does not come back.
        return Set(STATUS, blank.fill(token, record.text_of(replaced)))
    # A status annotation without text is not ours, and comes back as it was.
    noted = (*replaced, record.Replaced(record.pointer(STATUS), was))
    return Set(STATUS, blank.fill(token, record.text_of(noted)), was)


def _check_size(held: Labels, stage: Stage, for_plugin: Sequence[tuple[str, str]]) -> None:
    """Refuse what the API server would refuse with a less helpful message."""
    # A character takes at most four bytes, and ours beside those for a plugin 36 KiB: the record
    # and a few short ones.
    length = len("".join(held)) + len("".join(filter(None, held.values())))
    if for_plugin:
        length += sum(len(key) + len(text) for key, text in for_plugin)
    if 4 * length <= names.ANNOTATIONS_LIMIT - names.STATUS_LIMIT - 4096:
        return
    ours = {
        str(edit.path[-1]): edit.value
        for edit in stage.edits
        if isinstance(edit, Set) and edit.path[:-1] == ANNOTATIONS and edit.value
    }
    found = {**held, **ours}.items()
    size = sum(len(key.encode()) + len((text or "").encode()) for key, text in found)
    if size > names.ANNOTATIONS_LIMIT:
        raise PodRejected(
            f"metadata.annotations: got {size} bytes with ours, expected at most "
            f"{names.ANNOTATIONS_LIMIT}; shorten the pod's own"
        )
