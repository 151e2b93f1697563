"""Parts of an HTTP listener: addresses, filters, matches, and routes that answer by themselves."""

from __future__ import annotations

from typing import Any

from webhook.bootstrap.clusters import TYPE
from webhook.model.settings import Settings

LUA = "envoy.filters.http.lua"
_LUA_TYPE = "extensions.filters.http.lua.v3.Lua"


def wildcard_address(settings: Settings, port: int) -> dict[str, Any]:
    """Return the address of a listener that answers on every address of the pod.

    `::` takes IPv4 too, also where a sysctl switches IPv6 off. A kernel without IPv6
    (`ipv6.disable=1`) makes Envoy refuse any IPv6 address, hence `proxy.ipv6`.
    """
    if not settings.proxy.ipv6:
        return {"socket_address": {"address": "0.0.0.0", "port_value": port}}  # noqa: S104
    return {"socket_address": {"address": "::", "port_value": port, "ipv4_compat": True}}


def http_filter(name: str, message: str, **fields: Any) -> dict[str, Any]:
    """Return the HTTP filter `envoy.filters.http.<name>`."""
    return {
        "name": f"envoy.filters.http.{name}",
        "typed_config": {"@type": TYPE + message, **fields},
    }


def lua_filter(program: str | None = None) -> dict[str, Any]:
    """Return the Lua filter with the program of every route that names none of its own."""
    if program is None:
        return http_filter("lua", _LUA_TYPE)
    return http_filter("lua", _LUA_TYPE, default_source_code={"inline_string": program})


def lua_route(program: str) -> dict[str, Any]:
    """Return the per-route field that makes this program the route's."""
    return {LUA: {"@type": f"{TYPE}{_LUA_TYPE}PerRoute", "source_code": {"inline_string": program}}}


def is_get(*, inverted: bool = False) -> dict[str, Any]:
    """Return a header match: the method is GET, or is not."""
    match: dict[str, Any] = {"name": ":method", "string_match": {"exact": "GET"}}
    return {**match, "invert_match": True} if inverted else match


def path_route(
    path: str, action: dict[str, Any], *headers: dict[str, Any], kind: str = "path"
) -> dict[str, Any]:
    """Return a route for exactly this path, or for every path that begins so (`kind="prefix"`)."""
    match: dict[str, Any] = {kind: path}
    if headers:
        match["headers"] = list(headers)
    return {"match": match, **action}


def refuse(status: int) -> dict[str, Any]:
    """Return the action that answers with this status and nothing else."""
    return {"direct_response": {"status": status}}


def not_found() -> dict[str, Any]:
    """Return the last route: 404 for whatever no other route took."""
    return path_route("/", refuse(404), kind="prefix")
