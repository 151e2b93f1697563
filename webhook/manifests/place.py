"""Where something stands in the input, and the error that names it."""

from __future__ import annotations

import msgspec

from webhook.model.errors import ManifestError


class Place(msgspec.Struct, frozen=True):
    """A document of an input: file name or `<stdin>`, number from 1, line it begins on."""

    source: str
    number: int
    line: int

    def error(self, line: int, got: str, expected: str) -> ManifestError:
        """Build the error for the `line`th line of the document, counted from 0."""
        return ManifestError(
            f"{self.source}, document {self.number}, line {self.line + line}: "
            f"got {got}, expected {expected}"
        )
