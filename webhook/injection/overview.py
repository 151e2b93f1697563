"""A pod looked through once: what several steps want to know of its containers."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from webhook.model import names
from webhook.model.pod import Container, ContainerPort, Labels, Pod


class Asked(Struct, frozen=True):
    """A container with a probe or a hook, and where it stands."""

    where: str
    """`containers` or `initContainers`."""
    position: int
    container: Container


class Overview(Struct, frozen=True):
    """What one pass over a pod's containers finds."""

    pod: Pod
    labels: Labels
    annotations: Labels
    containers: Sequence[Container]
    init_containers: Sequence[Container]
    names: Sequence[str]
    """Of all containers, the init containers last."""
    application: Sequence[Container]
    """The containers without a proxy of ours, or one that the pod declares itself."""
    ports: Sequence[ContainerPort]
    """Of the application."""
    asked: Sequence[Asked]
    """Of the application, and native sidecars of its own: kubelet runs no others' handlers."""


def overview(pod: Pod) -> Overview:
    """Look through a pod."""
    containers, inits = pod.spec.containers or (), pod.spec.initContainers or ()
    called = [container.name for container in containers]
    application = containers
    if names.PROXY in called:
        application = [container for container in containers if container.name != names.PROXY]
    ports: list[ContainerPort] = []
    asked: list[Asked] = []
    for position, container in enumerate(containers):
        if container.ports and container.name != names.PROXY:
            ports += container.ports
        if (
            container.livenessProbe
            or container.readinessProbe
            or container.startupProbe
            or container.lifecycle
        ) and container.name != names.PROXY:
            asked.append(Asked("containers", position, container))
    for position, container in enumerate(inits):
        called.append(container.name)
        if container.restartPolicy == "Always" and container.name != names.PROXY:
            asked.append(Asked("initContainers", position, container))
    return Overview(
        pod, pod.labels, pod.annotations, containers, inits, called, application, ports, asked
    )
