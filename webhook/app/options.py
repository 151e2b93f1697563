"""What the command line of `serve` says, as a value."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path

from webhook.serving.lifecycle import Patience


class Mode(StrEnum):
    """Where the serving certificate comes from."""

    SELF = "self"
    """Our own authority, kept in a Secret, which we also register as the caBundle."""
    CERT_MANAGER = "cert-manager"
    """A mounted Secret that cert-manager renews; its injector writes the caBundle."""
    PROVIDED = "provided"
    """Mounted files; whoever provides them writes the caBundle."""
    STANDALONE = "standalone"
    """An authority in memory, and no cluster at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterNames:
    """The objects that belong to this installation."""

    namespace: str
    service: str
    domain: str
    secret: str
    lease: str
    webhook_configurations: tuple[str, ...]
    identity: str
    """Of this replica: its pod's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lives:
    """How long certificates live, and how long a trusted authority waits before it signs.

    `renew` is how old a leaf may get; None: two thirds of its life.
    """

    leaf: timedelta = timedelta(days=2)
    renew: timedelta | None = None
    authority: timedelta = timedelta(days=365)
    settle: timedelta = timedelta(seconds=30)

    @property
    def attention(self) -> timedelta:
        """Return how late a renewal may be noticed: a quarter of what is left of a life then."""
        late = self.leaf / 12
        return late if self.renew is None else min(late, self.renew / 4)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Everything."""

    mode: Mode
    listen: tuple[str, int]
    metrics_listen: tuple[str, int] | None
    config: Path | None
    ca_out: Path | None
    certificates: Path | None
    names: ClusterNames | None
    log_level: str
    in_flight: int
    patience: Patience
    lives: Lives
