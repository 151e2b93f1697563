"""What is said on standard error: one line a sentence, and nothing in it that a terminal obeys."""

from __future__ import annotations

import sys
from collections.abc import Iterable


def say(sentences: Iterable[str]) -> None:
    """Write sentences, a line each."""
    print("\n".join(map(plain, sentences)), file=sys.stderr)


def plain(sentence: str) -> str:
    """Return a sentence that may quote a manifest, its line ends and control characters escaped."""
    if sentence.isprintable():
        return sentence
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode("ascii")
        for letter in sentence
    )
