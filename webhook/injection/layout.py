"""The edits that all pods of one shape have in common, made and rendered once.

A shape says what is there already, not what it holds; the few shapes that a cluster has serve all
of its pods. What differs from pod to pod, such as values, probes and the proxy, is `plan`'s.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from msgspec import UNSET, Raw, Struct

from webhook.injection import record
from webhook.injection.patch import operations
from webhook.injection.placement import Named, put, was
from webhook.model import names
from webhook.model.edits import ABSENT, PRESENT, Edit, Put, Set
from webhook.model.pod import Metadata, Pod, Spec

LABELS = ("metadata", "labels")
ANNOTATIONS = ("metadata", "annotations")


class Shape(NamedTuple):
    """What of a pod decides where things go; each `…_was` in the sense of an edit."""

    metadata_was: Any
    labels_was: Any
    labels: tuple[str, ...]
    """Those of ours that are missing."""
    annotations_was: Any
    annotations: tuple[str, ...]
    status_was: Any
    volumes_was: Any
    secrets_was: Any
    secrets: tuple[str, ...]
    init_containers_was: Any


class Layout(Struct, frozen=True):
    """The common edits, before and after a pod's own."""

    first: tuple[Edit, ...]
    last: tuple[Edit, ...]
    rendered: bytes
    """All of them as JSON Patch operations."""
    blank: record.Blank


def shape_of(
    pod: Pod, labels: Iterable[str], annotations: Iterable[str], secrets: Sequence[Named]
) -> Shape:
    """Return the shape of a pod that is to have these labels, annotations and pull secrets."""
    metadata, spec = pod.metadata, pod.spec
    held: Any = UNSET
    noted: Any = UNSET
    metadata_was: Any = PRESENT
    if isinstance(metadata, Metadata):
        held, noted = metadata.labels, metadata.annotations
    else:
        metadata_was = ABSENT if metadata is UNSET else None
    have, marked = held or (), noted or {}
    return Shape(
        metadata_was,
        was(held),
        tuple([key for key in labels if key not in have]),
        was(noted),
        tuple([key for key in annotations if key not in marked]),
        marked.get(names.STATUS, ABSENT) if marked else ABSENT,
        was(spec.volumes),
        was(spec.imagePullSecrets),
        _missing(spec, secrets) if secrets else (),
        was(spec.initContainers),
    )


def _missing(spec: Spec, secrets: Sequence[Named]) -> tuple[str, ...]:
    have = {item.name for item in spec.imagePullSecrets or ()}
    return tuple([name for name, _ in secrets if name not in have])


def layout(
    shape: Shape,
    annotations: Sequence[tuple[str, str]],
    volumes: Sequence[Named],
    secrets: Sequence[Named],
    placed: Sequence[str],
    identity: record.Identity,
    *,
    native: bool,
) -> Layout:
    """Return what pods of a shape have in common.

    Args:
        shape: what is there already.
        annotations: those of ours whose text is the same for every pod.
        volumes: ours.
        secrets: the pull secrets that pods are to have.
        placed: names of our containers, the init container first.
        identity: whose injection it is.
        native: whether all of them are init containers.
    """
    texts = dict(annotations)
    first = [
        *_creations(shape),
        *(Set((*ANNOTATIONS, key), texts[key]) for key in shape.annotations if key in texts),
    ]
    last: list[Edit] = [_put("volumes", volumes, shape.volumes_was)]
    missing = [named for named in secrets if named[0] in shape.secrets]
    if missing:
        last.append(_put("imagePullSecrets", missing, shape.secrets_was))
    stand_ins: list[Edit] = [
        *(Set((*LABELS, key), "") for key in shape.labels),
        *(Set((*ANNOTATIONS, key), "") for key in shape.annotations if key not in texts),
        *_placed(shape, placed, native=native),
    ]
    undo = record.undo_of([*first, *stand_ins, *last])
    common = (*first, *last)
    return Layout(
        tuple(first),
        tuple(last),
        operations(common, Pod(spec=Spec())),
        record.blank(undo, identity, None),
    )


def _creations(shape: Shape) -> Iterable[Edit]:
    """Yield the creation of what holds labels and annotations, empty at first.

    So undoing it can tell whether others have added to it.
    """
    if shape.metadata_was is not PRESENT:
        yield Set(("metadata",), {}, shape.metadata_was)
    if shape.labels_was is not PRESENT and shape.labels:
        yield Set(LABELS, {}, shape.labels_was)
    if shape.annotations_was is not PRESENT:
        yield Set(ANNOTATIONS, {}, shape.annotations_was)


def _put(key: str, named: Sequence[Named], held: Any) -> Put:
    return put(key, None, tuple(item for _, item in named), tuple(name for name, _ in named), held)


def _placed(shape: Shape, placed: Sequence[str], *, native: bool) -> Iterable[Put]:
    """Yield stand-ins for the edits that place our containers."""
    inits = placed if native else placed[:-1]
    if inits:
        blanks = tuple(Raw(b"null") for _ in inits)
        yield put("initContainers", None, blanks, tuple(inits), shape.init_containers_was)
    if not native:
        yield put("containers", None, (Raw(b"null"),), (placed[-1],), PRESENT)
