"""The webhook's own certification authority: issued, and read back from text."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from webhook.pki import keys
from webhook.pki.keys import RandomBits

BACKDATE: Final = timedelta(hours=1)
"""How long before now a certificate begins: clocks of API servers may be behind ours."""


class AuthorityError(Exception):
    """Text that should be an authority is none; the message says why, and never holds a key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """A certificate that may sign leaves, and its key.

    Attributes:
        certificate: PEM.
        key: PEM; kept out of every repr, so that no log can hold it.
        not_before: when its life began, without the backdating.
        not_after: the end of its life.
    """

    certificate: str
    key: str = field(repr=False)
    not_before: datetime
    not_after: datetime


def issue_authority(*, now: datetime, life: timedelta, random_bits: RandomBits) -> Authority:
    """Return a new authority; each has its own subject, so that a bundle of two is unambiguous."""
    key = keys.private_key(random_bits)
    serial = keys.serial_number(random_bits)
    name = x509.Name(
        [x509.NameAttribute(NameOID.COMMON_NAME, f"pillion webhook authority {serial:x}"[:64])]
    )
    public = key.public_key()
    identifier = x509.SubjectKeyIdentifier.from_public_key(public)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(public)
        .serial_number(serial)
        .not_valid_before(now - BACKDATE)
        .not_valid_after(now + life)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(), critical=True)
        .add_extension(identifier, critical=False)
        .sign(key, hashes.SHA256())
    )
    return _authority(certificate, keys.pem(key))


def read_authority(certificate: str, key: str) -> Authority:
    """Return the authority written in PEM.

    Raises:
        AuthorityError: no certificate, no key on a curve, or the two do not belong together.
    """
    try:
        parsed = x509.load_pem_x509_certificate(certificate.encode())
        private = serialization.load_pem_private_key(key.encode(), password=None)
    except (ValueError, TypeError) as error:
        # The parser's own words could quote the key.
        raise AuthorityError("expected a certificate and a key in PEM") from error
    if not isinstance(private, ec.EllipticCurvePrivateKey):
        raise AuthorityError("got a key of another kind, expected one on an elliptic curve")
    if private.public_key() != parsed.public_key():
        raise AuthorityError("certificate and key do not belong together")
    return _authority(parsed, key)


def _authority(certificate: x509.Certificate, key: str) -> Authority:
    return Authority(
        certificate=certificate.public_bytes(serialization.Encoding.PEM).decode(),
        key=key,
        not_before=certificate.not_valid_before_utc + BACKDATE,
        not_after=certificate.not_valid_after_utc,
    )


def _key_usage() -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
