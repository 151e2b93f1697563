"""A year of rotation in seconds: at every moment every API server accepts every replica."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest

from tests.core.pki.world import START, ApiServers, Clock, Replica, Secret
from webhook.pki import trust
from webhook.pki.rotation import Schedule

DAYS = Schedule(authority=timedelta(days=90), leaf=timedelta(days=10), settle=timedelta(seconds=30))
SECONDS = Schedule(
    authority=timedelta(seconds=600), leaf=timedelta(seconds=60), settle=timedelta(seconds=30)
)


@pytest.mark.parametrize(
    ("schedule", "tick", "ticks", "lag", "rotations"),
    [
        (DAYS, timedelta(hours=12), 2 * 365, timedelta(seconds=20), 6),
        (SECONDS, timedelta(seconds=1), 1300, timedelta(seconds=20), 3),
    ],
    ids=["a-year-in-half-days", "minutes-in-seconds-with-slow-api-servers"],
)
def test_no_api_server_ever_refuses_a_replica(
    schedule: Schedule, tick: timedelta, ticks: int, lag: timedelta, rotations: int
) -> None:
    """Three replicas that all write, restart and miss turns never serve what is not trusted."""
    clock, secret, chance = Clock(), Secret(), random.Random(7)
    servers = ApiServers(clock, "pillion", "pillion-tag-default", lag=lag)
    replicas = [Replica(secret, servers, clock, schedule, seed=seed) for seed in range(3)]
    for replica in replicas:
        replica.step()
    clock.now += lag + tick
    authorities, checked = set(), 0
    for number in range(ticks):
        clock.now += tick
        for place, replica in enumerate(replicas):
            if chance.random() < 0.2:
                continue  # busy, or cut off for a while
            replica.step()
            if chance.random() < 0.002:
                replicas[place] = Replica(secret, servers, clock, schedule, seed=number * 3 + place)
                replicas[place].step()
        for replica in replicas:
            assert servers.refusals(replica.served[-1]) == [], clock.now
            checked += 1
        authorities.add(secret.data["ca.crt"])
    assert rotations <= len(authorities) <= rotations + 3
    for bundle in servers.current.values():
        assert len(trust.certificates(bundle or "")) <= 3
    assert clock.now - START > tick * ticks
    print(
        f"{checked} checks, {len(authorities)} authorities, {secret.writes} writes of the Secret, "
        f"{servers.writes} of the caBundle, "
        f"{sum(len(replica.served) for replica in replicas)} leaves"
    )
