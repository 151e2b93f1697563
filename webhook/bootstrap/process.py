"""What Envoy is told of itself: its log, runtime flags, admin port, tracer and limits."""

from __future__ import annotations

from typing import Any, Final

from webhook.bootstrap.clusters import TRACER, TYPE, address
from webhook.model.settings import Settings

MAXIMUM_CONNECTIONS: Final = 2147483647
"""Istio's default: as many as the kernel allows, said so that Envoy does not warn."""

LOG_FORMAT: Final = "%Y-%m-%dT%T.%fZ\t%l\tenvoy %n %g:%#\t%v\tthread=%t"
"""Istio's, which log collectors know."""


def log_format() -> dict[str, Any]:
    """Return the form of Envoy's own log lines."""
    return {"log_format": {"text_format": LOG_FORMAT}}


def runtime() -> dict[str, Any]:
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


def admin(settings: Settings) -> dict[str, Any]:
    """Return the admin port: loopback only, where istioctl looks for it; no access log."""
    return {
        "access_log": [
            {
                "name": "envoy.access_loggers.file",
                "typed_config": {
                    "@type": f"{TYPE}extensions.access_loggers.file.v3.FileAccessLog",
                    "path": "/dev/null",
                },
            }
        ],
        "address": address("127.0.0.1", settings.proxy.ports.admin),
    }


def tracing(settings: Settings) -> dict[str, Any]:
    """Return the document's field for a tracer of its own, if one is set."""
    if settings.bootstrap.tracing.zipkin_address is None:
        return {}
    return {
        "tracing": {
            "http": {
                "name": "envoy.tracers.zipkin",
                "typed_config": {
                    "@type": f"{TYPE}config.trace.v3.ZipkinConfig",
                    "collector_cluster": TRACER,
                    "collector_endpoint": "/api/v2/spans",
                    "collector_endpoint_version": "HTTP_JSON",
                    "trace_id_128bit": True,
                    "shared_span_context": False,
                },
            }
        }
    }


def overload_manager() -> dict[str, Any]:
    """Return the limit of connections: none."""
    message = "extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig"
    return {
        "resource_monitors": [
            {
                "name": "envoy.resource_monitors.global_downstream_max_connections",
                "typed_config": {
                    "@type": TYPE + message,
                    "max_active_downstream_connections": MAXIMUM_CONNECTIONS,
                },
            }
        ]
    }
