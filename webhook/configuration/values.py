"""Values that a pattern cannot judge: ranges, prefixes, expressions, selectors, patches."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

import msgspec

from webhook.configuration.label_selectors import selector_mistakes
from webhook.injection import annotation_values as values
from webhook.injection import network_values as network
from webhook.injection.annotation_values import Refused
from webhook.injection.annotations import KEYS, nearest
from webhook.injection.overlay import mistakes as patch_mistakes
from webhook.injection.protobuf_json import described
from webhook.injection.proxy_config_fields import PILOT_PROXY_CONFIG
from webhook.injection.proxy_metadata import why_not
from webhook.model.settings import Settings, Traffic

_TRAFFIC: Final[tuple[tuple[str, str, Callable[[str], str], str], ...]] = (
    ("include_outbound_cidrs", "includeOutboundCidrs", network.cidr, "a CIDR prefix"),
    ("exclude_outbound_cidrs", "excludeOutboundCidrs", network.cidr, "a CIDR prefix"),
    ("include_inbound_ports", "includeInboundPorts", network.port_or_range, "a port or range"),
    ("exclude_inbound_ports", "excludeInboundPorts", network.port_or_range, "a port or range"),
    ("include_outbound_ports", "includeOutboundPorts", network.port_or_range, "a port or range"),
    ("exclude_outbound_ports", "excludeOutboundPorts", network.port_or_range, "a port or range"),
)


def canonical(settings: Settings) -> tuple[Settings, list[str]]:
    """Return the settings with traffic in one spelling, and a sentence for each mistake."""
    traffic, mistakes = _traffic(settings.traffic)
    mistakes += [
        *_texts(settings),
        *_statistics(settings),
        *_node_metadata(settings),
        *_selectors(settings),
        *_overlays(settings),
        *_annotation_patterns(settings),
    ]
    return msgspec.structs.replace(settings, traffic=traffic), mistakes


def _traffic(traffic: Traffic) -> tuple[Traffic, list[str]]:
    changes: dict[str, tuple[str, ...]] = {}
    mistakes: list[str] = []
    for field, name, parse, expected in _TRAFFIC:
        found: tuple[str, ...] = getattr(traffic, field)
        if found == ("*",):
            continue
        kept: list[str] = []
        for index, text in enumerate(found):
            where = f"traffic.{name}[{index}]"
            if text == "*":
                mistakes.append(f"{where}: got * beside others, expected * alone for all")
            elif (value := _accepted(text, parse)) is None:
                mistakes.append(f"{where}: got {described(text)}, expected {expected}")
            else:
                kept.append(value)
        changes[field] = tuple(dict.fromkeys(kept))
    return msgspec.structs.replace(traffic, **changes), mistakes


def _texts(settings: Settings) -> Iterable[str]:
    zipkin = settings.bootstrap.tracing.zipkin_address
    checks: tuple[tuple[str, str | None, Callable[[str], str], str], ...] = (
        ("pilot.address", settings.pilot.address, network.address, "host:port"),
        ("bootstrap.tracing.zipkinAddress", zipkin, network.address, "host:port"),
        (
            "proxy.componentLogLevel",
            settings.proxy.component_log_level,
            values.component_log_levels,
            "components and levels that Envoy 1.40 knows",
        ),
    )
    for path, text, parse, expected in checks:
        if text is not None and _accepted(text, parse) is None:
            yield f"{path}: got {described(text)}, expected {expected}"


def _statistics(settings: Settings) -> Iterable[str]:
    stats = settings.bootstrap.stats
    for index, text in enumerate(stats.inclusion_regexps):
        if _accepted(text, values.expression) is None:
            path = f"bootstrap.stats.inclusionRegexps[{index}]"
            yield f"{path}: got {described(text)}, expected a plain RE2 expression"
    for prefix, bounds in (stats.histogram_buckets or {}).items():
        if not bounds or bounds[0] <= 0 or list(bounds) != sorted(set(bounds)):
            path = f"bootstrap.stats.histogramBuckets.{described(prefix)[1:-1]}"
            yield f"{path}: got {list(bounds)}, expected ascending bounds above 0"


def _node_metadata(settings: Settings) -> Iterable[str]:
    for name in settings.bootstrap.proxy_metadata:
        if why := why_not(name):
            yield f"bootstrap.proxyMetadata.{described(name)[1:-1]}: {why}"
    found: list[str] = []
    PILOT_PROXY_CONFIG(
        settings.bootstrap.proxy_config,
        "bootstrap.proxyConfig",
        lambda path, what: found.append(f"{path}: {what}"),
    )
    yield from found


def _selectors(settings: Settings) -> Iterable[str]:
    policy = settings.policy
    for name, selectors in (
        ("alwaysInjectSelector", policy.always_inject_selector),
        ("neverInjectSelector", policy.never_inject_selector),
    ):
        for index, selector in enumerate(selectors):
            yield from selector_mistakes(selector, f"policy.{name}[{index}]")


def _overlays(settings: Settings) -> Iterable[str]:
    names: set[str] = set()
    for index, overlay in enumerate(settings.overlays):
        path = f"overlays[{index}]"
        if overlay.name in names:
            yield f'{path}.name: got "{overlay.name}" again, expected a name of its own'
        names.add(overlay.name)
        yield from (f"{path}.patch.{mistake}" for mistake in patch_mistakes(overlay.patch))


def _annotation_patterns(settings: Settings) -> Iterable[str]:
    rules = settings.annotations
    for name, patterns in (("allow", rules.allow), ("deny", rules.deny)):
        for index, pattern in enumerate(patterns):
            path = f"annotations.{name}[{index}]"
            if "*" in pattern[:-1]:
                yield f"{path}: got {described(pattern)}, expected * at the end only"
            elif not pattern.endswith("*") and pattern not in KEYS:
                yield f"{path}: {described(pattern)} is not known{nearest(pattern)}"
            elif name == "deny" and pattern in rules.allow:
                yield f"{path}: got {described(pattern)}, which allow has too, expected it in one"


def _accepted(text: str, parse: Callable[[str], Any]) -> Any:
    try:
        return parse(text)
    except Refused:
        return None
