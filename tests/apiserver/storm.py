"""Pods created through the API server at a steady rate, and what became of each."""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Self

import httpx

from tests.apiserver.command_lines import API_URL
from tests.apiserver.control_plane import ControlPlane
from tests.apiserver.kube_api import namespace_client

RATE = 100
"""Creations a second."""
WORKERS = 16
"""Creations at once, at most."""


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
    def blamed(self) -> list[str]:
        """Return the refusals that name a webhook."""
        return [message for message in self.refused if "webhook" in message]

    def __str__(self) -> str:
        """Return the counts, for people."""
        total = self.injected + self.bare + self.refused.total()
        return (
            f"{total} creations in {self.seconds:.1f} s ({total / self.seconds:.0f}/s): "
            f"{self.injected} injected, {self.bare} bare, {self.refused.total()} refused"
        )


class Storm:
    """Creates pods for the length of a block; a dry run unless told, which admits all the same."""

    def __init__(self, plane: ControlPlane, namespace: str, *, dry_run: bool = True) -> None:
        self.tally = Tally()
        self._plane = plane
        self._path = f"/api/v1/namespaces/{namespace}/pods" + ("?dryRun=All" if dry_run else "")
        self._identity = plane.authority.client("storm", groups=["system:masters"])
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
        authority = self._plane.authority.certificate
        with namespace_client(
            self._plane.network, API_URL, authority=authority, identity=self._identity
        ) as client:
            while not self._stop.is_set():
                self._await_turn()
                self._create(client)

    def _await_turn(self) -> None:
        with self._lock:
            turn = self._next
            # When the machine cannot keep the pace, what was missed is not made up for.
            self._next = max(turn + 1 / RATE, time.monotonic() - 1 / RATE)
        self._stop.wait(max(0.0, turn - time.monotonic()))

    def _create(self, client: httpx.Client) -> None:
        pod = {
            "metadata": {"generateName": "storm-"},
            "spec": {"containers": [{"name": "app", "image": "nginx:1.29"}]},
        }
        try:
            answer = client.post(self._path, json=pod)
        except httpx.TransportError as error:
            self._refuse(f"no answer of the API server: {type(error).__name__}")
            return
        if answer.is_error:
            self._refuse(str(answer.json().get("message", answer.text)))
            return
        names = [each["name"] for each in answer.json()["spec"].get("initContainers", ())]
        with self._lock:
            if "istio-proxy" in names:
                self.tally.injected += 1
            else:
                self.tally.bare += 1

    def _refuse(self, message: str) -> None:
        with self._lock:
            self.tally.refused[message] += 1
