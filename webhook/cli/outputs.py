"""Manifests on standard output, and several as one stream."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable

from webhook.cli.options import reason
from webhook.model.errors import ManifestError


def write_stdout(text: str) -> None:
    """Write data; messages go to standard error.

    Raises:
        BrokenPipeError: the reader is gone.
        ManifestError: it cannot be written for another reason, such as a full disk.
    """
    try:
        if sys.stdout is None:
            raise ManifestError("<stdout>: got none, expected a place to write to")
        sys.stdout.buffer.write(text.encode("utf-8", "surrogatepass"))
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        # Python would fail once more with what is left in its buffer while it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise ManifestError(f"<stdout>: {reason(error)}") from error


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
