"""A short name for everything in the configuration that can reach a pod."""

from __future__ import annotations

import hashlib
from typing import Final

import msgspec

from webhook.model.settings import Settings

REACHING_PODS: Final = (
    "revision",
    "proxy",
    "redirect",
    "pilot",
    "traffic",
    "probes",
    "bootstrap",
    "overlays",
)
"""Parts that decide what is injected; the others decide only whether, or what a pod may ask for."""


def configuration_hash(settings: Settings) -> str:
    """Return 16 hexadecimal digits that change exactly when one of these parts does.

    Stable across processes and Python versions: SHA-256 of sorted JSON. For `status` and metrics;
    never trusted, so 64 bits are enough.
    """
    parts = [getattr(settings, name) for name in REACHING_PODS]
    canonical = msgspec.json.encode(parts, order="deterministic")
    return hashlib.sha256(canonical).hexdigest()[:16]
