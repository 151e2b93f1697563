"""The application's probes and hooks: which ones capture would break, and what is put there.

kubelet's own connection to a captured port would go through Envoy's inbound listener, which exists
only once Pilot has answered, and would be judged by the mesh's policies. Such a handler becomes an
`httpGet` on the probe port, which Envoy answers by asking the application itself.

A handler is left alone, with a warning, when it cannot be rewritten faithfully: it has a member
that we do not know, a named port that the container does not declare, or a host of its own.
"""

from __future__ import annotations

import re
from typing import TypeVar

import msgspec
from msgspec import Raw, Struct

from webhook.bootstrap.facts import ProbeKind, ProbeSlot, ProbeTarget, probe_path
from webhook.bootstrap.target import request_target
from webhook.injection.annotation_values import shown
from webhook.injection.ports import Capture
from webhook.model.edits import Edit, Item, Path, Set, Swap
from webhook.model.pod import NOTHING, Container, Pod, Probe, is_absent


class _Header(Struct, forbid_unknown_fields=True):
    name: str
    value: str | None = None


class _HttpGet(Struct, forbid_unknown_fields=True):
    port: int | str
    path: str | None = None
    host: str | None = None
    scheme: str | None = None
    httpHeaders: list[_Header] | None = None


class _TcpSocket(Struct, forbid_unknown_fields=True):
    port: int | str
    host: str | None = None


class _Grpc(Struct, forbid_unknown_fields=True):
    port: int
    service: str | None = None


_T = TypeVar("_T")
_HTTP_GET = msgspec.json.Decoder(_HttpGet)
_TCP_SOCKET = msgspec.json.Decoder(_TcpSocket)
_GRPC = msgspec.json.Decoder(_Grpc)
_HANDLERS = ("httpGet", "tcpSocket", "grpc")
_DIGITS = re.compile(r"[0-9]{1,5}")


class Rewrites(Struct):
    """What a pod's probes come to, gathered in one pass over its containers."""

    edits: list[Edit]
    targets: list[ProbeTarget]
    warnings: list[str]
    hook_ports: list[int]
    """Classic sidecar only: ports of lifecycle hooks, to be excluded from capture."""


class _Unrewritable(Exception):
    """Why a handler is left alone; becomes a warning."""


class Rewriting(Struct, frozen=True):
    """What decides how a handler is rewritten."""

    capture: Capture
    port: int
    """The proxy's probe port."""
    token: str
    """The secret that begins every path on it."""
    native: bool
    """Whether the sidecar outlives the application. A classic one may be gone when a `preStop` hook
    runs, so hooks are not sent through it."""
    own: str
    """The sidecar's container, whose handlers are its own."""
    excludes: bool
    """Whether ports of hooks can be kept from capture, as by our init container."""


def rewrite(pod: Pod, rewriting: Rewriting) -> Rewrites:
    """Return the edits to every handler that capture would break; `pod` has no sidecar yet."""
    found = Rewrites([], [], [], [])
    for container in pod.spec.containers or ():
        if container.name != rewriting.own:
            _container("containers", container, rewriting, found)
    for container in pod.spec.initContainers or ():
        if container.restartPolicy == "Always" and container.name != rewriting.own:
            _container("initContainers", container, rewriting, found)
    return found


def _container(where: str, container: Container, rewriting: Rewriting, found: Rewrites) -> None:
    liveness, readiness = container.livenessProbe, container.readinessProbe
    startup, lifecycle = container.startupProbe, container.lifecycle
    if liveness is None and readiness is None and startup is None and lifecycle is None:
        return
    path = ("spec", where, Item(container.name))
    probes = (
        ("livenessProbe", liveness, ProbeSlot.LIVENESS),
        ("readinessProbe", readiness, ProbeSlot.READINESS),
        ("startupProbe", startup, ProbeSlot.STARTUP),
    )
    for key, probe, slot in probes:
        if probe is not None:
            _handler((*path, key), probe, slot, container, rewriting, found)
    if lifecycle is None:
        return
    hooks = (
        ("postStart", lifecycle.postStart, ProbeSlot.POST_START),
        ("preStop", lifecycle.preStop, ProbeSlot.PRE_STOP),
    )
    for key, hook, slot in hooks:
        if hook is None:
            continue
        if rewriting.native:
            _handler((*path, "lifecycle", key), hook, slot, container, rewriting, found)
        else:
            _exclude_hook(hook, key, container, rewriting, found)


def _handler(
    path: Path,
    probe: Probe,
    slot: ProbeSlot,
    container: Container,
    rewriting: Rewriting,
    found: Rewrites,
) -> None:
    for key in _HANDLERS:
        raw: Raw = getattr(probe, key)
        if raw is NOTHING or is_absent(raw):
            continue
        try:
            target = _target(key, raw, slot, container, probe)
        except _Unrewritable as reason:
            where = ".".join(part if isinstance(part, str) else part.name for part in path[1:])
            found.warnings.append(
                f"{where}.{key} is left as it is and may fail behind the proxy: {reason}"
            )
            return
        if rewriting.capture.takes(target.port):
            found.targets.append(target)
            path_on_proxy = probe_path(rewriting.token, container.name, slot)
            value = {"path": path_on_proxy, "port": rewriting.port}
            found.edits += _edits((*path, key), raw, value, probe.httpGet)
        return


def _edits(path: Path, raw: Raw, value: dict[str, object], http_get: Raw) -> tuple[Edit, ...]:
    """Return the edits that put an `httpGet` in the place of the handler at `path`.

    A null `httpGet` beside another handler is a place that is taken: it gets the value, and null
    moves to the other one, so that undoing both gives back the same text.
    """
    if path[-1] == "httpGet":
        return (Set(path, _with_headers(raw, value), raw),)
    if http_get is NOTHING:
        return (Swap(path, "httpGet", value, raw),)
    return Set((*path[:-1], "httpGet"), value, None), Set(path, None, raw)


def _target(key: str, raw: Raw, slot: ProbeSlot, container: Container, probe: Probe) -> ProbeTarget:
    """Return what Envoy must ask."""
    timeout, period = probe.timeoutSeconds or 1, probe.periodSeconds or 10
    if key == "httpGet":
        return _http_target(_read(_HTTP_GET, raw), slot, container, timeout, period)
    if key == "grpc":
        grpc = _read(_GRPC, raw)
        return ProbeTarget(
            container=container.name,
            slot=slot,
            kind=ProbeKind.GRPC,
            port=_port(grpc.port, container),
            service=grpc.service or "",
            timeout_seconds=timeout,
            period_seconds=period,
        )
    if slot in (ProbeSlot.PRE_STOP, ProbeSlot.POST_START):
        raise _Unrewritable("kubelet does not run tcpSocket hooks; use httpGet, exec or sleep")
    tcp = _read(_TCP_SOCKET, raw)
    if tcp.host:
        raise _Unrewritable(f'it names a host of its own, "{shown(tcp.host)}"')
    return ProbeTarget(
        container=container.name,
        slot=slot,
        kind=ProbeKind.TCP,
        port=_port(tcp.port, container),
        timeout_seconds=timeout,
        period_seconds=period,
    )


def _http_target(
    get: _HttpGet, slot: ProbeSlot, container: Container, timeout: int, period: int
) -> ProbeTarget:
    if get.host:
        raise _Unrewritable(f'it names a host of its own, "{shown(get.host)}"')
    scheme = (get.scheme or "HTTP").upper()
    if scheme not in ("HTTP", "HTTPS"):
        raise _Unrewritable(f'its scheme is "{shown(scheme)}", expected HTTP or HTTPS')
    target = request_target(get.path or "/")
    if target is None:
        raise _Unrewritable(f'its path "{shown(get.path or "")}" is a URL of its own to kubelet')
    return ProbeTarget(
        container=container.name,
        slot=slot,
        kind=ProbeKind.HTTPS if scheme == "HTTPS" else ProbeKind.HTTP,
        port=_port(get.port, container),
        path=target,
        has_host=any(header.name.lower() == "host" for header in get.httpHeaders or ()),
        timeout_seconds=timeout,
        period_seconds=period,
    )


def _read(decoder: msgspec.json.Decoder[_T], raw: Raw) -> _T:
    try:
        return decoder.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _Unrewritable(f"its form is not known to this version ({error})") from error


def _port(port: int | str, container: Container) -> int:
    if isinstance(port, str):
        port = _number(port, container)
    if not 1 <= port <= 65535:
        raise _Unrewritable(f"its port is {port}, expected 1-65535")
    return port


def _number(port: str, container: Container) -> int:
    """Return the number of a port written as text: kubelet looks for a name before it reads one."""
    for declared in container.ports or ():
        if declared.name == port:
            return declared.containerPort
    if _DIGITS.fullmatch(port):
        return int(port)
    raise _Unrewritable(
        f'its port "{shown(port)}" is not among the ports of container {shown(container.name)}'
    )


def _with_headers(raw: Raw, value: dict[str, object]) -> dict[str, object]:
    """Return the new handler with the old one's headers, members in the old one's order."""
    text = bytes(raw)
    if text.startswith(b'{"path":') and b'"httpHeaders"' not in text:
        return value
    before = msgspec.json.decode(raw)
    kept = {
        key: value.get(key, item) for key, item in before.items() if key in (*value, "httpHeaders")
    }
    return {**kept, **{key: item for key, item in value.items() if key not in kept}}


def _exclude_hook(
    hook: Probe, key: str, container: Container, rewriting: Rewriting, found: Rewrites
) -> None:
    if hook.httpGet is NOTHING or is_absent(hook.httpGet):
        return
    try:
        port = _port(_read(_HTTP_GET, hook.httpGet).port, container)
    except _Unrewritable as reason:
        found.warnings.append(f"containers.{container.name}.lifecycle.{key}.httpGet: {reason}")
        return
    if not rewriting.capture.takes(port):
        return
    where = f"containers.{container.name}.lifecycle.{key}.httpGet keeps port {port}, which is"
    if rewriting.excludes:
        found.hook_ports.append(port)
        found.warnings.append(
            f"{where} excluded from capture: a classic sidecar may be gone when the hook runs; use "
            "a native sidecar to have that port in the mesh"
        )
    else:
        found.warnings.append(
            f"{where} captured, and a classic sidecar may be gone when the hook runs: use a native "
            "sidecar, or add the port to traffic.sidecar.istio.io/excludeInboundPorts"
        )
