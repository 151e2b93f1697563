"""The plan: every edit that makes a pod an injected pod, in eight numbered steps."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec
from msgspec import UNSET, Raw, Struct

from webhook import __version__
from webhook.injection import record
from webhook.injection.advice import advice
from webhook.injection.user_overlay import user_overlay
from webhook.injection.placement import (
    OwnProxy,
    own_proxy_place,
    place,
    put_missing,
    refuse_collisions,
)
from webhook.injection.podfacts import facts_of, labels_of
from webhook.injection.probes import Rewrites, Rewriting, rewrite
from webhook.injection.sidecar import Sidecar
from webhook.injection.workload import Workload
from webhook.model import names
from webhook.model.edits import ABSENT, Edit, Set
from webhook.model.errors import PodRejected
from webhook.model.pod import Pod


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
    """Edits in the coordinates of the pod that was planned for, the status annotation last."""

    edits: tuple[Edit, ...]
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

    # 2. Labels.
    labels = labels_of(pod, workload, settings.pilot.network)
    edits = _members(pod, "labels", labels.items())

    # 3. Probes and hooks.
    rewrites = _rewrites(pod, context.token, sidecar)
    edits += rewrites.edits

    # 4. The init container.
    init = sidecar.init(tuple(dict.fromkeys(rewrites.hook_ports)))

    # 5. The proxy, with the pod's own `istio-proxy` merged over it.
    facts = facts_of(application, workload, labels, context.namespace, settings)
    proxy = Raw(sidecar.proxy(facts, tuple(rewrites.targets), context.token))
    own = _own_proxy(pod, value)
    if own is not None:
        mode = settings.proxy.overlay
        proxy = Raw(msgspec.json.encode(user_overlay(msgspec.json.decode(proxy), own.value, mode)))
    edits += place(pod, init, proxy, own, native=native)

    # 6. Volumes and pull secrets.
    edits += put_missing(pod, "volumes", sidecar.volumes)
    edits += put_missing(pod, "imagePullSecrets", sidecar.pull_secrets)

    # 7. Annotations.
    first = application[0].name
    annotations = (
        *sidecar.annotations,
        (names.DEFAULT_CONTAINER, first),
        (names.DEFAULT_LOGS_CONTAINER, first),
    )
    edits += _members(pod, "annotations", annotations)

    # 8. The record of all that.
    edits.append(_status(pod, edits, context.token, sidecar, overlay))
    _check_size(pod, edits)
    said = advice(pod, application, sidecar, context.namespace_labels)
    return Plan(tuple(edits), (*sidecar.warnings, *rewrites.warnings, *said))


def _members(pod: Pod, kind: str, wanted: Iterable[tuple[str, str]]) -> list[Edit]:
    """Return the edits that add the labels or annotations that the pod lacks.

    What is to hold them is created first, as an empty object, so that undoing it can tell whether
    others have added to it.
    """
    edits: list[Edit] = []
    metadata = pod.metadata
    held: Any = UNSET
    if metadata is not UNSET and metadata is not None:
        held = getattr(metadata, kind)
    elif kind == "labels":
        edits.append(Set(("metadata",), {}, ABSENT if metadata is UNSET else None))
    if held is UNSET or held is None:
        edits.append(Set(("metadata", kind), {}, ABSENT if held is UNSET else None))
        held = ()
    edits += [Set(("metadata", kind, key), text) for key, text in wanted if key not in held]
    return edits


def _rewrites(pod: Pod, token: str, sidecar: Sidecar) -> Rewrites:
    settings = sidecar.settings
    if not settings.probes.rewrite:
        return Rewrites([], [], [], [])
    proxy = settings.proxy
    rewriting = Rewriting(sidecar.capture, proxy.ports.probes, token, proxy.native, names.PROXY)
    return rewrite(pod, rewriting)


def _own_proxy(pod: Pod, value: Callable[[], Any]) -> OwnProxy | None:
    found = own_proxy_place(pod)
    if found is None:
        return None
    where, before = found
    declared = next(c for c in value()["spec"][where] if c.get("name") == names.PROXY)
    return OwnProxy(where, before, declared)


def _status(
    pod: Pod, edits: list[Edit], token: str, sidecar: Sidecar, overlay: record.Undo | None
) -> Set:
    path = ("metadata", "annotations", names.STATUS)
    # A status annotation without text is not ours, and comes back as it was; any other one that gets
    # here is a copy that names nothing in this pod, and does not.
    was: Any = pod.annotations.get(names.STATUS, ABSENT)
    noted = edits if was else [*edits, Set(path, "", was)]
    text = record.write(
        record.undo_of(noted),
        revision=sidecar.settings.revision,
        version=__version__,
        fingerprint=sidecar.fingerprint,
        token=token,
        overlay=overlay,
    )
    return Set(path, text, ABSENT if was else was)


def _check_size(pod: Pod, edits: list[Edit]) -> None:
    """Refuse what the API server would refuse with a less helpful message."""
    held = pod.annotations
    # A character takes at most four bytes, and ours 36 KiB: the record and a few short ones.
    length = sum(map(len, held)) + sum(map(len, filter(None, held.values())))
    if 4 * length <= names.ANNOTATIONS_LIMIT - names.STATUS_LIMIT - 4096:
        return
    ours = {
        str(edit.path[-1]): edit.value
        for edit in edits
        if isinstance(edit, Set) and edit.path[:-1] == ("metadata", "annotations") and edit.value
    }
    found = {**held, **ours}.items()
    size = sum(len(key.encode()) + len((text or "").encode()) for key, text in found)
    if size > names.ANNOTATIONS_LIMIT:
        raise PodRejected(
            f"metadata.annotations: got {size} bytes with ours, expected at most "
            f"{names.ANNOTATIONS_LIMIT}; shorten the pod's own"
        )
