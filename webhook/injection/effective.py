"""The settings of one pod: the administrator's, changed by what the pod's author asks for."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from msgspec import Struct

from webhook.model.settings import Settings

MOST_WARNINGS: Final = 20
"""The API server passes on 4 KiB of warnings; a pod with thousands of slips must cost no time."""


class Effective(Struct, frozen=True, kw_only=True):
    """What applies to one pod; equal annotations under equal settings give equal values."""

    settings: Settings
    warnings: tuple[str, ...] = ()
    """A sentence for each annotation that is not honoured as Istio would."""
    proxy_probes: bool = True
    """False (`status.sidecar.istio.io/port: "0"`): the proxy's container gets no probes."""
    hold_application: bool = False
    """The application must wait for the proxy; a native sidecar always holds it, a classic one
    cannot."""
    cap_net_bind_service: bool = False
    """Add NET_BIND_SERVICE to the proxy and run it as root; useful in interception mode NONE."""
    user_volumes: tuple[dict[str, Any], ...] = ()
    """Volumes of the Kubernetes API to add to the pod; none is named like one of ours."""
    user_volume_mounts: tuple[dict[str, Any], ...] = ()
    """Volume mounts of the Kubernetes API to add to the proxy; none lies where one of ours does."""


def put(draft: Effective, path: str, value: Any) -> Effective:
    """Return a copy with another value at a dotted path such as `settings.proxy.log_level`."""
    changed: Effective = _replaced(draft, path.split("."), value)
    return changed


def at(draft: Effective, path: str) -> Any:
    """Return the value at a dotted path."""
    found: Any = draft
    for name in path.split("."):
        found = getattr(found, name)
    return found


def warn(draft: Effective, sentence: str) -> Effective:
    """Return a copy with one more warning, unless it is there or there are too many."""
    count = len(draft.warnings)
    if count > MOST_WARNINGS or sentence in draft.warnings:
        return draft
    said = sentence if count < MOST_WARNINGS else "further warnings about annotations are left out"
    return put(draft, "warnings", (*draft.warnings, said))


def _replaced(struct: Any, path: list[str], value: Any) -> Any:
    name, rest = path[0], path[1:]
    inner = _replaced(getattr(struct, name), rest, value) if rest else value
    return msgspec.structs.replace(struct, **{name: inner})
