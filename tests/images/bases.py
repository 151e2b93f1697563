"""Makes what the FROM lines of our Containerfiles name: Debian, Debian with Go, or nothing."""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.images.chroot import debian_sources
from tests.images.errors import ImageError
from tests.images.times import EPOCH, settle_times

DEBIAN = "debian:12-slim"
GO = "golang:1.26"
EMPTY = "scratch"

_SUITE = "bookworm"
_SECONDS = 900

_LEFT_OUT = ("doc", "man", "locale", "info", "groff", "lintian", "linda")
"""Folders of /usr/share that the slim images of Debian lack."""

_LOGS = ("var/log/*", "var/cache/*/*", "var/lib/dpkg/*-old", "etc/machine-id", "etc/apt/sources*/*")
"""What tells when and from where the system was made, and nothing that it needs."""


def base_key(base: str) -> str:
    """Return what tells two contents of a base apart, as far as that can be said without it."""
    return f"{base} {_go_version()}" if base == GO else f"{base} {base_entry(base)}"


def base_entry(base: str) -> str:
    """Return a file name for the base's own file system."""
    made = hashlib.sha256(repr((_SUITE, _LEFT_OUT, _LOGS, EPOCH)).encode()).hexdigest()
    return f"debian-{_SUITE}-{made[:12]}" if base in (DEBIAN, GO) else base


def base_mounts(base: str) -> Mapping[str, Path]:
    """Return the folders of the machine that stand for a part of the base."""
    return {"/usr/local/go": _go_root()} if base == GO else {}


def make_base(base: str, folder: Path) -> None:
    """Make the file system of a base in the empty folder `folder`.

    Raises:
        ImageError: the base is none of those that are known, or mmdebstrap failed.
    """
    if base == EMPTY:
        return
    if base not in (DEBIAN, GO):
        raise ImageError(f'base: got "{base}", expected {DEBIAN}, {GO} or {EMPTY}')
    with settle_times(folder):
        _bootstrap(folder)


def _bootstrap(folder: Path) -> None:
    excluded = [f"--dpkgopt=path-exclude=/usr/share/{each}/*" for each in _LEFT_OUT]
    command = [
        *("mmdebstrap", "--mode=root", "--variant=minbase", "--quiet", *excluded),
        "--dpkgopt=path-include=/usr/share/doc/*/copyright",
        *(_SUITE, str(folder), str(debian_sources())),
    ]
    try:
        done = subprocess.run(
            command,
            env={**os.environ, "SOURCE_DATE_EPOCH": str(EPOCH)},
            capture_output=True,
            text=True,
            check=False,
            timeout=_SECONDS,
        )
    except FileNotFoundError:
        message = 'program "mmdebstrap" is not installed; run scripts/packages cluster'
        raise ImageError(message) from None
    if done.returncode != 0:
        raise ImageError(f"mmdebstrap failed:\n{done.stderr}")
    _remove(folder, _LOGS)
    for device in (folder / "dev").iterdir():
        _delete(device)


def _remove(folder: Path, patterns: tuple[str, ...]) -> None:
    for pattern in patterns:
        for path in list(folder.glob(pattern)):
            _delete(path)


def _delete(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


def _go_root() -> Path:
    done = subprocess.run(
        ["go", "env", "GOROOT"], capture_output=True, text=True, check=True, cwd="/", timeout=60
    )
    return Path(done.stdout.strip())


def _go_version() -> str:
    try:
        return (_go_root() / "VERSION").read_text().splitlines()[0]
    except FileNotFoundError:
        raise ImageError('program "go" is not installed, expected Go 1.26 or newer') from None
