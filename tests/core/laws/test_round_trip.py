"""Injection can be undone, repeated and lived with."""

from __future__ import annotations

import copy
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.core.injection.sample import CONTEXT
from tests.core.laws import pods
from tests.core.laws.engines import Configuration, accepted, after, engines, text, without
from webhook.injection import patch
from webhook.injection.decision import Reason
from webhook.injection.engine import Injected, apply_stages
from webhook.injection.plan import Context


@given(engines, pods.pods(), st.text(alphabet="0123456789abcdef", min_size=32, max_size=32))
def test_injection_can_be_undone_and_repeated(by: Configuration, pod: Any, token: str) -> None:
    """uninject∘inject is the identity on JSON text, and inject∘inject = inject.

    Nulls, empty lists and key order are given back; the second injection has another random token
    and keeps the first one.
    """
    injected = after(by, pod)
    assert json.dumps(without(by, injected)) == json.dumps(pod)
    again = by.engine.inject(text(injected), Context(namespace="demo", token=token))
    assert isinstance(again, Injected)
    assert again.stages == ()
    assert again.match.reason is Reason.ALREADY_INJECTED


@given(engines, engines, pods.pods())
def test_another_configuration_leads_to_its_own_injection(
    old: Configuration, new: Configuration, pod: Any
) -> None:
    """Injecting over an older injection gives what a first injection would have given."""
    fresh = after(new, pod)
    injected = after(old, pod)
    again = new.engine.inject(text(injected), CONTEXT)
    assert isinstance(again, Injected)
    if again.stages:
        assert apply_stages(again.stages, injected) == _plain(fresh)
        assert json.dumps(without(new, apply_stages(again.stages, injected))) == json.dumps(pod)


@given(engines, pods.pods(), pods.json_values)
def test_what_others_added_survives(by: Configuration, pod: Any, value: Any) -> None:
    """Labels, containers, volumes and members that others add to an injected pod are kept."""
    changed = _added_to(after(by, pod), value)
    restored = without(by, changed)
    expected = _added_to(pod, value)
    assert _sorted(restored) == _sorted(expected)


@given(engines, pods.pods())
def test_variables_of_others_in_our_containers_are_kept(by: Configuration, pod: Any) -> None:
    """Variables and mounts that other webhooks put into our containers are no reason to inject."""
    injected = after(by, pod)
    for container in _ours(injected):
        container.setdefault("env", []).append({"name": "OTHERS", "value": "1"})
        container["volumeMounts"].append({"name": "others", "mountPath": "/others"})
    again = by.engine.inject(text(injected), CONTEXT)
    assert isinstance(again, Injected)
    assert again.stages == ()


@given(engines, pods.pods())
def test_injection_leaves_the_rest_alone(by: Configuration, pod: Any) -> None:
    """Unknown members survive, input and edits are not mutated, and the same pod gives the same."""
    original = copy.deepcopy(pod)
    outcome = accepted(by, pod)
    injected = apply_stages(outcome.stages, pod)
    has_overlays = by.engine.settings.overlays != ()
    assert _unknown(pod, skip_spec=has_overlays) == _unknown(injected, skip_spec=has_overlays)
    assert pod == original
    kept = copy.deepcopy(injected)
    without(by, injected)
    assert injected == kept
    assert apply_stages(outcome.stages, pod) == kept
    again = accepted(by, pod)
    assert (again.match, again.warnings) == (outcome.match, outcome.warnings)
    assert patch.render(again.stages) == patch.render(outcome.stages)
    assert [tuple(stage.edits) for stage in again.stages] == [
        tuple(stage.edits) for stage in outcome.stages
    ]


def _plain(value: Any) -> Any:
    return json.loads(json.dumps(value))


def _ours(pod: Any) -> list[Any]:
    ours = ("istio-proxy", "istio-init", "istio-validation")
    spec = pod["spec"]
    found = [*(spec.get("initContainers") or ()), *spec["containers"]]
    return [container for container in found if container["name"] in ours]


def _added_to(pod: Any, value: Any) -> Any:
    """Return a copy of the pod with what another webhook might add."""
    pod = copy.deepcopy(pod)
    metadata = pod.get("metadata")
    if metadata is None:
        pod["metadata"] = metadata = {}
    for kind in ("labels", "annotations"):
        held = metadata.get(kind)
        metadata[kind] = {**(held or {}), "others/key": "text"}
    spec = pod["spec"]
    spec["others"] = value
    for kind in ("containers", "initContainers", "volumes"):
        spec[kind] = [*(spec.get(kind) or ()), {"name": f"others-{kind}"}]
    for container in spec["containers"]:
        if container["name"] != "istio-proxy":
            container["otherMember"] = value
    return pod


def _sorted(pod: Any) -> str:
    """Return text that does not depend on the order of members, nor of items that were last."""
    spec = dict(pod["spec"])
    for key in ("containers", "initContainers", "volumes"):
        spec[key] = sorted(spec[key], key=lambda item: item["name"])
    return json.dumps({**pod, "spec": spec}, sort_keys=True)


def _unknown(pod: Any, *, skip_spec: bool) -> Any:
    metadata, spec = pod.get("metadata") or {}, pod["spec"]
    found = [*(spec.get("initContainers") or ()), *spec["containers"]]
    return (
        metadata.get("futureMember"),
        None if skip_spec else spec.get("futureMember"),
        {c["name"]: c["futureMember"] for c in found if "futureMember" in c},
    )
