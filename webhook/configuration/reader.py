"""From the text of a configuration file to settings, or to all of its mistakes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from webhook.configuration.contradictions import contradictions
from webhook.configuration.values import canonical
from webhook.manifests import tree
from webhook.manifests.place import Place
from webhook.model.errors import ConfigurationError, ManifestError
from webhook.model.settings import Settings

_PORT_LISTS: Final = (
    "includeInboundPorts",
    "excludeInboundPorts",
    "includeOutboundPorts",
    "excludeOutboundPorts",
)
_WITH_RESOURCES: Final = ("proxy", "redirect")


def read(text: str, source: str) -> Settings:
    """Return the settings that a file states; what it leaves out has its default.

    Args:
        text: YAML or JSON, read by kubectl's rules; an empty file is all defaults.
        source: the file's name, which begins each mistake.

    Raises:
        ConfigurationError: with every mistake, each a sentence with its path, such as
            `config.yaml: proxy.concurrency: got "two", expected an integer from 0 to 1024`.
    """
    document = _document(text, source)
    settings, mistakes, faulty = _settings(_normal(document), document)
    settings, wrong = canonical(settings)
    mistakes += wrong
    mistakes += (
        found.sentence
        for found in contradictions(settings)
        if not any(_overlaps(path, about) for path in faulty for about in found.about)
    )
    if mistakes:
        unique = tuple(dict.fromkeys(f"{source}: {mistake}" for mistake in mistakes))
        raise ConfigurationError(unique)
    return settings


def show(settings: Settings) -> dict[str, Any]:
    """Return settings as plain values in the file's spelling, defaults included."""
    plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(settings))
    return plain


def _document(text: str, source: str) -> dict[str, Any]:
    try:
        node = tree.parse(text.removeprefix("\ufeff"), Place(source, 1, 1))
    except ManifestError as error:
        raise ConfigurationError((str(error),)) from error
    value = None if node is None else node.value
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ConfigurationError((f"{source}: got no object, expected the members of settings",))
    return value


def _settings(
    normal: dict[str, Any], document: dict[str, Any]
) -> tuple[Settings, list[str], frozenset[str]]:
    """Return the settings, a sentence for each fault of shape, and the faulty members' paths."""
    try:
        return msgspec.convert(normal, Settings), [], frozenset()
    except msgspec.ValidationError as error:
        # Only a file with mistakes pays for loading jsonschema.
        from webhook.configuration.structure import faults  # noqa: PLC0415

        found = faults(normal, document)
        sentences = found.sentences or [str(error)]
        try:
            return msgspec.convert(found.sound, Settings), sentences, found.paths
        except msgspec.ValidationError:
            return Settings(), sentences, found.paths


def _overlaps(path: str, other: str) -> bool:
    """Tell whether one dotted path is the other or leads to it."""
    return f"{path}.".startswith(f"{other}.") or f"{other}.".startswith(f"{path}.")


def _normal(document: dict[str, Any]) -> dict[str, Any]:
    """Return the document with ports as text, and amounts that it leaves out at their defaults."""
    normal = dict(document)
    traffic = document.get("traffic")
    if isinstance(traffic, dict):
        normal["traffic"] = {
            name: _as_texts(value) if name in _PORT_LISTS else value
            for name, value in traffic.items()
        }
    defaults = show(Settings())
    for section in _WITH_RESOURCES:
        found = document.get(section)
        if isinstance(found, dict) and isinstance(found.get("resources"), dict):
            merged = _over(defaults[section]["resources"], found["resources"])
            normal[section] = {**found, "resources": merged}
    return normal


def _as_texts(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    return [
        str(item) if isinstance(item, int) and not isinstance(item, bool) else item
        for item in value
    ]


def _over(defaults: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(defaults)
    for name, value in change.items():
        inner = merged.get(name)
        if isinstance(inner, dict) and isinstance(value, dict):
            merged[name] = {**inner, **{k: _amount(v) for k, v in value.items()}}
        else:
            merged[name] = value
    return merged


def _amount(value: Any) -> Any:
    """Return a whole number as text: `cpu: 2` is how people write it, and Kubernetes takes it."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value
