"""Events on the owners of pods: for people who look at a Deployment that makes no pods."""

from __future__ import annotations

import queue
import uuid
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from webhook.cluster.client import Api

_WAITING: Final = 256
"""Events kept for the thread that sends them; more are dropped, never waited for."""
_AGAIN: Final = timedelta(minutes=5)
"""The same Event on the same object is sent once in that time."""
_REMEMBERED: Final = 1024
_MESSAGE: Final = 1024
"""Characters that the API server takes in a message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The object that an Event is about."""

    api_version: str
    kind: str
    namespace: str
    name: str
    uid: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What happened."""

    subject: Subject
    reason: str
    message: str
    is_warning: bool = True


class Events:
    """Takes Events from the hot path without blocking it, and sends them from a thread."""

    def __init__(self, api: Api, instance: str, clock: Callable[[], datetime]) -> None:
        self._api = api
        self._instance = instance
        self._clock = clock
        self._queue: queue.Queue[Notice] = queue.Queue(_WAITING)
        self._sent: OrderedDict[Notice, datetime] = OrderedDict()
        self.dropped = 0

    def tell(self, notice: Notice) -> None:
        """Take an Event to send; with too many waiting it is dropped."""
        try:
            self._queue.put_nowait(notice)
        except queue.Full:
            self.dropped += 1

    def step(self) -> None:
        """Send what waits.

        Raises:
            ClusterError: the API server refuses; that Event is lost.
        """
        while True:
            try:
                notice = self._queue.get_nowait()
            except queue.Empty:
                return
            if self._is_due(notice):
                self._send(notice)

    def _is_due(self, notice: Notice) -> bool:
        now = self._clock()
        last = self._sent.get(notice)
        if last is not None and now - last < _AGAIN:
            return False
        self._sent[notice] = now
        self._sent.move_to_end(notice)
        if len(self._sent) > _REMEMBERED:
            self._sent.popitem(last=False)
        return True

    def _send(self, notice: Notice) -> None:
        subject = notice.subject
        path = f"/api/v1/namespaces/{subject.namespace}/events"
        self._api.request("POST", path, body=self._event(notice))

    def _event(self, notice: Notice) -> dict[str, Any]:
        subject = notice.subject
        time = self._clock().strftime("%Y-%m-%dT%H:%M:%SZ")
        return {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {
                "name": f"{subject.name[:200]}.{uuid.uuid4().hex[:16]}",
                "namespace": subject.namespace,
            },
            "involvedObject": {
                "apiVersion": subject.api_version,
                "kind": subject.kind,
                "namespace": subject.namespace,
                "name": subject.name,
                **({"uid": subject.uid} if subject.uid else {}),
            },
            "reason": notice.reason,
            "message": notice.message[:_MESSAGE],
            "type": "Warning" if notice.is_warning else "Normal",
            "source": {"component": "pillion"},
            "reportingComponent": "pillion.istio.io/webhook",
            "reportingInstance": self._instance[:128],
            "firstTimestamp": time,
            "lastTimestamp": time,
            "count": 1,
        }
