"""A certificate and its key from mounted files, served anew when both have changed."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from webhook.serving.tls import CertificateError
from webhook.serving.watched_files import UnreadableError, WatchedFiles

_LOG = logging.getLogger("pillion.certificates")


class Swap(Protocol):
    """Starts to serve a pair; CertificateError leaves the present one."""

    def __call__(self, chain: str, key: str, /) -> None:
        """Serve this chain and key, both PEM."""
        ...


class MountedPair:
    """`tls.crt` and `tls.key` of a directory, as a Secret of type kubernetes.io/tls is mounted."""

    def __init__(self, directory: Path, swap: Swap, served: Callable[[str], None]) -> None:
        """Watch a directory.

        Args:
            directory: where the files are.
            swap: serves a pair.
            served: hears the chain of each pair that came into use.
        """
        self._files = WatchedFiles([directory / "tls.crt", directory / "tls.key"])
        self._swap = swap
        self._served = served
        self.chain: str | None = None
        """What is served; None before the first good pair."""
        self.failure: str | None = "no certificate was read yet"
        """Why the newest files are not served."""

    def step(self) -> None:
        """Look at the files, and serve them if they have changed and are good."""
        try:
            contents = self._files.changed()
            if contents is None:
                return
            chain, key = (content.decode("ascii") for content in contents)
            self._swap(chain, key)
        except (UnreadableError, CertificateError, UnicodeDecodeError) as error:
            self._refuse(str(error))
            return
        self.chain, self.failure = chain, None
        self._served(chain)
        _LOG.info("certificate adopted")

    def _refuse(self, reason: str) -> None:
        if reason != self.failure:
            _LOG.error("certificate refused", extra={"reason": reason})
        self.failure = reason
