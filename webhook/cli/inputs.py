"""Where manifests come from: files, directories, standard input."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from webhook.cli.options import reason
from webhook.manifests.document import Document, Form
from webhook.manifests.stream import decode, documents
from webhook.model.errors import ManifestError

if TYPE_CHECKING:
    from pathlib import Path

_ENDINGS = (".yaml", ".yml", ".json")
STDIN = "<stdin>"


class Source(NamedTuple):
    """One input, read whole."""

    name: str
    """As the user named it; for a file in a directory, the path from where the user stands."""
    relative: str | None
    """Its place below the directory that was named, or its own name; None for standard input."""
    text: str
    documents: tuple[Document, ...]


def read(names: Sequence[str], *, recursive: bool) -> tuple[Source, ...]:
    """Read all inputs, files of a directory in sorted order.

    Raises:
        ManifestError: one cannot be read, is no text, or is named twice; a directory holds none; or
            nothing at all stands in them, as when the program before a pipe has failed.
    """
    sources: list[Source] = []
    seen: set[str] = set()
    for label, relative, data in _inputs(names, recursive=recursive):
        identity = label if relative is None else os.path.realpath(label)
        if identity in seen:
            raise ManifestError(f"{label}: got it twice, expected each input once")
        seen.add(identity)
        text = decode(data, label)
        sources.append(Source(label, relative, text, documents(text, label)))
    if all(document.form is Form.BLANK for source in sources for document in source.documents):
        shown = ", ".join(source.name for source in sources)
        raise ManifestError(f"{shown}: got no document, expected at least one")
    return tuple(sources)


def _inputs(names: Iterable[str], *, recursive: bool) -> Iterator[tuple[str, str | None, bytes]]:
    for name in names:
        try:
            if name == "-":
                yield STDIN, None, _stdin()
            elif not name:
                raise ManifestError("got an empty file name, expected a file, a directory or -")
            else:
                yield from _named(name, recursive=recursive)
        except OSError as error:
            raise ManifestError(f"{error.filename or name}: {reason(error)}") from error


def _named(name: str, *, recursive: bool) -> Iterator[tuple[str, str, bytes]]:
    """Read a file, or the files of a directory."""
    try:
        # Not `pathlib`: a start would pay for its import.
        with io.FileIO(name) as file:
            yield name, name.rpartition(os.sep)[2], file.readall()
    except IsADirectoryError:
        from pathlib import Path

        directory = Path(name)
        for path in _files(directory, recursive=recursive):
            yield str(path), str(path.relative_to(directory)), path.read_bytes()


def _stdin() -> bytes:
    if sys.stdin is None:
        raise ManifestError(f"{STDIN}: got none, expected manifests")
    return sys.stdin.buffer.read()


def _files(directory: Path, *, recursive: bool) -> list[Path]:
    """Find the manifests of a directory; one that cannot be listed is an error, not empty."""
    from pathlib import Path

    found: list[Path] = []
    for place, folders, files in os.walk(directory, onerror=_unlistable):
        if not recursive:
            folders.clear()
        found += (Path(place, file) for file in files if file.endswith(_ENDINGS))
    if not found:
        raise ManifestError(
            f"{directory}: got a directory without manifests, expected files that end in "
            f"{', '.join(_ENDINGS)}"
        )
    return sorted(found)


def _unlistable(error: OSError) -> NoReturn:
    raise error
