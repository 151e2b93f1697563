"""The drain path: a GET by kubelet's preStop hook that makes Envoy say goodbye to its clients.

kubelet can only GET, and Envoy's admin port wants POST; a program of a few lines turns the one into
the other. `graceful&skip_exit` closes no listener: responses carry `connection: close` and new
connections are taken until SIGTERM. A native sidecar gets SIGTERM after the application has ended;
a classic one at once when its hook has returned, so there the answer is held for the drain time.
"""

from __future__ import annotations

from typing import Any

from webhook.bootstrap.clusters import ADMIN, TYPE
from webhook.bootstrap.facts import drain_path
from webhook.bootstrap.http import http_filter, is_get, lua_filter, lua_route, path_route, refuse
from webhook.model.settings import Settings

PROGRAM = f"""\
function envoy_on_request(handle)
  if handle:body() then
    handle:respond({{[":status"] = "400"}}, "")
    return
  end
  local ok, headers = pcall(handle.httpCall, handle, "{ADMIN}", {{
    [":method"] = "POST", [":authority"] = "admin",
    [":path"] = "/drain_listeners?inboundonly&graceful&skip_exit"}}, "", 5000)
  if not ok or headers[":status"] ~= "200" then handle:respond({{[":status"] = "503"}}, "") end
end
"""

_FAULT = "extensions.filters.http.fault.v3.HTTPFault"


def filters(settings: Settings) -> list[dict[str, Any]]:
    """Return the filters that the routes need; both do nothing on other routes."""
    hold = [] if settings.proxy.native else [http_filter("fault", _FAULT)]
    return [lua_filter(), *hold]


def routes(settings: Settings, token: str) -> list[dict[str, Any]]:
    """Return the routes of the drain path: 200 once drained, 405 for other methods."""
    path = drain_path(token)
    programs = lua_route(PROGRAM)
    if not settings.proxy.native:
        delay = {
            "fixed_delay": f"{settings.proxy.drain_seconds}s",
            "percentage": {"numerator": 100},
        }
        programs["envoy.filters.http.fault"] = {"@type": TYPE + _FAULT, "delay": delay}
    answer = {**refuse(200), "typed_per_filter_config": programs}
    return [path_route(path, answer, is_get()), path_route(path, refuse(405))]
