"""A replica's leaf is replaced at two thirds of its life, or at the age that was asked for."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest

from tests.core.pki.world import NAME, START, Clock
from webhook.pki.authority import issue_authority
from webhook.pki.serving_leaf import ServingLeaf

MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("renew", "expected"),
    [(None, 2 * MINUTE), (MINUTE / 2, MINUTE / 2), (10 * MINUTE, 2 * MINUTE)],
    ids=["by-its-life", "by-its-age", "age-beyond-its-life"],
)
def test_leaf_is_replaced_in_time(renew: timedelta | None, expected: timedelta) -> None:
    """A leaf of three minutes is kept until it is due, and not a second longer."""
    clock, bits, served = Clock(), random.Random(1).getrandbits, list[str]()
    authority = issue_authority(now=START, life=100 * MINUTE, random_bits=bits)
    leaf = ServingLeaf(
        names=(NAME,),
        life=3 * MINUTE,
        renew=renew,
        clock=clock,
        random_bits=bits,
        serve=lambda chain, _key: served.append(chain),
    )
    assert leaf.keep(authority)
    for _ in range(2):
        clock.now += expected - timedelta(seconds=1)
        assert not leaf.keep(authority)
        clock.now += timedelta(seconds=1)
        assert leaf.keep(authority)
    assert len(set(served)) == 3
