"""The application's probes and hooks, answered by Envoy when kubelet asks.

Each question of kubelet becomes one question to the application, at that moment and over a new
connection, as kubelet's own would be: there is no earlier state that could be stale.

- http, https: a route; the application's answer goes back, but 3xx as 200, since kubelet would
  follow a Location on its own host to this port.
- tcp: a route to a cluster that opens a TCP connection and answers 200 when it stands.
- grpc: `grpc.health.v1.Health/Check`, asked by the program below; 200 for SERVING.
"""

from __future__ import annotations

from typing import Any

from webhook.bootstrap.clusters import TYPE, address, cluster, http_options, pod_source
from webhook.bootstrap.facts import ProbeKind, ProbeSlot, ProbeTarget, probe_path
from webhook.bootstrap.http import LUA, is_get, lua_filter, path_route, refuse
from webhook.bootstrap.text import Reference
from webhook.model.settings import Settings

LOCAL = "x-pillion-local"
"""Response header of what Envoy itself answers, removed before kubelet sees it."""

HOOKS = frozenset({ProbeSlot.PRE_STOP, ProbeSlot.POST_START})

PROGRAM = f"""\
local function check(service)
  local length, rest = "", #service
  while rest > 127 do
    length, rest = length .. string.char(rest % 128 + 128), math.floor(rest / 128)
  end
  local message = service == "" and "" or "\\10" .. length .. string.char(rest) .. service
  local size = #message
  return string.char(0, math.floor(size / 16777216), math.floor(size / 65536) % 256,
    math.floor(size / 256) % 256, size % 256) .. message
end

function envoy_on_request(handle)
  local route, headers = handle:metadata(), handle:headers()
  local port, service = route:get("port"), route:get("grpc")
  if not port and not route:get("probe") then return end
  if handle:body() then
    handle:respond({{[":status"] = "400"}}, "")
    return
  end
  local host = string.match(headers:get(":authority") or "", "^(.+):%d+$")
  local authority = host and port and host .. ":" .. port
  if not service then
    if authority then headers:replace(":authority", authority) end
    return
  end
  local ok, _, body = pcall(handle.httpCall, handle, "probe_grpc_" .. port, {{
    [":method"] = "POST", [":path"] = "/grpc.health.v1.Health/Check",
    [":authority"] = authority or "localhost:" .. port, ["content-type"] = "application/grpc",
    te = "trailers", ["user-agent"] = headers:get("user-agent")}}, check(service),
    {{timeout_ms = tonumber(route:get("timeout")), send_xff = false}})
  local plain = ok and body and string.sub(body, 1, 1) == "\\0"
  local serving = plain and string.sub(body, 6, 7) == "\\8\\1"
  handle:respond({{[":status"] = serving and "200" or "503"}}, "")
end

function envoy_on_response(handle)
  local headers, route = handle:headers(), handle:metadata()
  if headers:get("{LOCAL}") then
    headers:remove("{LOCAL}")
    if route:get("hook") then
      headers:replace(":status", "302")
      headers:replace("location", ":the application did not answer")
    end
  elseif string.sub(headers:get(":status"), 1, 1) == "3" then
    headers:replace(":status", "200")
    headers:remove("location")
  end
end
"""
"""What routes cannot say. On the way in: the Host that kubelet would have sent to the port itself,
and the gRPC question. On the way out: 3xx as 200; and a hook that Envoy could not deliver must fail
at kubelet, which ignores the status of a hook's answer but fails on a Location it cannot parse."""


def filters(targets: tuple[ProbeTarget, ...]) -> list[dict[str, Any]]:
    """Return the filter that runs the program, where there is something to ask."""
    return [lua_filter(PROGRAM)] if targets else []


def local_replies() -> dict[str, Any]:
    """Return the HTTP manager's field that marks what Envoy itself answers."""
    comparison = {"op": "GE", "value": {"default_value": 100, "runtime_key": "pillion.local"}}
    mapper = {
        "filter": {"status_code_filter": {"comparison": comparison}},
        "headers_to_add": [{"header": {"key": LOCAL, "value": "1"}}],
    }
    return {"local_reply_config": {"mappers": [mapper]}}


def guards(token: str) -> list[dict[str, Any]]:
    """Return the route that refuses whatever is no GET, ahead of the probes' own routes."""
    return [path_route(f"/{token}/", refuse(405), is_get(inverted=True), kind="prefix")]


def routes(targets: tuple[ProbeTarget, ...], token: str) -> list[dict[str, Any]]:
    """Return one route for each probe or hook."""
    return [_route(target, token) for target in targets]


def clusters(settings: Settings, targets: tuple[ProbeTarget, ...]) -> list[dict[str, Any]]:
    """Return one cluster for each kind and port that is asked.

    They hold no text of the pod, only ports.
    """
    asked = dict.fromkeys((target.kind, target.port) for target in targets)
    return [_cluster(settings, kind, port) for kind, port in asked]


def _route(target: ProbeTarget, token: str) -> dict[str, Any]:
    path = {"path": probe_path(token, target.container, target.slot)}
    hook = target.slot in HOOKS
    if target.kind is ProbeKind.GRPC:
        program = {
            "port": str(target.port),
            "grpc": target.service,
            "timeout": str(target.timeout_seconds * 1000),
        }
        return {"match": path, **refuse(500), "metadata": {"filter_metadata": {LUA: program}}}
    program = {"probe": "1"} if target.has_host else {"port": str(target.port)}
    action: dict[str, Any] = {
        "cluster": _name(target.kind, target.port),
        # kubelet gives hooks the pod's whole grace period.
        "timeout": "0s" if hook else f"{target.timeout_seconds}s",
    }
    if hook:
        program["hook"] = "1"
    made: dict[str, Any] = {
        "match": path,
        "route": action,
        "metadata": {"filter_metadata": {LUA: program}},
    }
    if target.kind is ProbeKind.TCP:
        # The connection stands; without a length Envoy would wait for what the application sends.
        made["response_headers_to_add"] = [{"header": {"key": "content-length", "value": "0"}}]
    else:
        action["prefix_rewrite"] = target.path
    return made


def _name(kind: ProbeKind, port: int) -> str:
    return f"probe_{kind.value}_{port}"


def _cluster(settings: Settings, kind: ProbeKind, port: int) -> dict[str, Any]:
    return cluster(
        _name(kind, port),
        [address(Reference.POD_IP, port)],
        # The route's timeout decides, as kubelet's would.
        connect_timeout="60s",
        **_KINDS[kind],
        **pod_source(settings),
    )


_ONCE = {"common_http_protocol_options": {"max_requests_per_connection": 1}}
"""A new connection for each question, as kubelet's: a kept one could lead to a process that no
longer listens."""

_SIGNATURES = [
    "ecdsa_secp256r1_sha256",
    "rsa_pss_rsae_sha256",
    "ed25519",
    "ecdsa_secp384r1_sha384",
    "rsa_pss_rsae_sha384",
    "ecdsa_secp521r1_sha512",
    "rsa_pss_rsae_sha512",
    "rsa_pkcs1_sha256",
    "rsa_pkcs1_sha384",
    "rsa_pkcs1_sha512",
]
"""What Go's client, and so kubelet, accepts; Envoy's own list lacks Ed25519."""

_KINDS: dict[ProbeKind, dict[str, Any]] = {
    ProbeKind.HTTP: http_options({**_ONCE, "explicit_http_config": {"http_protocol_options": {}}}),
    ProbeKind.HTTPS: {
        **http_options(
            {
                **_ONCE,
                # Offers both by ALPN, and speaks HTTP/1.1 to a server that knows no ALPN.
                "auto_config": {"http_protocol_options": {}, "http2_protocol_options": {}},
            }
        ),
        "transport_socket": {
            "name": "envoy.transport_sockets.tls",
            "typed_config": {
                "@type": f"{TYPE}extensions.transport_sockets.tls.v3.UpstreamTlsContext",
                # As kubelet's: no certificate is checked. By default Envoy's stops at TLS 1.2.
                "common_tls_context": {
                    "tls_params": {
                        "tls_maximum_protocol_version": "TLSv1_3",
                        "signature_algorithms": _SIGNATURES,
                    }
                },
            },
        },
    },
    ProbeKind.TCP: {
        "upstream_config": {
            "name": "envoy.upstreams.http.tcp",
            "typed_config": {
                "@type": f"{TYPE}extensions.upstreams.http.tcp.v3.TcpConnectionPoolProto"
            },
        }
    },
    ProbeKind.GRPC: http_options({**_ONCE, "explicit_http_config": {"http2_protocol_options": {}}}),
}
