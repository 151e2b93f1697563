"""Liveness and readiness: named conditions, and the text that `/readyz?verbose` shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with one condition.

    Attributes:
        message: what is wrong, and what to do.
        blocks: whether it makes us unready; otherwise it is only shown.
    """

    message: str
    blocks: bool = True


class Condition(Protocol):
    """Something that must hold; asked at each probe, so it must not block."""

    def __call__(self) -> Finding | None:
        """Return what is wrong, or None."""
        ...


class Readiness:
    """All conditions by name, in the order in which they are shown."""

    def __init__(self, conditions: Mapping[str, Condition]) -> None:
        self._conditions = conditions

    def report(self) -> tuple[bool, str]:
        """Return whether we are ready, and a line for each condition."""
        ready, lines = True, []
        for name, condition in self._conditions.items():
            finding = condition()
            if finding is None:
                lines.append(f"[+] {name} ok")
                continue
            ready = ready and not finding.blocks
            sign = "-" if finding.blocks else "!"
            lines.append(f"[{sign}] {name}: {finding.message}")
        lines.append("ready" if ready else "not ready")
        return ready, "\n".join(lines) + "\n"
