"""What the Envoy document says of one pod, and the probes that Envoy answers for it."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class Facts(Struct, frozen=True, kw_only=True):
    """One pod, as far as it is known at admission; the rest is a `Reference`."""

    labels: dict[str, str]
    """The pod's labels after injection; Pilot falls back to them until it has seen the pod."""
    workload: str
    owner: str
    """`kubernetes://apis/<apiVersion>/namespaces/<namespace>/<kind>s/<name>`, or empty."""
    pod_ports: str
    """JSON text of the container ports, `[{"name":…,"containerPort":…,"protocol":…}]`."""
    app_containers: str
    """The application's container names, comma-separated."""
    service_cluster: str
    network: str = ""


class ProbeKind(StrEnum):
    """How the application is asked."""

    HTTP = "http"
    HTTPS = "https"
    TCP = "tcp"
    GRPC = "grpc"


class ProbeSlot(StrEnum):
    """Which handler of a container is answered; the last segment of the probe's path."""

    READINESS = "readyz"
    LIVENESS = "livez"
    STARTUP = "startupz"
    PRE_STOP = "prestopz"
    POST_START = "poststartz"


class ProbeTarget(Struct, frozen=True, kw_only=True):
    """One probe or hook of a container that Envoy answers on the probe port.

    kubelet asks `/<token>/app-health/<container>/<slot>`; `probe_path` alone says so.
    """

    container: str
    slot: ProbeSlot
    kind: ProbeKind
    port: int
    path: str = "/"
    """HTTP: path and query as kubelet would send them (`bootstrap.target.request_target`)."""
    service: str = ""
    """gRPC: the health service's name."""
    timeout_seconds: int = 1
    period_seconds: int = 10
    has_host: bool = False
    """HTTP: the probe names a Host header of its own, which is passed on as it is."""


def probe_path(token: str, container: str, slot: ProbeSlot) -> str:
    """Return the path on the probe port under which this handler is answered."""
    return f"/{token}/app-health/{container}/{slot}"


def drain_path(token: str) -> str:
    """Return the path on the readiness port whose GET drains the proxy."""
    return f"/{token}/drain"
