"""Processes of a test: applications and Envoys, each stopped by the test that started it."""

from __future__ import annotations

import contextlib
import http.client
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from tests.envoy.binary import envoy
from tests.envoy.kubelet import expanded
from tests.envoy.validate import ENVIRONMENT, remounted
from webhook.bootstrap.arguments import arguments
from webhook.bootstrap.document import document
from webhook.bootstrap.facts import Facts, ProbeTarget
from webhook.bootstrap.text import argument, literal
from webhook.model.settings import Pilot, PilotConnection, Ports, Proxy, Settings

PATIENCE = 30.0
"""Seconds after which a condition that is waited for counts as missed."""
TOKEN = "0123456789abcdef0123456789abcdef"
FACTS = Facts(
    labels={"app": "web"},
    workload="web",
    owner="kubernetes://apis/apps/v1/namespaces/shop/deployments/web",
    pod_ports='[{"name":"http","containerPort":8080,"protocol":"TCP"}]',
    app_containers="web",
    service_cluster="web.shop",
)


class Answer(NamedTuple):
    """What came back for one request."""

    status: int
    headers: dict[str, str]
    body: bytes
    seconds: float


class RunningEnvoy(NamedTuple):
    """An Envoy of this test."""

    settings: Settings
    address: str
    process: subprocess.Popen[bytes]
    log: Path
    mounted: Path

    def get(self, port: int, path: str, **headers: str) -> Answer:
        """Ask as kubelet does: GET, one connection."""
        return request(self.address, port, "GET", path, headers)

    def probe(self, path: str, **headers: str) -> Answer:
        """Ask the probe port."""
        return self.get(self.settings.proxy.ports.probes, path, **headers)

    def readiness(self) -> int | None:
        """Return the status of `/healthz/ready`; None while nothing listens."""
        try:
            return self.get(self.settings.proxy.ports.readiness, "/healthz/ready").status
        except OSError:
            return None

    def admin(self, path: str, method: str = "GET") -> Answer:
        """Ask the admin port."""
        return request("127.0.0.1", self.settings.proxy.ports.admin, method, path, {})


def request(
    address: str,
    port: int,
    method: str,
    path: str,
    headers: dict[str, str],
    body: bytes | None = None,
    chunked: bool = False,
) -> Answer:
    """Send one request over a connection of its own; raises OSError if nothing answers."""
    started = time.monotonic()
    connection = http.client.HTTPConnection(address, port, timeout=PATIENCE)
    try:
        sent: object = iter([body]) if chunked and body is not None else body
        connection.request(
            method,
            path,
            body=sent,  # type: ignore[arg-type]  # the stub knows no iterator of bytes here
            headers={**headers, "Connection": "close"},
            encode_chunked=chunked,
        )
        response = connection.getresponse()
        body_read = response.read()
        lowered = {key.lower(): value for key, value in response.getheaders()}
        return Answer(response.status, lowered, body_read, time.monotonic() - started)
    finally:
        connection.close()


def eventually(condition: Callable[[], bool], what: str, patience: float = PATIENCE) -> None:
    """Poll until a condition holds."""
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, f"not within {patience} s: {what}"
        time.sleep(0.05)


def free_ports(count: int, address: str = "127.0.0.1") -> list[int]:
    """Return ports that nothing listens on."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with contextlib.ExitStack() as open_sockets:
        taken = [open_sockets.enter_context(socket.socket(family)) for _ in range(count)]
        for each in taken:
            each.bind((address, 0))
        return [each.getsockname()[1] for each in taken]


def loopback(settings: Settings | None = None, pilot: str | None = None) -> Settings:
    """Return settings whose ports are free ones; without a Pilot, its port refuses."""
    base = settings or Settings()
    admin, outbound, inbound, probes, readiness, prometheus, refused = free_ports(7)
    ports = Ports(
        admin=admin,
        outbound=outbound,
        inbound=inbound,
        probes=probes,
        readiness=readiness,
        prometheus=prometheus,
    )
    changed: Pilot = base.pilot
    if pilot is None:
        changed = Pilot(connection=PilotConnection.PLAINTEXT, address=f"127.0.0.1:{refused}")
    else:
        changed = msgspec.structs.replace(base.pilot, address=pilot)
    proxy: Proxy = msgspec.structs.replace(base.proxy, ports=ports, concurrency=1)
    return msgspec.structs.replace(base, proxy=proxy, pilot=changed)


@contextlib.contextmanager
def running_envoy(
    settings: Settings,
    directory: Path,
    targets: tuple[ProbeTarget, ...] = (),
    *,
    facts: Facts = FACTS,
    address: str = "127.0.0.1",
    override: str = "{}",
    root: str | None = None,
    wrapper: tuple[str, ...] = (),
) -> Iterator[RunningEnvoy]:
    """Run Envoy from the generated arguments, as kubelet would expand them."""
    text = argument(document(settings, facts, targets, TOKEN)).decode()
    given = arguments(settings, text, literal(facts.service_cluster))
    environment = {**ENVIRONMENT, "POD_IP": address, "POD_IPS": address}
    argv = remounted(expanded(given, environment), directory, override, root)
    log = directory / "envoy.log"
    with (
        log.open("wb") as output,
        subprocess.Popen([*wrapper, envoy(), *argv], stdout=output, stderr=output) as process,
    ):
        try:
            yield RunningEnvoy(settings, address, process, log, directory)
        finally:
            process.kill()
            process.wait()


def answers(running: RunningEnvoy) -> None:
    """Wait until the probe port answers."""

    def is_there() -> bool:
        assert running.process.poll() is None, running.log.read_text(errors="replace")[-3000:]
        try:
            return running.probe("/").status == 404
        except OSError:
            return False

    eventually(is_there, "the probe port answers")


@contextlib.contextmanager
def running_app(
    kind: str, port: int, certificate: str = "", address: str = "127.0.0.1"
) -> Iterator[subprocess.Popen[bytes]]:
    """Run an application until it listens, and stop it afterwards."""
    argv = [sys.executable, "-m", "tests.envoy.app", kind, address, str(port), certificate]
    with subprocess.Popen(argv, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"listening\n"
            yield process
        finally:
            process.kill()
            process.wait()
