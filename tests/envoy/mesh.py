"""A Pilot and an Envoy together, with the two virtual listeners that Pilot sends."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import msgspec

from tests.envoy import pilot
from tests.envoy.process import RunningEnvoy, running_envoy
from webhook.bootstrap.facts import ProbeTarget
from webhook.model.settings import PilotConnection, Settings

PLAINTEXT = msgspec.structs.replace(
    Settings(),
    pilot=msgspec.structs.replace(Settings().pilot, connection=PilotConnection.PLAINTEXT),
)


@contextlib.contextmanager
def running_pilot_and_envoy(
    resources: dict[str, dict[str, bytes]],
    settings: Settings,
    port: int,
    directory: Path,
    targets: tuple[ProbeTarget, ...] = (),
) -> Iterator[tuple[pilot.Pilot, RunningEnvoy]]:
    """Run both, Pilot first."""
    with (
        pilot.running_pilot(resources, port) as served,
        running_envoy(settings, directory, targets) as envoy,
    ):
        yield served, envoy


def virtual(settings: Settings, target: int) -> dict[str, dict[str, bytes]]:
    """Return Pilot's two virtual listeners, the inbound one with an application behind it."""
    ports = settings.proxy.ports
    name = "outbound|80|v1|web.shop.svc.cluster.local"
    return {
        pilot.CLUSTER: {name: pilot.cluster(name, target)},
        pilot.LISTENER: {
            "virtualOutbound": pilot.tcp_listener("virtualOutbound", ports.outbound, name),
            "virtualInbound": pilot.http_listener(
                "virtualInbound", ports.inbound, name, "inbound_0.0.0.0_8080;"
            ),
        },
    }
