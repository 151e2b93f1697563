"""Every renderer of edits gives what `apply` gives, and edits keep their promises."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import jsonpatch
from hypothesis import given

from tests.core.injection.sample import CONTEXT
from tests.core.laws import pods
from tests.core.laws.engines import Configuration, accepted, engines, text
from webhook.injection import patch
from webhook.injection.apply import apply, decoded
from webhook.injection.engine import Injected, apply_stages
from webhook.model.edits import ABSENT, PRESENT, Drop, Edit, Item, Path, Put, Set, Swap


def patched(value: Any, stages: tuple[patch.Stage, ...]) -> Any:
    """Return the value after the stages' JSON Patch, applied by the jsonpatch library."""
    return jsonpatch.apply_patch(value, json.loads(patch.render(stages)))


@given(engines, engines, pods.pods())
def test_patch_is_apply(by: Configuration, other: Configuration, pod: Any) -> None:
    """The JSON Patch of an injection, its undoing and another injection over it is `apply`."""
    stages = accepted(by, pod).stages
    injected = decoded(apply_stages(stages, pod))
    assert patched(pod, stages) == injected
    undo = by.engine.uninject(text(injected))
    assert patched(injected, undo) == apply_stages(undo, injected)
    again = other.engine.inject(text(injected), CONTEXT)
    if isinstance(again, Injected) and again.stages:
        assert patched(injected, again.stages) == decoded(apply_stages(again.stages, injected))


@given(engines, pods.pods())
def test_known_text_is_what_the_edits_are_rendered_to(by: Configuration, pod: Any) -> None:
    """Operations that were put together from a shape's text equal those of the edits, in bytes."""
    for stage in accepted(by, pod).stages:
        edits = tuple(stage.edits)
        rendered = patch.render([patch.Stage(stage.pod, partial(tuple, edits), stage.value)])
        assert stage.text in (b"", rendered)


@given(engines, pods.pods())
def test_edits_say_what_was_there(by: Configuration, pod: Any) -> None:
    """Each edit names the value that it replaces, and each `Put` what it finds."""
    value = pod
    for stage in accepted(by, pod).stages:
        made: set[Path] = set()
        for edit in stage.edits:
            _check_was(edit, value, made)
        value = decoded(apply(stage.edits, value))


@given(engines, pods.pods())
def test_edits_do_not_overlap(by: Configuration, pod: Any) -> None:
    """No edit lies inside what another one replaces, and names stay unique in each list."""
    value = pod
    for stage in accepted(by, pod).stages:
        replaced = {
            edit.path
            for edit in stage.edits
            if isinstance(edit, Swap | Drop) or (isinstance(edit, Set) and edit.value != {})
        }
        for edit in stage.edits:
            inside = {edit.path[:depth] for depth in range(len(edit.path))}
            assert replaced.isdisjoint(inside)
        paths = [edit.path for edit in stage.edits if not isinstance(edit, Put)]
        assert len(set(paths)) == len(paths)
        value = decoded(apply(stage.edits, value))
    for key in ("containers", "initContainers", "volumes"):
        found = [item["name"] for item in value["spec"].get(key) or ()]
        assert len(set(found)) == len(found)


def _check_was(edit: Edit, value: Any, made: set[Path]) -> None:
    is_new = any(edit.path[:depth] in made for depth in range(len(edit.path)))
    found: Any = ABSENT if is_new else _at(edit.path, value)
    if isinstance(edit, Put):
        assert edit.was is (found if found in (None, ABSENT) else PRESENT)
        assert edit.names == tuple(decoded(item)["name"] for item in edit.items)
        items = found if isinstance(found, list) else []
        held = [item.get("name") for item in items]
        assert edit.before is None or edit.before in held
        return
    assert isinstance(edit, Set | Swap | Drop)
    assert found is edit.was or found == decoded(edit.was)
    if isinstance(edit, Set) and edit.value == {}:
        made.add(edit.path)
    if isinstance(edit, Drop):
        held = [item["name"] for item in _at(edit.path[:-1], value)]
        after = held[held.index(edit.was["name"]) + 1 :]
        assert edit.before is None or edit.before in after


def _at(path: Path, value: Any) -> Any:
    for part in path:
        if isinstance(part, Item):
            value = next(item for item in value if item.get("name") == part.name)
        elif isinstance(value, dict) and part in value:
            value = value[part]
        else:
            return ABSENT
    return value
