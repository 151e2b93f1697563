"""The probes of a document as text, quickly: each shape of route and cluster rendered once."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial
from typing import Final

from msgspec import Struct

from webhook.bootstrap import probes
from webhook.bootstrap.facts import ProbeKind, ProbeSlot, ProbeTarget, probe_path
from webhook.bootstrap.template import Template, template
from webhook.bootstrap.text import encode, escaped, inside, quoted
from webhook.model.settings import Settings

# Stand-ins, each found where it was put and only there: what they are cut out of holds no other
# text of a user.
TOKEN: Final = "\ue000token\ue001"  # noqa: S105 - stands for one
_CONTAINER: Final = "\ue000container\ue001"
_PATH: Final = "\ue000path\ue001"
_SERVICE: Final = "\ue000service\ue001"
_PORT: Final = 1000000007
_TIMEOUT: Final = 1000000009


def _sample(kind: ProbeKind, *, is_hook: bool = False, has_host: bool = False) -> ProbeTarget:
    return ProbeTarget(
        container=_CONTAINER,
        slot=ProbeSlot.PRE_STOP if is_hook else ProbeSlot.READINESS,
        kind=kind,
        port=_PORT,
        path=_PATH,
        service=_SERVICE,
        timeout_seconds=_TIMEOUT,
        has_host=has_host,
    )


SAMPLES: Final = (_sample(ProbeKind.HTTP),)
"""Stands for a pod's probes in the document that is cut."""


class ProbeText(Struct, frozen=True):
    """The shapes of one configuration."""

    filters: bytes
    route: Callable[[ProbeKind, bool, bool], Template]
    """By kind, whether it is a hook, and whether it has a Host of its own; made when first used."""
    cluster: Callable[[ProbeKind], Template]

    def fill(self, targets: tuple[ProbeTarget, ...], token: str) -> dict[bytes, bytes]:
        """Return what belongs in the holes that `probe_stand_ins` names."""
        if not targets:
            return {b"filters": b"", b"clusters": b"", b"routes": b""}
        routes: list[bytes] = []
        clusters: dict[tuple[ProbeKind, int], bytes] = {}
        for target in targets:
            kind, port, slot = target.kind, target.port, target.slot
            values = {
                b"match": inside(probe_path(token, target.container, slot)),
                b"path": inside(target.path),
                b"service": inside(target.service) if target.service else b"",
                b"port": b"%d" % port,
                b"timeout": b"%d" % target.timeout_seconds,
            }
            route = self.route(kind, slot in probes.HOOKS, target.has_host)
            routes.append(route.pattern % values)
            if (kind, port) not in clusters:
                clusters[kind, port] = self.cluster(kind).pattern % values
        return {
            b"filters": self.filters,
            b"clusters": b"".join(clusters.values()),
            b"routes": b"".join(routes),
        }


def prepare_probes(settings: Settings) -> ProbeText:
    """Prepare to render each shape with holes when it is first met."""
    return ProbeText(
        filters=_filters(),
        route=lru_cache(maxsize=None)(_route_template),
        cluster=lru_cache(maxsize=None)(partial(_cluster_template, settings)),
    )


def probe_stand_ins(settings: Settings) -> dict[bytes, bytes]:
    """Return what lies in a document with `SAMPLES` and `TOKEN` where the holes shall be."""
    return {
        b"filters": _filters(),
        b"clusters": _clusters(settings, SAMPLES[0]),
        b"routes": _routes(SAMPLES[0]),
    }


def _filters() -> bytes:
    return escaped(encode(probes.filters(SAMPLES)))[1:-1] + b","


def _routes(sample: ProbeTarget) -> bytes:
    return escaped(encode(probes.routes((sample,), TOKEN)))[1:-1] + b","


def _clusters(settings: Settings, sample: ProbeTarget) -> bytes:
    """Return the sample's cluster; it holds references and no text of a pod."""
    return b"," + quoted(encode(probes.clusters(settings, (sample,))))[1:-1]


def _route_template(
    kind: ProbeKind,
    is_hook: bool,  # noqa: FBT001 - a key of the cache
    has_host: bool,  # noqa: FBT001 - a key of the cache
) -> Template:
    sample = _sample(kind, is_hook=is_hook, has_host=has_host)
    stand_ins = {
        b"match": inside(probe_path(TOKEN, sample.container, sample.slot)),
        b"path": inside(_PATH),
        b"service": inside(_SERVICE),
        b"port": b"%d" % _PORT,
        b"timeout": b"%d" % _TIMEOUT,
    }
    return template(_routes(sample), stand_ins)


def _cluster_template(settings: Settings, kind: ProbeKind) -> Template:
    return template(_clusters(settings, _sample(kind)), {b"port": b"%d" % _PORT})
