"""What each edit means, stated as values before and after."""

# ruff: noqa: E501 - a row of a table is a line

from __future__ import annotations

import copy
import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.manifests import pods
from webhook.injection.apply import apply
from webhook.model.edits import ABSENT, Drop, Edit, Item, Put, Restore, Set, Swap

ITEMS = [{"name": "a", "n": 1}, {"name": "b"}]
MEANINGS: dict[str, tuple[Edit, Any, Any]] = {
    "set-new-is-last": (Set(("x",), 1), {"a": 2, "b": 3}, {"a": 2, "b": 3, "x": 1}),
    "set-existing-keeps-its-place": (Set(("a",), 1), {"a": 2, "b": 3}, {"a": 1, "b": 3}),
    "set-the-whole": (Set((), 1), {"a": 2}, 1),
    "set-in-an-item": (Set(("l", Item("b"), "x"), 1), {"l": ITEMS}, {"l": [ITEMS[0], {"name": "b", "x": 1}]}),
    "set-an-item": (Set(("l", Item("a")), 1), {"l": ITEMS}, {"l": [1, ITEMS[1]]}),
    "set-raw": (Set(("x",), {"y": [msgspec.Raw(b'{"z":1}')]}), {}, {"x": {"y": [{"z": 1}]}}),
    "set-in-raw": (Set(("a", "x"), 1), {"a": msgspec.Raw(b'{"z":1}')}, {"a": {"z": 1, "x": 1}}),
    "swap-keeps-the-place": (Swap(("a",), "x", 1), {"a": 2, "b": 3}, {"x": 1, "b": 3}),
    "drop-a-member": (Drop(("a",)), {"a": 2, "b": 3}, {"b": 3}),
    "drop-an-item": (Drop(("l", Item("a"))), {"l": ITEMS}, {"l": [ITEMS[1]]}),
    "put-at-the-end": (Put(("l",), None, ({"name": "x"}, 5)), {"l": ITEMS}, {"l": [*ITEMS, {"name": "x"}, 5]}),
    "put-before": (Put(("l",), "b", (1, 2)), {"l": ITEMS}, {"l": [ITEMS[0], 1, 2, ITEMS[1]]}),
    "put-before-nothing": (Put(("l",), "gone", (1,)), {"l": ITEMS}, {"l": [*ITEMS, 1]}),
    "put-creates": (Put(("l",), None, (1,)), {"a": 2}, {"a": 2, "l": [1]}),
    "put-in-place-of-null": (Put(("l",), None, (1,)), {"l": None, "a": 2}, {"l": [1], "a": 2}),
    "restore-empty-to-absent": (Restore(("l",), ABSENT), {"l": [], "a": 2}, {"a": 2}),
    "restore-empty-to-null": (Restore(("l",), None), {"l": {}, "a": 2}, {"l": None, "a": 2}),
    "restore-leaves-what-is-full": (Restore(("l",), ABSENT), {"l": [1]}, {"l": [1]}),
    "restore-leaves-what-is-absent": (Restore(("l", "m"), ABSENT), {"a": 1}, {"a": 1}),
    "restore-leaves-a-missing-item": (Restore(("l", Item("x"), "m"), ABSENT), {"l": ITEMS}, {"l": ITEMS}),
    "restore-leaves-other-types": (Restore(("a", "m"), ABSENT), {"a": 1}, {"a": 1}),
    "restore-an-item": (Restore(("l", Item("x")), ABSENT), {"l": ITEMS}, {"l": ITEMS}),
}  # fmt: skip
MISDIRECTED: dict[str, Edit] = {
    "set-below-nothing": Set(("x", "y"), 1),
    "set-below-a-scalar": Set(("s", "y"), 1),
    "set-in-no-item": Set(("l", Item("z"), "y"), 1),
    "swap-nothing": Swap(("x",), "y", 1),
    "swap-an-item": Swap(("l", Item("a")), "y", 1),
    "drop-nothing": Drop(("x",)),
    "drop-no-item": Drop(("l", Item("z"))),
    "drop-the-whole": Drop(()),
    "put-into-a-scalar": Put(("s",), None, (1,)),
    "item-of-no-list": Drop(("s", Item("a"))),
}


@pytest.mark.parametrize(("edit", "before", "after"), MEANINGS.values(), ids=MEANINGS.keys())
def test_edit_means(edit: Edit, before: Any, after: Any) -> None:
    """The value after, with the members in this order; the value before is not touched."""
    kept = copy.deepcopy(before)
    got = apply([edit], before)

    assert after == got
    assert not isinstance(after, dict) or list(after) == list(got)
    assert kept == before


@pytest.mark.parametrize("edit", MISDIRECTED.values(), ids=MISDIRECTED.keys())
def test_edit_of_another_value_is_refused(edit: Edit) -> None:
    """A path that leads nowhere is a mistake of whoever made the edit."""
    with pytest.raises(LookupError):
        apply([edit], {"l": ITEMS, "s": "text"})


def test_edits_apply_in_order() -> None:
    """A later edit sees what an earlier one made."""
    edits: list[Edit] = [
        Set(("m",), {}),
        Set(("m", "l"), {}),
        Set(("m", "l", "a"), 1),
        Put(("m", "i"), None, (2,)),
    ]

    assert apply(edits, {}) == {"m": {"l": {"a": 1}, "i": [2]}}


@given(pods.PODS, st.data())
def test_input_is_never_mutated(pod: Any, data: st.DataObject) -> None:
    """Whatever the edits, the pod keeps its text; what no edit touches is not copied."""
    text = json.dumps(pod)
    after = apply(data.draw(pods.edits(pod)), pod)

    assert text == json.dumps(pod)
    assert after is not pod or json.dumps(after) == text
