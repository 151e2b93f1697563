"""Where manifests come from: files, directories, standard input."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from webhook.cli.options import reason
from webhook.manifests.document import Document
from webhook.manifests.stream import decode, documents
from webhook.model.errors import ManifestError

_ENDINGS = (".yaml", ".yml", ".json")
STDIN = "<stdin>"


class Source(NamedTuple):
    """One input, read whole."""

    name: str
    """As the user named it; for a file in a directory, the path from where the user stands."""
    relative: Path | None
    """Its place below the directory that was named, or its own name; None for standard input."""
    text: str
    documents: tuple[Document, ...]


def read(names: Iterable[str], *, recursive: bool) -> tuple[Source, ...]:
    """Read all inputs, files of a directory in sorted order.

    Raises:
        ManifestError: one cannot be read, is no text, or is named twice; or a directory holds none.
    """
    sources: list[Source] = []
    for name in names:
        for label, relative, data in _inputs(name, recursive=recursive):
            if any(source.name == label for source in sources):
                raise ManifestError(f"{label}: got it twice, expected each input once")
            text = decode(data, label)
            sources.append(Source(label, relative, text, documents(text, label)))
    return tuple(sources)


def _inputs(name: str, *, recursive: bool) -> Iterator[tuple[str, Path | None, bytes]]:
    if name == "-":
        yield STDIN, None, sys.stdin.buffer.read()
        return
    path = Path(name)
    try:
        if not path.is_dir():
            yield name, Path(path.name), path.read_bytes()
            return
        found = sorted(
            file
            for file in (path.rglob("*") if recursive else path.glob("*"))
            if file.suffix in _ENDINGS and file.is_file()
        )
        if not found:
            raise ManifestError(
                f"{name}: got a directory without manifests, expected files that end in "
                f"{', '.join(_ENDINGS)}"
            )
        for file in found:
            yield str(file), file.relative_to(path), file.read_bytes()
    except (OSError, ValueError) as error:
        why = reason(error) if isinstance(error, OSError) else str(error)
        raise ManifestError(f"{name}: {why}") from error
