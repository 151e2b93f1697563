"""What a client refuses is named in a sentence, as readiness shows it."""

from __future__ import annotations

import random
import secrets
from datetime import timedelta

import pytest

from tests.core.pki.world import NAME, START
from webhook.pki.authority import AuthorityError, issue_authority, read_authority
from webhook.pki.keys import private_key, serial_number
from webhook.pki.leaf import Leaf, service_names, sign_leaf
from webhook.pki.trust import complaint, union

LIFE = timedelta(days=2)
AUTHORITY = issue_authority(now=START, life=timedelta(days=90), random_bits=secrets.randbits)
FOREIGN = issue_authority(now=START, life=timedelta(days=90), random_bits=secrets.randbits)


def leaf(*names: str) -> Leaf:
    """Return a leaf of today."""
    return sign_leaf(
        AUTHORITY, names=names or (NAME,), now=START, life=LIFE, random_bits=secrets.randbits
    )


@pytest.mark.parametrize(
    ("names", "bundle", "later", "expected"),
    [
        ((), AUTHORITY.certificate, timedelta(0), None),
        ((), union((FOREIGN.certificate, AUTHORITY.certificate)), timedelta(0), None),
        (("*.pillion-system.svc",), AUTHORITY.certificate, timedelta(0), None),
        (("PILLION.pillion-system.SVC",), AUTHORITY.certificate, timedelta(0), None),
        (("*.svc",), AUTHORITY.certificate, timedelta(0), f"is for *.svc, expected {NAME}"),
        (
            ("other.svc", "127.0.0.1"),
            AUTHORITY.certificate,
            timedelta(0),
            f"is for other.svc, 127.0.0.1, expected {NAME}",
        ),
        ((), AUTHORITY.certificate, timedelta(days=3), "ended at 2026-01-03T00:00:00Z"),
        ((), AUTHORITY.certificate, -timedelta(days=1), "begins only at 2025-12-31T23:00:00Z"),
        ((), FOREIGN.certificate, timedelta(0), "signed by none of the caBundle's certificates"),
        ((), "", timedelta(0), "holds no certificate that is valid now"),
        ((), "rubbish", timedelta(0), "the caBundle is not readable"),
    ],
    ids=[
        "good", "one-of-two", "wildcard", "case", "wide-wildcard", "other-names", "expired",
        "not-yet", "foreign", "no-bundle", "unreadable-bundle",
    ],
)  # fmt: skip
def test_complaint(
    names: tuple[str, ...], bundle: str, later: timedelta, expected: str | None
) -> None:
    """Life, name and signature are judged as the API server judges them."""
    found = complaint(leaf(*names).chain, bundle, NAME, START + later)
    assert found is None if expected is None else expected in (found or "")


def test_leaf_itself_may_be_the_bundle() -> None:
    """A provided self-signed certificate is trusted by itself."""
    alone = AUTHORITY.certificate
    assert complaint(alone, alone, NAME, START) == (
        f"the served certificate is for no name, expected {NAME}"
    )


def test_chain_that_cannot_be_read_is_named() -> None:
    """Rubbish in place of a chain is a complaint, not a crash."""
    for rubbish in ("", "rubbish"):
        assert complaint(rubbish, AUTHORITY.certificate, NAME, START) == (
            "the served certificate cannot be read"
        )


def test_names_of_a_service_are_what_clients_call() -> None:
    """All forms of the Service's name are covered, the fully qualified one included."""
    names = service_names("pillion", "pillion-system", "cluster.local")
    for name in ("pillion", "pillion.pillion-system", NAME, f"{NAME}.cluster.local"):
        assert complaint(leaf(*names).chain, AUTHORITY.certificate, name, START) is None


def test_keys_come_from_the_given_randomness_alone() -> None:
    """The same bits give the same key and number; other bits others."""
    one, same, other = (random.Random(seed).getrandbits for seed in (1, 1, 2))
    keys = [private_key(bits).private_numbers() for bits in (one, same, other)]
    assert keys[0] == keys[1] != keys[2]
    assert serial_number(one) == serial_number(same)
    assert 0 < serial_number(lambda bits: 2**bits - 1) < 2**159
    assert private_key(lambda _bits: 0).private_numbers().private_value == 1


def test_mismatched_authority_is_refused_without_its_key() -> None:
    """A key of another authority is noticed, and never repeated in the message or a repr."""
    with pytest.raises(AuthorityError, match="do not belong together") as refused:
        read_authority(AUTHORITY.certificate, FOREIGN.key)
    assert "PRIVATE" not in str(refused.value)
    assert "PRIVATE" not in repr(AUTHORITY) + repr(leaf())
