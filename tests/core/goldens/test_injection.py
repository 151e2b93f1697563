"""Every named input gives exactly the files that were reviewed."""

from __future__ import annotations

import json
from typing import Any

import jsonpatch
import pytest

from tests.envoy.validate import validate
from tests.goldens import cases, render
from tests.goldens.__main__ import REFERENCE_CASE
from webhook.injection.apply import apply
from webhook.injection.engine import Engine, Injected
from webhook.manifests.document import Document
from webhook.manifests.stream import documents
from webhook.manifests.value import read_yaml

NAMES = cases.names()


@pytest.mark.parametrize("name", NAMES)
def test_golden(name: str) -> None:
    """Report, manifest, Envoy document and patch are, byte for byte, those in the files."""
    assert render.files(cases.case(name)) == cases.written(name)


@pytest.mark.parametrize("name", NAMES)
def test_fact(name: str) -> None:
    """The first comment of an input states the fact that the case is about."""
    fact = cases.case(name).fact
    assert len(fact) > 20
    assert fact.endswith(".")


@pytest.mark.parametrize("name", [name for name in NAMES if ".patch.json" in cases.written(name)])
def test_patch_leads_to_the_golden(name: str) -> None:
    """The patch on disk, applied by the jsonpatch library, gives the manifest after injection."""
    case = cases.case(name)
    document = _only_document(case)
    expected = document.value
    for result in render.results(case):
        assert isinstance(result.outcome, Injected)
        for stage in result.outcome.stages:
            expected = _edited(expected, result.workload.path, stage.edits)
    patch = json.loads(cases.written(name)[".patch.json"])
    assert jsonpatch.apply_patch(document.value, patch) == expected


@pytest.mark.parametrize("name", [name for name in NAMES if ".patch.json" in cases.written(name)])
def test_undo_gives_the_input(name: str) -> None:
    """Taking the injection out again gives back the pod's JSON text."""
    case = cases.case(name)
    engine = Engine(case.settings, read_yaml)
    for result in render.results(case):
        after = result.after
        value = after
        for stage in engine.uninject(json.dumps(after).encode()):
            value = apply(stage.edits, value)
        assert json.dumps(value) == json.dumps(_original(case, result))


@pytest.mark.parametrize("name", [name for name in NAMES if ".patch.json" in cases.written(name)])
def test_envoy_accepts(name: str) -> None:
    """Stock Envoy accepts the generated arguments as kubelet expands them."""
    for result in render.results(cases.case(name)):
        validate(render.proxy_of(result.after)["args"])


def test_reference() -> None:
    """The reference document is that of its case."""
    (result,) = render.results(cases.case(REFERENCE_CASE))
    text = (cases.DIRECTORY / cases.REFERENCE).read_text(encoding="utf-8")
    assert render.envoy_document(result.after) == text


def test_no_stray_files() -> None:
    """Each file belongs to a case that has an input."""
    assert cases.strays() == ()


def test_there_are_enough() -> None:
    """There are at least the seventy cases that the product promises."""
    assert len(NAMES) >= 70


def _only_document(case: cases.Case) -> Document:
    (document,) = (d for d in documents(case.text, case.path.name) if d.value is not None)
    return document


def _original(case: cases.Case, result: render.Result) -> Any:
    """Return the pod as it was before any injection: cases of re-injection start from one."""
    engine = Engine(case.settings, read_yaml)
    value = result.workload.pod
    for stage in engine.uninject(json.dumps(value).encode()):
        value = apply(stage.edits, value)
    return value


def _edited(value: Any, path: tuple[str | int, ...], edits: Any) -> Any:
    if not path:
        return apply(edits, value)
    if isinstance(value, list):
        index = int(path[0])
        return [*value[:index], _edited(value[index], path[1:], edits), *value[index + 1 :]]
    return {**value, path[0]: _edited(value[path[0]], path[1:], edits)}
