"""A spliced document means what the edits mean, and keeps every line that they do not name."""

from __future__ import annotations

import re
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.core.manifests import pods, reading, styled, touched
from tests.core.manifests.kubectl import Kubectl
from webhook.injection.apply import apply
from webhook.manifests import kinds, splice
from webhook.model.edits import Edit, Put, Set

PODS = st.lists(pods.PODS, min_size=1, max_size=2)
SEEDS = st.integers(0, 2**32)


def manifest(templates: list[Any]) -> dict[str, Any]:
    """Put one template into a Deployment, and several into a List of them."""
    deployments = [
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "spec": {"replicas": 2, "template": template},
        }
        for template in templates
    ]
    if len(deployments) == 1:
        return deployments[0]
    return {"kind": "List", "apiVersion": "v1", "items": deployments}


def edited(text: str, edits: list[list[Edit]]) -> tuple[splice.Spliced, list[Any]]:
    """Splice edits into the pods of a document, in their order."""
    document = reading.document(text)
    workloads = kinds.survey(document).workloads
    changes = list(zip(workloads, edits, strict=True))
    return splice.splice(document, changes), [(each.path, made) for each, made in changes]


@given(PODS, SEEDS, st.data())
def test_splice_means_what_apply_means(
    templates: list[Any], seed: int, data: st.DataObject
) -> None:
    """Read by another library by YAML 1.2; lines outside the edited fields are still there."""
    text = styled.Writer(seed).document(manifest(templates))
    edits = [data.draw(pods.edits(template)) for template in templates]
    after = manifest(
        [apply(made, template) for made, template in zip(edits, templates, strict=True)]
    )
    spliced, changes = edited(text, edits)

    assert not spliced.reason
    assert reading.same(reading.document(spliced.text).value, after)
    assert reading.yaml_1_2(spliced.text.replace("\r\n", "\n")) == after
    assert not touched.missing(touched.untouched(text, changes), spliced.text)


@given(PODS, SEEDS, st.data())
def test_kubectl_reads_what_apply_means(
    kubectl_reader: Kubectl, templates: list[Any], seed: int, data: st.DataObject
) -> None:
    """Before and after, by kubectl's own parser."""
    text = styled.Writer(seed).document(manifest(templates))
    edits = [data.draw(pods.edits(template)) for template in templates]
    after = manifest(
        [apply(made, template) for made, template in zip(edits, templates, strict=True)]
    )

    assert reading.same(kubectl_reader.read(text), manifest(templates))
    assert reading.same(kubectl_reader.read(edited(text, edits)[0].text), after)


@given(PODS, SEEDS, st.data())
def test_additions_lose_no_comment(templates: list[Any], seed: int, data: st.DataObject) -> None:
    """What only adds items, members and labels leaves every comment."""
    text = styled.Writer(seed).document(manifest(templates))
    edits = [
        [edit for edit in data.draw(pods.edits(template)) if is_addition(edit, template)]
        for template in templates
    ]
    spliced, _ = edited(text, edits)

    assert not spliced.reason
    assert re.findall(r"# comment \d+", text) == re.findall(r"# comment \d+", spliced.text)


@given(pods.PODS, SEEDS, st.data())
def test_key_order_is_kept(template: Any, seed: int, data: st.DataObject) -> None:
    """The members of every object stand where `apply` puts them."""
    text = styled.Writer(seed).document(manifest([template]))
    edits = data.draw(pods.edits(template))
    spliced, _ = edited(text, [edits])

    assert order(manifest([apply(edits, template)])) == order(reading.document(spliced.text).value)


@given(PODS, SEEDS)
def test_no_edit_changes_no_byte(templates: list[Any], seed: int) -> None:
    """A document without a change is its own text."""
    text = styled.Writer(seed).document(manifest(templates))

    assert text == "".join((edited(text, [[] for _ in templates])[0].text,))


def is_addition(edit: Edit, template: Any) -> bool:
    """Whether an edit only adds: to a list, or a member that is not there."""
    if isinstance(edit, Put):
        return True
    return (
        isinstance(edit, Set)
        and edit.path[:-1] in (("metadata", "labels"), ())
        and edit.path[-1] not in ((template.get("metadata") or {}).get("labels") or {})
    )


def order(value: Any) -> Any:
    """Give the members of all objects as lists."""
    if isinstance(value, dict):
        return [(key, order(each)) for key, each in value.items()]
    return [order(each) for each in value] if isinstance(value, list) else value
