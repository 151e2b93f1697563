"""Views of a pod: the members that a decision or a plan reads, and no others.

A view is decoded from the pod's JSON text and never encoded again, so members that it does not know
survive in the text. What a probe or hook asks stays raw until something wants to rewrite it.
"""

from __future__ import annotations

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from webhook.model.errors import PodRejected

Labels = dict[str, str | None]
"""As on the wire: a null value reads as the empty string in Kubernetes."""

NOTHING = Raw(b"")
"""A raw member that is absent."""


class Owner(Struct, frozen=True):
    """An entry of `metadata.ownerReferences`."""

    apiVersion: str = ""
    kind: str = ""
    name: str = ""
    controller: bool | None = None


class Metadata(Struct, frozen=True):
    """`metadata` of a pod or a pod template."""

    name: str | None = None
    generateName: str | None = None
    namespace: str | None = None
    labels: Labels | UnsetType | None = UNSET
    annotations: Labels | UnsetType | None = UNSET
    ownerReferences: list[Owner] | None = None


class ContainerPort(Struct, frozen=True):
    """An entry of a container's `ports`; also written, as Pilot's node metadata has them."""

    name: str | UnsetType | None = UNSET
    containerPort: int = 0
    protocol: str | None = "TCP"


class SecurityContext(Struct, frozen=True):
    """Of a pod or a container: who it runs as."""

    runAsUser: int | None = None


class Probe(Struct, frozen=True):
    """A probe, or a handler of `lifecycle`: what it asks, and how often."""

    httpGet: Raw = NOTHING
    tcpSocket: Raw = NOTHING
    grpc: Raw = NOTHING
    timeoutSeconds: int | None = None
    periodSeconds: int | None = None


class Lifecycle(Struct, frozen=True):
    """`lifecycle` of a container."""

    postStart: Probe | None = None
    preStop: Probe | None = None


class Container(Struct, frozen=True):
    """A container or init container."""

    name: str = ""
    image: str | None = None
    restartPolicy: str | None = None
    ports: list[ContainerPort] | None = None
    securityContext: SecurityContext | None = None
    livenessProbe: Probe | None = None
    readinessProbe: Probe | None = None
    startupProbe: Probe | None = None
    lifecycle: Lifecycle | None = None


class Named(Struct, frozen=True):
    """A list element of which only the name matters."""

    name: str = ""


class OperatingSystem(Struct, frozen=True):
    """`spec.os`."""

    name: str = ""


class Spec(Struct, frozen=True):
    """`spec` of a pod or a pod template."""

    containers: list[Container] | UnsetType | None = UNSET
    initContainers: list[Container] | UnsetType | None = UNSET
    volumes: list[Named] | UnsetType | None = UNSET
    imagePullSecrets: list[Named] | UnsetType | None = UNSET
    hostNetwork: bool | None = None
    os: OperatingSystem | None = None
    dnsPolicy: str | None = None
    securityContext: SecurityContext | None = None
    resources: Raw = NOTHING


class Pod(Struct, frozen=True):
    """A pod, or the pod template of a workload."""

    spec: Spec
    metadata: Metadata | UnsetType | None = UNSET

    @property
    def labels(self) -> Labels:
        """The labels, empty when there are none."""
        metadata = self.metadata
        return (metadata and metadata.labels) or {}

    @property
    def annotations(self) -> Labels:
        """The annotations, empty when there are none."""
        metadata = self.metadata
        return (metadata and metadata.annotations) or {}

    @property
    def containers(self) -> list[Container]:
        """The containers, empty when there are none."""
        return self.spec.containers or []

    @property
    def init_containers(self) -> list[Container]:
        """The init containers, empty when there are none."""
        return self.spec.initContainers or []


_DECODER = msgspec.json.Decoder(Pod)


def read(text: bytes | Raw) -> Pod:
    """Return the view of a pod's JSON text.

    Raises:
        PodRejected: a member that we read has a type that Kubernetes does not give it, or the text
            is nested deeper than the interpreter can follow.
    """
    try:
        return _DECODER.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise PodRejected(f"the pod cannot be read: {_sentence(str(error))}") from error
    except RecursionError as error:
        raise PodRejected("the pod cannot be read: it is nested too deeply") from error


def _sentence(message: str) -> str:
    """Lower the first letter of the decoder's message, and say `pod` where it says `$`."""
    return message[:1].lower() + message[1:].replace("`$", "`pod")


def is_absent(member: Raw) -> bool:
    """Tell whether a raw member is absent or null."""
    text = bytes(member)
    return not text or text == b"null"
