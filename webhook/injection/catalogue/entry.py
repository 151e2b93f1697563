"""One annotation or label: what it accepts, what it does, and how its text is applied."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any, Final

from msgspec import Struct

from webhook.injection.effective import Effective, put, warn
from webhook.injection.proxy_config import ReadYaml

Change = Callable[[Effective, str, ReadYaml], Effective]
"""Applies a text to the pod's settings; raises Refused when the text is not acceptable."""


class Place(StrEnum):
    """Where a key is written."""

    ANNOTATION = "pod annotation"
    LABEL = "pod label"
    NAMESPACE_LABEL = "namespace label"


class Support(StrEnum):
    """How far a stock Envoy without an agent can do what the key asks for."""

    HONOURED = "honoured"
    DEGRADED = "degraded"


class Entry(Struct, frozen=True, kw_only=True):
    """One row of the catalogue."""

    key: str
    place: Place = Place.ANNOTATION
    accepted: str
    """What a text must be, as the end of a sentence: `expected <accepted>`."""
    default: str
    """What applies without the key."""
    effect: str
    support: Support = Support.HONOURED
    instead: str = ""
    """Degraded: why it has no (full) effect, and what to do instead; also the warning's text."""
    change: Change | None = None
    """None: the key is read elsewhere (decision, names, record), or only documented."""


ANY_TEXT: Final = "any text"


def setting(path: str, parse: Callable[[str], Any]) -> Change:
    """Make a change that puts what `parse` reads at a dotted path of the pod's settings."""

    def change(draft: Effective, text: str, _: ReadYaml) -> Effective:
        return put(draft, path, parse(text))

    return change


def degraded(
    key: str,
    *,
    effect: str,
    instead: str,
    accepted: str = ANY_TEXT,
    default: str = "none",
    parse: Callable[[str], Any] = str,
    asks: Callable[[Effective, Any], bool] = lambda _, __: True,
) -> Entry:
    """Make an entry that validates its text and then warns, unless it asks for nothing."""

    def change(draft: Effective, text: str, _: ReadYaml) -> Effective:
        if asks(draft, parse(text)):
            return warn(draft, f'annotation "{key}" has no effect: {instead}')
        return draft

    return Entry(
        key=key,
        accepted=accepted,
        default=default,
        effect=effect,
        support=Support.DEGRADED,
        instead=instead,
        change=change,
    )
