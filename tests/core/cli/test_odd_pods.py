"""Pods that no one would write: the examples with values where they do not belong."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.core.cli.command import SHOP
from tests.core.cli.conftest import Pillion
from tests.core.cli.readers import texts, values

VALUES: tuple[Any, ...] = (
    None, 0, -1, 1.5, True, "", "x", "$(X)", "8080", "istio-proxy", "\u2028", 2**63, [], {},
    [None], [[]], ["a", "a"], {"": ""}, {"name": None}, [{"name": {}}], [{"name": "istio-proxy"}],
    [{"name": "a"}, {"name": "a"}], {"$patch": "delete"},
)  # fmt: skip
COMMANDS = (
    ("inject", "--patch", "--verify"), ("uninject",), ("diff",), ("explain",), ("bootstrap",),
    ("redirect", "plan", "--arguments"),
)  # fmt: skip
FILES = ("frontend", "catalogue", "orders", "jobs", "legacy")


def _places(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    if path:
        yield path
    if isinstance(value, dict):
        members = list(value.items())
    else:
        members = list(enumerate(value)) if isinstance(value, list) else []
    for step, member in members:
        yield from _places(member, (*path, step))


def _odd(document: Any, chance: random.Random) -> Any:
    """Return a copy with one to three values replaced or taken away."""
    changed = copy.deepcopy(document)
    for _ in range(chance.choice((1, 1, 2, 3))):
        *way, last = chance.choice(list(_places(changed)))
        holder = changed
        for step in way:
            holder = holder[step]
        if chance.random() < 0.2:
            del holder[last]
        else:
            holder[last] = copy.deepcopy(chance.choice(VALUES))
    return changed


@pytest.mark.parametrize("seed", range(60))
def test_odd_pod_is_answered_in_sentences(seed: int, tmp_path: Path, pillion: Pillion) -> None:
    """No command gives a traceback; what inject accepts, uninject gives back."""
    chance = random.Random(seed)
    source = SHOP / f"{chance.choice(FILES)}.yaml"
    if chance.random() < 0.5:
        source = _injected(source, tmp_path, pillion)
    document = _odd(chance.choice(values(source.read_bytes())), chance)
    path, injected = tmp_path / "odd.json", tmp_path / "injected.json"
    path.write_text(json.dumps(document))
    for command in COMMANDS:
        run = pillion(*command, "-f", path)
        lines = run.err.splitlines()
        assert run.code in (0, 1)
        assert run.code == 0 or (run.out == b"" and lines), run.err
        assert run.code == 0 or all(line.startswith("pillion: ") for line in lines), run.err
    first = pillion("inject", "-q", "-f", path, "-o", injected)
    if first.code == 0 and "sidecar.istio.io/status" not in path.read_text():
        assert texts(pillion("uninject", "-q", "-f", injected).out) == [json.dumps(document)]


def _injected(source: Path, folder: Path, pillion: Pillion) -> Path:
    target = folder / source.name
    assert pillion("inject", "-q", "-f", source, "-o", target).code == 0
    return target
