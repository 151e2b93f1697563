"""Keeps what builds make, outside the checkout, complete or not at all."""

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.images.bases import base_entry, make_base

_KEPT = {"stage": 24, "image": 30}
"""How many entries of a kind stay; older ones go when a new one comes."""

_RECENT_SECONDS = 3600


def cache_directory() -> Path:
    """Return the folder of images: below `PILLION_CACHE`, else `~/.cache/pillion`."""
    root = os.environ.get("PILLION_CACHE") or Path.home() / ".cache" / "pillion"
    return Path(root).resolve() / "images"


class Cache:
    """Entries by name: `base-…` and `stage-…` are file systems, `image-…` what is made of one."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def folder(self, name: str, make: Callable[[Path], None]) -> Path:
        """Return the folder of an entry, having `make` fill it when it is not there.

        Processes that ask for the same entry at once wait for each other.
        """
        entry = self._directory / name
        with self._locked(name):
            if not entry.exists():
                self._make(entry, make)
                os.utime(entry)  # else it counts as the oldest: the times of its files are settled
                self._forget_old(name.partition("-")[0])
        os.utime(entry)  # it was asked for last
        return entry

    def base(self, base: str) -> Path:
        """Return the folder of a base's file system."""
        return self.folder(f"base-{base_entry(base)}", lambda folder: make_base(base, folder))

    def lasting(self, place: str) -> Path:
        """Return the folder that stands for `place` in every build that caches it."""
        folder = self._directory / f"lasting{place.replace('/', '-')}"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def scratch(self) -> tempfile.TemporaryDirectory[str]:
        """Return a folder beside the entries, which goes when it is closed."""
        self._directory.mkdir(parents=True, exist_ok=True)
        return tempfile.TemporaryDirectory(dir=self._directory, prefix=".build-")

    def _make(self, entry: Path, make: Callable[[Path], None]) -> None:
        with self.scratch() as scratch:
            fresh = Path(scratch) / "fresh"
            fresh.mkdir()
            make(fresh)
            fresh.replace(entry)
            # The folder's time tells its last use; it is no part of the file system in it.
            os.utime(entry)

    def _forget_old(self, kind: str) -> None:
        used = {}
        for entry in self._directory.glob(f"{kind}-*"):
            with suppress(FileNotFoundError):  # another process forgets, too
                used[entry] = entry.stat().st_mtime
        newest = sorted(used, key=lambda entry: -used[entry])
        for entry in newest[_KEPT.get(kind, len(newest)) :]:
            # What was asked for lately may be being read by another process.
            if used[entry] < time.time() - _RECENT_SECONDS:
                shutil.rmtree(entry, ignore_errors=True)

    @contextmanager
    def _locked(self, name: str) -> Iterator[None]:
        """Hold the entry's lock file; the kernel frees it however this process ends."""
        locks = self._directory / "locks"
        locks.mkdir(parents=True, exist_ok=True)
        with (locks / name).open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
