"""JSON documents come out as JSON, in the layout they came in."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.manifests import pods, reading
from webhook.injection.apply import apply
from webhook.manifests import kinds, splice
from webhook.model.edits import Edit, Set

POD = {"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [{"name": "é", "n": 1.5}]}}
LAYOUTS: dict[str, str] = {
    "two-spaces": json.dumps(POD, indent=2, ensure_ascii=False) + "\n",
    "four-spaces": json.dumps(POD, indent=4, ensure_ascii=False),
    "tabs": json.dumps(POD, indent="\t", ensure_ascii=False) + "\n\n",
    "crlf": json.dumps(POD, indent=2, ensure_ascii=False).replace("\n", "\r\n"),
    "one-line": json.dumps(POD, ensure_ascii=False) + "\n",
    "compact": json.dumps(POD, separators=(",", ":"), ensure_ascii=False),
    "escaped": json.dumps(POD, indent=2),
    "after-a-comment": "# from a tool\n---\n"
    + json.dumps(POD, indent=2, ensure_ascii=False)
    + "\n",
}


def spliced(text: str, edits: list[Edit]) -> str:
    """Edit the pod of a document."""
    (document,) = (each for each in [reading.document(text)])
    (workload,) = kinds.survey(document).workloads
    result = splice.splice(document, [(workload, edits)])
    assert not result.reason
    return result.text


@pytest.mark.parametrize("text", LAYOUTS.values(), ids=LAYOUTS.keys())
def test_layout_is_kept(text: str) -> None:
    """Indentation, line breaks, escapes, margins: adding and removing gives the text back."""
    body = reading.document(text).text
    added = spliced(text, [Set(("spec", "hostname"), "é")])
    again = spliced(added, [Set(("spec",), POD["spec"])])

    assert body == again
    assert len(added.splitlines()) == len(body.splitlines()) + (len(body.splitlines()) > 1)


@given(pods.PODS, st.sampled_from([None, 2, "\t"]), st.data())
def test_json_means_what_apply_means(
    pod: dict[str, Any], indent: int | None, data: st.DataObject
) -> None:
    """Any pod and any edits, members in order."""
    value = {"apiVersion": "v1", "kind": "Pod", **pod}
    edits = data.draw(pods.edits(pod))
    text = spliced(json.dumps(value, indent=indent), edits)

    assert json.dumps(apply(edits, value)) == json.dumps(json.loads(text))
