"""The fast path: `POST /inject`, from the request's head to the answer, on bare ASGI."""

from __future__ import annotations

from typing import Final

from webhook.model.errors import RequestError
from webhook.serving.admissions import Admissions
from webhook.serving.body import ClientGoneError, Receive, Scope, Send, check_head, read_body
from webhook.serving.draining import Draining
from webhook.serving.metrics import Metrics

_JSON: Final = (b"content-type", b"application/json")
_TEXT: Final = (b"content-type", b"text/plain; charset=utf-8")
_CLOSE: Final = (b"connection", b"close")
_RETRY_SOON: Final = (b"retry-after", b"1")
"""The API server's client tries again after that many seconds, and fails the call without it."""
_ALLOW: Final = (b"allow", b"POST")


class InjectEndpoint:
    """Answers admission requests, a bounded number at a time."""

    def __init__(
        self, admissions: Admissions, metrics: Metrics, draining: Draining, *, in_flight_limit: int
    ) -> None:
        self._admissions = admissions
        self._metrics = metrics
        self._draining = draining
        self._limit = in_flight_limit
        self.in_flight = 0
        self.served = 0
        """Requests so far, whatever their answer."""
        metrics.watch_in_flight(lambda: self.in_flight)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if self.in_flight >= self._limit:
            await self._refuse(
                send, RequestError(503, "too many requests at once, try again"), _RETRY_SOON
            )
            return
        self.in_flight += 1
        self.served += 1
        try:
            check_head(scope["method"], scope["headers"])
            body = await read_body(receive)
            answer = self._admissions.answer(body)
            await self._send(send, 200, answer, [_JSON])
        except RequestError as error:
            await self._refuse(send, error)
        except ClientGoneError:
            self._metrics.dropped("gone")
        finally:
            self.in_flight -= 1

    async def _refuse(self, send: Send, error: RequestError, *headers: tuple[bytes, bytes]) -> None:
        self._metrics.refused(error.status)
        extra = [_ALLOW] if error.status == 405 else []
        # What is left of the body is not worth reading, so the connection cannot be used again.
        text = f"{error}\n".encode("utf-8", "replace")
        await self._send(send, error.status, text, [_TEXT, *headers, *extra, _CLOSE])

    async def _send(
        self, send: Send, status: int, body: bytes, headers: list[tuple[bytes, bytes]]
    ) -> None:
        headers.append((b"content-length", b"%d" % len(body)))
        if self._draining.begun and _CLOSE not in headers:
            headers.append(_CLOSE)
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})
