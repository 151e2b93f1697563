"""The annotations of a pod, from the whole catalogue to the settings that apply to the pod."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from webhook.injection.annotation_values import Refused, shown
from webhook.injection.catalogue import (
    bootstrap,
    container,
    naming,
    observability,
    opting,
    traffic,
)
from webhook.injection.catalogue.entry import Change, Entry, Place, Support
from webhook.injection.consistency import check
from webhook.injection.effective import MOST_WARNINGS, Effective, warn
from webhook.injection.proxy_config import ReadYaml
from webhook.model.errors import InvalidAnnotation, InvalidAnnotations
from webhook.model.settings import AnnotationRules, OnInvalid, Settings

CATALOGUE: Final[tuple[Entry, ...]] = (
    *opting.ENTRIES,
    *bootstrap.ENTRIES,
    *traffic.ENTRIES,
    *container.ENTRIES,
    *observability.ENTRIES,
    *naming.ENTRIES,
)
"""Every key that is read or written; changes are applied in this order, the later one wins."""

_CHANGING: Final[Mapping[str, tuple[Entry, Change]]] = {
    entry.key: (entry, entry.change)
    for entry in CATALOGUE
    if entry.place is Place.ANNOTATION and entry.change is not None
}
RELEVANT: Final = frozenset(_CHANGING)
"""Annotations that can change what a pod becomes, or that earn it a warning."""

KEYS: Final = frozenset(entry.key for entry in CATALOGUE if entry.place is Place.ANNOTATION)
LONGEST_DETAIL: Final = 1000
"""Characters of what is wrong inside a text; a response is read by people."""
_FAMILY: Final = "sidecar.istio.io/"
"""Ends the domain of most keys; one that is not in the catalogue is likely a slip."""


def relevant(annotations: Mapping[str, str | None]) -> tuple[tuple[str, str], ...]:
    """Return the annotations on which `effective` depends, in a stable order: a cache key.

    A null value is an empty text, as the API server reads it.
    """
    if RELEVANT.isdisjoint(annotations) and _FAMILY not in "\n".join(annotations):
        return ()
    return tuple(
        sorted(
            (key, value or "")
            for key, value in annotations.items()
            if key in RELEVANT or (_FAMILY in key and key not in KEYS)
        )
    )


def effective(
    settings: Settings, annotations: Mapping[str, str | None], read_yaml: ReadYaml
) -> Effective:
    """Return what applies to a pod with these annotations; only `relevant` ones are looked at.

    Raises:
        InvalidAnnotations: some cannot be read, contradict each other or are not allowed, and the
            configuration's `onInvalidAnnotation` is `deny`. With `warn` each of them is a warning
            and leaves its default in place.
    """
    found = dict(relevant(annotations))
    draft = Effective(settings=settings)
    mistakes: list[InvalidAnnotation] = []
    for key, (entry, change) in _CHANGING.items():
        if key in found:
            try:
                draft = _changed(draft, entry, change, found[key], read_yaml)
            except InvalidAnnotation as error:
                mistakes.append(error)
    draft, contradictions = check(draft, settings, found)
    mistakes.extend(contradictions)
    for key in sorted(found.keys() - RELEVANT)[: MOST_WARNINGS + 1]:
        draft = warn(draft, f'annotation "{shown(key)}" is not known{nearest(key)}')
    if not mistakes:
        return draft
    if settings.on_invalid_annotation is OnInvalid.DENY:
        raise InvalidAnnotations(tuple(mistakes))
    for mistake in mistakes:
        draft = warn(draft, f"{mistake}; it is ignored")
    return draft


def is_allowed(key: str, rules: AnnotationRules) -> bool:
    """Tell whether the administrator lets pods use an annotation; a denial beats a permission.

    Only what has an effect can be forbidden: a key that is not honoured may belong to others too,
    such as Multus' networks.
    """
    return _any_matches(key, rules.allow) and not _any_matches(key, rules.deny)


def nearest(key: str) -> str:
    """Return `, did you mean …` for a key close to one of the catalogue, else nothing."""
    # Only slips need it, and a start of the command line would pay for the import.
    from difflib import get_close_matches  # noqa: PLC0415

    near = get_close_matches(key, KEYS, 1) if len(key) < 200 else []
    return f", did you mean {near[0]}" if near else ""


def _changed(
    draft: Effective, entry: Entry, change: Change, text: str, read_yaml: ReadYaml
) -> Effective:
    is_honoured = entry.support is Support.HONOURED
    if is_honoured and not is_allowed(entry.key, draft.settings.annotations):
        raise InvalidAnnotation(entry.key, shown(text), "none: not allowed by the administrator")
    try:
        return change(draft, text, read_yaml)
    except Refused as refusal:
        detail = shown(str(refusal)[:LONGEST_DETAIL])
        expected = f"{entry.accepted} ({detail})" if detail else entry.accepted
        raise InvalidAnnotation(entry.key, shown(text), expected) from refusal


def _any_matches(key: str, patterns: Iterable[str]) -> bool:
    return any(
        key.startswith(pattern[:-1]) if pattern.endswith("*") else key == pattern
        for pattern in patterns
    )
