"""The certificates of each mode: where they come from, what renews them, whether they are good."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from webhook.app.options import Lives, Options
from webhook.model.errors import PillionError
from webhook.pki.authority import Authority, issue_authority
from webhook.pki.leaf import sign_leaf
from webhook.pki.serving_leaf import ServingLeaf
from webhook.serving.health import Condition
from webhook.serving.metrics import Metrics
from webhook.serving.tls import SwappableContext

_STANDALONE_LIFE = timedelta(days=3650)
"""Longer than any such process runs: its clients were told one authority."""


class FileError(PillionError):
    """A file cannot be written; the message names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificates:
    """What a mode gives the server: the context, what keeps it fresh, and what may be wrong."""

    context: SwappableContext
    step: Callable[[], None] | None
    """Renews it, if nothing else does."""
    condition: Condition


def now() -> datetime:
    """Return the time of day."""
    return datetime.now(UTC)


def standalone(options: Options, metrics: Metrics) -> Certificates:
    """Return certificates of an authority that lives as long as the process.

    Raises:
        FileError: the authority's certificate cannot be written where the options say.
    """
    authority = issue_authority(now=now(), life=_STANDALONE_LIFE, random_bits=secrets.randbits)
    if options.ca_out is not None:
        _write(options.ca_out, authority.certificate)
    metrics.certificate("ca", authority.not_after)
    names = dict.fromkeys(("localhost", "127.0.0.1", "::1", options.listen[0] or "localhost"))
    context = _context(authority, tuple(names), options.lives)
    leaf = ServingLeaf(
        names=tuple(names),
        life=options.lives.leaf,
        renew=options.lives.renew,
        clock=now,
        random_bits=secrets.randbits,
        serve=context.swap,
    )

    def step() -> None:
        if leaf.keep(authority) and leaf.leaf is not None:
            metrics.certificate("leaf", leaf.leaf.not_after)

    step()
    return Certificates(context=context, step=step, condition=lambda: None)


def placeholder(names: tuple[str, ...], lives: Lives) -> SwappableContext:
    """Return a context with a certificate that nobody trusts, until there is a better one.

    Kubelet's probes do not look at it, so that readiness can say what is missing.
    """
    authority = issue_authority(now=now(), life=lives.leaf, random_bits=secrets.randbits)
    return _context(authority, names, lives)


def _context(authority: Authority, names: tuple[str, ...], lives: Lives) -> SwappableContext:
    leaf = sign_leaf(
        authority, names=names, now=now(), life=lives.leaf, random_bits=secrets.randbits
    )
    return SwappableContext(leaf.chain, leaf.key)


def _write(path: Path, text: str) -> None:
    """Write a file so that no reader ever sees half of it."""
    draft = path.with_name(f".{path.name}.tmp")
    try:
        draft.write_text(text)
        draft.replace(path)
    except OSError as error:
        raise FileError(f"{path}: {(error.strerror or 'cannot be written').lower()}") from error
