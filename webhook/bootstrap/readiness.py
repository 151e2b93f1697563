"""`/healthz/ready`: open once what Pilot sent is in force.

With redirection, the gate: both virtual listeners accept connections. Without, there are none; then
Envoy's own count of accepted listener configurations is asked.
"""

from __future__ import annotations

from typing import Any

from webhook.bootstrap.clusters import ADMIN, GATE
from webhook.bootstrap.http import http_filter, is_get, lua_route, path_route, refuse
from webhook.model.settings import InterceptionMode, Settings

PATH = "/healthz/ready"

ACCEPTED = f"""\
function envoy_on_request(handle)
  local ok, headers, body = pcall(handle.httpCall, handle, "{ADMIN}", {{
    [":method"] = "GET", [":authority"] = "admin",
    [":path"] = "/stats?filter=%5Elistener_manager.lds.update_success$"}}, "", 1000)
  local count = ok and body and string.match(body, "lds.update_success: (%d+)")
  if not count or count == "0" then handle:respond({{[":status"] = "503"}}, "") end
end
"""
"""Answers 503 until Envoy accepted one listener configuration; lets the route answer then."""


def filters(settings: Settings) -> list[dict[str, Any]]:
    """Return the filter that answers from the gate's health, where there is a gate."""
    if settings.traffic.interception_mode is InterceptionMode.NONE:
        return []
    return [
        http_filter(
            "health_check",
            "extensions.filters.http.health_check.v3.HealthCheck",
            pass_through_mode=False,
            headers=[{"name": ":path", "string_match": {"exact": PATH}}, is_get()],
            cluster_min_healthy_percentages={GATE: {"value": 100}},
        )
    ]


def routes(settings: Settings) -> list[dict[str, Any]]:
    """Return the routes of the path: the answer without a gate, and 405 for other methods."""
    refused = path_route(PATH, refuse(405))
    if settings.traffic.interception_mode is not InterceptionMode.NONE:
        return [refused]
    answer = {**refuse(200), "typed_per_filter_config": lua_route(ACCEPTED)}
    return [path_route(PATH, answer, is_get()), refused]
