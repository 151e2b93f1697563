"""Routes: `/inject` straight to its endpoint, everything else to a FastAPI application."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response

from webhook.serving.body import Receive, Scope, Send
from webhook.serving.health import Readiness
from webhook.serving.inject import InjectEndpoint

INJECT_PATH: Final = "/inject"


class Webhook:
    """The ASGI application of the TLS port.

    The look at the path comes before the framework: its routing costs more than an injection.
    """

    def __init__(self, inject: InjectEndpoint, others: FastAPI) -> None:
        self._inject = inject
        self._others = others

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "http" and scope["path"] == INJECT_PATH:
            await self._inject(scope, receive, send)
        else:
            await self._others(scope, receive, send)


def health_application(readiness: Readiness, version: Callable[[], Mapping[str, str]]) -> FastAPI:
    """Return the application with `/healthz`, `/readyz` and `/version`."""
    application = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

    @application.get("/healthz")
    async def healthz() -> Response:
        """Tell that the event loop turns; kubelet restarts the container otherwise."""
        return PlainTextResponse("ok\n")

    @application.get("/readyz")
    async def readyz(request: Request) -> Response:
        """Tell whether the API server should send us pods; `?verbose` says why not."""
        ready, report = readiness.report()
        verbose = "verbose" in request.query_params or not ready
        text = report if verbose else "ready\n"
        return PlainTextResponse(text, status_code=200 if ready else 503)

    @application.get("/version")
    async def show_version() -> Response:
        """Tell which program with which configuration answers."""
        return JSONResponse(dict(version()))

    return application
