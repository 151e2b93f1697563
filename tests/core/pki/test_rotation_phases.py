"""Each phase of an authority's replacement waits for the one before, and survives accidents."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from tests.core.pki.world import ApiServers, Clock, Lead, Replica, Secret
from webhook.pki import trust
from webhook.pki.authority import AuthorityError
from webhook.pki.keeper import ConflictError, Stored
from webhook.pki.rewrites import MOST, WINDOW
from webhook.pki.rotation import Schedule

SCHEDULE = Schedule(
    authority=timedelta(days=90), leaf=timedelta(days=2), settle=timedelta(seconds=30)
)


class Scene:
    """One replica and its cluster, with its first step taken."""

    def __init__(self, *configurations: str) -> None:
        self.clock, self.secret = Clock(), Secret()
        self.servers = ApiServers(self.clock, *(configurations or ("pillion",)))
        self.replica = self.another(1)
        self.replica.step()

    def another(self, seed: int, lead: Lead | None = None) -> Replica:
        """Return another replica of the same cluster."""
        return Replica(self.secret, self.servers, self.clock, SCHEDULE, seed=seed, lead=lead)

    def trusted(self, name: str = "pillion") -> int:
        """Return how many authorities the API server trusts."""
        return len(trust.fingerprints(self.servers.current[name] or ""))

    def refusals(self) -> list[str]:
        """Return why the API server refuses what the replica serves."""
        return self.servers.refusals(self.replica.served[-1])


@pytest.fixture
def scene() -> Scene:
    """Return a fresh installation."""
    return Scene()


def test_first_step_makes_everything(scene: Scene) -> None:
    """After an install one step gives authority, leaf and caBundle, read back as one."""
    assert set(scene.secret.data) == {"ca.crt", "ca.key"}
    assert scene.refusals() == []
    assert scene.replica.told.in_sync[-1]
    assert scene.replica.told.written == [("written", "empty")]


def test_nothing_is_written_while_nothing_is_due(scene: Scene) -> None:
    """Steps without a cause leave Secret, caBundle and leaf alone."""
    before = (scene.secret.writes, scene.servers.writes, len(scene.replica.served))
    for _ in range(100):
        scene.clock.now += timedelta(minutes=10)
        scene.replica.step()
    assert (scene.secret.writes, scene.servers.writes, len(scene.replica.served)) == before


def test_phases_in_order(scene: Scene) -> None:
    """Publish, trust, wait, sign, prune: each in a step of its own."""
    first = scene.secret.data["ca.crt"]
    scene.clock.now += timedelta(days=60)
    scene.replica.step()
    assert scene.secret.data["ca.crt"] == first
    assert "next.crt" in scene.secret.data
    assert scene.trusted() == 2
    scene.replica.step()
    scene.clock.now += timedelta(seconds=29)
    scene.replica.step()
    assert scene.secret.data["ca.crt"] == first
    scene.clock.now += timedelta(seconds=1)
    scene.replica.step()
    assert scene.secret.data["ca.crt"] != first
    assert json.loads(scene.secret.data["retired.json"])[0]["certificate"] == first
    assert (scene.trusted(), scene.refusals()) == (2, [])
    scene.clock.now += timedelta(days=4)
    scene.replica.step()
    assert set(scene.secret.data) == {"ca.crt", "ca.key"}
    assert (scene.trusted(), scene.refusals()) == (1, [])


def test_successor_does_not_sign_while_one_configuration_does_not_trust_it() -> None:
    """With several configurations the slowest decides."""
    scene = Scene("pillion", "pillion-tag-default")
    first = scene.secret.data["ca.crt"]
    scene.clock.now += timedelta(days=60)
    scene.replica.step()
    for _ in range(20):
        scene.servers.current["pillion-tag-default"] = first
        scene.clock.now += timedelta(minutes=1)
        scene.replica.step()
    assert scene.secret.data["ca.crt"] == first


def test_missing_configuration_is_not_written() -> None:
    """Before the webhook configuration is installed nothing is registered, and later it is."""
    scene = Scene()
    scene.servers.current["pillion"] = None
    writes = scene.servers.writes
    scene.replica.step()
    assert scene.servers.writes == writes
    assert not scene.replica.told.in_sync[-1]
    scene.servers.current["pillion"] = ""
    scene.replica.step()
    assert scene.refusals() == []


def test_rewritten_bundle_is_restored_in_the_next_step(scene: Scene) -> None:
    """Who empties the caBundle, as a re-applied manifest may, is corrected."""
    scene.servers.current["pillion"] = ""
    assert scene.refusals()
    scene.replica.step()
    assert scene.refusals() == []


def test_competing_writer_is_left_alone_after_a_few_writes(scene: Scene) -> None:
    """Somebody who always writes another caBundle gets an alarm, not a war; peace ends it."""
    foreign = scene.another(9).keeper
    other = Scene().secret.data["ca.crt"]
    writes = scene.servers.writes
    for _ in range(50):
        scene.servers.current["pillion"] = other
        scene.replica.step()
        scene.clock.now += timedelta(seconds=1)
    assert scene.servers.writes - writes <= MOST
    assert scene.replica.told.competing[-1]
    assert scene.replica.keeper.has_competitor
    assert not foreign.has_competitor
    scene.clock.now += WINDOW
    scene.replica.step()
    assert scene.refusals() == []
    assert not scene.replica.told.competing[-1]


def test_follower_writes_nothing_and_signs_with_what_it_reads(scene: Scene) -> None:
    """A replica that does not lead serves a leaf of the stored authority, and only reads."""
    follower = scene.another(2, Lead(held=False))
    before = (scene.secret.writes, scene.servers.writes)
    follower.step()
    assert scene.servers.refusals(follower.served[-1]) == []
    scene.servers.current["pillion"] = ""
    follower.step()
    assert (scene.secret.writes, scene.servers.writes) == before


def test_follower_fills_what_the_leader_leaves_empty(scene: Scene) -> None:
    """A configuration that the leader was not told of is trusted after a second, written once."""
    follower = scene.another(2, Lead(held=False))
    writes = scene.servers.writes
    scene.servers.current["pillion"] = ""
    for seconds, expected in ((0.0, 0), (0.9, 0), (0.1, 1), (1.0, 1)):
        scene.clock.now += timedelta(seconds=seconds)
        follower.step()
        assert scene.servers.writes - writes == expected
    assert scene.servers.current["pillion"] == scene.secret.data["ca.crt"]
    assert follower.told.written == [("written", "empty")]


def test_follower_looks_again_when_its_patience_ends(scene: Scene) -> None:
    """An empty caBundle brings a follower back in a second, a filled one at its own pace."""
    follower = scene.another(2, Lead(held=False))
    assert follower.keeper.step() is None
    scene.servers.current["pillion"] = ""
    assert follower.keeper.step() == timedelta(seconds=1)
    scene.clock.now += timedelta(seconds=1)
    follower.step()
    assert follower.keeper.step() is None


def test_follower_starts_its_patience_anew(scene: Scene) -> None:
    """What was filled in between, or has another content, is no business of a follower."""
    follower = scene.another(2, Lead(held=False))
    other = Scene().secret.data["ca.crt"]
    writes = scene.servers.writes
    for bundle in ("", scene.secret.data["ca.crt"], "", other, other, ""):
        scene.servers.current["pillion"] = bundle
        follower.step()
        scene.clock.now += timedelta(seconds=5)
    assert scene.servers.writes == writes


def test_follower_waits_for_the_first_authority() -> None:
    """Without an authority a follower says so, and serves nothing of its own making."""
    clock, secret = Clock(), Secret()
    follower = Replica(
        secret, ApiServers(clock, "pillion"), clock, SCHEDULE, seed=1, lead=Lead(held=False)
    )
    with pytest.raises(AuthorityError, match="none is stored yet"):
        follower.keeper.step()
    assert follower.served == []


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"ca.crt": "rubbish", "ca.key": "rubbish"},
        {"ca.crt": "", "ca.key": ""},
        {"next.crt": "x"},
    ],
    ids=["emptied", "rubbish", "blank", "successor-only"],
)
def test_lost_authority_is_put_back_from_memory(scene: Scene, data: dict[str, str]) -> None:
    """A Secret that somebody empties or damages gets back what every replica serves."""
    first = scene.secret.data["ca.crt"]
    scene.secret.data = data
    scene.replica.keeper._store = Tolerant(scene.secret)
    scene.replica.step()
    assert scene.secret.data["ca.crt"] == first
    assert scene.refusals() == []


class Tolerant:
    """The Secret, read as the cluster's client reads it: damage is told, not raised."""

    def __init__(self, secret: Secret) -> None:
        self._secret = secret
        self.write = secret.write

    def read(self) -> Stored:
        """Return what is stored."""
        try:
            return self._secret.read()
        except AuthorityError as error:
            return Stored(None, str(self._secret.version), str(error))


def test_two_first_steps_at_once_make_one_authority() -> None:
    """Of two replicas that find the Secret empty at the same time, one writes and one conflicts."""
    clock, secret = Clock(), Secret()
    servers = ApiServers(clock, "pillion")
    one, two = (Replica(secret, servers, clock, SCHEDULE, seed=seed) for seed in (1, 2))
    stale = secret.read()
    one.step()
    two.keeper._store = Stale(secret, stale)
    with pytest.raises(ConflictError):
        two.keeper.step()
    two.keeper._store = secret
    two.step()
    assert secret.writes == 1
    assert servers.refusals(one.served[-1]) == servers.refusals(two.served[-1]) == []


class Stale:
    """A store whose first read is older than what is in it."""

    def __init__(self, secret: Secret, stale: Stored) -> None:
        self._stale = stale
        self.write = secret.write

    def read(self) -> Stored:
        """Return what was stored before."""
        return self._stale


def test_authority_that_has_ended_is_replaced_at_once(scene: Scene) -> None:
    """After a year switched off, the first step makes all new."""
    scene.clock.now += timedelta(days=400)
    assert scene.refusals()
    scene.replica.step()
    assert scene.refusals() == []
    assert scene.trusted() == 1


def test_leaf_never_outlives_its_authority(scene: Scene) -> None:
    """Near the end of an authority leaves get shorter."""
    scene.replica.lead.held = False
    scene.clock.now += timedelta(days=89)
    scene.replica.step()
    leaf = scene.replica.leaf.leaf
    assert leaf is not None
    (authority,) = trust.certificates(scene.secret.data["ca.crt"])
    assert leaf.not_after == authority.not_valid_after_utc
    assert scene.refusals() == []
