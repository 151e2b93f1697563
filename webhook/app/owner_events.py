"""From an admission to the Event on its pod's owner: controllers do not read our warnings."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from webhook.admission.handler import Admission
from webhook.cluster.events import Events, Notice, Subject


class _Owner(Struct, frozen=True):
    apiVersion: str = ""
    kind: str = ""
    name: str = ""
    uid: str = ""
    controller: bool = False


class _Metadata(Struct, frozen=True):
    ownerReferences: list[_Owner] = []


class _Object(Struct, frozen=True):
    metadata: _Metadata = _Metadata()


class _Request(Struct, frozen=True):
    object: _Object = _Object()


class _Owned(Struct, frozen=True):
    request: _Request = _Request()


_DECODER = msgspec.json.Decoder(_Owned)


class OwnerEvents:
    """Tells the controller that made a pod why it was refused, or not as its author expects."""

    def __init__(self, events: Events) -> None:
        self._events = events

    def __call__(self, admission: Admission, body: bytes) -> None:
        """Take note of an answer; most need no Event, and a dry run must not leave one."""
        if admission.dry_run or not (admission.warnings or admission.decision == "deny"):
            return
        subject = _controller(body, admission.namespace)
        if subject is None:
            return  # a bare pod's author sees warnings and denials directly
        is_denied = admission.decision == "deny"
        self._events.tell(
            Notice(
                subject=subject,
                reason="SidecarDenied" if is_denied else "SidecarWarning",
                message=admission.message if is_denied else "; ".join(admission.warnings),
            )
        )


def _controller(body: bytes, namespace: str) -> Subject | None:
    try:
        owners = _DECODER.decode(body).request.object.metadata.ownerReferences
    except (msgspec.DecodeError, RecursionError):
        return None
    for owner in owners:
        if owner.controller:
            return Subject(
                api_version=owner.apiVersion,
                kind=owner.kind,
                namespace=namespace,
                name=owner.name,
                uid=owner.uid,
            )
    return None
