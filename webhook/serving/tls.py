"""The TLS context of the server, whose certificate can be replaced while it serves."""

from __future__ import annotations

import os
import ssl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from webhook.model.errors import PillionError

_CIPHERS: Final = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""Of TLS 1.2: forward secrecy and authenticated encryption only. TLS 1.3 has no others."""


class CertificateError(PillionError):
    """Certificate and key cannot be served; the message never holds the key."""


class SwappableContext:
    """Hands each new connection the newest certificate.

    A live context is never loaded into: a certificate with another's key would leave it broken,
    and every handshake would fail until a good one came.
    """

    def __init__(self, chain: str, key: str) -> None:
        """Serve with this certificate first; CertificateError when it cannot be served."""
        self._current = _context(chain, key)
        self.front = _bare_context()
        """Give this one to the listener."""
        self.front.sni_callback = self._choose

    def swap(self, chain: str, key: str) -> None:
        """Serve new connections with this certificate; those that are open stay open.

        Raises:
            CertificateError: it cannot be served; the present one stays.
        """
        self._current = _context(chain, key)

    def _choose(
        self, connection: ssl.SSLSocket | ssl.SSLObject, _name: str | None, _front: ssl.SSLContext
    ) -> None:
        """Called in every handshake, also of a client that sends no server name."""
        connection.context = self._current


def _bare_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(_CIPHERS)
    context.set_alpn_protocols(["http/1.1"])
    # A resumed session would skip the look at the certificate; clients keep connections instead.
    context.options |= ssl.OP_NO_TICKET
    context.num_tickets = 0
    return context


def _context(chain: str, key: str) -> ssl.SSLContext:
    context = _bare_context()
    with _file(f"{key}\n{chain}") as path:
        try:
            context.load_cert_chain(path)
        except (ssl.SSLError, OSError, ValueError) as error:
            reason = getattr(error, "reason", None) or type(error).__name__
            raise CertificateError(
                f"certificate: got {reason}, expected a certificate and its key in PEM"
            ) from error
    return context


@contextmanager
def _file(text: str) -> Iterator[str]:
    """Yield a file with this text, in memory where the system can: a key never gets on a disk."""
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("certificate")
        try:
            os.write(descriptor, text.encode())
            yield f"/proc/self/fd/{descriptor}"
        finally:
            os.close(descriptor)
    else:
        with tempfile.TemporaryDirectory() as directory:  # its mode is 0700
            path = Path(directory, "certificate.pem")
            path.write_text(text)
            yield str(path)
