"""The configuration in use: read at the start, replaced whole, or kept when the new one is bad."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from webhook.configuration.reader import read
from webhook.injection.fingerprint import configuration_hash
from webhook.model.errors import ConfigurationError
from webhook.model.settings import Settings
from webhook.serving.health import Finding
from webhook.serving.metrics import Metrics
from webhook.serving.watched_files import UnreadableError, WatchedFiles

_LOG = logging.getLogger("pillion.configuration")
_SHOWN = 3


class Adopt(Protocol):
    """Answers all further requests by these settings."""

    def __call__(self, settings: Settings, /) -> None:
        """Adopt settings; ConfigurationError when no engine can be made of them."""
        ...


class Configuration:
    """Owns the settings in use and the file they come from, if any."""

    def __init__(
        self,
        path: Path | None,
        adopt: Adopt,
        metrics: Metrics,
        announce: Callable[[str], None] | None = None,
    ) -> None:
        """Read the file and adopt it; without a file, the built-in defaults.

        Args:
            path: of the file.
            adopt: takes settings into use.
            metrics: shows generation and result.
            announce: tells the cluster of a bad file, as an Event.

        Raises:
            ConfigurationError: the file cannot be read, or holds mistakes: a process that starts
                has no last good one to go on with.
        """
        self._path = path
        self._files = WatchedFiles([] if path is None else [path])
        self._adopt = adopt
        self._metrics = metrics
        self._announce = announce
        self._mistakes: tuple[str, ...] = ()
        self.hash = ""
        self.generation = 0
        try:
            self._take(self._files.read())
        except UnreadableError as error:
            raise ConfigurationError((str(error),)) from error

    def step(self) -> None:
        """Look for a new file; adopt it, or keep the last good one and say why."""
        try:
            contents = self._files.changed()
        except UnreadableError as error:
            self._refuse((str(error),))
            return
        if contents is None:
            return
        try:
            self._take(contents)
        except ConfigurationError as error:
            self._refuse(error.mistakes)

    def condition(self) -> Finding | None:
        """Return what is wrong with the file; shown only, since the last good one serves."""
        if not self._mistakes:
            return None
        more = len(self._mistakes) - _SHOWN
        shown = "; ".join(self._mistakes[:_SHOWN]) + (f"; and {more} more" if more > 0 else "")
        return Finding(f"the last good one is in use; {shown}", blocks=False)

    def _take(self, contents: tuple[bytes, ...]) -> None:
        settings = Settings() if self._path is None else _parsed(contents[0], str(self._path))
        self._adopt(settings)
        self.generation += 1
        self.hash = configuration_hash(settings)
        self._mistakes = ()
        self._metrics.configuration(self.generation, is_good=True)
        _LOG.info("configuration adopted", extra={"generation": self.generation, "hash": self.hash})

    def _refuse(self, mistakes: tuple[str, ...]) -> None:
        if mistakes == self._mistakes:
            return
        self._mistakes = mistakes
        self._metrics.configuration(self.generation, is_good=False)
        _LOG.error("configuration refused", extra={"mistakes": mistakes})
        if self._announce is not None:
            self._announce("; ".join(mistakes))


def _parsed(content: bytes, source: str) -> Settings:
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        raise ConfigurationError(
            (f"{source}: got a byte that is no UTF-8 at position {error.start}, expected text",)
        ) from error
    return read(text, source)
