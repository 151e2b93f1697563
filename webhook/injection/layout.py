"""The edits that all pods of one shape have in common, and their patch, rendered once.

A shape says what is there already, not what it holds; the few shapes that a cluster has serve all
of its pods. `Layout.edits` takes what differs from pod to pod, such as values, probes and the
proxy. The patch is rendered from these very edits with stand-ins, and cut where they lie.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec
from msgspec import UNSET, Raw, Struct

from webhook.bootstrap.template import Template, template
from webhook.injection import record
from webhook.injection.patch import Stage, operations
from webhook.injection.placement import Named, OwnProxy, place, put, was
from webhook.injection.sidecar import Sidecar
from webhook.model import names
from webhook.model.edits import ABSENT, PRESENT, Edit, Set
from webhook.model.errors import PodRejected
from webhook.model.pod import Container, Metadata, Pod, Spec

LABELS = ("metadata", "labels")
ANNOTATIONS = ("metadata", "annotations")
STATUS = (*ANNOTATIONS, names.STATUS)
_NAMING = (names.DEFAULT_CONTAINER, names.DEFAULT_LOGS_CONTAINER)

_STAND_IN: Final = "\ue000"
"""Begins whatever stands for a part of a pod."""
_FIRST: Final = f"{_STAND_IN}first"
_STATUS: Final = f"{_STAND_IN}status"
_PROXY: Final = f"{_STAND_IN}proxy"
_OPERATIONS: Final = Set(("metadata", f"{_STAND_IN}operations"), None)
_OTHER: Final = Container(name=f"{_STAND_IN}other")


class Shape(Struct, frozen=True):
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
    has_init_containers: bool


class Values(Struct, frozen=True):
    """What differs between pods of one shape."""

    labels: Mapping[str, str]
    first: str
    """The name of the application's first container."""
    replacing: Sequence[Edit]
    """Of probes, hooks and annotations."""
    init: Named | None
    proxy: Raw
    own: OwnProxy | None


class Layout(Struct, frozen=True):
    """What pods of a shape have in common."""

    shape: Shape
    first: tuple[Edit, ...]
    last: tuple[Edit, ...]
    native: bool
    blank: record.Blank
    label_holes: tuple[tuple[bytes, str], ...]
    """Holes of `patch` and the labels whose JSON text belongs there; beside them are `first` and
    `status`, JSON texts too, `operations`, each followed by a comma, and the proxy container's."""
    patch: Template

    def edits(self, pod: Pod, values: Values) -> tuple[Edit, ...]:
        """Return all edits of a pod that has this shape, but the status, which comes last."""
        shape = self.shape
        return (
            *self.first,
            *(Set((*LABELS, key), values.labels[key]) for key in shape.labels),
            *(
                Set((*ANNOTATIONS, key), values.first)
                for key in _NAMING
                if key in shape.annotations
            ),
            *values.replacing,
            *place(pod, values.init, values.proxy, values.own, native=self.native),
            *self.last,
        )


def shape_of(
    pod: Pod, labels: Sequence[str], annotations: tuple[str, ...], secrets: Sequence[Named]
) -> Shape:
    """Return the shape of a pod that is to have these annotations and pull secrets.

    `labels` are those of ours that are missing.
    """
    metadata, spec = pod.metadata, pod.spec
    held: Any = UNSET
    noted: Any = UNSET
    metadata_was: Any = PRESENT
    if isinstance(metadata, Metadata):
        held, noted = metadata.labels, metadata.annotations
    else:
        metadata_was = ABSENT if metadata is UNSET else None
    status_was: Any = ABSENT
    if noted and not noted.keys().isdisjoint((*annotations, names.STATUS)):
        text = noted.get(names.STATUS, ABSENT)
        # A text does not come back (see `plan`), and each would make a shape of its own.
        status_was = ABSENT if text else text
        annotations = tuple([key for key in annotations if key not in noted])
    return Shape(
        metadata_was,
        PRESENT if held else was(held),
        tuple(labels),
        PRESENT if noted else was(noted),
        annotations,
        status_was,
        PRESENT if spec.volumes else was(spec.volumes),
        was(spec.imagePullSecrets),
        _missing(spec, secrets) if secrets else (),
        was(spec.initContainers),
        bool(spec.initContainers),
    )


def _missing(spec: Spec, secrets: Sequence[Named]) -> tuple[str, ...]:
    have = {item.name for item in spec.imagePullSecrets or ()}
    return tuple([name for name, _ in secrets if name not in have])


def layout(sidecar: Sidecar, shape: Shape) -> Layout:
    """Return what pods of a shape that get this sidecar have in common.

    Raises:
        PodRejected: the configuration holds the character that stands for parts of a pod.
    """
    texts = dict(sidecar.constant)
    first = (
        *_creations(shape),
        *(Set((*ANNOTATIONS, key), texts[key]) for key in shape.annotations if key in texts),
    )
    last: list[Edit] = [_put("volumes", sidecar.volumes, shape.volumes_was)]
    missing = [named for named in sidecar.pull_secrets if named[0] in shape.secrets]
    if missing:
        last.append(_put("imagePullSecrets", missing, shape.secrets_was))
    holes = tuple((b"label%d" % at, key) for at, key in enumerate(shape.labels))
    pod, stand_ins = _stand_in_pod(shape), _stand_ins(sidecar, holes)
    native = sidecar.settings.proxy.native
    bare = Layout(shape, first, tuple(last), native, record.Blank("", ""), holes, Template(b""))
    undo = record.undo_of(bare.edits(pod, stand_ins))
    whole = bare.edits(pod, msgspec.structs.replace(stand_ins, replacing=(_OPERATIONS,)))
    return msgspec.structs.replace(
        bare,
        blank=record.blank(undo, sidecar.identity, None),
        patch=_patch(pod, (*whole, Set(STATUS, _STATUS)), stand_ins, sidecar.container),
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


def _put(key: str, named: Sequence[Named], held: Any) -> Edit:
    return put(key, None, tuple(item for _, item in named), tuple(name for name, _ in named), held)


def _stand_in_pod(shape: Shape) -> Pod:
    """Return a pod of the shape, as far as `Layout.edits` looks at it."""
    held: Any = [_OTHER] if shape.has_init_containers else []
    if shape.init_containers_was is not PRESENT:
        held = UNSET if shape.init_containers_was is ABSENT else None
    return Pod(spec=Spec(containers=[_OTHER], initContainers=held))


def _stand_ins(sidecar: Sidecar, holes: Iterable[tuple[bytes, str]]) -> Values:
    return Values(
        labels={key: f"{_STAND_IN}{hole.decode()}" for hole, key in holes},
        first=_FIRST,
        replacing=(),
        init=sidecar.init(()),
        proxy=Raw(_quoted(_PROXY)),
        own=None,
    )


def _patch(pod: Pod, edits: Sequence[Edit], values: Values, container: Template) -> Template:
    text = operations(Stage(pod, lambda: edits))
    stand_ins = {
        **{hole[len(_STAND_IN) :].encode(): _quoted(hole) for hole in values.labels.values()},
        b"first": _quoted(_FIRST),
        b"operations": operations(Stage(pod, lambda: (_OPERATIONS,))) + b",",
        b"status": _quoted(_STATUS),
        b"proxy": _quoted(_PROXY),
    }
    naming = sum(1 for edit in edits if isinstance(edit, Set) and edit.value == _FIRST)
    if text.count(f'"{_STAND_IN}'.encode()) != len(values.labels) + naming + 2:
        raise PodRejected("the configuration: got text with U+E000, expected assigned characters")
    made = template(text, stand_ins).pattern
    return Template(b"[%b]" % made.replace(b"%(proxy)b", container.pattern))


def _quoted(text: str) -> bytes:
    return f'"{text}"'.encode()
