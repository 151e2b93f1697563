"""Rewritten probes as text, quickly: their operations, and their part of the record.

Each kind of place is rendered once, with stand-ins, by the functions that serve every pod, and cut
where the stand-ins lie.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from msgspec import Raw, Struct

from webhook.bootstrap.facts import ProbeKind, ProbeSlot, ProbeTarget
from webhook.bootstrap.template import Template, template
from webhook.injection import record
from webhook.injection.patch import Stage, operations
from webhook.injection.probes import Rewrite, edits_of, is_plain
from webhook.model.pod import NOTHING, Container, Pod, Spec

_NAME = re.compile(r"[a-z0-9-]+")
"""A container's name that stands for itself in JSON, in a pointer and in a path."""

# Stand for what differs from pod to pod; nothing else is in the text that is cut.
_TOKEN: Final = "\ue000token"  # noqa: S105 - stands for one
_CONTAINER: Final = "\ue000container"
_RAW: Final = b'{"path":"\xee\x80\x80raw"}'
_NULL: Final = Raw(b"null")


class RewriteText(Struct, frozen=True):
    """What the rewriting of several handlers comes to."""

    operations: bytes
    """JSON Patch operations, each followed by a comma."""
    replaced: str
    """For the record, with commas between."""


class _Texts(Struct, frozen=True):
    operations: Template
    replaced: Template


def text_of(handlers: Sequence[Rewrite], token: str, port: int) -> RewriteText | None:
    """Return the text of all handlers, or None when one is out of the ordinary.

    Equal to what `patch.operations` and `record.text_of` make of `edits_of`, byte for byte. Out of
    the ordinary are names that no API server accepts, and requests with headers of their own.
    """
    if not handlers:
        return _NOTHING
    steps: list[bytes] = []
    replaced: list[bytes] = []
    secret = token.encode()
    for each in handlers:
        where, handler, target = each.where, each.handler, each.target
        raw, name = bytes(each.raw), target.container
        if not _NAME.fullmatch(name) or (handler == "httpGet" and not is_plain(raw)):
            return None
        texts = _texts(where, handler, each.http_get is NOTHING, target.slot, port)
        holes = {
            b"place": f'"/spec/{where}/{each.position}/'.encode(),
            b"token": secret,
            b"name": name.encode(),
            b"raw": raw,
        }
        steps.append(texts.operations.pattern % holes)
        replaced.append(texts.replaced.pattern % holes)
    return RewriteText(b"".join(steps), b",".join(replaced).decode())


_NOTHING: Final = RewriteText(b"", "")


@lru_cache(maxsize=256)
def _texts(
    where: str,
    handler: str,
    is_alone: bool,  # noqa: FBT001 - a key of the cache
    slot: ProbeSlot,
    port: int,
) -> _Texts:
    beside = Raw(_RAW) if handler == "httpGet" else NOTHING if is_alone else _NULL
    target = ProbeTarget(container=_CONTAINER, slot=slot, kind=ProbeKind.HTTP, port=1)
    sample = Rewrite(where, 0, handler, Raw(_RAW), beside, target)
    edits = edits_of(sample, _TOKEN, port)
    containers = [Container(name=_CONTAINER)]
    pod = Pod(spec=Spec(containers=containers, initContainers=containers))
    stand_ins = {
        b"place": f'"/spec/{where}/0/'.encode(),
        b"token": _TOKEN.encode(),
        b"name": _CONTAINER.encode(),
        b"raw": _RAW,
    }
    made = operations(Stage(pod, lambda: edits)) + b","
    noted = record.text_of(record.undo_of(edits).replaced).encode()
    return _Texts(template(made, stand_ins), template(noted, stand_ins))
