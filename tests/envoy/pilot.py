"""A small Pilot: incremental aggregated discovery of clusters and listeners over gRPC."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from concurrent import futures
from pathlib import Path
from typing import Any

import grpc

from tests.envoy.protobuf import any_of, fields, message, number, text

CLUSTER = "config.cluster.v3.Cluster"
LISTENER = "config.listener.v3.Listener"
_URL = "type.googleapis.com/envoy."
_DELTA = "/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources"
_INBOUND = 1


class Pilot:
    """Answers every Envoy's first request for clusters and for listeners with what it was given."""

    def __init__(self, resources: dict[str, dict[str, bytes]]) -> None:
        self.resources = resources
        self.headers: list[dict[str, str]] = []
        """Of each stream, in the order of their coming."""
        self.nodes: list[bytes] = []
        self.rejections: list[str] = []

    def stream(self, requests: Iterator[bytes], context: Any) -> Iterator[bytes]:
        """Serve one stream."""
        self.headers.append(dict(context.invocation_metadata()))
        served: set[str] = set()
        for request in requests:
            found = dict(fields(request))
            if 1 in found:
                self.nodes.append(bytes(found[1]))
            url = bytes(found[2]).decode()
            if 7 in found:
                self.rejections.append(repr(found[7]))
            if url not in served:
                served.add(url)
                yield self._response(url)
        context.cancel()

    def _response(self, url: str) -> bytes:
        kind = url.removeprefix(_URL)
        made = [
            text(2, message(text(3, name), text(1, "1"), any_of(2, kind, value)))
            for name, value in self.resources.get(kind, {}).items()
        ]
        return message(text(1, "1"), *made, text(4, url), text(5, f"nonce-{kind}"))


class _Handler(grpc.GenericRpcHandler):  # type: ignore[misc]  # grpcio has no types
    def __init__(self, pilot: Pilot) -> None:
        self._pilot = pilot

    def service(self, call: Any) -> Any:
        if call.method != _DELTA:
            return None
        return grpc.stream_stream_rpc_method_handler(self._pilot.stream)


@contextlib.contextmanager
def running_pilot(
    resources: dict[str, dict[str, bytes]], port: int, certificate: Path | None = None
) -> Iterator[Pilot]:
    """Serve on loopback, with TLS if there is a certificate (key and certificate in one file)."""
    pilot = Pilot(resources)
    server = grpc.server(futures.ThreadPoolExecutor(8), handlers=(_Handler(pilot),))
    if certificate is None:
        server.add_insecure_port(f"127.0.0.1:{port}")
    else:
        pem = certificate.read_bytes()
        server.add_secure_port(f"127.0.0.1:{port}", grpc.ssl_server_credentials([(pem, pem)]))
    server.start()
    try:
        yield pilot
    finally:
        server.stop(0).wait()


def cluster(name: str, port: int) -> bytes:
    """Return a cluster of one loopback address, named in statistics as Istio names it."""
    endpoint = message(text(1, text(1, _address(port))))
    group = text(2, endpoint)
    return message(
        text(1, name),
        text(28, f"{name};"),
        number(2, 0),
        text(4, number(1, 1)),
        text(33, message(text(1, name), text(2, group))),
    )


def tcp_listener(name: str, port: int, target: str) -> bytes:
    """Return a listener that passes connections on to a cluster."""
    proxy = message(text(1, name), text(2, target))
    return _listener(
        name, port, "tcp_proxy", "extensions.filters.network.tcp_proxy.v3.TcpProxy", proxy
    )


def http_listener(name: str, port: int, target: str, stat_prefix: str) -> bytes:
    """Return an inbound listener that passes requests on to a cluster."""
    route = message(text(1, text(1, "/")), text(2, text(1, target)))
    host = message(text(1, name), text(2, "*"), text(3, route))
    router = message(
        text(1, "envoy.filters.http.router"),
        any_of(4, "extensions.filters.http.router.v3.Router", b""),
    )
    manager = message(
        text(2, stat_prefix), text(4, message(text(1, name), text(2, host))), text(5, router)
    )
    return _listener(
        name,
        port,
        "http_connection_manager",
        "extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        manager,
    )


def unknown_listener(name: str, port: int) -> bytes:
    """Return a listener with a filter that stock Envoy lacks, as a default istiod would send."""
    return _listener(name, port, "istio", "extensions.filters.network.istio.v3.Unknown", b"")


def _listener(name: str, port: int, filter_name: str, kind: str, value: bytes) -> bytes:
    chain = text(
        3, message(text(1, f"envoy.filters.network.{filter_name}"), any_of(4, kind, value))
    )
    return message(text(1, name), text(2, _address(port)), text(3, chain), number(16, _INBOUND))


def _address(port: int) -> bytes:
    return text(1, message(text(2, "127.0.0.1"), number(3, port)))
