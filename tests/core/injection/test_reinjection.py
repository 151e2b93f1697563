"""A pod that carries an injection of ours: what its status is trusted for, and what it is not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.core.injection import sample
from webhook.injection import engine as engine_module
from webhook.injection.apply import decoded
from webhook.injection.decision import Reason, Verdict
from webhook.injection.engine import Denied, Injected, Skipped, apply_stages
from webhook.injection.plan import Context
from webhook.model import names
from webhook.model.errors import PodRejected
from webhook.model.settings import DefaultPolicy, Policy, Settings


def _status(pod: Any) -> Any:
    return json.loads(pod["metadata"]["annotations"][names.STATUS])


def _with_status(pod: Any, status: Any) -> Any:
    annotations = {**pod["metadata"]["annotations"], names.STATUS: json.dumps(status)}
    return {**pod, "metadata": {**pod["metadata"], "annotations": annotations}}


def _without(pod: Any) -> Any:
    return decoded(apply_stages(sample.engine().uninject(sample.text(pod)), pod))


def test_opted_out_since() -> None:
    """A pod that opts out after injection is left with it, and its author hears how to undo it."""
    pod = sample.injected(sample.value({"app": "web"}))
    pod["metadata"]["labels"][names.INJECT] = "false"
    outcome = sample.inject(pod)
    assert isinstance(outcome, Skipped)
    assert outcome.match.reason is Reason.OPTED_OUT
    assert outcome.warnings == (
        f'label {names.INJECT} is "false", but the pod carries an injection of ours, which is left '
        "as it is; remove it with `pillion uninject`",
    )


def test_policy_disabled_since() -> None:
    """So is one for which the policy changed."""
    settings = Settings(policy=Policy(default=DefaultPolicy.DISABLED))
    outcome = sample.inject(sample.injected(sample.value()), settings)
    assert isinstance(outcome, Skipped)
    assert outcome.match.reason is Reason.POLICY_DISABLED
    assert len(outcome.warnings) == 1


def test_gateway_since() -> None:
    """A denial is a denial, whether or not the pod carries an injection."""
    pod = sample.injected(sample.value())
    pod["metadata"]["annotations"][names.TEMPLATES] = "gateway"
    outcome = sample.inject(pod)
    assert isinstance(outcome, Denied)
    assert outcome.match.reason is Reason.UNSUPPORTED_TEMPLATE
    assert "gateway" in outcome.message


def test_our_own_containers_decide_nothing() -> None:
    """The table is applied to the pod without our containers: they are no foreign sidecar."""
    outcome = sample.inject(sample.injected(sample.value()))
    assert isinstance(outcome, Injected)
    assert outcome.match.verdict is Verdict.INJECT
    assert outcome.match.reason is Reason.ALREADY_INJECTED
    assert outcome.match.detail


def test_copied_status_is_ignored() -> None:
    """A status that names containers of another pod is ignored with a warning, and replaced."""
    status = sample.injected(sample.value())["metadata"]["annotations"][names.STATUS]
    pod = sample.value(annotations={names.STATUS: status, "note": "kept"})
    outcome = sample.inject(pod)
    assert isinstance(outcome, Injected)
    assert "is ignored" in outcome.warnings[0]
    injected = decoded(apply_stages(outcome.stages, pod))
    plain = sample.injected(sample.value(annotations={"note": "kept"}))
    assert sample.container(injected, names.PROXY) == sample.container(plain, names.PROXY)
    assert _without(injected) == sample.value(annotations={"note": "kept"})


def test_status_that_names_nothing_is_ignored() -> None:
    """A status without containers belongs to no injection that is there."""
    pod = sample.injected(sample.value())
    status = _status(pod) | {"containers": [], "initContainers": []}
    bare = _with_status(sample.value(), status)
    outcome = sample.inject(bare)
    assert isinstance(outcome, Injected)
    assert "is ignored" in outcome.warnings[0]


@pytest.mark.parametrize(
    "change",
    [
        {"undo": []},
        {"token": None},
        {"containers": "app"},
        {"undo": {"items": {"/spec/hostAliases": ["a"]}}},
        {"undo": {"removed": [{"at": "/metadata", "was": {}}]}},
        {"undo": {"added": ["/spec/containers", "/spec/containers/app"]}},
        {"undo": {"created": ["/spec/volumes", "/spec/volumes"]}},
        {"undo": {"replaced": [{"at": "/spec", "was": {"containers": []}}], "added": ["/spec/x"]}},
    ],
    ids=json.dumps,
)
def test_status_changed_by_hand(change: dict[str, Any]) -> None:
    """A status of ours that no injection leaves is denied by name, and cannot be undone."""
    pod = sample.injected(sample.value(x=1))
    pod = _with_status(pod, _status(pod) | change)
    outcome = sample.inject(pod)
    assert isinstance(outcome, Denied)
    assert outcome.match.reason is Reason.INVALID
    assert f'annotation "{names.STATUS}" was changed by hand' in outcome.message
    with pytest.raises(PodRejected, match="was changed by hand"):
        _without(pod)


@pytest.mark.parametrize("token", ["", "short", "../../healthz", "F" * 32, "0" * 33, "$(POD_IP)"])
def test_token_of_another_form_is_replaced(token: str) -> None:
    """A token becomes part of paths, so only 32 hexadecimal digits are taken over."""
    pod = sample.injected(sample.value())
    pod = _with_status(pod, _status(pod) | {"token": token})
    fresh = Context(namespace="demo", token="e" * 32)
    outcome = sample.inject(pod, context=fresh)
    assert isinstance(outcome, Injected)
    assert _status(decoded(apply_stages(outcome.stages, pod)))["token"] == "e" * 32


def test_changed_configuration_is_injected_anew() -> None:
    """Where the configuration changed, the old injection is taken out and a new one put in."""
    pod = sample.with_app(readinessProbe={"httpGet": {"port": 80}})
    injected = sample.injected(pod)
    settings = Settings(revision="canary")
    outcome = sample.inject(injected, settings)
    assert isinstance(outcome, Injected)
    assert outcome.match.reason is Reason.POLICY_ENABLED
    assert decoded(apply_stages(outcome.stages, injected)) == sample.injected(pod, settings)


def test_probe_changed_since_is_kept() -> None:
    """A probe that its author changed after injection is the one that counts."""
    pod = sample.with_app(readinessProbe={"httpGet": {"path": "/old", "port": 80}})
    injected = sample.injected(pod)
    injected["spec"]["containers"][0]["readinessProbe"]["httpGet"] = {"path": "/new", "port": 90}
    restored = _without(injected)
    assert restored["spec"]["containers"][0]["readinessProbe"]["httpGet"]["path"] == "/new"
    again = sample.injected(injected)
    fresh = sample.injected(
        sample.with_app(readinessProbe={"httpGet": {"path": "/new", "port": 90}})
    )
    assert sample.container(again, names.PROXY) == sample.container(fresh, names.PROXY)


def test_handler_added_since_is_kept() -> None:
    """Where another handler took the old one's place, ours goes and that one stays."""
    pod = sample.with_app(readinessProbe={"tcpSocket": {"port": 80}})
    injected = sample.injected(pod)
    injected["spec"]["containers"][0]["readinessProbe"]["tcpSocket"] = {"port": 90}
    restored = _without(injected)
    assert restored["spec"]["containers"][0]["readinessProbe"] == {"tcpSocket": {"port": 90}}


def test_list_gone_since_comes_back() -> None:
    """The pod's own proxy comes back even where its whole list is gone."""
    own = {"name": names.PROXY, "image": "auto"}
    for gone in ("absent", None):
        injected = sample.injected(sample.value(initContainers=[own]))
        injected["spec"]["initContainers"] = None
        if gone == "absent":
            del injected["spec"]["initContainers"]
        injected["spec"]["containers"].append({"name": names.PROXY, "image": "x"})
        status = _status(injected) | {"containers": [names.PROXY]}
        restored = _without(_with_status(injected, status))
        assert restored["spec"]["initContainers"] == [own]


def test_what_is_gone_is_passed_over() -> None:
    """What somebody took out after injection is not missed."""
    injected = sample.injected(sample.value({"app": "web"}))
    del injected["metadata"]["labels"]["service.istio.io/canonical-name"]
    del injected["metadata"]["annotations"]["istio.io/rev"]
    injected["spec"]["volumes"] = injected["spec"]["volumes"][1:]
    injected["spec"]["initContainers"] = injected["spec"]["initContainers"][1:]
    assert _without(injected) == sample.value({"app": "web"})


def test_uninject_without_an_injection() -> None:
    """A pod without a status of ours has nothing to undo."""
    for noted in ({}, {names.STATUS: "{}"}, {names.STATUS: None}):
        pod = sample.value(annotations=noted)
        assert sample.engine().uninject(sample.text(pod)) == ()


def test_explain_looks_at_the_pod_without_ours() -> None:
    """The rows of an injected pod are those of the pod before."""
    explanation = sample.engine().explain(
        sample.text(sample.injected(sample.value())), sample.CONTEXT
    )
    assert [match.reason for match in explanation.matches] == [Reason.POLICY_ENABLED]
    assert explanation.outcome.match.reason is Reason.ALREADY_INJECTED


def test_explain_of_what_cannot_be_read() -> None:
    """A pod that cannot be read has an outcome and no rows."""
    explanation = sample.engine().explain(b"[]", sample.CONTEXT)
    assert explanation.matches == ()
    assert isinstance(explanation.outcome, Denied)


def test_unreadable_part_of_an_injected_pod() -> None:
    """A part that a first injection passes over must be read when there is something to undo."""
    data = sample.text(sample.injected(sample.value(large="HERE"))).replace(b'"HERE"', b"1e999")
    outcome = sample.engine().inject(data, sample.CONTEXT)
    assert isinstance(outcome, Denied)
    assert "cannot be read" in outcome.message


def test_text_too_deep_to_read() -> None:
    """Text nested deeper than the interpreter can follow is refused by a sentence."""
    with pytest.raises(PodRejected, match="nested too deeply"):
        engine_module._value(b"[" * 100_000 + b"]" * 100_000)


def test_value_too_deep_to_write() -> None:
    """A value nested deeper than the interpreter can follow is refused by a sentence."""
    value: Any = None
    for _ in range(100_000):
        value = [value]
    with pytest.raises(PodRejected, match="nested too deeply"):
        engine_module._text(value)
    while value:  # so that freeing it does not recurse
        value = value.pop()
