"""Where our containers, volumes and pull secrets go among the pod's own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import UNSET, Raw, Struct

from webhook.model import names
from webhook.model.edits import ABSENT, PRESENT, Drop, Edit, Item, Put
from webhook.model.errors import PodRejected
from webhook.model.pod import Container, Pod

Named = tuple[str, Raw]
"""A list element's name and its JSON text."""


class OwnProxy(Struct, frozen=True):
    """The pod's own `istio-proxy`, an overlay of ours, and where it stands."""

    where: str
    before: str | None
    """The container that follows it."""
    value: dict[str, Any]


def own_proxy_place(pod: Pod) -> tuple[str, str | None] | None:
    """Return the list that holds the pod's own `istio-proxy` and the name that follows it there."""
    for where, containers in _lists(pod):
        for index, container in enumerate(containers):
            if container.name == names.PROXY:
                following = containers[index + 1].name if index + 1 < len(containers) else None
                return where, following
    return None


def refuse_collisions(pod: Pod, volumes: Sequence[Named]) -> None:
    """Check that no name of ours is taken.

    Raises:
        PodRejected: a container or volume has a name that injection needs, two containers share a
            name (the API server refuses them too), or there is no application container.
    """
    seen: set[str] = set()
    for where, containers in _lists(pod):
        for container in containers:
            name = container.name
            if name in names.RESERVED_CONTAINERS:
                raise PodRejected(
                    f'spec.{where}: got the name "{name}", which is reserved for injection; rename it'
                )
            if name in seen:
                raise PodRejected(f'spec.{where}: got the name "{name}" twice, expected each once')
            seen.add(name)
    if all(container.name == names.PROXY for container in pod.containers):
        raise PodRejected("spec.containers: got none of an application, expected at least one")
    reserved = {name for name, _ in volumes}
    for volume in pod.spec.volumes or ():
        if volume.name in reserved:
            raise PodRejected(
                f'spec.volumes: got the name "{volume.name}", which is reserved for injection; rename it'
            )


def place(
    pod: Pod, init: Named | None, proxy: Raw, own: OwnProxy | None, *, native: bool
) -> list[Edit]:
    """Return the edits that put our containers in.

    Native: both before the user's init containers, so that those have a network. Classic: the init
    container after the user's, which still reach the network before it is redirected to a proxy that
    does not run yet, and the proxy as the last container.
    """
    edits: list[Edit] = []
    if own is not None:
        path = ("spec", own.where)
        edits.append(Drop((*path, Item(names.PROXY)), own.value, own.before))
    first = () if init is None else (init,)
    if native:
        following = next((c.name for c in pod.init_containers if c.name != names.PROXY), None)
        return [*edits, _put(pod, "initContainers", following, (*first, (names.PROXY, proxy)))]
    if first:
        edits.append(_put(pod, "initContainers", None, first))
    return [*edits, _put(pod, "containers", None, ((names.PROXY, proxy),))]


def put_missing(pod: Pod, key: str, wanted: Sequence[Named]) -> list[Edit]:
    """Return the edit that appends those elements to a list of `spec` whose names it lacks."""
    held = getattr(pod.spec, key)
    present = {item.name for item in held} if held else ()
    missing = tuple(item for item in wanted if item[0] not in present)
    return [_put(pod, key, None, missing)] if missing else []


def _put(pod: Pod, key: str, before: str | None, named: Sequence[Named]) -> Put:
    held = getattr(pod.spec, key)
    was = ABSENT if held is UNSET else None if held is None else PRESENT
    return Put(
        ("spec", key),
        before,
        tuple(item for _, item in named),
        tuple(name for name, _ in named),
        was,
    )


def _lists(pod: Pod) -> tuple[tuple[str, list[Container]], ...]:
    return ("containers", pod.containers), ("initContainers", pod.init_containers)
