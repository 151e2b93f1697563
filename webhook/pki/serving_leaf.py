"""The leaf that a replica serves: its own, in memory, replaced in time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from webhook.pki.authority import Authority
from webhook.pki.keys import RandomBits
from webhook.pki.leaf import Leaf, sign_leaf

Clock = Callable[[], datetime]
"""Returns the time of day, aware of its zone."""


class ServePair(Protocol):
    """Starts to serve a certificate; the swap of the TLS context is one."""

    def __call__(self, chain: str, key: str, /) -> None:
        """Serve all new connections with this certificate and key, both PEM."""
        ...


class ServingLeaf:
    """Signs a leaf when there is none, when it is due, and when the authority is another."""

    def __init__(
        self,
        *,
        names: Sequence[str],
        life: timedelta,
        renew: timedelta | None = None,
        clock: Clock,
        random_bits: RandomBits,
        serve: ServePair,
    ) -> None:
        """Prepare; nothing is signed yet.

        Args:
            names: by which clients call the server.
            life: of a leaf.
            renew: how old a leaf may get; None: two thirds of its life.
            clock: the time of day.
            random_bits: for keys' serial numbers.
            serve: is given each new leaf.
        """
        self.names = tuple(names)
        self._life = life
        self._renew = renew
        self._signed_at: datetime | None = None
        self._clock = clock
        self._random_bits = random_bits
        self._serve = serve
        self._signed_by: str | None = None
        self.leaf: Leaf | None = None
        """What is served now."""

    def keep(self, authority: Authority) -> bool:
        """Serve a leaf of this authority; return whether it is a new one.

        Call it with an authority that was just read: one that has been retired since must not sign.
        """
        now = self._clock()
        present = self.leaf
        if (
            present is not None
            and self._signed_by == authority.certificate
            and now < present.renew_at
            and not self._is_old(now)
        ):
            return False
        leaf = sign_leaf(
            authority, names=self.names, now=now, life=self._life, random_bits=self._random_bits
        )
        self._serve(leaf.chain, leaf.key)
        self.leaf, self._signed_by, self._signed_at = leaf, authority.certificate, now
        return True

    def _is_old(self, now: datetime) -> bool:
        if self._renew is None or self._signed_at is None:
            return False
        return now >= self._signed_at + self._renew
