"""Keeps a replica's leaf, the shared authority and the caBundle in step; self mode's one loop."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from webhook.pki import trust
from webhook.pki.authority import AuthorityError
from webhook.pki.keys import RandomBits
from webhook.pki.rewrites import RewriteLimit
from webhook.pki.rotation import Record, Schedule, advanced, first_record, wanted_bundle
from webhook.pki.serving_leaf import Clock, ServingLeaf

_LOG = logging.getLogger("pillion.certificates")
_PATIENCE: Final = timedelta(seconds=1)
"""How long the leader has to fill an empty caBundle; a watch wakes it if it knows of it.

In a roll-out it may not: it was started before the configuration came, and leaves only when a
replica that was told of the configuration is ready.
"""


class ConflictError(Exception):
    """Somebody else has written in the meantime: read again, and decide again."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What the Secret holds.

    Attributes:
        record: None when there is none, as after an install, or when it cannot be read.
        version: to write over.
        damage: why the record cannot be read.
    """

    record: Record | None
    version: str
    damage: str | None = None


class AuthorityStore(Protocol):
    """Keeps the record for all replicas; the Secret's client is one."""

    def read(self) -> Stored:
        """Return what is stored."""
        ...

    def write(self, record: Record, version: str) -> None:
        """Replace that version; ConflictError when it is not the newest any more."""
        ...


class Registration(Protocol):
    """The caBundles of our webhook configurations; the cluster's client is one."""

    def bundles(self) -> Mapping[str, str | None]:
        """Return each configuration's caBundle as the API server has it; None: no such one."""
        ...

    def register(self, configuration: str, bundle: str) -> None:
        """Write the caBundle, and nothing else; ConflictError when the object changed meanwhile."""
        ...


class Leadership(Protocol):
    """Tells which replica writes. Only noise depends on it: writes are safe from any replica."""

    def is_held(self) -> bool:
        """Take, keep or look for the lead, and return whether we have it."""
        ...


class Report(Protocol):
    """Hears of what happened; the metrics are one."""

    def certificate(self, kind: str, not_after: datetime, /) -> None:
        """Hear of a certificate that came into use, `ca` or `leaf`."""
        ...

    def bundle_in_sync(self, is_in_sync: bool, /) -> None:  # noqa: FBT001 - one fact
        """Hear whether the API server has the caBundle that it should have."""
        ...

    def bundle_written(self, result: str, reason: str, /) -> None:
        """Hear of an attempt to write the caBundle."""
        ...

    def competing_writer(self, is_there: bool, /) -> None:  # noqa: FBT001 - one fact
        """Hear whether somebody else keeps changing the caBundle, so that we have stopped."""
        ...


class Keeper:
    """Owns the steps; holds what was last observed, for readiness."""

    def __init__(
        self,
        store: AuthorityStore,
        registration: Registration,
        leadership: Leadership,
        leaf: ServingLeaf,
        schedule: Schedule,
        *,
        clock: Clock,
        random_bits: RandomBits,
        report: Report,
    ) -> None:
        self._store = store
        self._registration = registration
        self._leadership = leadership
        self._leaf = leaf
        self._schedule = schedule
        self._clock = clock
        self._random_bits = random_bits
        self._report = report
        self._limits: dict[str, RewriteLimit] = {}
        self._empty_since: dict[str, datetime] = {}
        self._known: Record | None = None
        self._successor_trusted: tuple[str, datetime] | None = None
        self.bundles: Mapping[str, str | None] = {}
        """Each configuration's caBundle, as last observed."""
        self.has_competitor = False

    def step(self) -> timedelta | None:
        """Read, write what is due, and serve a leaf of the authority that was just read.

        Returns how soon to look again, for a caBundle that is left to the leader; None: as usual.

        Raises:
            ConflictError: another replica was faster; the next step sees what it did.
            AuthorityError: there is no authority, and it is not ours to make one.
        """
        leads = self._leadership.is_held()
        stored = self._store.read()
        self.bundles = self._registration.bundles()
        record = self._advance(stored) if leads else stored.record
        if record is None:
            reason = stored.damage or "none is stored yet"
            raise AuthorityError(f"authority: {reason}; the leading replica is to make one")
        if record.current != (self._known and self._known.current):
            self._report.certificate("ca", record.current.not_after)
        self._known = record
        if self._leaf.keep(record.current) and self._leaf.leaf is not None:
            self._report.certificate("leaf", self._leaf.leaf.not_after)
        self._register(wanted_bundle(record), leads=leads)
        return _PATIENCE if self._empty_since and not leads else None

    def _advance(self, stored: Stored) -> Record:
        """Take the step that is due, in the store first: what is written there others act on."""
        now = self._clock()
        if stored.record is None:
            if stored.damage is not None:
                _LOG.error("stored authority is damaged", extra={"damage": stored.damage})
            # Emptied while we run: what all replicas serve is worth more than a fresh start.
            record = self._known or first_record(
                self._schedule, now=now, random_bits=self._random_bits
            )
        else:
            record = advanced(
                stored.record,
                self._schedule,
                trusted_since=self._trusted_since(stored.record, now),
                now=now,
                random_bits=self._random_bits,
            )
        if record is not stored.record:
            self._store.write(record, stored.version)
            _LOG.info("authority record written", extra=_phase(record))
        return record

    def _trusted_since(self, record: Record, now: datetime) -> datetime | None:
        """Return since when every configuration has been seen to trust the successor."""
        if record.successor is None:
            self._successor_trusted = None
            return None
        wanted = trust.fingerprints(record.successor.certificate)
        if not self.bundles or not all(
            bundle is not None and wanted <= trust.fingerprints(bundle)
            for bundle in self.bundles.values()
        ):
            self._successor_trusted = None
            return None
        known = self._successor_trusted
        if known is None or known[0] != record.successor.certificate:
            self._successor_trusted = known = (record.successor.certificate, now)
        return known[1]

    def _register(self, wanted: str, *, leads: bool) -> None:
        """Write the caBundle where it is another one, unless somebody keeps undoing it.

        Who does not lead fills only what the leader leaves empty.
        """
        neglected = self._neglected()
        competitor = False
        for name, bundle in self.bundles.items():
            if bundle is None or trust.fingerprints(bundle) == trust.fingerprints(wanted):
                continue
            if not leads and name not in neglected:
                continue
            limit = self._limits.setdefault(name, RewriteLimit())
            if not limit.may_write(wanted, self._clock()):
                competitor = True
                continue
            self._write(name, wanted, limit, "changed" if bundle else "empty")
        self._tell(wanted, competitor=competitor)

    def _neglected(self) -> set[str]:
        """Return the configurations whose caBundle stays empty for longer than a leader needs."""
        now = self._clock()
        self._empty_since = {
            name: self._empty_since.get(name, now)
            for name, bundle in self.bundles.items()
            if bundle == ""
        }
        return {name for name, since in self._empty_since.items() if now - since >= _PATIENCE}

    def _write(self, name: str, wanted: str, limit: RewriteLimit, reason: str) -> None:
        limit.written(wanted, self._clock())
        try:
            self._registration.register(name, wanted)
        except ConflictError:
            self._report.bundle_written("conflict", reason)
            raise
        except Exception:
            self._report.bundle_written("failed", reason)
            raise
        self._report.bundle_written("written", reason)
        _LOG.info("caBundle written", extra={"configuration": name, "reason": reason})
        self.bundles = self._registration.bundles()  # readiness follows what is read back

    def _tell(self, wanted: str, *, competitor: bool) -> None:
        present = [bundle for bundle in self.bundles.values() if bundle is not None]
        expected = trust.fingerprints(wanted)
        self._report.bundle_in_sync(
            bool(present) and all(trust.fingerprints(each) == expected for each in present)
        )
        if competitor and not self.has_competitor:
            _LOG.error("another writer keeps changing the caBundle; not writing it any more")
        self.has_competitor = competitor
        self._report.competing_writer(competitor)


def _phase(record: Record) -> dict[str, object]:
    return {
        "hasSuccessor": record.successor is not None,
        "retired": len(record.retired),
        "notAfter": record.current.not_after.isoformat(),
    }
