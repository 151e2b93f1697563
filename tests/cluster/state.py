"""Records which programs of a node run, so that other processes can tell."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.apiserver.component import Component


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """The programs of a node that is ready.

    Attributes:
        running: their names.
        ended: the names of those that ended since, and should not have.
    """

    running: tuple[str, ...]
    ended: tuple[str, ...]


def observed(components: Sequence[Component]) -> State:
    """Return how the programs do now."""
    return State(
        running=tuple(each.name for each in components if each.pid is not None),
        ended=tuple(each.name for each in components if each.pid is None),
    )


def write_state(path: Path, state: State) -> None:
    """Write the record whole, or not at all."""
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(asdict(state)))
    fresh.replace(path)


def read_state(path: Path) -> State | None:
    """Return the record; None before the node was ready."""
    try:
        recorded = json.loads(path.read_text())
    except FileNotFoundError:
        return None
    return State(running=tuple(recorded["running"]), ended=tuple(recorded["ended"]))
