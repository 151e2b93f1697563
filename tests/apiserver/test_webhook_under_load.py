"""Two replicas at a steady rate of pods: nothing we do to ourselves costs a creation.

Every test prints what it counted.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from functools import partial

import pytest

from tests.apiserver.conftest import ControlPlanes
from tests.apiserver.kubernetes_version import KubernetesVersion
from tests.apiserver.polling import wait_until
from tests.apiserver.replicas import Installation, installation
from tests.apiserver.storm import WORKERS, Storm, Tally

pytestmark = pytest.mark.apiserver

LIVES = ("--leaf-seconds=4", "--authority-seconds=30", "--settle-seconds=3")
"""Each replica signs anew every 2.7 s, and the authority is replaced every 23 s."""
WEBHOOK = "pillion.istio.io"


@pytest.fixture(scope="module")
def pair(
    control_planes: ControlPlanes, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    """Yield two replicas behind a balancer."""
    plane = control_planes.get(KubernetesVersion.V1_37)
    with installation(plane, tmp_path_factory.mktemp("pair")) as found:
        for _ in range(2):
            found.start()
        for replica in found.replicas:
            replica.wait_until_ready()
        found.balance()
        found.wait_until_called()
        yield found


def report(what: str, tally: Tally) -> None:
    """Print the counts."""
    print(f"\n{what}: {tally}")
    for message, times in tally.refused.items():
        print(f"  {times} x {message[:300]}")


def assert_nothing_was_lost(tally: Tally) -> None:
    """Fail when a creation was refused, or a pod came out without its sidecar."""
    assert tally.refused.total() == 0, tally.refused
    assert tally.bare == 0
    assert tally.injected > 50


def test_leaf_and_authority_rotate(
    control_planes: ControlPlanes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Leaves every few seconds and a new authority meanwhile cost nothing."""
    plane = control_planes.get(KubernetesVersion.V1_37)
    with installation(plane, tmp_path_factory.mktemp("rotating")) as rotating:
        for _ in range(2):
            rotating.start(*LIVES)
        for replica in rotating.replicas:
            replica.wait_until_ready()
        rotating.balance()
        rotating.wait_until_called()
        with Storm(plane, rotating.namespace()) as storm:
            wait_until(
                lambda: all(
                    each.metric('pillion_certificate_rotations_total{kind="ca"}') >= 3
                    for each in rotating.replicas
                ),
                seconds=120,
                what="two replacements of the authority",
            )
        leaves = [
            each.metric('pillion_certificate_rotations_total{kind="leaf"}')
            for each in rotating.replicas
        ]
        report(f"leaves of two replicas {leaves}, authority replaced twice", storm.tally)
    assert_nothing_was_lost(storm.tally)
    assert all(count >= 10 for count in leaves)


def test_configuration_is_reloaded(pair: Installation) -> None:
    """Good and bad configurations in turn cost nothing."""
    file = pair.directory / "mounted" / "config.yaml"
    good = file.read_text()
    with Storm(pair.plane, pair.namespace()) as storm:
        for text in ("proxy: 7\n", f"{good}\n# new\n", "proxy: 8\n", f"{good}\n# newer\n"):
            draft = file.with_name("draft")
            draft.write_text(text)
            draft.replace(file)
            is_good = text.startswith(good)
            wait_until(
                partial(_shows, pair, "[+] configuration" if is_good else "[!] configuration"),
                seconds=20,
                what="the configuration taken or refused",
            )
        file.write_text(good)
    report("two good and two bad configurations", storm.tally)
    assert_nothing_was_lost(storm.tally)


def _shows(pair: Installation, text: str) -> bool:
    return all(text in each.ready()[1] for each in pair.replicas)


def test_rolling_restart(pair: Installation) -> None:
    """SIGTERM to one replica after the other costs nothing."""
    with Storm(pair.plane, pair.namespace()) as storm:
        for replica in pair.replicas:
            assert replica.component.stop(with_signal=signal.SIGTERM, seconds=30) == 0
            replica.component.start()
            replica.wait_until_ready()
            storm.last(1)
    report("both replicas restarted", storm.tally)
    assert_nothing_was_lost(storm.tally)


def test_killed_replica_costs_what_it_was_answering(pair: Installation) -> None:
    """SIGKILL fails at most the creations that were in flight, and the other replica goes on."""
    victim = pair.replicas[0]
    with Storm(pair.plane, pair.namespace()) as storm:
        storm.last(1)
        victim.component.stop(with_signal=signal.SIGKILL)
        storm.last(3)
        victim.component.start()
        victim.wait_until_ready()
    report("one replica killed", storm.tally)
    assert storm.tally.bare == 0
    assert storm.tally.refused.total() <= WORKERS
    assert storm.tally.injected > 50


def test_outage_of_etcd_is_not_blamed_on_us(pair: Installation) -> None:
    """While etcd restarts creations fail, but none because of the webhook, and we stay ready."""
    with Storm(pair.plane, pair.namespace(), dry_run=False) as storm:
        storm.last(1)
        pair.plane.etcd.stop(with_signal=signal.SIGTERM)
        storm.last(1)
        pair.plane.etcd.start()
        pair.plane.api_server.wait_until(lambda: pair.plane.exists("/readyz"), seconds=60)
        storm.last(2)
    report("etcd restarted", storm.tally)
    assert not [message for message in storm.tally.refused if WEBHOOK in message]
    assert storm.tally.bare == 0
    for replica in pair.replicas:
        replica.wait_until_ready()
