"""Files that manifests are written to: all of them, or none."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from webhook.cli.options import reason
from webhook.model.errors import ManifestError


class _Staged(NamedTuple):
    """A file that is written, but not yet in its place."""

    name: Path
    """As the user wrote it."""
    path: Path
    temporary: Path


def is_directory(target: str) -> bool:
    """Tell whether an output name means a directory: it is one, or ends in a slash."""
    return target.endswith(os.sep) or Path(target).is_dir()


def write_files(files: Iterable[tuple[Path, str]]) -> None:
    """Write several files, each whole or not at all, and none if one cannot be written.

    Every text is written beside its target first; only then are the targets replaced. What a
    symbolic link points at is replaced, not the link; a device or a pipe is written to.

    Raises:
        BrokenPipeError: the reader of a pipe is gone.
        ManifestError: a file or folder cannot be written.
    """
    staged: list[_Staged] = []
    folders: list[Path] = []
    name = Path()
    try:
        special = []
        for name, text in files:
            if name.exists() and not name.is_file() and not name.is_dir():
                special.append((name, text))
                continue
            path = name.resolve()
            folders += _make_folders(path.parent)
            staged.append(_Staged(name, path, _stage(path, text)))
        for name, text in special:
            name.write_bytes(text.encode())
        while staged:
            name, path, temporary = staged[-1]
            temporary.replace(path)
            staged.pop()
            folders.clear()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise ManifestError(f"{name}: {reason(error)}") from error
    finally:
        for each in staged:
            each.temporary.unlink(missing_ok=True)
        for folder in reversed(folders):
            folder.rmdir()


def _make_folders(folder: Path) -> list[Path]:
    """Make a folder and those above it; return the new ones, topmost first."""
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    if not missing and not folder.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
    folder.mkdir(parents=True, exist_ok=True)
    return missing[::-1]


def _stage(path: Path, text: str) -> Path:
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    mode = path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_umask()
    # Not `tempfile`: a start would pay for its import, and a process that has given its rights up
    # could not load it here.
    temporary = path.parent / f".{path.name[:200]}.{os.urandom(6).hex()}"
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(text.encode())
        Path(temporary).chmod(mode)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return Path(temporary)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
