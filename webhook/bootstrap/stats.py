"""Which statistics Envoy keeps, and the labels taken out of their names."""

from __future__ import annotations

import re
from typing import Any

from webhook.model.settings import Settings, Stats

PREFIXES = (
    # Istio's (istio pkg/bootstrap/config.go and the head of its bootstrap template).
    "reporter=",
    "cluster_manager",
    "listener_manager",
    "server",
    "cluster.xds-grpc",
    "wasm",
    "component",
    "istio",
    # Ours. Google's gRPC client, which the token needs, is no cluster: these say whether Pilot is
    # connected.
    "control_plane.",
    "grpc.xds-grpc",
    # Without the gate's own gauges it would never open: the filter reads them.
    "cluster.config-ready",
    "cluster.probe_",
    "cluster.outbound|",
    "cluster.inbound|",
    "http.inbound_",
    "http.outbound_",
    "listener.",
)
SUFFIXES = (
    "rbac.allowed",
    "rbac.denied",
    "shadow_allowed",
    "shadow_denied",
    "downstream_cx_active",
)
REGEXPS = (r"vhost\..*\.route\..*",)

TAGS = (
    # Each: name, pattern; group 1 leaves the statistic's name, group 2 is the label's value.
    ("cluster_name", r"^cluster(\.(.+);)"),
    (
        "http_conn_manager_prefix",
        r"^http\.(((?:[_.[:digit:]\w]*|[_\[\]aAbBcCdDeEfF[:digit:]\w\:]*));\.)",
    ),
    ("thread_name", r"^server(\.(.+))\.watchdog"),
    ("tcp_prefix", r"^tcp\.((.*?)\.)\w+?$"),
    ("response_code", r"_rq(_(\d{3}))$"),
    ("response_code_class", r"_rq(_(\dxx))$"),
    (
        "http_conn_manager_listener_prefix",
        r"^listener(?=\.).*?\.http\.(((?:[_.[:digit:]]*|[_\[\]aAbBcCdDeEfF[:digit:]]*))\.)",
    ),
    ("listener_address", r"^listener\.(((?:[_.[:digit:]]*|[_\[\]aAbBcCdDeEfF[:digit:]]*))\.)"),
    ("mongo_prefix", r"^mongo\.(.+?)\.(collection|cmd|cx_|op_|delays_|decoding_)(.*?)$"),
    ("cache", r"(cache\.(.+?)\.)"),
    ("component", r"(component\.(.+?)\.)"),
    ("tag", r"(tag\.(.+?);\.)"),
    ("wasm_filter", r"(wasm_filter\.(.+?)\.)"),
    ("authz_enforce_result", r"rbac(\.(allowed|denied))"),
    ("authz_dry_run_action", r"(\.istio_dry_run_(allow|deny)_)"),
    ("authz_dry_run_result", r"(\.shadow_(allowed|denied))"),
    # Ours: the parts of Pilot's names, `outbound|80|v1|web.shop.svc.cluster.local` and
    # `outbound_0.0.0.0_80`, so that a query can select by them. They lie inside what
    # `cluster_name` or `http_conn_manager_prefix` takes out already.
    ("direction", r"^(?:cluster|http)\.((inbound|outbound)[|_])"),
    (
        "port",
        r"^(?:cluster\.(?:inbound|outbound)\||http\.(?:inbound|outbound)_(?:[^;]*_)?)((\d+)[|;])",
    ),
    ("subset", r"^cluster\.outbound\|\d+\|(([^|]+)\|)"),
    ("service", r"^cluster\.(?:inbound|outbound)\|\d+\|[^|]*\|(([^;]+);)"),
)


def stats_config(settings: Settings) -> dict[str, Any]:
    """Return the document's `stats_config`."""
    wanted = settings.bootstrap.stats
    config: dict[str, Any] = {
        "use_all_default_tags": False,
        "stats_tags": [*_tags(wanted)],
        "stats_matcher": {"inclusion_list": {"patterns": _patterns(wanted)}},
    }
    if wanted.histogram_buckets:
        config["histogram_bucket_settings"] = [
            {"match": {"prefix": prefix}, "buckets": list(bounds)}
            for prefix, bounds in sorted(wanted.histogram_buckets.items())
        ]
    return config


def intervals(settings: Settings) -> dict[str, Any]:
    """Return the document's fields for how often statistics are flushed and evicted."""
    wanted = settings.bootstrap.stats
    fields: dict[str, Any] = {}
    if wanted.flush_interval_seconds is not None:
        fields["stats_flush_interval"] = f"{wanted.flush_interval_seconds}s"
    if wanted.eviction_interval_seconds is not None:
        fields["stats_eviction_interval"] = f"{wanted.eviction_interval_seconds}s"
    return fields


def _tags(wanted: Stats) -> list[dict[str, str]]:
    known = {name for name, _ in TAGS}
    extra = dict.fromkeys(tag for tag in wanted.extra_tags if tag and tag not in known)
    # A tag's name is text, not a pattern: Istio puts it in as it is.
    made = [(tag, rf"({re.escape(tag)}=\.=(.*?);\.;)") for tag in extra]
    return [{"tag_name": name, "regex": regex} for name, regex in (*TAGS, *made)]


def _patterns(wanted: Stats) -> list[dict[str, Any]]:
    prefixes = dict.fromkeys((*PREFIXES, *filter(None, wanted.inclusion_prefixes)))
    suffixes = dict.fromkeys((*SUFFIXES, *filter(None, wanted.inclusion_suffixes)))
    regexps = dict.fromkeys((*REGEXPS, *filter(None, wanted.inclusion_regexps)))
    return [
        *({"prefix": prefix} for prefix in prefixes),
        *({"suffix": suffix} for suffix in suffixes),
        *({"safe_regex": {"regex": regex}} for regex in regexps),
    ]
