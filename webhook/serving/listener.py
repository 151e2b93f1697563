"""A listening socket and the uvicorn server behind it, started and stopped by its owner."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable, Iterator
from typing import Any, Final

import uvicorn
from uvicorn.config import Config

from webhook.model.errors import PillionError
from webhook.serving.connection import Connection
from webhook.serving.crowd import Crowd, Limits
from webhook.serving.load import Load
from webhook.serving.metrics import Metrics

_KEEP_ALIVE_SECONDS: Final = 120
"""Go's client keeps an idle connection for 90 s; were we to close it first, a request could meet
the close half-way, and a POST is not tried again."""
_BACKLOG: Final = 2048


class ListenError(PillionError):
    """The address cannot be listened on; the message names it."""


class Listener(uvicorn.Server):
    """uvicorn's server without its signal handlers, with deadlines on every connection."""

    def __init__(
        self,
        application: Callable[..., Any],
        bound: socket.socket,
        *,
        metrics: Metrics,
        load: Load,
        context: ssl.SSLContext | None = None,
        limits: Limits | None = None,
        drain_seconds: int = 5,
    ) -> None:
        """Make a server.

        Args:
            application: ASGI.
            bound: a bound socket, see `bind`.
            metrics: counts connections that are ended.
            load: kept up to date.
            context: for TLS; plain HTTP without.
            limits: of each connection.
            drain_seconds: given to requests in flight when it stops.
        """
        self._bound = bound
        self._context = context
        self._limits = limits or Limits()
        self._crowd = Crowd(self._limits, metrics, load)
        self.listening = asyncio.Event()
        super().__init__(
            Config(
                application,
                loop="uvloop",
                http="httptools",
                ws="none",
                lifespan="off",
                interface="asgi3",
                log_config=None,
                access_log=False,
                proxy_headers=False,
                server_header=False,
                timeout_keep_alive=_KEEP_ALIVE_SECONDS,
                timeout_graceful_shutdown=drain_seconds,
            )
        )

    @property
    def address(self) -> tuple[str, int]:
        """Return where it listens."""
        host, port, *_ = self._bound.getsockname()
        return host, port

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone: the owner of several servers decides when each stops."""
        yield

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until `should_exit` is set, then drain."""
        timekeeper = asyncio.create_task(self._crowd.keep_time())
        try:
            await super().serve(sockets)
        finally:
            timekeeper.cancel()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:  # noqa: ARG002
        """Start to listen; uvicorn's own has no way to bound handshake and TLS shutdown."""
        tls = self._context is not None
        server = await asyncio.get_running_loop().create_server(
            self._connection,
            sock=self._bound,
            backlog=_BACKLOG,
            ssl=self._context,
            ssl_handshake_timeout=self._limits.handshake_seconds if tls else None,
            ssl_shutdown_timeout=self._limits.close_seconds if tls else None,
        )
        self.servers = [server]
        self.started = True
        self.listening.set()

    def _connection(self) -> Connection:
        return Connection(self.config, self.server_state, self._crowd)


def bind(host: str, port: int) -> socket.socket:
    """Return a socket bound to that address; port 0 takes a free one, no host all addresses.

    Raises:
        ListenError: no such address, no right to the port, or it is taken.
    """
    if not host:
        try:
            return bind("::", port)
        except ListenError:  # a kernel without IPv6
            return bind("0.0.0.0", port)  # noqa: S104 - asked for
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if host == "::":
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        bound.bind((host, port))
    except OSError as error:
        bound.close()
        raise ListenError(f"listen on {host} port {port}: {error.strerror or error}") from error
    return bound
