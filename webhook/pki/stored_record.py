"""The record as the data of a Secret, and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from webhook.pki.authority import Authority, AuthorityError, read_authority
from webhook.pki.rotation import Record, Retired

_CURRENT, _SUCCESSOR, _RETIRED = "ca", "next", "retired.json"
KEYS = (
    f"{_CURRENT}.crt",
    f"{_CURRENT}.key",
    f"{_SUCCESSOR}.crt",
    f"{_SUCCESSOR}.key",
    _RETIRED,
)
"""Every key that we write; others are left alone."""


def data_of(record: Record) -> dict[str, str]:
    """Return the data that holds a record; keys that are not in it must be absent."""
    data = _pair(_CURRENT, record.current)
    if record.successor is not None:
        data |= _pair(_SUCCESSOR, record.successor)
    if record.retired:
        data[_RETIRED] = json.dumps(
            [
                {"at": each.at.isoformat(), "certificate": each.certificate}
                for each in record.retired
            ]
        )
    return data


def record_of(data: Mapping[str, str]) -> Record | None:
    """Return the record that the data holds; None for data that holds none, as after an install.

    Raises:
        AuthorityError: the data holds something, but no whole record.
    """
    if not any(key in data for key in KEYS):
        return None
    current = _authority(_CURRENT, data)
    if current is None:
        raise AuthorityError(f"got no {_CURRENT}.crt, expected the authority's certificate")
    return Record(
        current=current,
        successor=_authority(_SUCCESSOR, data),
        retired=_retired(data.get(_RETIRED, "[]")),
    )


def _pair(name: str, authority: Authority) -> dict[str, str]:
    return {f"{name}.crt": authority.certificate, f"{name}.key": authority.key}


def _authority(name: str, data: Mapping[str, str]) -> Authority | None:
    certificate, key = data.get(f"{name}.crt"), data.get(f"{name}.key")
    if certificate is None and key is None:
        return None
    try:
        return read_authority(certificate or "", key or "")
    except AuthorityError as error:
        raise AuthorityError(f"{name}.crt, {name}.key: {error}") from error


def _retired(text: str) -> tuple[Retired, ...]:
    try:
        entries: list[dict[str, Any]] = json.loads(text)
        return tuple(
            Retired(certificate=str(each["certificate"]), at=datetime.fromisoformat(each["at"]))
            for each in entries
        )
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise AuthorityError(f"{_RETIRED}: expected certificates and times") from error
