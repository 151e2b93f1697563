"""Where manifests go: standard output, one file, or a directory; all of it or nothing."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from webhook.cli.options import reason
from webhook.model.errors import ManifestError


def is_directory(target: str) -> bool:
    """Tell whether an output name means a directory: it is one, or ends in a slash."""
    return target.endswith(os.sep) or Path(target).is_dir()


def write_stdout(text: str) -> None:
    """Write data; messages go to standard error."""
    sys.stdout.buffer.write(text.encode("utf-8", "surrogatepass"))
    sys.stdout.buffer.flush()


def write_files(files: Iterable[tuple[Path, str]]) -> None:
    """Write several files, each whole or not at all, and none if one cannot be written.

    Every text is written beside its target first; only then are the targets replaced.

    Raises:
        ManifestError: a file or folder cannot be written.
    """
    staged: list[tuple[str, Path]] = []
    try:
        for path, text in files:
            staged.append((_stage(path, text), path))
        while staged:
            temporary, path = staged[-1]
            Path(temporary).replace(path)
            staged.pop()
    except OSError as error:
        raise ManifestError(f"{error.filename2 or error.filename}: {reason(error)}") from error
    finally:
        for temporary, _ in staged:
            Path(temporary).unlink(missing_ok=True)


def _stage(path: Path, text: str) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_dir():
        raise IsADirectoryError(21, "is a directory", str(path))
    mode = path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_umask()
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(text.encode())
        Path(temporary).chmod(mode)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return temporary


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def joined(texts: Iterable[str]) -> str:
    """Return several inputs as one stream; a single one stays as it is.

    Each that does not begin with a separator gets one.
    """
    stream = ""
    for text in texts:
        if stream and not stream.endswith("\n"):
            stream += "\n"
        body = text.lstrip("\ufeff") if stream else text
        if stream and not body.startswith("---"):
            stream += "---\n"
        stream += body
    return stream
