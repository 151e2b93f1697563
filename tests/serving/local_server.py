"""The webhook in this process: real sockets, real TLS, in a thread with a loop of its own."""

from __future__ import annotations

import secrets
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import httpx
import uvloop

from tests.serving.polling import wait_until
from webhook.admission.handler import Handler as AdmissionHandler
from webhook.injection.engine import Engine
from webhook.manifests.value import read_yaml
from webhook.model.settings import Settings
from webhook.pki.authority import Authority, issue_authority
from webhook.pki.leaf import Leaf, sign_leaf
from webhook.serving.admissions import Admissions, Handler
from webhook.serving.crowd import Limits
from webhook.serving.draining import Draining
from webhook.serving.health import Finding, Readiness
from webhook.serving.http import Webhook, health_application
from webhook.serving.inject import InjectEndpoint
from webhook.serving.listener import Listener, bind
from webhook.serving.load import Load
from webhook.serving.metrics import Metrics
from webhook.serving.tls import SwappableContext

NAMES = ("localhost", "127.0.0.1")


def new_authority() -> Authority:
    """Return an authority of today."""
    return issue_authority(
        now=datetime.now(UTC), life=timedelta(days=1), random_bits=secrets.randbits
    )


def new_leaf(authority: Authority, names: tuple[str, ...] = NAMES) -> Leaf:
    """Return a leaf of today for loopback."""
    return sign_leaf(
        authority,
        names=names,
        now=datetime.now(UTC),
        life=timedelta(hours=1),
        random_bits=secrets.randbits,
    )


def default_handler() -> AdmissionHandler:
    """Return a handler with the default settings."""
    return AdmissionHandler(
        Engine(Settings(), read_yaml), lambda: secrets.token_hex(16), lambda _: None
    )


class LocalServer:
    """The parts of a running webhook."""

    def __init__(
        self, handler: Handler | None, limits: Limits, pending_limit: int, drain_seconds: int
    ) -> None:
        self.authority = new_authority()
        leaf = new_leaf(self.authority)
        self.tls = SwappableContext(leaf.chain, leaf.key)
        self.metrics, self.draining, self.load = Metrics(), Draining(), Load()
        self.findings: dict[str, Finding] = {}
        admissions = Admissions(self.metrics)
        admissions.replace_handler(handler or default_handler())
        endpoint = InjectEndpoint(
            admissions, self.metrics, self.draining, self.load, pending_limit=pending_limit
        )
        readiness = Readiness({"certificate": lambda: self.findings.get("certificate")})
        self.listener = Listener(
            Webhook(endpoint, health_application(readiness, lambda: {"version": "test"})),
            bind("127.0.0.1", 0),
            metrics=self.metrics,
            load=self.load,
            context=self.tls.front,
            limits=limits,
            drain_seconds=drain_seconds,
        )

    @property
    def address(self) -> tuple[str, int]:
        """Return where it listens."""
        return self.listener.address

    def trust(self, authority: Authority | None = None) -> ssl.SSLContext:
        """Return a client's context that trusts an authority, ours unless told."""
        return ssl.create_default_context(cadata=(authority or self.authority).certificate)

    def client(self) -> httpx.Client:
        """Return a client that trusts us."""
        host, port = self.address
        return httpx.Client(
            base_url=f"https://{host}:{port}", verify=self.trust(), trust_env=False, timeout=20
        )

    def connect(self) -> ssl.SSLSocket:
        """Return a bare TLS connection, for bytes that no HTTP client would send."""
        raw = socket.create_connection(self.address, timeout=20)
        return self.trust().wrap_socket(raw, server_hostname="localhost")

    def count(self, name: str, **labels: str) -> float:
        """Return a metric's value; 0 when nothing was counted."""
        return self.metrics.registry.get_sample_value(name, labels) or 0.0


@contextmanager
def local_server(
    handler: Handler | None = None,
    limits: Limits | None = None,
    pending_limit: int = 512,
    drain_seconds: int = 2,
) -> Iterator[LocalServer]:
    """Run a webhook for the length of a block."""
    server = LocalServer(handler, limits or Limits(), pending_limit, drain_seconds)
    thread = threading.Thread(target=lambda: uvloop.run(server.listener.serve()))
    thread.start()
    try:
        wait_until(lambda: server.listener.started, "the server listens")
        yield server
    finally:
        server.listener.should_exit = True
        thread.join(20)
        assert not thread.is_alive()
