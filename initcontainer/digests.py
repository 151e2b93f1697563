"""Digests: short names for long texts."""

from __future__ import annotations

from _blake2 import blake2s  # `hashlib` loads OpenSSL, 6 ms, for the same function

DIGEST_BYTES = 8
"""64 bits: enough to tell configurations of one pod apart, and it fits a chain's name."""


def short_digest(text: str) -> str:
    """Give 16 hexadecimal digits that change with any change of the text."""
    return blake2s(text.encode("utf-8"), digest_size=DIGEST_BYTES).hexdigest()
