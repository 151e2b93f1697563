"""The files that COPY takes from outside a build, and the key that changes when they do."""

import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tests.images.errors import ImageError
from tests.images.times import EPOCH, walk

_NEVER = "__pycache__"
"""Bytecode of the machine; what an image holds of it, the image's own Python writes."""


class Context(Protocol):
    """Files by name. The checkout is one, built programs are others."""

    def names(self, pattern: str) -> Sequence[str]:
        """Return the names that a word of COPY stands for."""
        ...

    def key(self, name: str) -> str:
        """Return text that differs when the content of `name` does."""
        ...

    def place(self, name: str) -> Path:
        """Return where the file or folder of that name lies now."""
        ...


@dataclass(frozen=True, slots=True)
class Checkout:
    """The folder that a build is given; names are paths below it."""

    root: Path

    def names(self, pattern: str) -> Sequence[str]:
        """Return the paths that the pattern fits, sorted; a path fits itself."""
        found = sorted(self.root.glob(pattern)) if "*" in pattern else [self.root / pattern]
        return [str(path.relative_to(self.root)) for path in found]

    def key(self, name: str) -> str:
        """Return a digest of names, modes and contents."""
        digest = hashlib.sha256()
        for path in _files(self.place(name)):
            content = str(path.readlink()).encode() if path.is_symlink() else path.read_bytes()
            head = f"{path.relative_to(self.root)} {_mode(path):o} {len(content)}\0"
            digest.update(head.encode() + content)
        return digest.hexdigest()

    def place(self, name: str) -> Path:
        """Return the path below the folder."""
        path = self.root / name
        if not path.exists():
            raise ImageError(f'COPY: got "{name}", expected a file or folder in {self.root}')
        return path


@dataclass(frozen=True, slots=True)
class Programs:
    """Programs that are built or installed elsewhere, each with the key that goes with it."""

    found: Mapping[str, tuple[Path, str]]

    def names(self, pattern: str) -> Sequence[str]:
        """Return the name itself."""
        return [pattern]

    def key(self, name: str) -> str:
        """Return the key under which the program was built."""
        return self._entry(name)[1]

    def place(self, name: str) -> Path:
        """Return the program's path."""
        return self._entry(name)[0]

    def _entry(self, name: str) -> tuple[Path, str]:
        if name not in self.found:
            raise ImageError(f'COPY: got "{name}", expected one of {", ".join(self.found)}')
        return self.found[name]


def put(source: Path, target: Path, *, into: bool) -> None:
    """Copy from a context, with the modes that Git keeps, owned by root and dated EPOCH.

    Args:
        source: a file, or a folder whose content is meant.
        target: the file's or folder's new name.
        into: whether `target` is a folder into which a file goes under its own name.
    """
    if source.is_dir():
        for path in _files(source):
            _put_file(path, target / path.relative_to(source))
    else:
        _put_file(source, target / source.name if into else target)


def _put_file(source: Path, target: Path) -> None:
    _make_folders(target.parent)
    if source.is_symlink():
        target.symlink_to(source.readlink())
    else:
        shutil.copyfile(source, target)
        target.chmod(_mode(source))
    os.utime(target, (EPOCH, EPOCH), follow_symlinks=False)


def _make_folders(folder: Path) -> None:
    """Make a folder and those above it, whatever the process's mask is."""
    if not folder.exists():
        _make_folders(folder.parent)
        folder.mkdir()
        folder.chmod(0o755)


def _mode(path: Path) -> int:
    return 0o755 if path.stat().st_mode & 0o100 else 0o644


def _files(place: Path) -> Iterator[Path]:
    for path in walk(place) if place.is_dir() else [place]:
        if _NEVER not in path.parts and (path.is_symlink() or not path.is_dir()):
            yield path
