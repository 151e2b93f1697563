"""Comparing Kubernetes resource quantities."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Final

_SUFFIX: Final = {
    "n": Fraction(1, 10**9),
    "u": Fraction(1, 10**6),
    "m": Fraction(1, 1000),
    "": Fraction(1),
    **{letter: Fraction(1000**power) for power, letter in enumerate("kMGTPE", 1)},
    **{f"{letter}i": Fraction(1024**power) for power, letter in enumerate("KMGTPE", 1)},
}
_PARTS: Final = re.compile(r"\+?([0-9.]+)(?:[eE]([+-]?[0-9]{1,2})|([a-zA-Z]*))")


def amount(quantity: str) -> Fraction:
    """Return the exact amount of a quantity that `annotation_values.quantity` accepts."""
    found = _PARTS.fullmatch(quantity)
    if not found:
        raise ValueError(quantity)
    digits = Fraction(f"0{found[1]}0" if "." in found[1] else found[1])
    if found[2]:
        return digits * Fraction(10) ** int(found[2])
    return digits * _SUFFIX[found[3]]
