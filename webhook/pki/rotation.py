"""The phases of an authority's replacement, one step at a time.

1. *Publish*: at two thirds of its life a successor is written beside it, and signs nothing yet.
2. *Trust*: the caBundle gets both. Until every API server has it, a leaf of the successor would be
   refused; so it is read back, and then waited for once more.
3. *Sign*: the successor takes over. Replicas sign new leaves with it as they learn of it.
4. *Prune*: when the last leaf of the old authority is over, it leaves the caBundle.

At every moment every leaf in use is signed by a certificate that is in the caBundle.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from webhook.pki import trust
from webhook.pki.authority import Authority, issue_authority
from webhook.pki.keys import RandomBits
from webhook.pki.leaf import renewal

_LEAF_LIVES: Final = 2
"""An authority stays in the caBundle that many lives of a leaf after its last signature: one for
the leaf, one for clocks that differ and replicas that were cut off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retired:
    """An authority that signs no more, but whose leaves may still be in use."""

    certificate: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What the Secret holds.

    Attributes:
        current: signs.
        successor: trusted, or about to be, but does not sign yet.
        retired: signed once; newest first.
    """

    current: Authority
    successor: Authority | None = None
    retired: tuple[Retired, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """How long things last.

    Attributes:
        authority: life of an authority.
        leaf: life of a leaf, at most.
        settle: from reading the caBundle back to signing, for API servers that see it later.
    """

    authority: timedelta
    leaf: timedelta
    settle: timedelta


def wanted_bundle(record: Record) -> str:
    """Return the caBundle that trusts every leaf in use, and those of the successor."""
    successor = () if record.successor is None else (record.successor.certificate,)
    retired = (each.certificate for each in record.retired)
    return trust.union((record.current.certificate, *successor, *retired))


def first_record(schedule: Schedule, *, now: datetime, random_bits: RandomBits) -> Record:
    """Return the record of a new installation."""
    return Record(
        current=issue_authority(now=now, life=schedule.authority, random_bits=random_bits)
    )


def advanced(
    record: Record,
    schedule: Schedule,
    *,
    trusted_since: datetime | None,
    now: datetime,
    random_bits: RandomBits,
) -> Record:
    """Return the record after the next step that is due; the same one when none is.

    Args:
        record: as it is.
        schedule: decides when.
        trusted_since: when the caBundle was first read back with the successor in it; None while it
            is not in it.
        now: the time.
        random_bits: for a successor's key.
    """
    if now >= record.current.not_after:
        # Nobody renewed for a third of a life. Its leaves are over too, so no phases are needed.
        return first_record(schedule, now=now, random_bits=random_bits)
    if record.successor is not None:
        is_due = trusted_since is not None and now - trusted_since >= schedule.settle
        return _promoted(record, record.successor, now) if is_due else record
    if now >= renewal(record.current.not_before, record.current.not_after):
        successor = issue_authority(now=now, life=schedule.authority, random_bits=random_bits)
        return replace(record, successor=successor)
    return _pruned(record, schedule, now)


def _promoted(record: Record, successor: Authority, now: datetime) -> Record:
    old = Retired(certificate=record.current.certificate, at=now)
    return Record(current=successor, retired=(old, *record.retired))


def _pruned(record: Record, schedule: Schedule, now: datetime) -> Record:
    kept = tuple(each for each in record.retired if now < each.at + _LEAF_LIVES * schedule.leaf)
    return record if kept == record.retired else replace(record, retired=kept)
