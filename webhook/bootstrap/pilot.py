"""The way to Pilot: the xDS connection and, for plaintext, its cluster."""

from __future__ import annotations

import ipaddress
from typing import Any

from webhook.bootstrap.clusters import TYPE, address, cluster, http_options, split
from webhook.bootstrap.text import formatted
from webhook.model import names
from webhook.model.settings import PilotConnection, Settings

XDS = "xds-grpc"
"""Istio's name of the cluster; its statistics are watched under it."""

FETCH_TIMEOUT = "2s"
"""How long CDS, then LDS, may hold the start. 0 would wait for ever: an Envoy that restarts while
Pilot is away would answer no probe and kubelet would kill healthy applications."""

KEEPALIVE = 30
KEEPALIVE_TIMEOUT = 10
"""Seconds. Pilot refuses pings more often than every 15 s (istio pilot/pkg/grpc/grpc.go)."""

RECONNECT_MAXIMUM = 10
"""Seconds between two attempts at most; gRPC's own maximum of 120 s would leave pods that started
in an outage without configuration for two minutes after its end."""


def pilot_address(settings: Settings) -> tuple[str, int]:
    """Return host (an IPv6 address without brackets) and port of Pilot."""
    if settings.pilot.address is None:
        plain = settings.pilot.connection is PilotConnection.PLAINTEXT
        return _default_host(settings), 15010 if plain else 15012
    return split(settings.pilot.address)


def dynamic_resources(settings: Settings) -> dict[str, Any]:
    """Return how CDS and LDS arrive: incrementally, over one aggregated stream."""
    source = {
        "ads": {},
        "initial_fetch_timeout": FETCH_TIMEOUT,
        "resource_api_version": "V3",
    }
    return {
        "cds_config": source,
        "lds_config": source,
        "ads_config": {
            "api_type": "DELTA_GRPC",
            "transport_api_version": "V3",
            "set_node_on_first_message_only": True,
            "grpc_services": [
                {
                    **_service(settings),
                    # Envoy formats these values. Pilot picks the token reviewer of this cluster.
                    "initial_metadata": [
                        {"key": "clusterid", "value": formatted(settings.pilot.cluster_id)}
                    ],
                }
            ],
        },
    }


def pilot_clusters(settings: Settings) -> list[dict[str, Any]]:
    """Return Pilot's cluster; Google's gRPC library, which the token needs, has none."""
    if settings.pilot.connection is PilotConnection.TOKEN:
        return []
    host, port = pilot_address(settings)
    keepalive = {"interval": f"{KEEPALIVE}s", "timeout": f"{KEEPALIVE_TIMEOUT}s"}
    return [
        cluster(
            XDS,
            [address(host, port)],
            type="STRICT_DNS",
            dns_lookup_family="V4_PREFERRED",
            connect_timeout="1s",
            upstream_connection_options={"tcp_keepalive": {"keepalive_time": 300}},
            **http_options(
                {
                    "explicit_http_config": {
                        "http2_protocol_options": {"connection_keepalive": keepalive}
                    }
                }
            ),
        )
    ]


def _service(settings: Settings) -> dict[str, Any]:
    if settings.pilot.connection is PilotConnection.PLAINTEXT:
        return {"envoy_grpc": {"cluster_name": XDS}}
    host, port = pilot_address(settings)
    return {
        "google_grpc": {
            "target_uri": f"[{host}]:{port}" if ":" in host else f"{host}:{port}",
            "stat_prefix": XDS,
            "channel_credentials": {
                "ssl_credentials": {
                    "root_certs": {"filename": f"{names.ROOT_DIRECTORY}/{names.ROOT_FILE}"}
                }
            },
            # Reads the token file anew for each stream, so a rotated token needs no watch:
            # an inotify instance per Envoy would fill a node at about 64 sidecars.
            "credentials_factory_name": "envoy.grpc_credentials.file_based_metadata",
            "call_credentials": [
                {
                    "from_plugin": {
                        "name": "envoy.grpc_credentials.file_based_metadata",
                        "typed_config": {
                            "@type": f"{TYPE}config.grpc_credential.v3.FileBasedMetadataConfig",
                            "secret_data": {
                                "filename": f"{names.TOKEN_DIRECTORY}/{names.TOKEN_FILE}"
                            },
                            "header_key": "authorization",
                            "header_prefix": "Bearer ",
                        },
                    }
                }
            ],
            "channel_args": {"args": _channel_arguments(settings, host)},
        }
    }


def _channel_arguments(settings: Settings, host: str) -> dict[str, Any]:
    numbers = {
        "grpc.keepalive_time_ms": KEEPALIVE * 1000,
        "grpc.keepalive_timeout_ms": KEEPALIVE_TIMEOUT * 1000,
        "grpc.max_reconnect_backoff_ms": RECONNECT_MAXIMUM * 1000,
    }
    arguments: dict[str, Any] = {key: {"int_value": str(n)} for key, n in numbers.items()}
    name = _certificate_name(settings, host)
    if name != host:
        arguments["grpc.ssl_target_name_override"] = {"string_value": name}
        arguments["grpc.default_authority"] = {"string_value": name}
    return arguments


def _certificate_name(settings: Settings, host: str) -> str:
    """Return the name that Pilot's certificate carries for a host: it ends in `.svc`, never longer.

    An address in digits is in no certificate; Pilot's usual name is expected there.
    """
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return host.removesuffix(".").removesuffix(f".{settings.proxy.cluster_domain}")
    return _default_host(settings)


def _default_host(settings: Settings) -> str:
    return f"istiod-{settings.revision}.istio-system.svc"
