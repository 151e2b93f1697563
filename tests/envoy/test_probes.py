"""A live Envoy asks real applications what kubelet asks of it."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.envoy.certificates import self_signed
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
from webhook.bootstrap.facts import ProbeKind, ProbeSlot, ProbeTarget, probe_path

APPS = (
    ("http", "http"),
    ("https-1.3", "https-1.3"),
    ("https-1.2", "https-1.2"),
    ("https-ed25519", "https"),
    ("http2", "http2"),
    ("tcp", "tcp"),
    ("banner", "banner"),
    ("grpc", "grpc"),
    ("grpc-without-health", "grpc-without-health"),
)
"""Container name, and the application in it; its port is in `World.ports`. `nothing` has none."""

HEALTHY, FAILING = "healthy", "failing"
LONG = "s" * 300
CASES = (
    # Container, what is asked of it, and what kubelet shall see.
    ("http", "/ok", HEALTHY),
    ("http", "/redirect", HEALTHY),
    ("http", "/sick", FAILING),
    ("http", "/slow", FAILING),
    ("nothing", "/ok", FAILING),
    ("https-1.3", "/ok", HEALTHY),
    ("https-1.3", "/sick", FAILING),
    ("https-1.2", "/ok", HEALTHY),
    ("https-ed25519", "/ok", HEALTHY),
    ("http2", "/ok", HEALTHY),
    ("tcp", "tcp", HEALTHY),
    ("banner", "tcp", HEALTHY),
    ("nothing", "tcp", FAILING),
    ("grpc", "grpc:", HEALTHY),
    ("grpc", f"grpc:{LONG}", HEALTHY),
    ("grpc", 'grpc:$(POD_NAME)%"\\ü😀', HEALTHY),
    ("grpc", "grpc:sick", FAILING),
    ("grpc", "grpc:slow", FAILING),
    ("grpc", "grpc:unknown", FAILING),
    ("grpc", "grpc:silent", FAILING),
    ("grpc-without-health", "grpc:", FAILING),
    ("tcp", "grpc:", FAILING),
    ("nothing", "grpc:", FAILING),
)


class World(NamedTuple):
    """One Envoy with every case as a container of its own."""

    envoy: RunningEnvoy
    ports: dict[str, int]

    def case(self, index: int) -> str:
        """Return the path that kubelet asks for a case."""
        return probe_path(TOKEN, f"case-{index}", ProbeSlot.READINESS)

    def named(self, name: str, slot: ProbeSlot = ProbeSlot.READINESS) -> str:
        """Return the path that kubelet asks for a target of `_more_targets`."""
        return probe_path(TOKEN, name, slot)


def _target(container: str, asked: str, ports: dict[str, int], name: str) -> ProbeTarget:
    port = ports[container]
    if asked == "tcp":
        return ProbeTarget(container=name, slot=ProbeSlot.READINESS, kind=ProbeKind.TCP, port=port)
    if asked.startswith("grpc:"):
        service = asked.removeprefix("grpc:")
        return ProbeTarget(
            container=name,
            slot=ProbeSlot.READINESS,
            kind=ProbeKind.GRPC,
            port=port,
            service=service,
        )
    secured = container.startswith(("https", "http2"))
    kind = ProbeKind.HTTPS if secured else ProbeKind.HTTP
    return ProbeTarget(container=name, slot=ProbeSlot.READINESS, kind=kind, port=port, path=asked)


def _more_targets(ports: dict[str, int]) -> tuple[ProbeTarget, ...]:
    http, later = ports["http"], ports["later"]
    hook = ProbeSlot.PRE_STOP
    return (
        ProbeTarget(
            container="echo",
            slot=ProbeSlot.READINESS,
            kind=ProbeKind.HTTP,
            port=http,
            path="/echo%20it/%25?x=$(POD_NAME)&y=%41",
        ),
        ProbeTarget(
            container="own-host",
            slot=ProbeSlot.READINESS,
            kind=ProbeKind.HTTP,
            port=http,
            path="/echo",
            has_host=True,
        ),
        ProbeTarget(
            container="half", slot=ProbeSlot.READINESS, kind=ProbeKind.HTTP, port=http, path="/half"
        ),
        ProbeTarget(container="hook", slot=hook, kind=ProbeKind.HTTP, port=http, path="/slow"),
        ProbeTarget(container="hook-sick", slot=hook, kind=ProbeKind.HTTP, port=http, path="/sick"),
        ProbeTarget(
            container="hook-later",
            slot=ProbeSlot.POST_START,
            kind=ProbeKind.HTTP,
            port=ports["nothing"],
        ),
        *(
            ProbeTarget(container=f"later-{kind}", slot=ProbeSlot.STARTUP, kind=kind, port=later)
            for kind in ProbeKind
        ),
    )


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Every application and one Envoy that asks them; Pilot refuses connections all the while."""
    directory = tmp_path_factory.mktemp("probes")
    names = [name for name, _ in APPS] + ["nothing", "later"]
    ports = dict(zip(names, free_ports(len(names)), strict=True))
    usual = self_signed(directory / "usual.pem", "app.test")
    ed25519 = self_signed(directory / "ed25519.pem", "app.test", is_ed25519=True)
    targets = tuple(
        _target(container, asked, ports, f"case-{index}")
        for index, (container, asked, _) in enumerate(CASES)
    )
    with ExitStack() as stack:
        for name, kind in APPS:
            certificate = ed25519 if name == "https-ed25519" else usual
            stack.enter_context(running_app(kind, ports[name], str(certificate)))
        envoy = stack.enter_context(
            running_envoy(loopback(), directory, (*targets, *_more_targets(ports)))
        )
        answers(envoy)
        yield World(envoy, ports)


@pytest.mark.parametrize("index", range(len(CASES)), ids=[f"{c}-{a[:24]}-{e}" for c, a, e in CASES])
def test_probe_says_what_the_application_says(world: World, index: int) -> None:
    """A probe succeeds for a healthy application and fails for any other, within its timeout."""
    answer = world.envoy.probe(world.case(index))
    expected = CASES[index][2]
    assert (200 <= answer.status < 300) == (expected == HEALTHY), answer
    assert answer.status < 300 or answer.status >= 400, "kubelet would follow a redirect"
    assert answer.seconds < 2.5
    assert "location" not in answer.headers


def test_request_is_as_kubelet_would_have_sent_it(world: World) -> None:
    """The application sees its own path, query and port, and kubelet's headers and no others."""
    answer = world.envoy.probe(
        world.named("echo"), **{"User-Agent": "kube-probe/1.37", "Accept": "*/*", "X-Own": "ü"}
    )
    seen = json.loads(answer.body)
    assert seen["target"] == "/echo%20it/%25?x=$(POD_NAME)&y=%41"
    assert seen["headers"] == {
        "host": f"127.0.0.1:{world.ports['http']}",
        "user-agent": "kube-probe/1.37",
        "accept": "*/*",
        "accept-encoding": "identity",  # of this test's client
        "x-own": "ü",
    }
    assert seen["peer"][0] == "127.0.0.6"


def test_host_of_the_probe_is_passed_on(world: World) -> None:
    """A Host header that the probe names reaches the application as it is."""
    answer = world.envoy.probe(world.named("own-host"), Host="shop.example:1")
    assert json.loads(answer.body)["headers"]["host"] == "shop.example:1"


def test_each_probe_is_a_new_connection(world: World) -> None:
    """A kept connection could lead to a process that no longer listens."""
    peers = [json.loads(world.envoy.probe(world.named("echo")).body)["peer"] for _ in range(3)]
    assert len({port for _, port in peers}) == 3


def test_body_that_does_not_come_fails(world: World) -> None:
    """An application that hangs after the headers does not pass: kubelet reads the body, too."""
    with pytest.raises((OSError, ValueError, Exception)) as caught:
        world.envoy.probe(world.named("half"))
    assert type(caught.value).__name__ in {"IncompleteRead", "RemoteDisconnected"}


@pytest.mark.parametrize("kind", list(ProbeKind))
def test_killed_application_passes_only_when_it_listens_again(
    world: World, kind: ProbeKind, tmp_path: Path
) -> None:
    """The first answer after the kill is a failure, and the first after the restart is not."""
    certificate = str(self_signed(tmp_path / "app.pem", "app.test"))
    app = {ProbeKind.HTTP: "http", ProbeKind.HTTPS: "https"}.get(kind, kind.value)
    path = world.named(f"later-{kind}", ProbeSlot.STARTUP)
    port = world.ports["later"]
    with running_app(app, port, certificate) as process:
        assert world.envoy.probe(path).status == 200
        process.kill()
        process.wait()
        assert [world.envoy.probe(path).status for _ in range(20)] == [503] * 20
    with running_app(app, port, certificate):
        assert world.envoy.probe(path).status == 200


@pytest.mark.parametrize("kind", [ProbeKind.HTTP, ProbeKind.HTTPS, ProbeKind.GRPC])
def test_stopped_application_fails(world: World, kind: ProbeKind, tmp_path: Path) -> None:
    """An application that does not run, but whose kernel still takes connections, fails in time."""
    certificate = str(self_signed(tmp_path / "app.pem", "app.test"))
    path = world.named(f"later-{kind}", ProbeSlot.STARTUP)
    with running_app(kind.value, world.ports["later"], certificate) as process:
        assert world.envoy.probe(path).status == 200
        process.send_signal(signal.SIGSTOP)
        answer = world.envoy.probe(path)
        assert answer.status in {503, 504}
        assert answer.seconds < 2.5
        process.send_signal(signal.SIGCONT)
        eventually(lambda: world.envoy.probe(path).status == 200, "it answers again")


def test_hook_may_take_longer_than_a_probe(world: World) -> None:
    """Kubelet gives a hook the whole grace period, and ignores the status of its answer."""
    answer = world.envoy.probe(world.named("hook", ProbeSlot.PRE_STOP))
    assert answer.status == 200
    assert answer.seconds > 2.5
    assert world.envoy.probe(world.named("hook-sick", ProbeSlot.PRE_STOP)).status == 500


def test_hook_that_cannot_be_delivered_fails_at_kubelet(world: World) -> None:
    """Kubelet fails on a refused connection and on a Location it cannot parse, not on a status."""
    answer = world.envoy.probe(world.named("hook-later", ProbeSlot.POST_START))
    assert answer.status == 302
    assert answer.headers["location"] == ":the application did not answer"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "HEAD", "OPTIONS"])
def test_other_methods_are_refused(world: World, method: str) -> None:
    """Only GET reaches the application."""
    port = world.envoy.settings.proxy.ports.probes
    assert request("127.0.0.1", port, method, world.named("echo"), {}).status == 405


@pytest.mark.parametrize("name", ["echo", "own-host", "later-grpc", "later-tcp"])
@pytest.mark.parametrize("chunked", [False, True])
def test_body_is_refused(world: World, name: str, chunked: bool) -> None:
    """A GET with a body reaches nothing."""
    port = world.envoy.settings.proxy.ports.probes
    slot = ProbeSlot.STARTUP if name.startswith("later") else ProbeSlot.READINESS
    headers = {"Transfer-Encoding": "chunked"} if chunked else {}
    answer = request(
        "127.0.0.1", port, "GET", world.named(name, slot), headers, b"x=1", chunked=chunked
    )
    assert answer.status == 400


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/app-health/echo/readyz",
        f"/{TOKEN}",
        f"/{TOKEN}/",
        f"/{TOKEN}/app-health/echo/readyz/more",
        f"/{TOKEN}/app-health/other/readyz",
        f"/{'f' * 32}/app-health/echo/readyz",
        f"/{TOKEN}/drain",
    ],
)
def test_unknown_path_is_not_found(world: World, path: str) -> None:
    """Without the token and a probe's exact path there is nothing here."""
    assert world.envoy.probe(path).status == 404


def test_application_answers_nothing_of_envoy(world: World) -> None:
    """The mark by which the program tells the application's answers does not leave Envoy."""
    assert "x-pillion-local" not in world.envoy.probe(world.named("echo")).headers
    assert "x-pillion-local" not in world.envoy.probe("/").headers
