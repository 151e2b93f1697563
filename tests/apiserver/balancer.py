"""A TCP balancer for replicas of the webhook: ready ones only, and the next one if one is dead.

Run as `python -m tests.apiserver.balancer HOST:PORT BACKEND:PORT…`. It does what a Service does and
fails over within a connection attempt, so that what still fails is the webhook's own doing.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import sys
from itertools import count

Address = tuple[str, int]

LOOK_SECONDS = 0.25
"""Between two looks at `/readyz` of each backend."""
ANSWER_SECONDS = 2.0


class Balancer:
    """Sends each new connection to a ready backend, in turn."""

    def __init__(self, backends: list[Address]) -> None:
        self._backends = backends
        self._ready: set[Address] = set()
        self._turn = count()

    async def watch(self, backend: Address) -> None:
        """Look at a backend's readiness, for ever."""
        while True:
            if await _is_ready(backend):
                self._ready.add(backend)
            else:
                self._ready.discard(backend)
            await asyncio.sleep(LOOK_SECONDS)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection to its end."""
        backend = await self._connect()
        if backend is None:
            writer.transport.abort()
            return
        back_reader, back_writer = backend
        await asyncio.gather(_carry(reader, back_writer), _carry(back_reader, writer))

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        for _ in range(2 * len(self._backends)):
            ready = [each for each in self._backends if each in self._ready]
            if not ready:
                return None
            backend = ready[next(self._turn) % len(ready)]
            try:
                return await asyncio.open_connection(*backend)
            except OSError:
                self._ready.discard(backend)
        return None


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    with contextlib.suppress(OSError):
        writer.close()
        await writer.wait_closed()


async def _is_ready(backend: Address) -> bool:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # as kubelet's probes
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            reader, writer = await asyncio.open_connection(*backend, ssl=context)
            writer.write(b"GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            answer = await reader.readline()
            writer.transport.abort()
    except (OSError, TimeoutError):
        return False
    return answer.startswith(b"HTTP/1.1 200 ")


async def main(listen: str, *backends: str) -> None:
    """Serve until killed."""
    balancer = Balancer([_address(each) for each in backends])
    server = await asyncio.start_server(balancer.serve, *_address(listen))
    async with server:
        await asyncio.gather(
            server.serve_forever(), *(balancer.watch(_address(each)) for each in backends)
        )


def _address(text: str) -> Address:
    host, _, port = text.rpartition(":")
    return host, int(port)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
