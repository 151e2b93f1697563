"""Guards of a request: method, type, size, and reading its body no further than allowed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any, Final

from webhook.model.errors import RequestError

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Headers = Iterable[tuple[bytes, bytes]]

LIMIT: Final = 7 * 1024 * 1024
"""Bytes of a body. An object has at most 3 MiB (the API server's limit of a request), and a review
of an UPDATE holds two; the rest of the review is far below 1 MiB."""
_TYPE: Final = b"application/json"


class ClientGoneError(Exception):
    """The client closed the connection before its request was complete: nobody to answer."""


def check_head(method: str, headers: Headers) -> None:
    """Refuse what its head alone shows to be no admission request.

    Raises:
        RequestError: 405, 415 or 413.
    """
    if method != "POST":
        raise RequestError(405, f"got method {method}, expected POST")
    kind = length = b""
    for name, value in headers:
        if name == b"content-type":
            kind = value
        elif name == b"content-length":
            length = value
    if kind != _TYPE and kind.partition(b";")[0].strip().lower() != _TYPE:
        shown = kind.decode("latin-1")[:80]
        raise RequestError(415, f'got content type "{shown}", expected application/json')
    if length.isdigit() and int(length) > LIMIT:
        raise _too_large()


async def read_body(receive: Receive) -> bytes:
    """Return the body; it never holds more than the limit and the last piece.

    Raises:
        RequestError: 413, as soon as more than the limit was received; 400 for an empty body and
            for one that is no UTF-8, which the reading of single members would find too late.
        ClientGoneError: the connection ended first.
    """
    message = await receive()
    body: bytes = message.get("body", b"")
    if message.get("more_body") or message["type"] != "http.request":
        body = await _read_on(message, receive)
    if len(body) > LIMIT:
        raise _too_large()
    if not body:
        raise RequestError(400, "the body is empty, expected an AdmissionReview")
    if not body.isascii():
        _check_encoding(body)
    return body


def _check_encoding(body: bytes) -> None:
    try:
        body.decode()
    except UnicodeDecodeError as error:
        raise RequestError(
            400, f"the body is no JSON: got a byte that is no UTF-8 at position {error.start}"
        ) from error


async def _read_on(message: Message, receive: Receive) -> bytes:
    pieces = bytearray()
    while True:
        if message["type"] != "http.request":
            raise ClientGoneError
        pieces += message.get("body", b"")
        if len(pieces) > LIMIT:
            raise _too_large()
        if not message.get("more_body"):
            return bytes(pieces)
        message = await receive()


def _too_large() -> RequestError:
    return RequestError(413, f"the body is too large, expected at most {LIMIT} bytes")
