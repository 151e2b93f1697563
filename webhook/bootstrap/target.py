"""The request target that kubelet sends for a probe's `httpGet.path`: Go's reading of it.

kubelet parses the path as a URL reference and, if that fails, takes all of it for the path
(k8s.io/kubernetes pkg/probe/http `formatURL`, Go net/url).
"""

from __future__ import annotations

import re
from typing import Final

_PLAIN: Final = frozenset(
    b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~$&+,/:;=@"
)
"""Bytes of a path that Go never escapes."""
_VALID: Final = _PLAIN | frozenset(b"!'()*[]%")
"""Bytes that Go leaves as they were written, if every byte of the path is one of them."""
_ORDINARY: Final = re.compile(r"/(?:[A-Za-z0-9\-_.~][A-Za-z0-9\-_.~/]*)?")
"""A path that Go leaves as it is, which nearly all are."""
_BAD_ESCAPE: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")


def request_target(path: str) -> str | None:
    """Return path and query as kubelet sends them, percent-encoded.

    None: kubelet would read more than a path in it (a scheme, a host, a user), so the request is
    none that Envoy can repeat.

    Raises:
        UnicodeEncodeError: the text holds half of a surrogate pair.
    """
    if _ORDINARY.fullmatch(path):
        return path
    reference, _, fragment = path.partition("#")
    if _CONTROL.search(reference) or _BAD_ESCAPE.search(fragment):
        return _rooted(_escape(path.encode()))
    before, mark, query = reference.partition("?")
    if before.startswith("//") or ":" in before.partition("/")[0]:
        return None
    if _BAD_ESCAPE.search(before):
        return _rooted(_escape(path.encode()))
    return _rooted(_written(before)) + mark + query


def _rooted(path: str) -> str:
    return path if path.startswith("/") else f"/{path}"


def _written(path: str) -> str:
    """Return a path that parses, as it is written if that is valid, else escaped anew."""
    raw = path.encode()
    if all(byte in _VALID for byte in raw):
        return path
    return _escape(_unescape(raw))


def _unescape(raw: bytes) -> bytes:
    return re.sub(rb"%([0-9A-Fa-f]{2})", lambda found: bytes.fromhex(found[1].decode()), raw)


def _escape(raw: bytes) -> str:
    return "".join(chr(byte) if byte in _PLAIN else f"%{byte:02X}" for byte in raw)
