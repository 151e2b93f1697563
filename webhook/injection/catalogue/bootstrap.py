"""Keys that change the Envoy document: the way to Pilot, statistics, the whole ProxyConfig."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from webhook.injection import proxy_config
from webhook.injection.annotation_values import (
    Refused,
    object_name,
    plain,
    regular_expressions,
    stat_tags,
    texts,
    whole_seconds,
)
from webhook.injection.catalogue.entry import Entry, degraded, setting
from webhook.injection.effective import Effective, at, put
from webhook.injection.network_values import address
from webhook.injection.proxy_config import ReadYaml

_DOMAIN: Final = "sidecar.istio.io"
_STATS: Final = "settings.bootstrap.stats"
_LIST: Final = "texts separated by commas, or nothing for none"
_INTERVAL: Final = "a duration of whole seconds, such as 5s or 1m30s"


def _extra_tags(draft: Effective, text: str, _: ReadYaml) -> Effective:
    path = f"{_STATS}.extra_tags"
    return put(draft, path, tuple(dict.fromkeys((*at(draft, path), *stat_tags(text)))))


def _buckets(text: str) -> dict[str, tuple[float, ...]]:
    """Read a JSON object of statistic prefix to ascending, positive bounds."""
    try:
        found = msgspec.json.decode(text, type=dict[str, list[float]])
    except (ValueError, RecursionError) as error:
        raise Refused(str(error)) from error
    for prefix, bounds in found.items():
        plain(prefix)
        if not bounds or bounds != sorted(set(bounds)) or bounds[0] <= 0:
            raise Refused(f'the bounds of "{prefix}" do not ascend from above 0')
    return {prefix: tuple(bounds) for prefix, bounds in found.items()}


def _inclusion(name: str, parse: Any, accepted: str) -> Entry:
    return Entry(
        key=f"{_DOMAIN}/statsInclusion{name.capitalize()}",
        accepted=accepted,
        default=f"configuration: bootstrap.stats.inclusion{name.capitalize()} (none)",
        effect=f"statistics kept by their {name}, beside what Pillion always keeps",
        change=setting(f"{_STATS}.inclusion_{name}", parse),
    )


ENTRIES: Final = (
    Entry(
        key=proxy_config.KEY,
        accepted=proxy_config.ACCEPTED,
        default="configuration",
        effect="the members that stock Envoy or Pilot can honour; each other one is a warning",
        change=proxy_config.apply,
    ),
    Entry(
        key=f"{_DOMAIN}/discoveryAddress",
        accepted="host:port",
        default="configuration: pilot.address",
        effect="where Envoy reaches Pilot",
        change=setting("settings.pilot.address", address),
    ),
    Entry(
        key=f"{_DOMAIN}/bootstrapOverride",
        accepted="the name of a ConfigMap in the pod's namespace",
        default="configuration: bootstrap.overrideConfigMap (none)",
        effect="its key custom_bootstrap.json is merged over the generated document by Envoy",
        change=setting("settings.bootstrap.override_config_map", object_name),
    ),
    _inclusion("prefixes", texts, _LIST),
    _inclusion("suffixes", texts, _LIST),
    _inclusion(
        "regexps",
        regular_expressions,
        "plain RE2 expressions separated by commas, or nothing for none",
    ),
    Entry(
        key=f"{_DOMAIN}/extraStatTags",
        accepted="names of letters, digits, _, . and -, separated by commas",
        default="configuration: bootstrap.stats.extraTags (none)",
        effect="tags extracted from statistics' names, beside the configuration's",
        change=_extra_tags,
    ),
    Entry(
        key=f"{_DOMAIN}/statsHistogramBuckets",
        accepted="a JSON object of statistic prefix to ascending bounds above 0",
        default="configuration: bootstrap.stats.histogramBuckets (Envoy's)",
        effect="the buckets of histograms on the Prometheus port",
        change=setting(f"{_STATS}.histogram_buckets", _buckets),
    ),
    Entry(
        key=f"{_DOMAIN}/statsFlushInterval",
        accepted=_INTERVAL,
        default="configuration: bootstrap.stats.flushIntervalSeconds (5)",
        effect="how often Envoy gathers statistics",
        change=setting(f"{_STATS}.flush_interval_seconds", whole_seconds),
    ),
    Entry(
        key=f"{_DOMAIN}/statsEvictionInterval",
        accepted=f"{_INTERVAL}, a multiple of the flush interval",
        default="configuration: bootstrap.stats.evictionIntervalSeconds (never)",
        effect="how long a statistic that no longer changes is kept",
        change=setting(f"{_STATS}.eviction_interval_seconds", whole_seconds),
    ),
    degraded(
        f"{_DOMAIN}/statsHistogramBins",
        effect="the bin size of Istio's own metrics; Istio reads it no longer either",
        instead="stock Envoy has none of Istio's own metrics; use "
        "sidecar.istio.io/statsHistogramBuckets",
    ),
    degraded(
        f"{_DOMAIN}/statsCompression",
        effect="the compression of the Prometheus port; Istio reads it no longer either",
        instead="the client's Accept-Encoding decides",
    ),
)
