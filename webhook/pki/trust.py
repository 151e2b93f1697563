"""Whether a client with a certain bundle accepts a certificate, and if not, why in words."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import Encoding

_DEPTH: Final = 8
"""Intermediate certificates followed; real chains have one or two."""


class BundleError(Exception):
    """Text that should be certificates in PEM is none."""


def certificates(bundle: str) -> tuple[x509.Certificate, ...]:
    """Return the certificates of a bundle; an empty text has none.

    Raises:
        BundleError: the text holds something else.
    """
    if not bundle.strip():
        return ()
    try:
        return tuple(x509.load_pem_x509_certificates(bundle.encode()))
    except ValueError as error:
        raise BundleError("expected certificates in PEM") from error


def fingerprints(bundle: str) -> frozenset[bytes]:
    """Return what identifies the certificates of a bundle, whatever their order and layout.

    A bundle that cannot be read is like none: it trusts nobody.
    """
    try:
        return frozenset(each.public_bytes(Encoding.DER) for each in certificates(bundle))
    except BundleError:
        return frozenset()


def union(parts: Iterable[str]) -> str:
    """Return one bundle of several certificates in PEM, each once, in their order."""
    return "".join(f"{part.strip()}\n" for part in dict.fromkeys(parts))


def complaint(chain: str, bundle: str, name: str, now: datetime) -> str | None:
    """Return why a client refuses the chain that is served, or None when it accepts it.

    Args:
        chain: what the server shows, PEM, the leaf first.
        bundle: what the client trusts, PEM.
        name: by which the client calls the server.
        now: the client's time.
    """
    try:
        leaf, *others = certificates(chain)
    except (BundleError, ValueError):
        return "the served certificate cannot be read"
    wrong = _outside_life(leaf, now) or _foreign_name(leaf, name)
    if wrong is not None:
        return wrong
    try:
        trusted = [each for each in certificates(bundle) if _outside_life(each, now) is None]
    except BundleError:
        return "the caBundle is not readable, expected certificates in PEM"
    if not trusted:
        return "the caBundle holds no certificate that is valid now"
    if not _leads_to(leaf, others, trusted):
        return "the served certificate is signed by none of the caBundle's certificates"
    return None


def _outside_life(certificate: x509.Certificate, now: datetime) -> str | None:
    if now > certificate.not_valid_after_utc:
        return f"the served certificate ended at {certificate.not_valid_after_utc:%FT%TZ}"
    if now < certificate.not_valid_before_utc:
        return f"the served certificate begins only at {certificate.not_valid_before_utc:%FT%TZ}"
    return None


def _foreign_name(leaf: x509.Certificate, name: str) -> str | None:
    names = _names(leaf)
    if any(_matches(pattern, name) for pattern in names):
        return None
    shown = ", ".join(names[:8]) or "no name"
    return f"the served certificate is for {shown}, expected {name}"


def _names(leaf: x509.Certificate) -> list[str]:
    try:
        extension = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except (x509.ExtensionNotFound, ValueError):
        return []
    addresses = extension.value.get_values_for_type(x509.IPAddress)
    return [
        *extension.value.get_values_for_type(x509.DNSName),
        *(str(address) for address in addresses),
    ]


def _matches(pattern: str, name: str) -> bool:
    """Tell whether a name of a certificate covers a name, by Go's rules: one label for `*`."""
    try:
        return ipaddress.ip_address(pattern) == ipaddress.ip_address(name)
    except ValueError:
        pass
    pattern, name = pattern.lower(), name.lower()
    if pattern.startswith("*."):
        first, _, rest = name.partition(".")
        return bool(first) and rest == pattern[2:]
    return pattern == name


def _leads_to(
    certificate: x509.Certificate,
    others: Sequence[x509.Certificate],
    trusted: Sequence[x509.Certificate],
) -> bool:
    for _ in range(_DEPTH):
        if certificate in trusted or any(_signed(certificate, each) for each in trusted):
            return True
        issuer = next((each for each in others if _signed(certificate, each)), None)
        if issuer is None:
            return False
        certificate = issuer
    return False


def _signed(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True
