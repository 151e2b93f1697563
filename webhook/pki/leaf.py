"""The serving certificate: signed by an authority for the names clients call us by."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from webhook.pki import keys
from webhook.pki.authority import BACKDATE, Authority
from webhook.pki.keys import RandomBits


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """What the server shows its clients.

    Attributes:
        chain: PEM; the leaf first, then what it was signed with, unless that is a root.
        key: PEM; kept out of every repr, so that no log can hold it.
        not_after: the end of its life.
        renew_at: when to replace it.
    """

    chain: str
    key: str = field(repr=False)
    not_after: datetime
    renew_at: datetime


def service_names(service: str, namespace: str, domain: str) -> tuple[str, ...]:
    """Return the names of a Service; the API server calls it by the third."""
    return (
        service,
        f"{service}.{namespace}",
        f"{service}.{namespace}.svc",
        f"{service}.{namespace}.svc.{domain}",
    )


def sign_leaf(
    authority: Authority,
    *,
    names: Sequence[str],
    now: datetime,
    life: timedelta,
    random_bits: RandomBits,
) -> Leaf:
    """Return a new leaf for `names`, which may be addresses; it never outlives its authority."""
    issuer = x509.load_pem_x509_certificate(authority.certificate.encode())
    signer = serialization.load_pem_private_key(authority.key.encode(), password=None)
    if not isinstance(signer, ec.EllipticCurvePrivateKey):
        raise TypeError("an authority's key is on an elliptic curve")
    key = keys.private_key(random_bits)
    end = min(now + life, authority.not_after)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(issuer.subject)
        .public_key(key.public_key())
        .serial_number(keys.serial_number(random_bits))
        .not_valid_before(now - BACKDATE)
        .not_valid_after(end)
        # Critical, because the subject is empty (RFC 5280, 4.2.1.6): a Service's longest name
        # need not fit into a common name, which nobody reads any more.
        .add_extension(
            x509.SubjectAlternativeName([_general_name(name) for name in names]), critical=True
        )
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(signer, hashes.SHA256())
    )
    return Leaf(
        chain=certificate.public_bytes(serialization.Encoding.PEM).decode(),
        key=keys.pem(key),
        not_after=end,
        renew_at=renewal(now, end),
    )


def renewal(begin: datetime, end: datetime) -> datetime:
    """Return when two thirds of a life are over: the last third is for failing to renew."""
    return begin + (end - begin) * 2 / 3


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
