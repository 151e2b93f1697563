"""The Envoy document: one pure function from settings and facts, and its prepared, quick form.

`document` is the only builder. `prepare` calls it once with stand-ins, renders the result and cuts
it where they lie; `Prepared.fill` renders the few parts that differ from pod to pod, by the same
functions that `document` calls, and puts them between the pieces.
"""

from __future__ import annotations

import re
from typing import Any, Final

from msgspec import Struct

from webhook.bootstrap import clusters, probes, size, stats
from webhook.bootstrap.facts import Facts, ProbeKind, ProbeSlot, ProbeTarget
from webhook.bootstrap.listeners import listeners
from webhook.bootstrap.node import node, pod_metadata
from webhook.bootstrap.pilot import dynamic_resources, pilot_clusters
from webhook.bootstrap.text import argument, encode, escaped, quoted
from webhook.model import names
from webhook.model.settings import Settings

MAXIMUM_CONNECTIONS: Final = 2147483647
"""Istio's default: as many as the kernel allows, said so that Envoy does not warn."""

LOG_FORMAT: Final = "%Y-%m-%dT%T.%fZ\t%l\tenvoy %n %g:%#\t%v\tthread=%t"
"""Istio's, which log collectors know."""


def document(
    settings: Settings, facts: Facts, targets: tuple[ProbeTarget, ...], token: str
) -> dict[str, Any]:
    """Return the bootstrap of one pod's Envoy.

    What only kubelet knows is a `Reference`, always a whole string. `token` begins every path by
    which the pod's Envoy can be made to do something.
    """
    stats_fields = {**stats.intervals(settings), "stats_config": stats.stats_config(settings)}
    return {
        "application_log_config": {"log_format": {"text_format": LOG_FORMAT}},
        "node": node(settings, facts),
        "layered_runtime": _runtime(),
        **stats_fields,
        "admin": _admin(settings),
        "dynamic_resources": dynamic_resources(settings),
        "static_resources": {
            "clusters": [
                *clusters.clusters(settings),
                *pilot_clusters(settings),
                *probes.clusters(settings, targets),
            ],
            "listeners": listeners(settings, targets, token),
        },
        **_tracing(settings),
        "overload_manager": _overload_manager(),
        "deferred_stat_options": {"enable_deferred_creation_stats": True},
    }


class Prepared(Struct, frozen=True):
    """The document of one configuration, ready but for the pod: pieces with holes between."""

    settings: Settings
    pieces: tuple[bytes, ...]
    holes: tuple[tuple[int, str], ...]
    """Index into `pieces`, and the name of what belongs there."""
    filters: bytes
    """What the probe listener has in addition if there are probes."""

    def fill(self, facts: Facts, targets: tuple[ProbeTarget, ...], token: str) -> bytes:
        """Return the document as it stands inside a JSON string of the container's `args`.

        Equal to `quoted(argument(document(...)))`, byte for byte.

        Raises:
            PodRejected: some text cannot be written as JSON, or the document is too large.
        """
        values = {
            "pod": escaped(encode(pod_metadata(self.settings, facts)))[1:-1],
            "token": escaped(encode(token))[2:-2],
            "clusters": b"",
            "filters": b"",
            "routes": b"",
        }
        if targets:
            made = encode(probes.clusters(self.settings, targets))
            values["clusters"] = b"," + quoted(made)[1:-1]
            values["filters"] = self.filters
            values["routes"] = escaped(encode(probes.routes(targets, token)))[1:-1] + b","
        pieces = list(self.pieces)
        for index, name in self.holes:
            pieces[index] = values[name]
        text = b"".join(pieces)
        if len(text) > names.BOOTSTRAP_LIMIT - size.GROWTH:
            size.check(document(self.settings, facts, targets, token))
        return text


def prepare(settings: Settings) -> Prepared:
    """Render the document of a configuration with holes for what differs from pod to pod."""
    text = quoted(argument(document(settings, _FACTS, _TARGETS, _TOKEN)))
    stand_ins = {
        "pod": escaped(encode(pod_metadata(settings, _FACTS)))[1:-1],
        "clusters": b"," + quoted(encode(probes.clusters(settings, _TARGETS)))[1:-1],
        "filters": escaped(encode(probes.filters(_TARGETS)))[1:-1] + b",",
        "routes": escaped(encode(probes.routes(_TARGETS, _TOKEN)))[1:-1] + b",",
        "token": _TOKEN.encode(),
    }
    pattern = b"|".join(b"(?P<%s>%s)" % (k.encode(), re.escape(v)) for k, v in stand_ins.items())
    pieces: list[bytes] = []
    holes: list[tuple[int, str]] = []
    end = 0
    for found in re.finditer(pattern, text):
        pieces += [text[end : found.start()], b""]
        holes.append((len(pieces) - 1, str(found.lastgroup)))
        end = found.end()
    return Prepared(settings, (*pieces, text[end:]), tuple(holes), stand_ins["filters"])


# Stand-ins: text that no configuration holds, so each is found where it was put and only there.
_TOKEN = "\ue000token\ue001"  # noqa: S105 - stands for one
_FACTS = Facts(
    labels={"\ue000": "\ue001"},
    workload="\ue000workload\ue001",
    owner="",
    pod_ports="",
    app_containers="",
    service_cluster="",
)
_TARGETS = (ProbeTarget(container="\ue000", slot=ProbeSlot.READINESS, kind=ProbeKind.HTTP, port=0),)


def _runtime() -> dict[str, Any]:
    """Return Istio's runtime flags (istio pkg/bootstrap/config.go) that stock Envoy knows."""
    flags = {
        "re2.max_program_size.error_level": 32768,
        "envoy.reloadable_features.http_reject_path_with_fragment": False,
        "envoy.reloadable_features.fixed_heap_use_allocated": True,
        "envoy.reloadable_features.coalesce_lb_rebuilds_on_batch_update": False,
    }
    return {
        "layers": [
            {"name": "global config", "static_layer": flags},
            {"name": "admin", "admin_layer": {}},
        ]
    }


def _admin(settings: Settings) -> dict[str, Any]:
    return {
        "access_log": [
            {
                "name": "envoy.access_loggers.file",
                "typed_config": {
                    "@type": f"{clusters.TYPE}extensions.access_loggers.file.v3.FileAccessLog",
                    "path": "/dev/null",
                },
            }
        ],
        "address": clusters.address("127.0.0.1", settings.proxy.ports.admin),
    }


def _tracing(settings: Settings) -> dict[str, Any]:
    if settings.bootstrap.tracing.zipkin_address is None:
        return {}
    return {
        "tracing": {
            "http": {
                "name": "envoy.tracers.zipkin",
                "typed_config": {
                    "@type": f"{clusters.TYPE}config.trace.v3.ZipkinConfig",
                    "collector_cluster": clusters.TRACER,
                    "collector_endpoint": "/api/v2/spans",
                    "collector_endpoint_version": "HTTP_JSON",
                    "trace_id_128bit": True,
                    "shared_span_context": False,
                },
            }
        }
    }


def _overload_manager() -> dict[str, Any]:
    message = "extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig"
    return {
        "resource_monitors": [
            {
                "name": "envoy.resource_monitors.global_downstream_max_connections",
                "typed_config": {
                    "@type": clusters.TYPE + message,
                    "max_active_downstream_connections": MAXIMUM_CONNECTIONS,
                },
            }
        ]
    }
