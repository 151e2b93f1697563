"""The fast path: `POST /inject`, from the request's head to the answer, on bare ASGI."""

from __future__ import annotations

from typing import Final

from webhook.model.errors import RequestError
from webhook.serving.admissions import Admissions
from webhook.serving.body import ClientGoneError, Receive, Scope, Send, check_head, read_body
from webhook.serving.draining import Draining
from webhook.serving.load import Load
from webhook.serving.metrics import Metrics

_JSON: Final = (b"content-type", b"application/json")
_TEXT: Final = (b"content-type", b"text/plain; charset=utf-8")
_CLOSE: Final = (b"connection", b"close")
_EXTRA: Final = {405: [(b"allow", b"POST")], 503: [(b"retry-after", b"1")]}
"""Headers of a status. The API server's client tries again after the seconds of Retry-After, and
fails the call without it."""


class InjectEndpoint:
    """Answers admission requests, a bounded number at a time."""

    def __init__(
        self,
        admissions: Admissions,
        metrics: Metrics,
        draining: Draining,
        load: Load,
        *,
        pending_limit: int,
    ) -> None:
        """Make the endpoint.

        Args:
            admissions: answers bodies.
            metrics: counts what is refused.
            draining: tells when connections are to be closed.
            load: of the listener; requests that a slow client has not sent whole do not count.
            pending_limit: clients whose whole requests wait at once; more are told to come back.
        """
        self._admissions = admissions
        self._metrics = metrics
        self._draining = draining
        self._load = load
        self._limit = pending_limit
        self.served = 0
        """Requests so far, whatever their answer."""
        metrics.watch_in_flight(lambda: load.pending)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        self.served += 1
        try:
            check_head(scope["method"], scope["headers"])
            body = await read_body(receive)
            if self._load.pending > self._limit:
                raise RequestError(503, "too many requests at once, try again")
            answer = self._admissions.answer(body)
        except RequestError as error:
            await self._refuse(send, error)
        except ClientGoneError:
            self._metrics.dropped("gone")
        else:
            await self._send(send, 200, answer, [_JSON])

    async def _refuse(self, send: Send, error: RequestError) -> None:
        self._metrics.refused(error.status)
        # What is left of the body is not worth reading, so the connection cannot be used again.
        headers = [_TEXT, *_EXTRA.get(error.status, ()), _CLOSE]
        await self._send(send, error.status, f"{error}\n".encode("utf-8", "replace"), headers)

    async def _send(
        self, send: Send, status: int, body: bytes, headers: list[tuple[bytes, bytes]]
    ) -> None:
        headers.append((b"content-length", b"%d" % len(body)))
        if self._draining.begun and _CLOSE not in headers:
            headers.append(_CLOSE)
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})
