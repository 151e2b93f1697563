"""A live Envoy is ready when what Pilot sent is in force, and says goodbye when it is asked to."""

from __future__ import annotations

import contextlib
import http.client
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tests.envoy import pilot
from tests.envoy.certificates import self_signed
from tests.envoy.mesh import PLAINTEXT, running_pilot_and_envoy, virtual
from tests.envoy.process import (
    TOKEN,
    RunningEnvoy,
    answers,
    eventually,
    free_ports,
    loopback,
    request,
    running_app,
    running_envoy,
)
from webhook.bootstrap.facts import drain_path
from webhook.model.settings import InterceptionMode, Settings, Traffic


@contextlib.contextmanager
def listening(port: int) -> Iterator[None]:
    """Accept connections on a port, as one of Pilot's virtual listeners would."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen()
        yield


@pytest.mark.parametrize("mode", [InterceptionMode.REDIRECT, InterceptionMode.TPROXY])
def test_gate_opens_when_both_virtual_listeners_accept(
    mode: InterceptionMode, tmp_path: Path
) -> None:
    """With Pilot refused, probes are answered within seconds, and readiness says 503 until then."""
    settings = loopback(
        msgspec.structs.replace(Settings(), traffic=Traffic(interception_mode=mode))
    )
    ports = settings.proxy.ports
    started = time.monotonic()
    with running_envoy(settings, tmp_path) as envoy:
        assert envoy.readiness() is None
        answers(envoy)
        assert time.monotonic() - started < 15
        assert envoy.readiness() == 503
        with listening(ports.inbound):
            eventually(lambda: _checked(envoy, ports.inbound), "inbound is seen")
            assert envoy.readiness() == 503, "outbound is missing"
            with listening(ports.outbound):
                eventually(lambda: envoy.readiness() == 200, "both are there")
        eventually(lambda: envoy.readiness() == 503, "both are gone")


def _checked(envoy: RunningEnvoy, port: int) -> bool:
    lines = envoy.admin("/clusters").body.decode().splitlines()
    return f"config-ready::127.0.0.1:{port}::health_flags::healthy" in lines


def test_only_get_is_answered(tmp_path: Path) -> None:
    """Readiness takes GET and no other method, and there is nothing else on the port."""
    settings = loopback()
    port = settings.proxy.ports.readiness
    with running_envoy(settings, tmp_path) as envoy:
        answers(envoy)
        assert request("127.0.0.1", port, "POST", "/healthz/ready", {}).status == 405
        for path in ("/", "/ready", "/healthz/ready/", "/stats", f"/{TOKEN}", "/drain"):
            assert envoy.get(port, path).status == 404


def test_ready_with_what_pilot_sends(tmp_path: Path) -> None:
    """A Pilot that sends the virtual listeners makes Envoy ready, and knows who it is."""
    port, target = free_ports(2)
    settings = loopback(PLAINTEXT, f"127.0.0.1:{port}")
    resources = virtual(settings, target)
    with running_pilot_and_envoy(resources, settings, port, tmp_path) as (served, envoy):
        eventually(lambda: envoy.readiness() == 200, "Envoy is ready")
        assert served.rejections == []
        node = served.nodes[0]
        assert b"sidecar~127.0.0.1~web-5f7d8b9c6d-x2x4z.shop~shop.svc.cluster.local" in node
        assert b"web.shop" in node
        assert served.headers[0]["clusterid"] == "Kubernetes"


def test_refused_configuration_is_not_ready(tmp_path: Path) -> None:
    """A listener that Envoy refuses leaves readiness closed, where admin `/ready` says 200."""
    port, target = free_ports(2)
    settings = loopback(PLAINTEXT, f"127.0.0.1:{port}")
    ports = settings.proxy.ports
    resources = virtual(settings, target)
    resources[pilot.LISTENER]["virtualInbound"] = pilot.unknown_listener(
        "virtualInbound", ports.inbound
    )
    with running_pilot_and_envoy(resources, settings, port, tmp_path) as (served, envoy):
        answers(envoy)
        eventually(lambda: bool(served.rejections), "Envoy refuses it")
        eventually(lambda: _checked(envoy, ports.outbound), "the other one is in force")
        assert envoy.admin("/ready").status == 200
        assert envoy.readiness() == 503


def test_without_redirection_an_accepted_listener_configuration_is_ready(tmp_path: Path) -> None:
    """Mode NONE has no virtual listeners; readiness opens with Pilot's first accepted answer."""
    port = free_ports(1)[0]
    none = msgspec.structs.replace(
        PLAINTEXT, traffic=Traffic(interception_mode=InterceptionMode.NONE)
    )
    settings = loopback(none, f"127.0.0.1:{port}")
    with running_envoy(settings, tmp_path) as envoy:
        answers(envoy)
        assert envoy.readiness() == 503
        assert (
            request(
                "127.0.0.1", settings.proxy.ports.readiness, "POST", "/healthz/ready", {}
            ).status
            == 405
        )
        with pilot.running_pilot({}, port):
            eventually(lambda: envoy.readiness() == 200, "Pilot has answered", 60)


def test_token_goes_to_pilot_and_a_new_one_with_the_next_stream(tmp_path: Path) -> None:
    """Envoy checks Pilot's certificate, sends the token, and reads it anew for each stream."""
    port, target = free_ports(2)
    settings = loopback(Settings(), f"127.0.0.1:{port}")
    certificate = self_signed(tmp_path / "pilot.pem", "istiod-pillion.istio-system.svc")
    resources = virtual(settings, target)
    with running_envoy(settings, tmp_path, root=certificate.read_text()) as envoy:
        with pilot.running_pilot(resources, port, certificate) as served:
            eventually(lambda: envoy.readiness() == 200, "Envoy is ready")
            assert served.headers[0]["authorization"] == "Bearer no-token-of-any-cluster"
            assert served.headers[0]["clusterid"] == "Kubernetes"
        (tmp_path / "istio-token").write_text("rotated")
        with pilot.running_pilot(resources, port, certificate) as served:
            eventually(lambda: bool(served.headers), "a new stream", 60)
            assert served.headers[0]["authorization"] == "Bearer rotated"


def test_new_root_is_read_by_a_new_envoy(tmp_path: Path) -> None:
    """After Pilot's root changed, a running Envoy keeps its configuration but needs a restart."""
    port, target = free_ports(2)
    settings = loopback(Settings(), f"127.0.0.1:{port}")
    name = "istiod-pillion.istio-system.svc"
    old, new = self_signed(tmp_path / "old.pem", name), self_signed(tmp_path / "new.pem", name)
    resources = virtual(settings, target)
    with running_envoy(settings, tmp_path, root=old.read_text()) as envoy:
        with pilot.running_pilot(resources, port, old):
            eventually(lambda: envoy.readiness() == 200, "Envoy is ready")
        (tmp_path / "root-cert.pem").write_text(new.read_text())
        with pilot.running_pilot(resources, port, new) as served:
            before = failures(envoy)
            eventually(lambda: failures(envoy) > before + 2, "Envoy tries again", 60)
            assert served.headers == []
            assert envoy.readiness() == 200
    with (
        running_envoy(settings, tmp_path, root=new.read_text()) as envoy,
        pilot.running_pilot(resources, port, new),
    ):
        eventually(lambda: envoy.readiness() == 200, "the new one is ready", 60)


@pytest.mark.parametrize("name", ["another.istio-system.svc", "istiod-pillion.istio-system.svc"])
def test_pilot_with_a_foreign_certificate_gets_no_token(name: str, tmp_path: Path) -> None:
    """A server with another name, or that the root did not sign, is not spoken to."""
    port = free_ports(1)[0]
    settings = loopback(Settings(), f"127.0.0.1:{port}")
    shown = self_signed(tmp_path / "shown.pem", name)
    root = shown if name.startswith("another") else self_signed(tmp_path / "root.pem", name)
    with (
        pilot.running_pilot({}, port, shown) as served,
        running_envoy(settings, tmp_path, root=root.read_text()) as envoy,
    ):
        answers(envoy)
        eventually(lambda: failures(envoy) > 1, "the stream fails")
        assert envoy.readiness() == 503
        assert served.headers == []


def failures(envoy: RunningEnvoy) -> int:
    """Return how often the stream to Pilot ended, for whatever reason."""
    stats = envoy.admin("/stats?filter=grpc.xds-grpc.streams_closed_").body.decode()
    return sum(int(line.rpartition(" ")[2]) for line in stats.splitlines())


@pytest.mark.parametrize("native", [True, False], ids=["native", "classic"])
def test_drain(native: bool, tmp_path: Path) -> None:
    """A drained Envoy sends clients away but serves on; a classic one holds the hook meanwhile."""
    port, target = free_ports(2)
    proxy = msgspec.structs.replace(PLAINTEXT.proxy, native=native, drain_seconds=2)
    settings = loopback(msgspec.structs.replace(PLAINTEXT, proxy=proxy), f"127.0.0.1:{port}")
    ready, inbound = settings.proxy.ports.readiness, settings.proxy.ports.inbound
    path = drain_path(TOKEN)
    with (
        running_app("http", target),
        running_pilot_and_envoy(virtual(settings, target), settings, port, tmp_path) as (_, envoy),
    ):
        eventually(lambda: envoy.readiness() == 200, "Envoy is ready")
        assert not _says_goodbye(inbound)
        # Nothing but a GET without a body drains.
        assert envoy.get(ready, drain_path("f" * 32)).status == 404
        assert request("127.0.0.1", ready, "POST", path, {}).status == 405
        assert request("127.0.0.1", ready, "GET", path, {}, b"x").status == 400
        chunked = {"Transfer-Encoding": "chunked"}
        assert request("127.0.0.1", ready, "GET", path, chunked, b"x", chunked=True).status == 400
        assert not _says_goodbye(inbound)
        drained = envoy.get(ready, path)
        assert drained.status == 200
        # Envoy counts from the time at which its loop last woke up, a moment before the request.
        assert (drained.seconds >= 1.9) is not native
        assert _says_goodbye(inbound)
        assert envoy.readiness() == 200
        # kubelet may repeat a hook.
        assert envoy.get(ready, path).status == 200
        envoy.process.send_signal(signal.SIGTERM)
        assert envoy.process.wait(10) == 0


def _says_goodbye(port: int) -> bool:
    """Ask over a connection that could be kept; True if the answer closes it."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/ok")
        response = connection.getresponse()
        response.read()
        assert response.status == 200
        return response.getheader("connection") == "close"
    finally:
        connection.close()
