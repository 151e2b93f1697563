"""The document's own listeners: statistics, readiness with drain, and the application's probes."""

from __future__ import annotations

from typing import Any

from webhook.bootstrap import drain, probes, readiness
from webhook.bootstrap.clusters import ADMIN, TYPE
from webhook.bootstrap.facts import ProbeTarget
from webhook.bootstrap.http import (
    http_filter,
    is_get,
    not_found,
    path_route,
    refuse,
    wildcard_address,
)
from webhook.model.settings import Settings


def listeners(
    settings: Settings, targets: tuple[ProbeTarget, ...], token: str
) -> list[dict[str, Any]]:
    """Return the three static listeners; those of the application's traffic come from Pilot."""
    return [
        _prometheus(settings),
        _readiness(settings, token),
        _probes(settings, targets, token),
    ]


def _prometheus(settings: Settings) -> dict[str, Any]:
    path = "/stats/prometheus"
    gzip = http_filter(
        "compressor",
        "extensions.filters.http.compressor.v3.Compressor",
        compressor_library={
            "name": "gzip",
            "typed_config": {"@type": f"{TYPE}extensions.compression.gzip.compressor.v3.Gzip"},
        },
    )
    return _listener(
        settings,
        settings.proxy.ports.prometheus,
        name="stats",
        codec="AUTO",
        filters=[gzip],
        routes=[
            path_route(path, {"route": {"cluster": ADMIN}}, is_get()),
            path_route(path, refuse(405)),
            not_found(),
        ],
    )


def _readiness(settings: Settings, token: str) -> dict[str, Any]:
    return _listener(
        settings,
        settings.proxy.ports.readiness,
        name="readiness",
        filters=[*readiness.filters(settings), *drain.filters(settings)],
        routes=[*readiness.routes(settings), *drain.routes(settings, token), not_found()],
    )


def _probes(settings: Settings, targets: tuple[ProbeTarget, ...], token: str) -> dict[str, Any]:
    return _listener(
        settings,
        settings.proxy.ports.probes,
        name="probes",
        filters=probes.filters(targets),
        routes=[*probes.guards(token), *probes.routes(targets, token), not_found()],
        **probes.local_replies(),
    )


def _listener(
    settings: Settings,
    port: int,
    *,
    name: str,
    filters: list[dict[str, Any]],
    routes: list[dict[str, Any]],
    codec: str = "HTTP1",
    **fields: Any,
) -> dict[str, Any]:
    """Return a listener that is served whatever the load and however many connections there are.

    HTTP/1.1 alone, as kubelet speaks it: there a request has a body only if it says so in a header.
    """
    manager = "extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
    router = http_filter(
        "router", "extensions.filters.http.router.v3.Router", suppress_envoy_headers=True
    )
    return {
        "name": name,
        "address": wildcard_address(settings, port),
        "ignore_global_conn_limit": True,
        "bypass_overload_manager": True,
        "filter_chains": [
            {
                "filters": [
                    {
                        "name": "envoy.filters.network.http_connection_manager",
                        "typed_config": {
                            "@type": TYPE + manager,
                            "stat_prefix": name,
                            "codec_type": codec,
                            "generate_request_id": False,
                            "request_headers_timeout": "10s",
                            # A preStop hook, or a drain that is held, may take as long as it likes.
                            "stream_idle_timeout": "0s",
                            **fields,
                            "route_config": {
                                # Envoy adds it, kubelet does not; an application might redirect
                                # to HTTPS for it.
                                "request_headers_to_remove": ["x-forwarded-proto"],
                                "virtual_hosts": [
                                    {"name": name, "domains": ["*"], "routes": routes}
                                ],
                            },
                            "http_filters": [*filters, router],
                        },
                    }
                ]
            }
        ],
    }
