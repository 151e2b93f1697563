"""Which documents hold pods, and where."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from webhook.manifests.document import Document
from webhook.model.settings import ExtraKind

_TEMPLATE: Final = ("spec", "template")
_KINDS: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "Pod": {"v1": ()},
    "ReplicationController": {"v1": _TEMPLATE},
    "PodTemplate": {"v1": ("template",)},
    "Deployment": {"apps/v1": _TEMPLATE},
    "ReplicaSet": {"apps/v1": _TEMPLATE},
    "StatefulSet": {"apps/v1": _TEMPLATE},
    "DaemonSet": {"apps/v1": _TEMPLATE},
    "Job": {"batch/v1": _TEMPLATE},
    "CronJob": {"batch/v1": ("spec", "jobTemplate", "spec", "template")},
    "DeploymentConfig": {"apps.openshift.io/v1": _TEMPLATE},
}
"""Kind to apiVersion to the members that lead to the pod template; `()` is the pod itself."""
_LISTS: Final = frozenset({"List", "ResourceList"})
_NESTED: Final = 8
"""Lists in lists; kubectl's own builders make one level."""


class Owner(msgspec.Struct, frozen=True):
    """The object that a pod template stands in; for a bare pod, the pod itself.

    `name` may be empty; `namespace` is empty if the manifest leaves it to kubectl.
    """

    api_version: str
    kind: str
    name: str
    namespace: str


class Workload(msgspec.Struct, frozen=True):
    """A pod, or the template of one, in a document."""

    path: tuple[str | int, ...]
    pod: Any
    owner: Owner


class Survey(msgspec.Struct, frozen=True):
    """What was found in a document: the pods, and a sentence for each kind that was passed over."""

    workloads: tuple[Workload, ...]
    warnings: tuple[str, ...] = ()


class _Object(NamedTuple):
    """A Kubernetes object in a document, with the identity that a typed list lends it."""

    path: tuple[str | int, ...]
    value: dict[str, Any]
    api_version: str
    kind: str


def survey(
    document: Document, extra_kinds: Iterable[ExtraKind] = (), *, strict: bool = False
) -> Survey:
    """Find the pods of a document.

    A document whose plain top-level `kind` cannot hold one is not parsed unless `strict`.

    Raises:
        ManifestError: the document cannot be read, or a workload has no pod template.
    """
    kinds = _with(extra_kinds)
    if document.kind is not None and not strict and not _may_hold(document.kind, kinds):
        return Survey(())
    found: list[Workload] = []
    warnings: list[str] = []
    for each in objects(document):
        versions = kinds.get(each.kind)
        if versions is None:
            continue
        path = versions.get(each.api_version)
        if path is None:
            warnings.append(_unknown(document, each, versions))
        else:
            found.append(_workload(document, each, path))
    return Survey(tuple(found), tuple(warnings))


def namespace_labels(documents: Iterable[Document]) -> dict[str, dict[str, str]]:
    """Collect the labels of the Namespace objects among documents, by namespace name.

    Raises:
        ManifestError: a document that may hold a Namespace cannot be read.
    """
    labels: dict[str, dict[str, str]] = {}
    for document in documents:
        if (
            document.kind is not None
            and document.kind != "Namespace"
            and not _is_list(document.kind)
        ):
            continue
        for each in objects(document):
            if each.kind == "Namespace" and each.api_version == "v1":
                metadata = _mapping(each.value.get("metadata"))
                given = _mapping(metadata.get("labels"))
                labels[str(metadata.get("name"))] = {
                    key: value for key, value in given.items() if isinstance(value, str)
                }
    return labels


def objects(document: Document) -> tuple[_Object, ...]:
    """Give the objects of a document, those in lists one by one.

    Raises:
        ManifestError: the document cannot be read, or is no object or list of objects.
    """
    value = document.value
    if value is None:
        return ()
    if not isinstance(value, dict):
        raise document.inner.error(0, _shown(value), "an object with apiVersion and kind")
    return tuple(_objects(document, (), value, ("", ""), _NESTED))


def _objects(
    document: Document,
    path: tuple[str | int, ...],
    value: dict[str, Any],
    lent: tuple[str, str],
    depth: int,
) -> Iterator[_Object]:
    api_version = _string(value.get("apiVersion")) or lent[0]
    kind = _string(value.get("kind")) or lent[1]
    items = value.get("items")
    if not _is_list(kind) or (kind not in _LISTS and not isinstance(items, list)):
        yield _Object(path, value, api_version, kind)
        return
    if items is None:
        return
    if not isinstance(items, list):
        raise _wrong(document, (*path, "items"), items, "a list")
    if depth == 0:
        raise _wrong(document, path, value, f"at most {_NESTED} lists in each other")
    inner = ("", "") if kind in _LISTS else (api_version, kind.removesuffix("List"))
    for index, item in enumerate(items):
        place = (*path, "items", index)
        if not isinstance(item, dict):
            raise _wrong(document, place, item, "an object")
        yield from _objects(document, place, item, inner, depth - 1)


def _workload(document: Document, each: _Object, path: Sequence[str]) -> Workload:
    value: Any = each.value
    for depth, step in enumerate(path, 1):
        value = value.get(step)
        if not isinstance(value, dict):
            raise _wrong(
                document, (*each.path, *path[:depth]), value, "an object", within=each.kind
            )
    spec = value.get("spec")
    if not isinstance(spec, dict):
        place = (*each.path, *path, "spec")
        raise _wrong(document, place, spec, "an object", within=each.kind)
    metadata = _mapping(each.value.get("metadata"))
    name = _string(metadata.get("name")) or _string(metadata.get("generateName"))
    owner = Owner(each.api_version, each.kind, name, _string(metadata.get("namespace")))
    return Workload((*each.path, *path), value, owner)


def _with(extra_kinds: Iterable[ExtraKind]) -> dict[str, dict[str, tuple[str, ...]]]:
    kinds = dict(_KINDS)
    for extra in extra_kinds:
        api_version = f"{extra.group}/{extra.version}" if extra.group else extra.version
        kinds[extra.kind] = {**kinds.get(extra.kind, {}), api_version: tuple(extra.path)}
    return kinds


def _may_hold(kind: str, kinds: dict[str, dict[str, tuple[str, ...]]]) -> bool:
    return kind in kinds or _is_list(kind)


def _is_list(kind: str) -> bool:
    return kind.endswith("List")


def _unknown(document: Document, each: _Object, versions: Iterable[str]) -> str:
    place = document.inner
    line = place.line + document.line_of((*each.path, "apiVersion"))
    return (
        f"{place.source}, document {place.number}, line {line}: {each.kind} passed through, "
        f'got apiVersion "{each.api_version}", expected {" or ".join(sorted(versions))}'
    )


def _wrong(
    document: Document, path: tuple[str | int, ...], got: Any, expected: str, *, within: str = ""
) -> Exception:
    field = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    owner = f"{within} " if within else ""
    return document.inner.error(
        document.line_of(path),
        f"{_shown(got)} for {owner}{field.lstrip('.') or 'the document'}",
        expected,
    )


def _shown(value: Any) -> str:
    match value:
        case None:
            return "nothing"
        case list():
            return "a list"
        case dict():
            return "an object"
        case str():
            return f'the text "{value[:40]}"'
        case _:
            return f"the value {str(value)[:40].lower()}"


def _string(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
