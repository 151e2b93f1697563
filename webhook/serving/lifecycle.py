"""From the first listening socket to the exit: signals, the quiet period, the drain."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from webhook.serving.draining import Draining
from webhook.serving.inject import InjectEndpoint
from webhook.serving.listener import Listener

_LOG = logging.getLogger("pillion.lifecycle")
_STILL_SECONDS: Final = 1.0
"""Without a request for that long after the quiet period, nobody sends us any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long leaving may take; together well under the pod's grace period of 30 s.

    Attributes:
        quiet_seconds: goes on serving while endpoints are taken out everywhere.
        extra_seconds: on top, at most, while requests still arrive.
    """

    quiet_seconds: float = 12.0
    extra_seconds: float = 8.0


class Lifecycle:
    """Runs the listeners until a signal, then leaves without losing a request."""

    def __init__(
        self,
        listeners: Sequence[Listener],
        endpoint: InjectEndpoint,
        draining: Draining,
        patience: Patience,
    ) -> None:
        self._listeners = listeners
        self._endpoint = endpoint
        self._draining = draining
        self._patience = patience
        self._stop = asyncio.Event()
        self._hurry = asyncio.Event()

    async def run(self) -> None:
        """Serve until SIGTERM or SIGINT; a second signal ends the quiet period at once.

        Raises:
            OSError: a listener failed.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._signalled)
        serving = [asyncio.create_task(each.serve()) for each in self._listeners]
        announced = asyncio.create_task(self._announce())
        stopped = asyncio.create_task(self._stop.wait())
        await asyncio.wait([*serving, stopped], return_when=asyncio.FIRST_COMPLETED)
        self._draining.begin()
        if not any(each.done() for each in serving):
            await self._be_quiet()
        for listener in self._listeners:
            listener.should_exit = True
        stopped.cancel()
        announced.cancel()
        await asyncio.gather(*serving)
        _LOG.info("stopped", extra={"requests": self._endpoint.served})

    async def _announce(self) -> None:
        """Say where we listen, and keep what was made so far out of later garbage collections."""
        for listener in self._listeners:
            await listener.listening.wait()
        addresses = [f"{host}:{port}" for host, port in (each.address for each in self._listeners)]
        _LOG.info("serving", extra={"addresses": addresses})
        gc.collect()
        gc.freeze()

    def _signalled(self) -> None:
        if self._stop.is_set():
            self._hurry.set()
        _LOG.info("stopping", extra={"quietSeconds": self._patience.quiet_seconds})
        self._stop.set()

    async def _be_quiet(self) -> None:
        """Go on serving, and closing connections after their answer, until nobody is left."""
        await self._pause(self._patience.quiet_seconds)
        end = asyncio.get_running_loop().time() + self._patience.extra_seconds
        served = -1
        while served != self._endpoint.served and asyncio.get_running_loop().time() < end:
            served = self._endpoint.served
            await self._pause(min(_STILL_SECONDS, self._patience.quiet_seconds))

    async def _pause(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._hurry.wait(), timeout=seconds)
        except TimeoutError:
            return
