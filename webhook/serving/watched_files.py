"""Files that are replaced together, as kubelet replaces a mounted ConfigMap or Secret."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from webhook.model.errors import PillionError


class UnreadableError(PillionError):
    """A file cannot be read; the message names it."""


class WatchedFiles:
    """Tells when the contents of files are other than before, and no longer changing.

    Kubelet swaps the symbolic link `..data`, so names, times and inodes say little; the contents
    are small, and reading them each second costs nothing. A change counts once two looks in a row
    have seen the same, so that no half of one version meets half of another.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = tuple(paths)
        self._known: tuple[bytes, ...] | None = None
        self._seen: tuple[bytes, ...] | None = None

    def read(self) -> tuple[bytes, ...]:
        """Return the contents now, and take them as known.

        Raises:
            UnreadableError: a file is missing or may not be read.
        """
        self._known = self._seen = self._contents()
        return self._known

    def changed(self) -> tuple[bytes, ...] | None:
        """Return the new contents once, when they have settled; None while there are none.

        Raises:
            UnreadableError: as `read`.
        """
        contents = self._contents()
        settled = contents == self._seen
        self._seen = contents
        if not settled or contents == self._known:
            return None
        self._known = contents
        return contents

    def _contents(self) -> tuple[bytes, ...]:
        return tuple(_read(path) for path in self._paths)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        reason = (error.strerror or "cannot be read").lower()
        raise UnreadableError(f"{path}: {reason}") from error
