"""Settings that are fine one by one and wrong together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from webhook.injection.consistency import (
    above_limit,
    forbidden_tproxy,
    port_clash,
    uneven_eviction,
)
from webhook.model.settings import (
    InterceptionMode,
    OverlayTarget,
    PilotConnection,
    RedirectMode,
    Settings,
)

_PORT_OF_OTHER: Final = {
    PilotConnection.TOKEN: ("15010", "Pilot's plaintext port"),
    PilotConnection.PLAINTEXT: ("15012", "Pilot's TLS port"),
}


class Contradiction(Struct, frozen=True):
    """A sentence with the path of the setting to change, and the settings it is about."""

    sentence: str
    about: tuple[str, ...]
    """Dotted paths; if one of them is faulty itself, its default says nothing."""


def contradictions(settings: Settings) -> list[Contradiction]:
    """Return every contradiction between settings."""
    return [*_proxy(settings), *_redirect(settings), *_pilot(settings), *_kinds(settings)]


def _proxy(settings: Settings) -> Iterator[Contradiction]:
    if what := port_clash(settings):
        yield Contradiction(f"proxy.ports: expected {what}", ("proxy.ports",))
    if what := forbidden_tproxy(settings):
        path = "traffic.interceptionMode"
        yield Contradiction(f"{path}: got TPROXY, expected {what}", (path, "proxy.allowTproxy"))
    if what := uneven_eviction(settings):
        got = settings.bootstrap.stats.eviction_interval_seconds
        path = "bootstrap.stats.evictionIntervalSeconds"
        flush = "bootstrap.stats.flushIntervalSeconds"
        yield Contradiction(f"{path}: got {got}, expected {what}", (path, flush))
    for section, resources in (
        ("proxy", settings.proxy.resources),
        ("redirect", settings.redirect.resources),
    ):
        for name in above_limit(resources):
            request, limit = getattr(resources.requests, name), getattr(resources.limits, name)
            path = f"{section}.resources.requests.{name}"
            sentence = f'{path}: got "{request}", expected at most the limit "{limit}"'
            yield Contradiction(sentence, (f"{section}.resources",))


def _redirect(settings: Settings) -> Iterator[Contradiction]:
    if settings.redirect.mode is not RedirectMode.NONE:
        return
    if settings.traffic.interception_mode is InterceptionMode.TPROXY:
        yield Contradiction(
            "redirect.mode: got none, expected init or cni with traffic.interceptionMode TPROXY",
            ("redirect.mode", "traffic.interceptionMode"),
        )
    for index, overlay in enumerate(settings.overlays):
        if overlay.target is OverlayTarget.INIT:
            yield Contradiction(
                f"overlays[{index}].target: got init, expected another target: redirect.mode none "
                "adds no init container",
                ("redirect.mode", "overlays.target"),
            )


def _pilot(settings: Settings) -> Iterator[Contradiction]:
    port, what = _PORT_OF_OTHER[settings.pilot.connection]
    if (settings.pilot.address or "").endswith(f":{port}"):
        yield Contradiction(
            f"pilot.address: got port {port}, {what}, expected another one with pilot.connection "
            f"{settings.pilot.connection.value}",
            ("pilot.address", "pilot.connection"),
        )


def _kinds(settings: Settings) -> Iterator[Contradiction]:
    seen: set[tuple[str, str, str]] = set()
    for index, kind in enumerate(settings.extra_kinds):
        name = (kind.group, kind.version, kind.kind)
        if name in seen:
            sentence = f"extraKinds[{index}]: got {'/'.join(name)} again, expected each kind once"
            yield Contradiction(sentence, ("extraKinds",))
        seen.add(name)
