"""Two replicas at a steady rate of pods: nothing we do to ourselves costs a creation.

Every test prints what it counted. Meanwhile each replica signs itself a new leaf every second.
"""

from __future__ import annotations

import json
import secrets
import signal
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from tests.apiserver.conftest import ControlPlanes
from tests.apiserver.kubernetes_version import KubernetesVersion
from tests.apiserver.polling import wait_until
from tests.apiserver.replicas import Installation, installation
from tests.apiserver.storm import WORKERS, Storm, Tally
from webhook.pki.authority import issue_authority
from webhook.pki.rotation import Record
from webhook.pki.stored_record import data_of

pytestmark = pytest.mark.apiserver

OFTEN = (
    "--renew-seconds=1", "--leaf-seconds=600", "--authority-seconds=180", "--settle-seconds=3",
    "--quiet-seconds=1",
)  # fmt: skip
"""A leaf a second. The first authority is replaced in the first storm (see `_age`), its successor
two minutes later if tests take that long."""
FIRST_REPLACEMENT = timedelta(seconds=12)
"""From an installation to the replacement of its authority: replicas are ready in half of that."""
LEAVES = 'pillion_certificate_rotations_total{kind="leaf"}'
AUTHORITIES = 'pillion_certificate_rotations_total{kind="ca"}'
WEBHOOK = "pillion.istio.io"
LEAST_RATE = 4
"""Creations a second, on two cores that five others use as well; a free machine makes a hundred."""


@pytest.fixture(scope="module", params=list(KubernetesVersion))
def pair(
    request: pytest.FixtureRequest,
    control_planes: ControlPlanes,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Installation]:
    """Yield two replicas behind a balancer."""
    plane = control_planes.get(request.param)
    with installation(plane, tmp_path_factory.mktemp("pair")) as found:
        _age(found)
        for _ in range(2):
            found.start(*OFTEN)
        for replica in found.replicas:
            replica.wait_until_ready()
        found.balance()
        found.wait_until_called()
        yield found


def _age(found: Installation) -> None:
    """Give the release an authority that has lived for almost two thirds of its 90 days."""
    life = timedelta(days=90)
    born = datetime.now(UTC) - life * 2 / 3 + FIRST_REPLACEMENT
    record = Record(current=issue_authority(now=born, life=life, random_bits=secrets.randbits))
    filled = found.plane.kubectl(
        "patch", "secret", found.release.name, "--namespace", found.release.namespace,
        f"--patch={json.dumps({'stringData': data_of(record)})}",
    )  # fmt: skip
    assert filled.returncode == 0, filled.stderr


def report(found: Installation, what: str, tally: Tally) -> None:
    """Print the counts."""
    print(f"\n{found.plane.version}, {what}: {tally}")
    for message, times in tally.refused.items():
        print(f"  {times} x {message[:300]}")


def assert_nothing_was_lost(tally: Tally) -> None:
    """Fail when a creation was refused, or a pod came out without its sidecar."""
    assert tally.refused.total() == 0, tally.refused
    assert tally.bare == 0
    assert tally.rate >= LEAST_RATE


def test_leaf_and_authority_rotate(pair: Installation) -> None:
    """Leaves every second and a new authority meanwhile cost nothing."""
    leaves = [each.metric(LEAVES) for each in pair.replicas]
    authorities = [each.metric(AUTHORITIES) for each in pair.replicas]
    with Storm(pair.plane, pair.namespace()) as storm:
        wait_until(
            lambda: all(
                each.metric(AUTHORITIES) > before
                for each, before in zip(pair.replicas, authorities, strict=True)
            ),
            seconds=180,
            what="a replacement of the authority",
        )
        storm.last(2)  # with leaves of the new one
    made = [
        int(each.metric(LEAVES) - before)
        for each, before in zip(pair.replicas, leaves, strict=True)
    ]
    report(pair, f"the authority and {made} leaves replaced", storm.tally)
    assert_nothing_was_lost(storm.tally)
    # Every second, and a little late on a machine that is busy with the storm.
    assert all(count > storm.tally.seconds / 3 for count in made)


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
    report(pair, "two good and two bad configurations", storm.tally)
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
            storm.last(1)  # the balancer looks four times a second
    report(pair, "both replicas restarted", storm.tally)
    assert_nothing_was_lost(storm.tally)


def test_killed_replica_costs_what_it_was_answering(pair: Installation) -> None:
    """SIGKILL fails at most the creations that were in flight, and the other replica goes on."""
    victim, survivor = pair.replicas
    with Storm(pair.plane, pair.namespace()) as storm:
        storm.last(1)
        answered = survivor.admissions()
        victim.component.stop(with_signal=signal.SIGKILL)
        killed = time.monotonic()
        wait_until(lambda: survivor.admissions() > answered, seconds=30, what="pods again")
        gap = time.monotonic() - killed
        storm.last(2)
        victim.component.start()
        victim.wait_until_ready()
    report(pair, f"one replica killed, the other answers {gap:.1f} s later", storm.tally)
    assert storm.tally.bare == 0
    assert storm.tally.refused.total() <= WORKERS
    assert storm.tally.rate >= LEAST_RATE


def test_outage_of_etcd_is_not_blamed_on_us(pair: Installation) -> None:
    """While etcd restarts creations fail, but none because of the webhook, and we stay ready."""
    with Storm(pair.plane, pair.namespace()) as storm:
        storm.last(1)
        pair.plane.etcd.stop(with_signal=signal.SIGTERM)
        storm.last(1)
        pair.plane.etcd.start()
        pair.plane.api_server.wait_until(lambda: pair.plane.exists("/readyz"), seconds=60)
        storm.last(2)
    report(pair, "etcd restarted", storm.tally)
    assert not [message for message in storm.tally.refused if WEBHOOK in message]
    assert storm.tally.bare == 0
    for replica in pair.replicas:
        replica.wait_until_ready()
