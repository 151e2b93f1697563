"""Pods created through the API server at a steady rate, and what became of each."""

from __future__ import annotations

import http.client
import json
import ssl
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Final, Self

from tests.apiserver.audit import UNRECORDED_USER
from tests.apiserver.command_lines import API_PORT
from tests.apiserver.control_plane import ControlPlane
from tests.apiserver.network_namespace import NODE_ADDRESS, Network

RATE: Final = 100
"""Creations a second."""
WORKERS: Final = 16
"""Connections that are kept, and so creations at once, at most."""
_CATCH_UP: Final = 0.5
"""Seconds of creations that are made up for after the machine stood still; more are left out."""
_ANSWER_SECONDS: Final = 30
_POD: Final = json.dumps(
    {
        "metadata": {"generateName": "storm-"},
        "spec": {"containers": [{"name": "app", "image": "nginx:1.29"}]},
    }
).encode()
_SIDECAR: Final = b'"name":"istio-proxy"'
"""In the API server's own spelling of a pod; only a container's name looks like that."""


@dataclass
class Tally:
    """What became of the creations.

    Attributes:
        injected: came back with the sidecar.
        bare: came back without it.
        refused: the API server's words for those that failed, and how often.
        seconds: how long the storm lasted.
    """

    injected: int = 0
    bare: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        """Return how many were tried a second."""
        return (self.injected + self.bare + self.refused.total()) / self.seconds

    def __str__(self) -> str:
        """Return the counts, for people."""
        total = self.injected + self.bare + self.refused.total()
        return (
            f"{total} creations in {self.seconds:.1f} s ({self.rate:.0f}/s): "
            f"{self.injected} injected, {self.bare} bare, {self.refused.total()} refused"
        )


class Storm:
    """Creates pods, which stay, for the length of a block.

    What it sends is prepared and what it reads is searched, not parsed: at this rate a client that
    builds requests and objects would keep a core busy that the API server needs.
    """

    def __init__(self, plane: ControlPlane, namespace: str) -> None:
        self.tally = Tally()
        self._plane = plane
        self._path = f"/api/v1/namespaces/{namespace}/pods"
        identity = plane.authority.client(UNRECORDED_USER, groups=["system:masters"])
        self._context = ssl.create_default_context(cafile=plane.authority.certificate)
        self._context.load_cert_chain(identity.certificate, identity.key)
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._next = self._begin = time.monotonic()
        self._threads = [threading.Thread(target=self._work) for _ in range(WORKERS)]

    def __enter__(self) -> Self:
        """Begin."""
        self._next = self._begin = time.monotonic()
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End, when what was begun is answered."""
        self._stop.set()
        for thread in self._threads:
            thread.join()
        self.tally.seconds = time.monotonic() - self._begin

    def last(self, seconds: float) -> None:
        """Let it go on for a while."""
        time.sleep(seconds)

    def _work(self) -> None:
        connection = _Connection(self._plane.network, self._context)
        try:
            while self._is_next():
                self._create(connection)
        finally:
            connection.close()

    def _is_next(self) -> bool:
        """Wait for one's turn; False when the storm is over."""
        with self._lock:
            now = time.monotonic()
            turn = max(self._next, now - _CATCH_UP)
            self._next = turn + 1 / RATE
        return not self._stop.wait(max(0.0, turn - now))

    def _create(self, connection: http.client.HTTPConnection) -> None:
        try:
            connection.request(
                "POST", self._path, _POD, {"Content-Type": "application/json", "Accept": "*/*"}
            )
            answer = connection.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            self._refuse(f"no answer of the API server: {type(error).__name__}")
            return
        if answer.status != http.client.CREATED:
            self._refuse(str(json.loads(body).get("message", body)))
            return
        with self._lock:
            if _SIDECAR in body:
                self.tally.injected += 1
            else:
                self.tally.bare += 1

    def _refuse(self, message: str) -> None:
        with self._lock:
            self.tally.refused[message] += 1


class _Connection(http.client.HTTPSConnection):
    """A connection to the API server that is opened, and opened anew, inside its namespace."""

    def __init__(self, network: Network, context: ssl.SSLContext) -> None:
        super().__init__(NODE_ADDRESS, API_PORT, context=context, timeout=_ANSWER_SECONDS)
        self._network = network

    def connect(self) -> None:
        """Open it."""
        with self._network.entered():
            super().connect()
