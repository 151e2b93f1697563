"""Layouts that are easy to get wrong, each with the exact text that comes out."""

# ruff: noqa: E501 - a row of a table is a line

from __future__ import annotations

import textwrap
from collections.abc import Sequence

import pytest

from tests.core.manifests import reading
from tests.core.manifests.kubectl import Kubectl
from webhook.injection.apply import apply
from webhook.manifests import kinds, splice
from webhook.model.edits import ABSENT, Drop, Edit, Item, Put, Restore, Set, Swap
from webhook.model.errors import ManifestError

HEAD = "apiVersion: v1\nkind: Pod\n"
APP = "  containers:\n  - name: app\n"
SIDECAR = Put(("spec", "containers"), None, ({"name": "istio-proxy"},))
LABEL = Set(("metadata", "labels", "app"), "web")
HTTP = {"path": "/x", "port": 15020}
CASES: dict[str, tuple[str, Sequence[Edit], str]] = {
    "empty-braces-with-a-comment": (
        "metadata:\n  labels: {} # none\nspec:\n" + APP, [LABEL],
        "metadata:\n  labels: # none\n    app: web\nspec:\n" + APP,
    ),
    "null-labels-with-a-comment": (
        "metadata:\n  labels: # later\nspec:\n" + APP, [Set(("metadata", "labels"), {}), LABEL],
        "metadata:\n  labels: # later\n    app: web\nspec:\n" + APP,
    ),
    "no-metadata": (
        "spec:\n" + APP, [Set(("metadata",), {}), Set(("metadata", "labels"), {}), LABEL],
        "spec:\n" + APP + "metadata:\n  labels:\n    app: web\n",
    ),
    "null-list": (
        "spec:\n  initContainers:\n" + APP, [Put(("spec", "initContainers"), None, ({"name": "i"},))],
        "spec:\n  initContainers:\n  - name: i\n" + APP,
    ),
    "brackets": (
        "spec:\n  initContainers: []\n" + APP, [Put(("spec", "initContainers"), None, ({"name": "i"},))],
        "spec:\n  initContainers:\n  - name: i\n" + APP,
    ),
    "flow-container": (
        "spec: {containers: [{name: app}, ]}\n", [SIDECAR], "spec: {containers: [{name: app}, {name: istio-proxy}, ]}\n",
    ),
    "flow-before": (
        "spec:\n  containers: [{name: app, image: x}] # one\n",
        [Put(("spec", "containers"), "app", ({"name": "istio-proxy", "args": ["a,b", "1e3"]},))],
        'spec:\n  containers: [{name: istio-proxy, args: ["a,b", "1e3"]}, {name: app, image: x}] # one\n',
    ),
    "flow-over-lines": (
        "spec: {\n  # c\n  containers: [\n    {name: app} # app\n  ]\n}\n", [SIDECAR],
        "spec: {\n  # c\n  containers: [\n    {name: app}, {name: istio-proxy} # app\n  ]\n}\n",
    ),
    "flow-drop": (
        "spec: {containers: [{name: app}, {name: old}]}\n", [Drop(("spec", "containers", Item("old")))],
        "spec: {containers: [{name: app}]}\n",
    ),
    "indented-list": (
        "spec:\n    containers:\n      # main\n      - name: app\n        image: x # pinned\n", [SIDECAR],
        "spec:\n    containers:\n      # main\n      - name: app\n        image: x # pinned\n      - name: istio-proxy\n",
    ),
    "before-with-its-comment": (
        "spec:\n  containers:\n  # main\n  - name: app\n", [Put(("spec", "containers"), "app", ({"name": "istio-proxy"},))],
        "spec:\n  containers:\n  - name: istio-proxy\n  # main\n  - name: app\n",
    ),
    "comment-of-the-next-key": (
        "spec:\n" + APP + "  # about volumes\n  volumes: []\n", [SIDECAR],
        "spec:\n" + APP + "  - name: istio-proxy\n  # about volumes\n  volumes: []\n",
    ),
    "comment-that-ends-a-mapping": (
        "metadata:\n  labels:\n    a: b\n    # more to come\nspec:\n" + APP, [LABEL],
        "metadata:\n  labels:\n    a: b\n    # more to come\n    app: web\nspec:\n" + APP,
    ),
    "probe": (
        "spec:\n" + APP + "    livenessProbe:\n      # why\n      tcpSocket:\n        port: 80\n      periodSeconds: 5 # s\n",
        [Swap(("spec", "containers", Item("app"), "livenessProbe", "tcpSocket"), "httpGet", HTTP)],
        "spec:\n" + APP + "    livenessProbe:\n      # why\n      httpGet:\n        path: /x\n        port: 15020\n      periodSeconds: 5 # s\n",
    ),
    "flow-probe": (
        "spec:\n" + APP + "    livenessProbe: {tcpSocket: {port: 80}, periodSeconds: 5}\n",
        [Swap(("spec", "containers", Item("app"), "livenessProbe", "tcpSocket"), "httpGet", HTTP)],
        "spec:\n" + APP + "    livenessProbe: {httpGet: {path: /x, port: 15020}, periodSeconds: 5}\n",
    ),
    "first-member-on-the-dash": (
        "spec:\n  containers:\n  - image: x\n    name: app # main\n", [Drop(("spec", "containers", Item("app"), "image"))],
        "spec:\n  containers:\n  - name: app # main\n",
    ),
    "first-member-before-a-comment": (
        "spec:\n  containers:\n  - image: x # x\n    # y\n    ports: []\n    # z\n    name: app\n",
        [Drop(("spec", "containers", Item("app"), "image")), Drop(("spec", "containers", Item("app"), "ports"))],
        "spec:\n  containers:\n  - # x\n    # y\n    # z\n    name: app\n",
    ),
    "moved-item": (
        "spec:\n  containers:\n  # a\n  - name: a # a\n  - name: b # b\n  - name: c\n",
        [Drop(("spec", "containers", Item("c"))), Put(("spec", "containers"), "a", ({"name": "c"},))],
        "spec:\n  containers:\n  - name: c\n  # a\n  - name: a # a\n  - name: b # b\n",
    ),
    "moved-member": (
        "spec:\n  a: 1 # a\n  b: 2 # b\n" + APP,
        [Drop(("spec", "a")), Set(("spec", "a"), 1)],
        "spec:\n  b: 2 # b\n" + APP + "  a: 1\n",
    ),
    "mapping-to-text": (
        "spec:\n  a: # c\n    b: 1\n    c: 2\n" + APP, [Set(("spec", "a"), "x")],
        "spec:\n  a: x # c\n" + APP,
    ),
    "mapping-to-list": (
        "spec:\n  a: # c\n    b: 1\n    c: 2\n" + APP, [Set(("spec", "a"), ["x"])],
        "spec:\n  a: # c\n  - x\n" + APP,
    ),
    "block-scalar-last": (
        "spec:\n  containers:\n  - name: app\n    args:\n    - |\n      echo # no comment\n\n      done\n\n# end\n", [SIDECAR],
        "spec:\n  containers:\n  - name: app\n    args:\n    - |\n      echo # no comment\n\n      done\n  - name: istio-proxy\n\n# end\n",
    ),
    "kept-blank-lines-last": (
        "spec:\n  containers:\n  - name: app\n    args:\n    - |+\n      echo\n\n\n  volumes: []\n", [SIDECAR],
        "spec:\n  containers:\n  - name: app\n    args:\n    - |+\n      echo\n\n\n  - name: istio-proxy\n  volumes: []\n",
    ),
    "no-last-break": ("spec:\n  containers:\n  - name: app", [SIDECAR], "spec:\n  containers:\n  - name: app\n  - name: istio-proxy"),
    "no-last-break-and-lines": (
        "spec:\n  containers:\n  - name: app",
        [Put(("spec", "containers"), None, ({"name": "x", "args": ["a\nb\n"]},))],
        'spec:\n  containers:\n  - name: app\n  - name: x\n    args:\n    - "a\\nb\\n"',
    ),
    "crlf": ("spec:\r\n  containers:\r\n  - name: app # c\r\n", [SIDECAR], "spec:\r\n  containers:\r\n  - name: app # c\r\n  - name: istio-proxy\r\n"),
    "dash-on-its-own-line": (
        "spec:\n  containers:\n  -\n    name: app\n", [SIDECAR], "spec:\n  containers:\n  -\n    name: app\n  - name: istio-proxy\n",
    ),
    "anchored-list": (
        "spec:\n  containers: &all\n  # main\n  - &app\n    name: app\n", [SIDECAR],
        "spec:\n  containers: &all\n  # main\n  - &app\n    name: app\n  - name: istio-proxy\n",
    ),
    "alias-in-the-edited-place": (
        "metadata:\n  annotations: &a {x: w}\n  labels: *a # same\nspec:\n" + APP, [LABEL],
        "metadata:\n  annotations: &a {x: w}\n  labels: # same\n    x: w\n    app: web\nspec:\n" + APP,
    ),
    "merge-key": (
        "metadata:\n  annotations: &a {x: w}\n  labels:\n    <<: *a\n    z: w\nspec:\n" + APP,
        [LABEL, Set(("metadata", "labels", "x"), "new")],
        "metadata:\n  annotations: &a {x: w}\n  labels:\n    <<: *a\n    z: w\n    x: new\n    app: web\nspec:\n" + APP,
    ),
    "quoted-keys": (
        "'metadata': {\"labels\": {}}\n\"spec\" :\n  'containers':\n  - {\"name\": 'app'}\n", [LABEL, SIDECAR],
        "'metadata': {\"labels\": {app: web}}\n\"spec\" :\n  'containers':\n  - {\"name\": 'app'}\n  - name: istio-proxy\n",
    ),
    "emptied-list": (
        "spec:\n" + APP + "  volumes: # v\n  # w\n  - name: x\n", [Drop(("spec", "volumes", Item("x")))],
        "spec:\n" + APP + "  volumes: [] # v\n  # w\n",
    ),
    "restored": (
        "spec:\n" + APP + "  volumes:\n  - name: x\n  # end\n",
        [Drop(("spec", "volumes", Item("x"))), Restore(("spec", "volumes"), ABSENT)],
        "spec:\n" + APP + "  # end\n",
    ),
    "numbers": (
        "spec:\n" + APP, [Set(("spec", "x"), [1.0, 2**70, -1e20, 0.5])],
        "spec:\n" + APP + "  x:\n  - 1.0\n  - 1180591620717411303424\n  - -1.0e+20\n  - 0.5\n",
    ),
    "non-ascii-before-on-the-line": (
        "metadata: {labels: {ü: \U0001f600, y: {}}}\nspec:\n" + APP, [LABEL],
        "metadata: {labels: {ü: \U0001f600, y: {}, app: web}}\nspec:\n" + APP,
    ),
}  # fmt: skip
WHOLE: dict[str, tuple[str, Sequence[Edit], str, str]] = {
    "shared-anchor": (
        "metadata:\n  labels: &a {x: w} # c\n  annotations: *a\nspec:\n" + APP, [LABEL],
        "metadata:\n  labels:\n    x: w\n    app: web\n  annotations:\n    x: w\nspec:\n" + APP,
        "an anchor marks a value that changes",
    ),
    "merged-member-goes": (
        "metadata:\n  annotations: &a {x: w, v: u}\n  labels:\n    <<: *a\nspec:\n" + APP, [Drop(("metadata", "labels", "x"))],
        "metadata:\n  annotations:\n    x: w\n    v: u\n  labels:\n    v: u\nspec:\n" + APP,
        "a member that comes from a merge key goes away",
    ),
    "list-in-a-list": (
        "spec:\n  containers:\n  - name: app\n    a:\n    - - b: c\n", [Set(("spec", "containers", Item("app"), "a"), [[], "d"])],
        "spec:\n  containers:\n  - name: app\n    a:\n    - []\n    - d\n",
        "",
    ),
}  # fmt: skip


def spliced(text: str, edits: Sequence[Edit]) -> splice.Spliced:
    """Splice edits into the one pod of a document."""
    document = reading.document(text)
    (workload,) = kinds.survey(document).workloads
    return splice.splice(document, [(workload, edits)])


@pytest.mark.parametrize(("before", "edits", "after"), CASES.values(), ids=CASES.keys())
def test_edit_is_spliced(before: str, edits: Sequence[Edit], after: str) -> None:
    """The text comes out as a person would have written it, and nothing else changed."""
    got = spliced(HEAD + before, edits)

    assert HEAD + after == got.text
    assert not got.reason


@pytest.mark.parametrize(("before", "edits", "after", "reason"), WHOLE.values(), ids=WHOLE.keys())
def test_what_cannot_be_spliced_is_written_anew(
    before: str, edits: Sequence[Edit], after: str, reason: str
) -> None:
    """The document comes out whole, in key order and without aliases, and the result says why."""
    got = spliced(f"# top\n---\n{HEAD}{before}# end\n", edits)

    assert f"---\n{HEAD}{after}# end\n" == got.text
    assert reason in got.reason


def test_every_pod_of_a_list_is_spliced() -> None:
    """Two pods of one document, in one pass."""
    text = textwrap.dedent("""\
        apiVersion: v1
        kind: List
        items:
        - apiVersion: v1
          kind: Pod
          spec:
            containers:
            - name: a # a
        # between
        - apiVersion: batch/v1
          kind: CronJob
          spec: {jobTemplate: {spec: {template: {spec: {containers: []}}}}}
        """)
    document = reading.document(text)
    workloads = kinds.survey(document).workloads
    got = splice.splice(document, [(workload, [SIDECAR]) for workload in workloads])

    assert not got.reason
    assert got.text == text.replace("# a\n", "# a\n    - name: istio-proxy\n").replace(
        "containers: []", "containers: [{name: istio-proxy}]"
    )


def test_separator_and_mark_stay() -> None:
    """What precedes a document's content is kept, and so is what follows its end marker."""
    text = f"\ufeff--- # first\n{HEAD}spec:\n{APP}...\n# after\n"

    assert text.replace(APP, APP + "  - name: istio-proxy\n") == spliced(text, [SIDECAR]).text


def test_value_that_no_yaml_holds_is_an_error() -> None:
    """Half of a surrogate pair is refused, with the document's place."""
    with pytest.raises(
        ManifestError, match=r"app\.yaml, document 1, line 1: got a value that cannot"
    ):
        spliced(f"{HEAD}spec:\n{APP}", [Set(("spec", "x"), "\ud800")])


@pytest.mark.parametrize(("before", "edits", "after"), CASES.values(), ids=CASES.keys())
def test_case_means_what_apply_means(before: str, edits: Sequence[Edit], after: str) -> None:
    """The expected texts themselves are what the edits mean."""
    expected = apply(edits, reading.value(HEAD + before))

    assert reading.same(expected, reading.value(HEAD + after))


UNFORESEEN: dict[str, tuple[str, Sequence[Edit], str]] = {
    "several-merge-keys": (
        "metadata:\n  annotations: &a {x: w}\n  labels:\n    <<: *a\n    <<: {v: u}\nspec:\n" + APP, [LABEL],
        "a mapping with several merge keys",
    ),
    "merge-key-in-braces": (
        "metadata:\n  annotations: &a {x: w}\n  labels: {<<: *a}\nspec:\n" + APP, [LABEL],
        "a merge key inside braces",
    ),
    "merge-key-overrides-what-precedes-it": (
        "metadata:\n  annotations: &a {x: w}\n  labels:\n    x: v\n    <<: *a\nspec:\n" + APP,
        [Set(("metadata", "labels", "x"), "new")], "its layout",
    ),
    "explicit-keys": (
        "metadata:\n  ? labels\n  : a: b\nspec:\n" + APP, [Set(("metadata", "labels"), None)], "",
    ),
    "explicit-key-goes": ("metadata:\n  ? labels\n  : a: b\n  x: w\nspec:\n" + APP, [Drop(("metadata", "labels"))], ""),
    "last-explicit-key-goes": ("metadata:\n  x: w\n  ? labels\n  : a: b\nspec:\n" + APP, [Drop(("metadata", "labels"))], "a collection on its parent's line"),
    "only-explicit-key-goes": ("metadata:\n  ? labels\n  : a: b\nspec:\n" + APP, [Drop(("metadata", "labels"))], "a removed entry shares its line"),
    "keys-without-values": ("spec:\n  a:\n    ? b\n    ? c\n" + APP, [Set(("spec", "a"), {"b": 1, "c": None})], "a value with neither"),
    "tagged-list-in-an-item": ("spec:\n  containers:\n  - name: app\n  a:\n  - !!seq\n    - b\n", [Set(("spec", "a"), [["b", "c"]])], ""),
    "tagged-list-below-a-comment": ("spec:\n  containers: !!seq # c\n\n  # d\n  - name: app\n", [SIDECAR], ""),
    "only-member-on-the-dash": (
        "spec:\n  containers:\n  - name: app\n    a:\n    - b: c\n",
        [Set(("spec", "containers", Item("app"), "a"), [{"d": 1}])], "",
    ),
    "lists-in-lists": (
        "spec:\n  containers:\n  - name: app\n    a:\n    - - b\n      - c\n",
        [Set(("spec", "containers", Item("app"), "a"), [["x", "b", "c"], ["y"]])], "",
    ),
    "lists-in-lists-shrink": (
        "spec:\n  containers:\n  - name: app\n    a:\n    - - b\n      - c\n      - d\n",
        [Set(("spec", "containers", Item("app"), "a"), [["d"]])], "",
    ),
    "tagged-list": ("spec:\n  containers: !!seq\n  - name: app\n  - {name: b}\n", [SIDECAR], ""),
    "anchor-before-a-first-dash-below-comments": (
        "spec:\n  containers: &a\n\n    # c\n    - name: app\n", [SIDECAR], "",
    ),
    "single-pair": ("spec:\n  a: [b: c, d]\n" + APP, [Set(("spec", "a"), [{"b": "c", "x": 1}, "d"])], ""),
    "pair-without-a-value": ("spec:\n  a: {b, c}\n" + APP, [Set(("spec", "a"), {"b": 1, "c": {"d": None}})], ""),
    "true-is-not-one": ("spec:\n  a: {b: 1, c: true}\n" + APP, [Set(("spec", "a"), {"b": True, "c": 1})], ""),
    "scalar-below-its-key": ("spec:\n  a:\n    text\n    more\n" + APP, [Set(("spec", "a"), {"b": 1})], ""),
    "block-scalar-to-text": ("spec:\n  a: |- # c\n    text\n" + APP, [Set(("spec", "a"), "b")], ""),
    "mapping-to-text": ("spec:\n  a: # c\n    b: 1\n" + APP, [Set(("spec", "a"), "b")], ""),
    "mapping-to-list": ("spec:\n  a: # c\n    b: 1\n" + APP, [Set(("spec", "a"), ["b"])], ""),
    "text-to-lines-before-a-comment": ("spec:\n  a: b # c\n" + APP, [Set(("spec", "a"), "x\ny\n")], ""),
    "next-line-separator": ("spec:\n  a: b\u0085  c: d\n" + APP, [Set(("spec", "a"), {"x": 1}), SIDECAR], ""),
    "carriage-returns": ("spec:\r  a: b\r  containers:\r  - name: app\r", [SIDECAR], ""),
    "carriage-returns-and-items": ("spec:\r  containers:\r  - name: app\r  - name: b\r", [SIDECAR], "a list's dashes"),
    "carriage-returns-and-an-anchor": ("spec:\r  containers: &a\r  - name: app\r", [SIDECAR], "a list's first dash"),
    "all-in-braces": ("spec: {containers: [{name: app}]}", [SIDECAR, LABEL], ""),
    "item-to-text": ("spec:\n  a:\n  - b: 1\n    c: 2\n  - 3\n" + APP, [Set(("spec", "a"), ["x", 3])], ""),
    "long-key": ("spec:\n" + APP, [Set(("spec", "k" * 2000), {"l" * 2000: ["x"]})], ""),
}  # fmt: skip


@pytest.mark.parametrize(("before", "edits", "reason"), UNFORESEEN.values(), ids=UNFORESEEN.keys())
def test_unusual_layout_is_never_wrong(
    kubectl_reader: Kubectl, before: str, edits: Sequence[Edit], reason: str
) -> None:
    """Spliced or written anew, kubectl reads what the edits mean; the reason is that of a layout."""
    edits = [edit for edit in edits if edit is not LABEL or "labels" in before]
    got = spliced(HEAD + before, edits)

    assert reading.same(apply(edits, reading.value(HEAD + before)), kubectl_reader.read(got.text))
    assert not reason or reason in got.reason
