"""The application's probes and hooks: which ones capture would break, and what is put there.

kubelet's own connection to a captured port would go through Envoy's inbound listener, which exists
only once Pilot has answered, and would be judged by the mesh's policies. Such a handler becomes an
`httpGet` on the probe port, which Envoy answers by asking the application itself.

A handler is left alone, with a warning, when it cannot be rewritten faithfully: it has a member
that we do not know, a named port that the container does not declare, or a host of its own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TypeVar

import msgspec
from msgspec import Raw, Struct

from webhook.bootstrap.facts import ProbeKind, ProbeSlot, ProbeTarget, probe_path
from webhook.bootstrap.target import request_target
from webhook.injection.annotation_values import shown
from webhook.injection.overview import Asked
from webhook.injection.ports import Capture
from webhook.model.edits import Edit, Item, Path, Set, Swap
from webhook.model.pod import NOTHING, Container, Probe, is_absent


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
_SCHEMES = {"HTTP": ProbeKind.HTTP, "HTTPS": ProbeKind.HTTPS}
_DIGITS = re.compile(r"[0-9]{1,5}")


class Rewrite(Struct, frozen=True):
    """One handler that capture would break, and what Envoy asks in its place."""

    where: str
    """`containers` or `initContainers`."""
    position: int
    handler: str
    """The handler's key."""
    raw: Raw
    """The handler's JSON text."""
    http_get: Raw
    """What stands at `httpGet`: the handler itself, nothing, or null beside it."""
    target: ProbeTarget

    @property
    def path(self) -> Path:
        """Where the handler is."""
        target = self.target
        member = _MEMBERS[target.slot]
        return ("spec", self.where, Item(target.container), *member, self.handler)


class Rewrites(Struct):
    """What a pod's probes come to, gathered in one pass over its containers."""

    handlers: list[Rewrite]
    warnings: list[str]
    hook_ports: list[int]
    """Classic sidecar only: ports of lifecycle hooks, to be excluded from capture."""


class _Unrewritable(Exception):
    """Why a handler is left alone; becomes a warning."""


class Rewriting(Struct, frozen=True):
    """What decides how a handler is rewritten."""

    capture: Capture
    native: bool
    """Whether the sidecar outlives the application. A classic one may be gone when a `preStop` hook
    runs, so hooks are not sent through it."""
    excludes: bool
    """Whether ports of hooks can be kept from capture, as by our init container."""


def rewrite(asked: Sequence[Asked], rewriting: Rewriting | None) -> Rewrites:
    """Return every handler that capture would break; none without a `rewriting`."""
    found = Rewrites([], [], [])
    if rewriting is not None:
        for each in asked:
            _container(each, rewriting, found)
    return found


def _container(asked: Asked, rewriting: Rewriting, found: Rewrites) -> None:
    container = asked.container
    for slot, key in _PROBES:
        probe = getattr(container, key)
        if probe is not None:
            _handler(asked, probe, slot, rewriting, found)
    lifecycle = container.lifecycle
    if lifecycle is None:
        return
    for slot, key in _HOOKS:
        hook = getattr(lifecycle, key)
        if hook is not None and rewriting.native:
            _handler(asked, hook, slot, rewriting, found)
        elif hook is not None:
            _exclude_hook(hook, key, container, rewriting, found)


_PROBES = (
    (ProbeSlot.LIVENESS, "livenessProbe"),
    (ProbeSlot.READINESS, "readinessProbe"),
    (ProbeSlot.STARTUP, "startupProbe"),
)
_HOOKS = ((ProbeSlot.POST_START, "postStart"), (ProbeSlot.PRE_STOP, "preStop"))
_MEMBERS: Mapping[ProbeSlot, tuple[str, ...]] = {
    **{slot: (key,) for slot, key in _PROBES},
    **{slot: ("lifecycle", key) for slot, key in _HOOKS},
}
"""What holds the handler, from its container on."""


def _handler(
    asked: Asked, probe: Probe, slot: ProbeSlot, rewriting: Rewriting, found: Rewrites
) -> None:
    for key in _HANDLERS:
        raw: Raw = getattr(probe, key)
        if raw is NOTHING or is_absent(raw):
            continue
        container = asked.container
        try:
            target = _target(key, raw, slot, container, probe)
        except _Unrewritable as reason:
            name = ".".join((asked.where, container.name, *_MEMBERS[slot], key))
            found.warnings.append(
                f"{name} is left as it is and may fail behind the proxy: {reason}"
            )
            return
        if rewriting.capture.takes(target.port):
            found.handlers.append(
                Rewrite(asked.where, asked.position, key, raw, probe.httpGet, target)
            )
        return


def edits_of(rewrite: Rewrite, token: str, port: int) -> tuple[Edit, ...]:
    """Return the edits that put an `httpGet` on the probe port in the place of a handler.

    A null `httpGet` beside another handler is a place that is taken: it gets the value, and null
    moves to the other one, so that undoing both gives back the same text.
    """
    path, raw = rewrite.path, rewrite.raw
    where = probe_path(token, rewrite.target.container, rewrite.target.slot)
    value: dict[str, object] = {"path": where, "port": port}
    if rewrite.handler == "httpGet":
        return (Set(path, value if is_plain(bytes(raw)) else _with_headers(raw, value), raw),)
    if rewrite.http_get is NOTHING:
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
    kind = _SCHEMES.get(get.scheme or "HTTP")
    if kind is None:
        scheme = (get.scheme or "").upper()
        if scheme not in _SCHEMES:
            raise _Unrewritable(f'its scheme is "{shown(scheme)}", expected HTTP or HTTPS')
        kind = _SCHEMES[scheme]
    target = request_target(get.path or "/")
    if target is None:
        raise _Unrewritable(f'its path "{shown(get.path or "")}" is a URL of its own to kubelet')
    return ProbeTarget(
        container=container.name,
        slot=slot,
        kind=kind,
        port=_port(get.port, container),
        path=target,
        has_host=get.httpHeaders is not None and _names_host(get.httpHeaders),
        timeout_seconds=timeout,
        period_seconds=period,
    )


def _names_host(headers: Sequence[_Header]) -> bool:
    return any(header.name.lower() == "host" for header in headers)


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


def is_plain(text: bytes) -> bool:
    """Tell whether an `httpGet` begins as its successor does and holds nothing else to keep."""
    return text.startswith(b'{"path":') and b'"httpHeaders"' not in text


def _with_headers(raw: Raw, value: dict[str, object]) -> dict[str, object]:
    """Return the new handler with the old one's headers, members in the old one's order."""
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
