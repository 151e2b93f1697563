"""A cluster in memory for the certificates' loop: a Secret, webhook configurations, and a clock."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from webhook.pki import trust
from webhook.pki.keeper import ConflictError, Keeper, Stored
from webhook.pki.rotation import Record, Schedule
from webhook.pki.serving_leaf import ServingLeaf
from webhook.pki.stored_record import data_of, record_of

NAME = "pillion.pillion-system.svc"
START = datetime(2026, 1, 1, tzinfo=UTC)


class Clock:
    """A clock that stands still until it is turned."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        """Return the time."""
        return self.now


class Secret:
    """Keeps the record as data, so that writing and reading it are part of every test."""

    def __init__(self) -> None:
        self.data: dict[str, str] = {}
        self.version = 1
        self.writes = 0

    def read(self) -> Stored:
        """Return what is stored."""
        return Stored(record_of(self.data), str(self.version))

    def write(self, record: Record, version: str) -> None:
        """Replace a version that is still the newest."""
        if version != str(self.version):
            raise ConflictError
        self.data = data_of(record)
        self.version += 1
        self.writes += 1


class ApiServers:
    """Webhook configurations, and how long an API server may go on with an older caBundle."""

    def __init__(self, clock: Clock, *names: str, lag: timedelta = timedelta(0)) -> None:
        self._clock = clock
        self._lag = lag
        self.current: dict[str, str | None] = dict.fromkeys(names, "")
        self._past: deque[tuple[datetime, dict[str, str | None]]] = deque()
        self.writes = 0

    def bundles(self) -> Mapping[str, str | None]:
        """Return what is stored now."""
        return dict(self.current)

    def register(self, configuration: str, bundle: str) -> None:
        """Store a caBundle."""
        self._past.append((self._clock.now, dict(self.current)))
        self.current[configuration] = bundle
        self.writes += 1

    def refusals(self, chain: str) -> list[str]:
        """Return why any API server, however far behind it may be, refuses a chain."""
        now = self._clock.now
        while self._past and now - self._past[0][0] >= self._lag:
            self._past.popleft()
        views = [self.current, *(view for _, view in self._past)]
        bundles = [bundle or "" for view in views for bundle in view.values()]
        found = (trust.complaint(chain, bundle, NAME, now) for bundle in bundles)
        return [complaint for complaint in found if complaint is not None]


@dataclass
class Lead:
    """Who leads; by default everybody believes to."""

    held: bool = True

    def is_held(self) -> bool:
        """Tell whether we lead."""
        return self.held


@dataclass
class Told:
    """What was reported."""

    certificates: list[tuple[str, datetime]] = field(default_factory=list)
    in_sync: list[bool] = field(default_factory=list)
    written: list[tuple[str, str]] = field(default_factory=list)
    competing: list[bool] = field(default_factory=list)

    def certificate(self, kind: str, not_after: datetime) -> None:
        """Hear of a certificate."""
        self.certificates.append((kind, not_after))

    def bundle_in_sync(self, is_in_sync: bool) -> None:
        """Hear of the caBundle."""
        self.in_sync.append(is_in_sync)

    def bundle_written(self, result: str, reason: str) -> None:
        """Hear of a write."""
        self.written.append((result, reason))

    def competing_writer(self, is_there: bool) -> None:
        """Hear of a competitor."""
        self.competing.append(is_there)


class Replica:
    """One replica: what it serves, and its loop."""

    def __init__(
        self,
        secret: Secret,
        servers: ApiServers,
        clock: Clock,
        schedule: Schedule,
        *,
        seed: int,
        lead: Lead | None = None,
    ) -> None:
        self.served: list[str] = []
        self.told = Told()
        self.lead = lead or Lead()
        bits = random.Random(seed).getrandbits
        self.leaf = ServingLeaf(
            names=(NAME,),
            life=schedule.leaf,
            clock=clock,
            random_bits=bits,
            serve=lambda chain, _key: self.served.append(chain),
        )
        self.keeper = Keeper(
            secret,
            servers,
            self.lead,
            self.leaf,
            schedule,
            clock=clock,
            random_bits=bits,
            report=self.told,
        )

    def step(self) -> None:
        """Take a step; a conflict is for the next one."""
        try:
            self.keeper.step()
        except ConflictError:
            return
