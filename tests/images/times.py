"""Gives what a build made one time stamp, so that two builds of the same inputs are the same."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

EPOCH = 1_767_225_600
"""2026-01-01: when everything was made that a package does not date itself, seconds of Unix."""


@contextmanager
def settle_times(folder: Path) -> Iterator[None]:
    """Set back to EPOCH whatever changed below `folder` while the context was entered.

    What packages date keeps its time: Python compares a module's with the one in its bytecode.
    """
    started = time.time() - 1  # file systems may keep whole seconds
    yield
    for path in walk(folder):
        if path.lstat().st_mtime >= started:
            os.utime(path, (EPOCH, EPOCH), follow_symlinks=False)


def walk(folder: Path) -> Iterator[Path]:
    """Yield the folder and all below it, sorted, parents before what is in them."""
    yield folder
    for entry in sorted(os.scandir(folder), key=lambda each: each.name):
        if entry.is_dir(follow_symlinks=False):
            yield from walk(Path(entry.path))
        else:
            yield Path(entry.path)
