"""From edits to the record of them, and from the record to the edits that undo them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from webhook.injection import patch, record, reversal
from webhook.injection.apply import apply
from webhook.injection.record import Removed, Replaced, Undo
from webhook.model import names
from webhook.model.edits import ABSENT, Drop, Edit, Item, Put, Restore, Set, Swap
from webhook.model.errors import PodRejected
from webhook.model.pod import read

TOKEN = "0123456789abcdef0123456789abcdef"
OURS = {"path": f"/{TOKEN}/app-health/app/readyz", "port": 15020}
APP = ("spec", "containers", Item("a/b~c"))


def _pod(**probe: Any) -> dict[str, Any]:
    return {
        "metadata": {"labels": {"app": "web", "ours": "x"}, "annotations": {"ours": "y"}},
        "spec": {
            "containers": [{"name": "a/b~c", "readinessProbe": probe}, {"name": "istio-proxy"}],
            "volumes": [{"name": "ours"}],
        },
    }


NOTED: dict[str, tuple[Edit, Undo]] = {
    "label": (Set(("metadata", "labels", "a"), "x"), Undo(labels=["a"])),
    "annotation": (Set(("metadata", "annotations", "a/b"), "x"), Undo(annotations=["a/b"])),
    "member": (Set(("spec", "a/b"), 1), Undo(added=["/spec/a~1b"])),
    "created-object": (Set(("metadata",), {}), Undo(created=["/metadata"])),
    "object-for-null": (Set(("metadata",), {}, None), Undo(nulls=["/metadata"])),
    "emptied-object": (
        Set(("spec", "x"), {}, {"a": 1}),
        Undo(replaced=[Replaced("/spec/x", {"a": 1})]),
    ),
    "value-for-null": (Set(("spec", "x"), 1, None), Undo(replaced=[Replaced("/spec/x", None)])),
    "null-for-value": (
        Set(("spec", "x"), None, 1),
        Undo(replaced=[Replaced("/spec/x", 1, is_null=True)]),
    ),
    "replaced-label": (
        Set(("metadata", "labels", "a"), "x", "y"),
        Undo(replaced=[Replaced("/metadata/labels/a", "y")]),
    ),
    "swapped": (
        Swap((*APP, "readinessProbe", "tcpSocket"), "httpGet", OURS, {"port": 1}),
        Undo(
            replaced=[
                Replaced(
                    "/spec/containers/a~1b~0c/readinessProbe/httpGet", {"port": 1}, "tcpSocket"
                )
            ]
        ),
    ),
    "put": (Put(("spec", "volumes"), None, ({},), ("a",)), Undo(items={"/spec/volumes": ["a"]})),
    "put-into-nothing": (
        Put(("spec", "volumes"), None, ({},), ("a",), ABSENT),
        Undo(items={"/spec/volumes": ["a"]}, created=["/spec/volumes"]),
    ),
    "put-into-null": (
        Put(("spec", "volumes"), None, ({},), ("a",), None),
        Undo(items={"/spec/volumes": ["a"]}, nulls=["/spec/volumes"]),
    ),
    "dropped": (
        Drop(APP, {"name": "a/b~c"}, "next"),
        Undo(removed=[Removed("/spec/containers", {"name": "a/b~c"}, "next")]),
    ),
}


@pytest.mark.parametrize(("edit", "undo"), NOTED.values(), ids=NOTED)
def test_undo_of(edit: Edit, undo: Undo) -> None:
    """Each kind of edit is noted as what it takes to undo it, and as nothing else."""
    assert record.undo_of([edit]) == undo


def test_put_twice_into_one_list() -> None:
    """Items of one list are noted together."""
    edits = [Put(("spec", "volumes"), None, ({}, {}), (name, name + name)) for name in "ab"]
    assert record.undo_of(edits).items == {"/spec/volumes": ["a", "aa", "b", "bb"]}


INVERTED: dict[str, tuple[Undo, dict[str, Any], tuple[Edit, ...]]] = {
    "label": (
        Undo(labels=["ours", "gone", "ours"]),
        _pod(),
        (Drop(("metadata", "labels", "ours")),),
    ),
    "annotation": (
        Undo(annotations=["ours", "gone"]),
        _pod(),
        (Drop(("metadata", "annotations", "ours")),),
    ),
    "no-metadata": (Undo(labels=["a"], annotations=["a"]), {"spec": {}}, ()),
    "null-metadata": (Undo(labels=["a"], annotations=["a"]), {"metadata": None, "spec": {}}, ()),
    "null-labels": (Undo(labels=["a"]), {"metadata": {"labels": None}, "spec": {}}, ()),
    "added": (Undo(added=["/spec/volumes", "/spec/gone"]), _pod(), (Drop(("spec", "volumes")),)),
    "items": (
        Undo(items={"/spec/volumes": ["ours", "gone", "ours"], "/spec/initContainers": ["a"]}),
        _pod(),
        (Drop(("spec", "volumes", Item("ours"))),),
    ),
    "removed": (
        Undo(removed=[Removed("/spec/containers", {"name": "x"}, "istio-proxy")]),
        _pod(),
        (Put(("spec", "containers"), "istio-proxy", ({"name": "x"},)),),
    ),
    "removed-from-a-list-that-is-gone": (
        Undo(removed=[Removed("/spec/initContainers", {"name": "x"})]),
        _pod(),
        (Put(("spec", "initContainers"), None, ({"name": "x"},), was=ABSENT),),
    ),
    "removed-from-a-list-that-is-null": (
        Undo(removed=[Removed("/spec/initContainers", {"name": "x"})]),
        {"spec": {"initContainers": None}},
        (Put(("spec", "initContainers"), None, ({"name": "x"},), was=None),),
    ),
    "created-inside-first": (
        Undo(created=["/metadata", "/metadata/labels", "/spec/gone"]),
        _pod(),
        (Restore(("metadata", "labels"), ABSENT), Restore(("metadata",), ABSENT)),
    ),
    "nulls": (Undo(nulls=["/spec/volumes"]), _pod(), (Restore(("spec", "volumes"), None),)),
    "handler-of-ours": (
        Undo(replaced=[Replaced("/spec/containers/a~1b~0c/readinessProbe/httpGet", {"port": 1})]),
        _pod(httpGet=OURS),
        (Set((*APP, "readinessProbe", "httpGet"), {"port": 1}),),
    ),
    "handler-changed-since": (
        Undo(replaced=[Replaced("/spec/containers/a~1b~0c/readinessProbe/httpGet", {"port": 1})]),
        _pod(httpGet={"path": f"/x/{TOKEN}/", "port": 15020}),
        (),
    ),
    "handler-without-a-path": (
        Undo(replaced=[Replaced("/spec/containers/a~1b~0c/readinessProbe/httpGet", {"port": 1})]),
        _pod(httpGet={"port": 15020}),
        (),
    ),
    "swapped-back": (
        Undo(
            replaced=[
                Replaced("/spec/containers/a~1b~0c/readinessProbe/httpGet", {"port": 1}, "grpc")
            ]
        ),
        _pod(httpGet=OURS),
        (Swap((*APP, "readinessProbe", "httpGet"), "grpc", {"port": 1}),),
    ),
    "swapped-but-taken": (
        Undo(
            replaced=[
                Replaced("/spec/containers/a~1b~0c/readinessProbe/httpGet", {"port": 1}, "grpc")
            ]
        ),
        _pod(httpGet=OURS, grpc={"port": 2}),
        (Drop((*APP, "readinessProbe", "httpGet")),),
    ),
    "null-that-is-left-out": (
        Undo(
            replaced=[
                Replaced(
                    "/spec/containers/a~1b~0c/readinessProbe/tcpSocket", {"port": 1}, is_null=True
                )
            ]
        ),
        _pod(httpGet=OURS),
        (Set((*APP, "readinessProbe", "tcpSocket"), {"port": 1}),),
    ),
    "null-beside-a-handler-changed-since": (
        Undo(
            replaced=[
                Replaced(
                    f"/spec/containers/a~1b~0c/readinessProbe/{key}", {"port": 1}, is_null=True
                )
                for key in ("tcpSocket", "grpc")
            ]
        ),
        _pod(httpGet={"path": "/new", "port": 80}),
        (),
    ),
    "value-that-is-gone": (
        Undo(replaced=[Replaced("/spec/x", 1)]),
        _pod(),
        (),
    ),
    "null-whose-holder-is-gone": (
        Undo(replaced=[Replaced("/spec/x/y", 1, is_null=True)]),
        _pod(),
        (),
    ),
    "null-whose-holder-is-a-list": (
        Undo(replaced=[Replaced("/spec/volumes/y", 1, is_null=True)]),
        _pod(),
        (),
    ),
    "member-of-another-name": (
        Undo(replaced=[Replaced("/metadata/annotations/ours", None)]),
        _pod(),
        (Set(("metadata", "annotations", "ours"), None),),
    ),
    "whole-item": (Undo(replaced=[Replaced("/spec/volumes/ours", {})]), _pod(), ()),
    "item-deeper-than-a-pod-has-them": (
        Undo(added=["/spec/containers/a~1b~0c/env/A"]),
        {"spec": {"containers": [{"name": "a/b~c", "env": [{"name": "A"}]}]}},
        (),
    ),
    "item-of-a-list-that-is-not-ours": (
        Undo(added=["/spec/odd/a", "/metadata/containers/a"], created=["/spec/odd/a"]),
        {
            "metadata": {"containers": [{"name": "a"}]},
            "spec": {"odd": [1, {"name": []}, {"name": "a"}]},
        },
        (),
    ),
    "member-of-a-text": (Undo(added=["/spec/text/t"]), {"spec": {"text": "text"}}, ()),
    "item-without-a-name": (
        Undo(items={"/spec/imagePullSecrets": ["a"]}),
        {"spec": {"imagePullSecrets": [{}, {"name": "a"}]}},
        (Drop(("spec", "imagePullSecrets", Item("a"))),),
    ),
    "nowhere": (Undo(added=[""], created=["", "spec"]), _pod(), ()),
}


@pytest.mark.parametrize(("undo", "pod", "edits"), INVERTED.values(), ids=INVERTED)
def test_inverse(undo: Undo, pod: dict[str, Any], edits: tuple[Edit, ...]) -> None:
    """What was noted is undone where it still is as injection left it."""
    assert reversal.inverse(undo, pod, TOKEN) == edits


def test_inverse_without_a_token_takes_all_handlers() -> None:
    """What a configured overlay replaced is put back whatever it is now."""
    undo = Undo(replaced=[Replaced("/spec/containers/a~1b~0c/readinessProbe/httpGet", {})])
    pod = _pod(httpGet={"path": "/other"})
    assert reversal.inverse(undo, pod, None) == (Set((*APP, "readinessProbe", "httpGet"), {}),)


INCONSISTENT: dict[str, Undo] = {
    "same-place-twice": Undo(added=["/spec/volumes", "/spec/volumes"]),
    "inside-a-dropped-one": Undo(added=["/spec", "/spec/volumes"]),
    "inside-a-replaced-one": Undo(
        added=["/spec/volumes"], replaced=[Replaced("/spec", {"containers": []})]
    ),
    "item-of-a-dropped-list": Undo(added=["/spec/volumes"], items={"/spec/volumes": ["ours"]}),
    "put-into-a-dropped-spec": Undo(
        added=["/spec"], removed=[Removed("/spec/containers", {"name": "x"})]
    ),
    "restored-and-dropped": Undo(added=["/spec/volumes"], created=["/spec/volumes"]),
    "restored-inside-a-dropped-one": Undo(added=["/metadata"], created=["/metadata/labels"]),
    "restored-twice": Undo(created=["/spec/volumes"], nulls=["/spec/volumes"]),
    "items-of-another-list": Undo(items={"/spec/hostAliases": []}),
    "removed-from-another-list": Undo(removed=[Removed("/spec", {})]),
}


@pytest.mark.parametrize("undo", INCONSISTENT.values(), ids=INCONSISTENT)
def test_record_that_no_edits_leave(undo: Undo) -> None:
    """A record that contradicts itself was changed by hand, and is refused by name."""
    with pytest.raises(PodRejected, match=r"sidecar\.istio\.io/status.* was changed by hand"):
        reversal.inverse(undo, _pod(), TOKEN)


def test_undos_name_the_lists_and_the_status() -> None:
    """The four lists that other tools read and the status itself are part of what is undone."""
    status = record.Status(
        injector="pillion",
        revision="r",
        version="v",
        hash="h",
        token=TOKEN,
        initContainers=["istio-init"],
        containers=[],
        volumes=["v"],
        imagePullSecrets=[],
        undo=Undo(annotations=["a"], items={"/spec/hostAliases": ["x"]}),
        overlay=Undo(added=["/spec/x"]),
    )
    (first, token), (second, none) = reversal.undos(status)
    assert first.items == {
        "/spec/initContainers": ["istio-init"],
        "/spec/volumes": ["v"],
        "/spec/hostAliases": ["x"],
    }
    assert first.annotations == ["a", "sidecar.istio.io/status"]
    assert token == TOKEN
    assert (second, none) == (Undo(added=["/spec/x"]), None)


def test_status_that_was_replaced_is_put_back() -> None:
    """A status annotation that was there without text is restored, not dropped."""
    replaced = [Replaced("/metadata/annotations/sidecar.istio.io~1status", None)]
    status = record.Status(
        "pillion", "r", "v", "h", TOKEN, [], [], [], [], undo=Undo(replaced=replaced)
    )
    ((undo, _),) = reversal.undos(status)
    assert undo.annotations == []


BLANKS: dict[str, Undo] = {
    "nothing": Undo(),
    "labels": Undo(labels=["a"], annotations=["b"], created=["/metadata"], nulls=["/spec/volumes"]),
    "items": Undo(items={"/spec/volumes": ["a"], "/spec/containers": ["b"], "/spec/x": ["c"]}),
    "removed": Undo(removed=[Removed("/spec/containers", {"name": "x"}, None)], added=["/a"]),
}


@pytest.mark.parametrize("overlay", [None, Undo(added=["/spec/x"])], ids=["plain", "overlay"])
@pytest.mark.parametrize("replaced", [[], [Replaced("/spec/x", 1)]], ids=["kept", "replaced"])
@pytest.mark.parametrize("undo", BLANKS.values(), ids=BLANKS)
def test_filled_blank_reads_back(
    undo: Undo, replaced: list[Replaced], overlay: Undo | None
) -> None:
    """The text that is put together from pieces is the record that they say."""
    identity = record.Identity("rev", "1.0", "hash")
    text = record.blank(undo, identity, overlay).fill(TOKEN, record.text_of(replaced))
    status = record.read(text)
    assert json.loads(text)["injector"] == "pillion"
    assert (status.revision, status.version, status.hash) == ("rev", "1.0", "hash")
    assert (status.token, status.overlay) == (TOKEN, overlay)
    named = {f"/spec/{name}": getattr(status, name) for name in record.NAMED_LISTS}
    assert {**{k: v for k, v in named.items() if v}, **status.undo.items} == undo.items
    assert status.undo.replaced == replaced
    for name in ("labels", "annotations", "added", "created", "nulls", "removed"):
        assert getattr(status.undo, name) == getattr(undo, name)


def test_largest_record() -> None:
    """A record of exactly 32 KiB is the largest."""
    form = record.blank(Undo(), record.Identity("rev", "1.0", "hash"), None)
    room = names.STATUS_LIMIT - len(form.fill(TOKEN, record.text_of([Replaced("/spec/x", "")])))
    assert (
        len(form.fill(TOKEN, record.text_of([Replaced("/spec/x", "x" * room)])))
        == names.STATUS_LIMIT
    )
    with pytest.raises(PodRejected, match=f"takes {names.STATUS_LIMIT + 1} bytes"):
        form.fill(TOKEN, record.text_of([Replaced("/spec/x", "x" * (room + 1))]))


def test_names_present() -> None:
    """A status is of this pod if one of its containers is there, in either list."""
    status = record.Status("pillion", "r", "v", "h", TOKEN, ["a"], ["b"], [], [])
    assert record.names_present(status, {"spec": {"containers": [{"name": "a"}]}})
    assert record.names_present(status, {"spec": {"initContainers": [{"name": "b"}, {}]}})
    assert not record.names_present(status, {"spec": {"containers": [{"name": "c"}]}})
    assert not record.names_present(
        status, {"spec": {"containers": None, "volumes": [{"name": "a"}]}}
    )


def test_restore_inside_an_item() -> None:
    """The patch finds what is left inside a named item as `apply` does."""
    pod = {"spec": {"containers": [{"name": "x"}, {"name": "y", "env": [], "args": ["a"]}]}}
    path = ("spec", "containers", Item("y"))
    edits = (Restore((*path, "env"), ABSENT), Restore((*path, "args"), ABSENT))
    stage = patch.Stage(read(json.dumps(pod).encode()), lambda: edits, pod)
    assert json.loads(patch.render([stage])) == [{"op": "remove", "path": "/spec/containers/1/env"}]
    assert apply(edits, pod)["spec"]["containers"][1] == {"name": "y", "args": ["a"]}
