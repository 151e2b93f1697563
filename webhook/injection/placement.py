"""Where our containers, volumes and pull secrets go among the pod's own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import UNSET, Raw, Struct

from webhook.injection.overview import Overview
from webhook.model import names
from webhook.model.edits import ABSENT, PRESENT, Drop, Edit, Item, Put
from webhook.model.errors import PodRejected
from webhook.model.pod import Container, Pod

Named = tuple[str, Raw]
"""A list element's name and its JSON text."""


_NOT_TO_BE_USED = frozenset(("", *names.RESERVED_CONTAINERS))


class OwnProxy(Struct, frozen=True):
    """The pod's own `istio-proxy`, an overlay of ours, and where it stands."""

    where: str
    before: str | None
    """The container that follows it."""
    value: dict[str, Any]


def own_proxy_place(look: Overview) -> tuple[str, str | None] | None:
    """Return the list that holds the pod's own `istio-proxy` and the name that follows it there."""
    if names.PROXY not in look.names:
        return None
    for where, containers in _lists(look):
        found = [container.name for container in containers]
        if names.PROXY in found:
            following = found[found.index(names.PROXY) + 1 :]
            return where, following[0] if following else None
    return None


def refuse_collisions(look: Overview, volumes: frozenset[str]) -> None:
    """Check that no name of ours is taken; `volumes` are the names of ours.

    Raises:
        PodRejected: a container or volume has a name that injection needs, two containers share a
            name (the API server refuses them too), or there is no application container.
    """
    found = look.names
    if not look.application and len(look.containers) < 2:
        raise PodRejected("spec.containers: got none of an application, expected at least one")
    if len(set(found)) != len(found) or not _NOT_TO_BE_USED.isdisjoint(found):
        raise PodRejected(next(_collisions(look)))
    if look.pod.spec.volumes:
        taken = volumes.intersection([volume.name for volume in look.pod.spec.volumes])
        if taken:
            raise PodRejected(
                f'spec.volumes: got the name "{min(taken)}", which is reserved for injection; '
                "rename it"
            )


def _collisions(look: Overview) -> Iterator[str]:
    """Yield a sentence about each name that is missing, reserved or stands twice."""
    seen: set[str] = set()
    for where, containers in _lists(look):
        for container in containers:
            name = container.name
            if not name:
                yield f"spec.{where}: got a container without a name, expected one"
            if name in names.RESERVED_CONTAINERS:
                reserved = f'got the name "{name}", which is reserved for injection'
                yield f"spec.{where}: {reserved}; rename it"
            if name in seen:
                yield f'spec.{where}: got the name "{name}" twice, expected each once'
            seen.add(name)


def place(
    pod: Pod, init: Named | None, proxy: Raw, own: OwnProxy | None, *, native: bool
) -> list[Edit]:
    """Return the edits that put our containers in.

    Native: both before the user's init containers, so that those have a network. Classic: the init
    container after the user's, which still reach the network before it is redirected to a proxy
    that does not run yet, and the proxy as the last container.
    """
    edits: list[Edit] = []
    if own is not None:
        path = ("spec", own.where)
        edits.append(Drop((*path, Item(names.PROXY)), own.value, own.before))
    items: tuple[Raw, ...]
    called: tuple[str, ...]
    if native:
        following = None
        for container in pod.spec.initContainers or ():
            if container.name != names.PROXY:
                following = container.name
                break
        if init is None:
            items, called = (proxy,), (names.PROXY,)
        else:
            items, called = (init[1], proxy), (init[0], names.PROXY)
        held = was(pod.spec.initContainers)
        edits.append(put("initContainers", following, items, called, held))
        return edits
    if init is not None:
        held = was(pod.spec.initContainers)
        edits.append(put("initContainers", None, (init[1],), (init[0],), held))
    edits.append(put("containers", None, (proxy,), (names.PROXY,), was(pod.spec.containers)))
    return edits


def put(
    key: str, before: str | None, items: tuple[Raw, ...], called: tuple[str, ...], was: Any
) -> Put:
    """Return the edit that puts items of these names into a list of `spec`."""
    return Put(("spec", key), before, items, called, was)


def was(held: Any) -> Any:
    """Return what an edit says was there before, for a member of a view."""
    if held:
        return PRESENT
    return ABSENT if held is UNSET else None if held is None else PRESENT


def _lists(look: Overview) -> tuple[tuple[str, Sequence[Container]], ...]:
    return ("containers", look.containers), ("initContainers", look.init_containers)
