"""Comparing Kubernetes resource quantities."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from fractions import Fraction

_SUFFIX: Final = {
    **{letter: (1, 1000**power) for power, letter in enumerate("mun", 1)},
    **{letter: (1000**power, 1) for power, letter in enumerate(("", *"kMGTPE"))},
    **{f"{letter}i": (1024**power, 1) for power, letter in enumerate("KMGTPE", 1)},
}
"""Numerator and denominator."""
_PARTS: Final = re.compile(r"\+?([0-9.]+)(?:[eE]([+-]?[0-9]{1,2})|([a-zA-Z]*))")


def amount(quantity: str) -> Fraction:
    """Return the exact amount of a quantity that `annotation_values.quantity` accepts."""
    # Few pods name a quantity, and a start of the command line would pay for the import.
    from fractions import Fraction  # noqa: PLC0415

    found = _PARTS.fullmatch(quantity)
    if not found:
        raise ValueError(quantity)
    digits = Fraction(f"0{found[1]}0" if "." in found[1] else found[1])
    if found[2]:
        return digits * Fraction(10) ** int(found[2])
    return digits * Fraction(*_SUFFIX[found[3]])
