"""The plain-HTTP port: `/metrics` and nothing else."""

from __future__ import annotations

from typing import Final

from prometheus_client import CollectorRegistry, generate_latest

from webhook.serving.body import Receive, Scope, Send

_TYPE: Final = (b"content-type", b"text/plain; version=0.0.4; charset=utf-8")


class Scrape:
    """An ASGI application that shows a registry in Prometheus' text format."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """Answer one scrape."""
        if scope["type"] != "http":
            return
        found = scope["path"] == "/metrics" and scope["method"] in ("GET", "HEAD")
        body = generate_latest(self._registry) if found else b"not found, expected GET /metrics\n"
        length = (b"content-length", b"%d" % len(body))
        status = 200 if found else 404
        await send({"type": "http.response.start", "status": status, "headers": [_TYPE, length]})
        await send({"type": "http.response.body", "body": body})
