"""Settings that are fine one by one and wrong together, in a file or by a pod's annotations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from webhook.injection.annotation_values import shown
from webhook.injection.catalogue.container import STATUS_PORT
from webhook.injection.effective import Effective, at, put, warn
from webhook.injection.proxy_config import KEY as PROXY_CONFIG
from webhook.injection.quantity import amount
from webhook.model.errors import InvalidAnnotation
from webhook.model.settings import InterceptionMode, Resources, Settings

DEFAULT_FLUSH_SECONDS: Final = 5
"""Envoy's own `stats_flush_interval`."""

_INTERCEPTION: Final = "sidecar.istio.io/interceptionMode"
_FLUSH: Final = "sidecar.istio.io/statsFlushInterval"
_EVICTION: Final = "sidecar.istio.io/statsEvictionInterval"


def port_clash(settings: Settings) -> str:
    """Say what is expected where two of the proxy's listeners would share a port; empty: fine."""
    owners: dict[int, str] = {}
    for name in ("admin", "outbound", "inbound", "probes", "readiness", "prometheus"):
        port: int = getattr(settings.proxy.ports, name)
        if port in owners:
            return f"a port of its own for each use: {owners[port]} and {name} are both {port}"
        owners[port] = name
    return ""


def forbidden_tproxy(settings: Settings) -> str:
    """Say what is expected where TPROXY is not allowed by the administrator; empty: fine."""
    mode = settings.traffic.interception_mode
    if mode is InterceptionMode.TPROXY and not settings.proxy.allow_tproxy:
        return "REDIRECT or NONE: TPROXY makes the proxy root with NET_ADMIN (proxy.allowTproxy)"
    return ""


def uneven_eviction(settings: Settings) -> str:
    """Say what is expected of an eviction interval beside the flush interval; empty: fine."""
    stats = settings.bootstrap.stats
    flush = stats.flush_interval_seconds or DEFAULT_FLUSH_SECONDS
    if stats.eviction_interval_seconds and stats.eviction_interval_seconds % flush:
        return f"a multiple of the flush interval, {flush} seconds"
    return ""


def above_limit(resources: Resources) -> tuple[str, ...]:
    """Name the resources of which more is requested than the limit allows."""
    return tuple(
        name
        for name in ("cpu", "memory")
        if (request := getattr(resources.requests, name)) is not None
        and (limit := getattr(resources.limits, name)) is not None
        and amount(request) > amount(limit)
    )


def check(
    draft: Effective, settings: Settings, found: Mapping[str, str]
) -> tuple[Effective, list[InvalidAnnotation]]:
    """Return the draft without contradictions, and each contradiction the pod's author made.

    A contradictory value goes back to the administrator's. A request and a limit of which only one
    is annotated are brought together instead, with a warning: the API server would reject the pod.
    """
    mistakes: list[InvalidAnnotation] = []
    for describe, path, keys in _CONTRADICTIONS:
        if what := describe(draft.settings):
            key = next((key for key in keys if key in found), PROXY_CONFIG)
            mistakes.append(InvalidAnnotation(key, shown(found.get(key, "")), what))
            draft = put(draft, path, at(Effective(settings=settings), path))
    for name in above_limit(draft.settings.proxy.resources):
        draft = _brought_together(draft, name, found, mistakes)
    return _with_warnings(draft), mistakes


_CONTRADICTIONS: Final[tuple[tuple[Callable[[Settings], str], str, tuple[str, ...]], ...]] = (
    (forbidden_tproxy, "settings.traffic.interception_mode", (_INTERCEPTION,)),
    (port_clash, "settings.proxy.ports", (STATUS_PORT,)),
    (uneven_eviction, "settings.bootstrap.stats", (_EVICTION, _FLUSH)),
)


def _brought_together(
    draft: Effective, name: str, found: Mapping[str, str], mistakes: list[InvalidAnnotation]
) -> Effective:
    key = {"cpu": "sidecar.istio.io/proxyCPU", "memory": "sidecar.istio.io/proxyMemory"}[name]
    path = "settings.proxy.resources"
    request: Any = at(draft, f"{path}.requests.{name}")
    limit: Any = at(draft, f"{path}.limits.{name}")
    if key in found and f"{key}Limit" in found:
        mistakes.append(InvalidAnnotation(key, found[key], f"at most the limit {limit}"))
        return draft
    if key in found:
        draft = put(draft, f"{path}.limits.{name}", request)
        return warn(draft, f'annotation "{key}": the limit is raised from {limit} to {request}')
    draft = put(draft, f"{path}.requests.{name}", limit)
    return warn(draft, f'annotation "{key}Limit": the request is lowered from {request} to {limit}')


def _with_warnings(draft: Effective) -> Effective:
    if draft.hold_application and not draft.settings.proxy.native:
        draft = warn(
            draft,
            f'annotation "{PROXY_CONFIG}": holdApplicationUntilProxyStarts has no effect on a '
            "classic container: stock Envoy has nothing that waits; use a native sidecar",
        )
    stats = draft.settings.bootstrap.stats
    patterns = (*stats.inclusion_prefixes, *stats.inclusion_suffixes, *stats.inclusion_regexps)
    if any("{pod_ip}" in pattern for pattern in patterns):
        draft = warn(draft, "statistics to keep: {pod_ip} is taken literally: no agent replaces it")
    return draft
