"""Strategic merge: the rules of the Kubernetes API, and its laws."""

from __future__ import annotations

import copy
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from webhook.injection.merge_keys import MERGE_KEYS
from webhook.injection.overlay import DEEPEST, merge, mistakes
from webhook.model.errors import PodRejected

CONTAINER: dict[str, Any] = {
    "name": "istio-proxy",
    "args": ["a", "b"],
    "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}],
    "ports": [{"containerPort": 53, "protocol": "UDP"}, {"containerPort": 80}],
    "resources": {"limits": {"cpu": "1", "memory": "1Gi"}},
    "volumeMounts": [{"name": "v", "mountPath": "/v"}],
}


@pytest.mark.parametrize(
    ("patch", "expected"),
    [
        pytest.param({"image": "x"}, {"image": "x"}, id="a-new-member-is-added"),
        pytest.param({"args": ["c"]}, {"args": ["c"]}, id="a-list-without-key-is-replaced"),
        pytest.param({"args": []}, {"args": []}, id="an-empty-list-replaces"),
        pytest.param(
            {"resources": {"limits": {"cpu": "2"}, "requests": {"cpu": "1"}}},
            {"resources": {"limits": {"cpu": "2", "memory": "1Gi"}, "requests": {"cpu": "1"}}},
            id="objects-merge-by-member",
        ),
        pytest.param(
            {"env": [{"name": "C", "value": "3"}, {"name": "A", "value": "9"}]},
            {
                "env": [
                    {"name": "A", "value": "9"},
                    {"name": "B", "value": "2"},
                    {"name": "C", "value": "3"},
                ]
            },
            id="items-merge-by-key-and-new-ones-follow",
        ),
        pytest.param(
            {"ports": [{"containerPort": 53, "name": "dns"}]},
            {"ports": [*CONTAINER["ports"], {"containerPort": 53, "name": "dns"}]},
            id="a-port-without-protocol-is-tcp",
        ),
        pytest.param(
            {"ports": [{"containerPort": 80, "protocol": "TCP", "name": "http"}]},
            {
                "ports": [
                    {"containerPort": 53, "protocol": "UDP"},
                    {"containerPort": 80, "protocol": "TCP", "name": "http"},
                ]
            },
            id="a-port-is-known-by-number-and-protocol",
        ),
        pytest.param(
            {"resources": {"limits": {"memory": None}}},
            {"resources": {"limits": {"cpu": "1"}}},
            id="null-deletes",
        ),
        pytest.param(
            {"lifecycle": {"preStop": None}}, {"lifecycle": {}}, id="null-of-nothing-leaves-nothing"
        ),
        pytest.param(
            {"resources": {"$patch": "replace", "requests": {"cpu": "1"}}},
            {"resources": {"requests": {"cpu": "1"}}},
            id="replace-takes-the-patch-alone",
        ),
        pytest.param(
            {"env": [{"name": "A", "$patch": "delete"}, {"name": "X", "$patch": "delete"}]},
            {"env": [{"name": "B", "value": "2"}]},
            id="delete-removes-an-item",
        ),
        pytest.param(
            {"env": [{"$patch": "replace"}, {"name": "C"}]},
            {"env": [{"name": "C"}]},
            id="replace-as-an-item-empties-the-list",
        ),
    ],
)
def test_a_patch_is_merged(patch: dict[str, Any], expected: dict[str, Any]) -> None:
    """A patch changes the members it names as the Kubernetes API would, and no other."""
    before = copy.deepcopy((CONTAINER, patch))

    assert merge(CONTAINER, patch) == {**CONTAINER, **expected}
    assert (CONTAINER, patch) == before


def test_delete_removes_a_member() -> None:
    """`$patch: delete` in an object takes the whole member away."""
    merged = merge(CONTAINER, {"resources": {"$patch": "delete"}})

    assert merged == {k: v for k, v in CONTAINER.items() if k != "resources"}


def test_the_order_of_members_is_kept() -> None:
    """Members keep the order of the base; new ones follow in the patch's."""
    merged = merge(CONTAINER, {"z": 1, "volumeMounts": [], "image": "x", "env": []})

    assert list(merged) == [*CONTAINER, "z", "image"]


@pytest.mark.parametrize(
    ("patch", "words"),
    [
        ({"args": {"a": 1}}, "args: got an object, expected a list"),
        ({"args": "a"}, "args: got the value 'a', expected a list"),
        ({"resources": ["a"]}, "resources: got a list, expected an object"),
        ({"name": {"a": 1}}, "name: got an object, expected the value 'istio-proxy'"),
        ({"env": ["A"]}, r"env\[0\]: got the value 'A', expected an object"),
        (
            {"env": [{"value": "A"}]},
            r"env\[0\]: got an item without it, expected the merge key name",
        ),
        ({"$patch": "delete"}, r"\$patch: got delete, expected replace"),
        ({"resources": {"$patch": "merge"}}, r"resources.\$patch: got merge, expected replace"),
        ({"$setElementOrder/env": []}, r"\$setElementOrder/env: got a directive"),
        ({"resources": {"$retainKeys": []}}, r"resources.\$retainKeys: got a directive"),
        ({"$deleteFromPrimitiveList/args": ["a"]}, "got a directive"),
        ({"args": [{"$patch": "delete"}]}, "no directive in an atomic list"),
    ],
)
def test_a_patch_that_cannot_be_merged_is_refused(patch: dict[str, Any], words: str) -> None:
    """Another type, a missing key or another directive is refused with its path."""
    with pytest.raises(PodRejected, match=f"^overlay: .*{words}"):
        merge(CONTAINER, patch)


@pytest.mark.parametrize(
    ("patch", "expected"),
    [
        ({}, ()),
        ({"env": [{"name": "A", "$patch": "delete"}], "x": {"$patch": "replace"}}, ()),
        ({"env": [{"$patch": "replace"}, {"name": "A"}]}, ()),
        (
            {"$patch": "delete", "spec": {"containers": [{"name": "a", "env": [{}, 5]}]}},
            (
                "$patch: got $patch: delete, expected $patch: replace",
                "spec.containers[0].env[0]: got an item without it, expected the merge key name",
                "spec.containers[0].env[1]: got the value 5, expected an object",
            ),
        ),
        (
            {"$retainKeys": ["a"]},
            ("$retainKeys: got $retainKeys, expected $patch: replace",),
        ),
        (
            {"env": [{"$patch": "replace", "name": "A"}]},
            ("env[0]: got $patch: replace with members, expected it as an item of its own",),
        ),
        (
            {"tolerations": [{"$patch": "delete"}]},
            ("tolerations[0].$patch: got $patch: delete, expected no directive in an atomic list",),
        ),
    ],
)
def test_a_patch_is_examined_by_itself(patch: dict[str, Any], expected: tuple[str, ...]) -> None:
    """Every mistake of a patch is found without anything to merge it into."""
    assert mistakes(patch) == expected


def test_a_deep_patch_is_refused_and_not_followed() -> None:
    """Nesting that no pod has ends in a sentence, not in the interpreter's limit."""
    patch: dict[str, Any] = {}
    for _ in range(DEEPEST * 5):
        patch = {"a": patch}

    (sentence,) = mistakes(patch)
    assert "levels" in sentence
    with pytest.raises(PodRejected, match="levels"):
        merge({}, patch)


_NAMES = st.sampled_from(["a", "b", "c"])
_SCALARS = st.one_of(st.booleans(), st.integers(0, 3), st.text("xy", max_size=2))
_ITEMS = st.lists(
    st.builds(lambda name, value: {"name": name, "value": value}, _NAMES, _SCALARS),
    unique_by=lambda item: str(item["name"]),
    max_size=3,
)
_OBJECTS = st.fixed_dictionaries(
    {},
    optional={
        "env": _ITEMS,
        "args": st.lists(_SCALARS, max_size=2),
        "image": _SCALARS,
        "limits": st.dictionaries(_NAMES, _SCALARS, max_size=3),
    },
)
_OPTIONAL = st.one_of(st.none(), _SCALARS)
_DELETING = st.fixed_dictionaries(
    {},
    optional={
        "env": st.lists(
            st.one_of(
                st.builds(lambda name: {"name": name, "$patch": "delete"}, _NAMES),
                st.builds(lambda name, value: {"name": name, "value": value}, _NAMES, _SCALARS),
            ),
            unique_by=lambda item: str(item["name"]),
            max_size=3,
        ),
        "image": st.none(),
        "limits": st.dictionaries(_NAMES, _OPTIONAL, max_size=3),
    },
)


@given(_OBJECTS)
def test_an_empty_patch_changes_nothing(base: dict[str, Any]) -> None:
    """Merging nothing gives the same text."""
    assert msgspec.json.encode(merge(base, {})) == msgspec.json.encode(base)


@given(_OBJECTS, st.one_of(_OBJECTS, _DELETING))
def test_a_second_merge_changes_nothing(base: dict[str, Any], patch: dict[str, Any]) -> None:
    """Merging is idempotent."""
    once = merge(base, patch)

    assert msgspec.json.encode(merge(once, patch)) == msgspec.json.encode(once)


@given(_OBJECTS, _OBJECTS, _OBJECTS)
def test_patches_without_deletions_are_associative(
    base: dict[str, Any], first: dict[str, Any], second: dict[str, Any]
) -> None:
    """Merging two patches in turn is merging the second over the first."""
    in_turn = merge(merge(base, first), second)

    assert in_turn == merge(base, merge(first, second))


@given(_OBJECTS, _DELETING)
def test_nothing_is_mutated(base: dict[str, Any], patch: dict[str, Any]) -> None:
    """Neither base nor patch is changed, and the result shares nothing that would change them."""
    before = copy.deepcopy((base, patch))
    merge(base, patch)

    assert (base, patch) == before


def test_lists_of_the_pod_have_the_keys_of_the_api() -> None:
    """The table is that of k8s.io/api/core/v1; a list that is not in it is atomic."""
    assert {name for name, keys in MERGE_KEYS.items() if keys[0] == "name"} == {
        "containers",
        "initContainers",
        "ephemeralContainers",
        "volumes",
        "imagePullSecrets",
        "resourceClaims",
        "schedulingGates",
        "evictionResponders",
        "env",
    }
    assert {name: keys for name, keys in MERGE_KEYS.items() if keys[0] != "name"} == {
        "hostAliases": ("ip",),
        "topologySpreadConstraints": ("topologyKey", "whenUnsatisfiable"),
        "ports": ("containerPort", "protocol"),
        "volumeMounts": ("mountPath",),
        "volumeDevices": ("devicePath",),
        "ownerReferences": ("uid",),
    }
