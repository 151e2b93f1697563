"""The plan: every edit that makes a pod an injected pod, in numbered steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Raw, Struct

from webhook.injection import record
from webhook.injection.advice import advice
from webhook.injection.layout import ANNOTATIONS, LABELS, Shape, shape_of
from webhook.injection.patch import Stage
from webhook.injection.placement import OwnProxy, own_proxy_place, place, refuse_collisions
from webhook.injection.podfacts import facts_of, labels_of
from webhook.injection.probes import Rewrites, Rewriting, rewrite
from webhook.injection.sidecar import Sidecar
from webhook.injection.user_overlay import user_overlay
from webhook.injection.workload import Workload
from webhook.model import names
from webhook.model.edits import Edit, Set
from webhook.model.errors import PodRejected
from webhook.model.pod import Pod
from webhook.model.settings import RedirectMode


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
    pod: Pod,
    context: Context,
    workload: Workload,
    sidecar: Sidecar,
    *,
    overlay: record.Undo | None,
    value: Callable[[], Any],
) -> Plan:
    """Return what injection changes in the pod.

    Args:
        pod: without any sidecar of ours.
        context: what is known beside the pod.
        workload: which the pod belongs to.
        sidecar: prepared for the pod's annotations.
        overlay: how to undo the configured overlays, which were applied to the pod before.
        value: gives the pod's JSON value; asked for only when the pod declares its own proxy.

    Raises:
        PodRejected: the pod cannot be injected; the message says what to change.
    """
    settings = sidecar.settings
    native = settings.proxy.native
    refuse_collisions(pod, sidecar.volume_names)
    application = [each for each in pod.containers if each.name != names.PROXY]

    # 1. The workload: a Job cannot end beside a classic sidecar.
    if workload.is_job and not native:
        raise PodRejected(
            f"{workload.kind} {workload.name} would never complete beside a classic sidecar; "
            'set the annotation "sidecar.istio.io/nativeSidecar" to "true"'
        )

    # 2. The shape of the pod: creations, volumes, pull secrets and annotations of every such pod.
    labels = labels_of(pod, workload, settings.pilot.network)
    shape = shape_of(pod, labels, sidecar.annotation_keys, sidecar.pull_secrets)
    common = sidecar.layout(shape)

    # 3. Labels, and the annotations that name the application's container.
    edits: list[Edit] = [Set((*LABELS, key), labels[key]) for key in shape.labels]
    first = application[0].name
    edits += [Set((*ANNOTATIONS, key), first) for key in _NAMING if key in shape.annotations]

    # 4. Probes and hooks, and annotations that a plugin could not read.
    rewrites = _rewrites(pod, context.token, sidecar)
    replacing = [*rewrites.edits, *_for_plugin(pod, sidecar)]
    edits += replacing

    # 5. The init container, and the proxy with the pod's own `istio-proxy` merged over it.
    hook_ports = rewrites.hook_ports
    init = sidecar.init(tuple(dict.fromkeys(hook_ports)) if hook_ports else ())
    facts = facts_of(application, workload, labels, context.namespace, settings)
    proxy = Raw(sidecar.proxy(facts, tuple(rewrites.targets), context.token))
    own = None
    if pod.spec.initContainers or len(application) < len(pod.containers):
        own = _own_proxy(pod, value)
    if own is not None:
        mode = settings.proxy.overlay
        proxy = Raw(msgspec.json.encode(user_overlay(msgspec.json.decode(proxy), own.value, mode)))
    edits += place(pod, init, proxy, own, native=native)

    # 6. The record of all that.
    before = record.undo_of(replacing)
    blank = common.blank
    if own is not None or overlay is not None or before.added:
        before = record.undo_of([*common.first, *edits, *common.last])
        blank = record.blank(before, sidecar.identity, overlay)
    status = _status(shape, blank, before.replaced, context.token)
    edits.append(status)

    whole = (*common.first, *edits[:-1], *common.last, status)
    _check_size(pod, whole, sidecar.for_plugin)
    said = advice(pod, application, sidecar, context.namespace_labels)
    return Plan(
        Stage(whole, pod, rendered=common.rendered, rest=edits),
        (*sidecar.warnings, *rewrites.warnings, *said),
    )


_NAMING = (names.DEFAULT_CONTAINER, names.DEFAULT_LOGS_CONTAINER)
_NOTHING_REWRITTEN = Rewrites([], [], [], [])


def _rewrites(pod: Pod, token: str, sidecar: Sidecar) -> Rewrites:
    settings = sidecar.settings
    if not settings.probes.rewrite:
        return _NOTHING_REWRITTEN
    proxy = settings.proxy
    excludes = settings.redirect.mode is RedirectMode.INIT
    rewriting = Rewriting(
        sidecar.capture, proxy.ports.probes, token, proxy.native, names.PROXY, excludes
    )
    return rewrite(pod, rewriting)


def _for_plugin(pod: Pod, sidecar: Sidecar) -> list[Edit]:
    """Return the edits that put the pod's own annotations into the form that a plugin reads."""
    held = pod.annotations
    return [
        Set((*ANNOTATIONS, key), text, held[key])
        for key, text in sidecar.for_plugin
        if key in held and held[key] != text
    ]


def _own_proxy(pod: Pod, value: Callable[[], Any]) -> OwnProxy | None:
    found = own_proxy_place(pod)
    if found is None:
        return None
    where, before = found
    declared = next(c for c in value()["spec"][where] if c.get("name") == names.PROXY)
    return OwnProxy(where, before, declared)


def _status(
    shape: Shape, blank: record.Blank, replaced: Sequence[record.Replaced], token: str
) -> Set:
    path = (*ANNOTATIONS, names.STATUS)
    was = shape.status_was
    if was:
        # Absent; or a copy that names nothing in this pod, which does not come back.
        return Set(path, blank.fill(token, replaced))
    # A status annotation without text is not ours, and comes back as it was.
    noted = (*replaced, record.Replaced(record.pointer(path), was))
    return Set(path, blank.fill(token, noted), was)


def _check_size(pod: Pod, edits: Sequence[Edit], for_plugin: Sequence[tuple[str, str]]) -> None:
    """Refuse what the API server would refuse with a less helpful message."""
    held = pod.annotations
    # A character takes at most four bytes, and ours beside those for a plugin 36 KiB: the record
    # and a few short ones.
    length = sum(map(len, held)) + sum(map(len, filter(None, held.values())))
    length += sum(len(key) + len(text) for key, text in for_plugin)
    if 4 * length <= names.ANNOTATIONS_LIMIT - names.STATUS_LIMIT - 4096:
        return
    ours = {
        str(edit.path[-1]): edit.value
        for edit in edits
        if isinstance(edit, Set) and edit.path[:-1] == ANNOTATIONS and edit.value
    }
    found = {**held, **ours}.items()
    size = sum(len(key.encode()) + len((text or "").encode()) for key, text in found)
    if size > names.ANNOTATIONS_LIMIT:
        raise PodRejected(
            f"metadata.annotations: got {size} bytes with ours, expected at most "
            f"{names.ANNOTATIONS_LIMIT}; shorten the pod's own"
        )
