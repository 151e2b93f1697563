"""The cost of an injection in bytecodes: what no other load on the machine changes.

A clock cannot be asked here, since it would fail on a busy machine; `scripts/bench engine` asks it.
"""

from __future__ import annotations

import sys
from types import FrameType
from typing import Any

import pytest

from tests.bench.pods import body
from webhook.admission.handler import Handler
from webhook.injection.engine import Engine
from webhook.manifests.value import read_yaml
from webhook.model.settings import Settings

_GROWTH = 1.05
"""A change may cost this much without saying so; one that costs more changes the numbers below, and
says in its message why."""

COUNTED = {
    (3, 11): {0: 2328, 1: 2900, 3: 3916},
    (3, 13): {0: 2185, 1: 2713, 3: 3655},
}
"""Bytecodes of one injection, bytes to bytes, by Python's version and rewritten probes."""


@pytest.mark.parametrize("probes", [0, 1, 3])
def test_an_injection_costs_no_more_than_it_did(probes: int) -> None:
    """The second pod of a shape takes at most a twentieth more bytecodes than when last counted."""
    handler = Handler(Engine(Settings(), read_yaml), lambda: "0" * 32, lambda _: None)
    handler.handle(body(1, probes=probes))
    count = _bytecodes(handler, body(2, probes=probes))
    # Versions between and after these are counted like the older of them.
    known = max(version for version in COUNTED if version <= sys.version_info[:2])
    assert count <= COUNTED[known][probes] * _GROWTH
    assert count > COUNTED[known][probes] / 2, "much cheaper: count anew"


def _bytecodes(handler: Handler, text: bytes) -> int:
    count = 0

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal count
        frame.f_trace_opcodes = True
        count += event == "opcode"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        handler.handle(text)
    finally:
        sys.settrace(before)
    return count
