"""The pod's own `istio-proxy`: what is taken of it, and what is refused by name."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webhook.injection.user_overlay import user_overlay
from webhook.model.errors import PodRejected
from webhook.model.settings import OverlayMode

OURS: dict[str, Any] = {
    "name": "istio-proxy",
    "image": "envoy:1",
    "args": ["--config-yaml", "{}"],
    "env": [{"name": "POD_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}],
    "ports": [{"name": "http-envoy-prom", "containerPort": 15090, "protocol": "TCP"}],
    "resources": {
        "requests": {"cpu": "100m", "memory": "128Mi"},
        "limits": {"cpu": "2", "memory": "1Gi"},
    },
    "securityContext": {"runAsUser": 1337, "runAsNonRoot": True},
    "startupProbe": {"httpGet": {"port": 15021}, "periodSeconds": 1, "failureThreshold": 600},
    "readinessProbe": {"httpGet": {"port": 15021}, "periodSeconds": 15, "timeoutSeconds": 3},
    "lifecycle": {"preStop": {"httpGet": {"path": "/drain", "port": 15021}}},
    "terminationMessagePolicy": "FallbackToLogsOnError",
    "volumeMounts": [{"name": "istio-token", "mountPath": "/var/run/secrets/tokens"}],
    "restartPolicy": "Always",
}
SAFE, UNRESTRICTED = OverlayMode.SAFE, OverlayMode.UNRESTRICTED
EXEC = {"exec": {"command": ["true"]}}


@pytest.mark.parametrize(
    ("users", "changed"),
    [
        pytest.param({}, {}, id="nothing"),
        pytest.param({"name": "istio-proxy", "image": "auto"}, {}, id="our-image"),
        pytest.param(
            {"args": None, "command": [], "securityContext": {}, "stdin": False, "env": []},
            {},
            id="empty-members",
        ),
        pytest.param({"restartPolicy": "Always"}, {}, id="what-is-ours-already"),
        pytest.param(
            {
                "imagePullPolicy": "Always",
                "terminationMessagePath": "/dev/termination-log",
                "terminationMessagePolicy": "File",
            },
            {},
            id="defaults-of-the-api-server",
        ),
        pytest.param(
            {"imagePullPolicy": "Never", "terminationMessagePath": "/tmp/x"},
            {"imagePullPolicy": "Never", "terminationMessagePath": "/tmp/x"},
            id="pull-policy-and-message",
        ),
        pytest.param(
            {"resources": {"requests": {"cpu": "1"}}},
            {
                "resources": {
                    "requests": {"cpu": "1", "memory": "128Mi"},
                    "limits": {"cpu": "2", "memory": "1Gi"},
                }
            },
            id="one-amount",
        ),
        pytest.param(
            {"resources": {"requests": {"cpu": 4}, "limits": {"memory": "64Mi"}}},
            {
                "resources": {
                    "requests": {"cpu": 4, "memory": "64Mi"},
                    "limits": {"cpu": 4, "memory": "64Mi"},
                }
            },
            id="amounts-beyond-the-other-end",
        ),
        pytest.param(
            {"env": [{"name": "A", "value": "b"}]},
            {"env": [*OURS["env"], {"name": "A", "value": "b"}]},
            id="a-variable",
        ),
        pytest.param(
            {"ports": [{"containerPort": 9000}]},
            {"ports": [*OURS["ports"], {"containerPort": 9000}]},
            id="a-port",
        ),
        pytest.param(
            {"volumeMounts": [{"name": "v", "mountPath": "/v"}]},
            {"volumeMounts": [*OURS["volumeMounts"], {"name": "v", "mountPath": "/v"}]},
            id="a-mount",
        ),
        pytest.param(
            {"lifecycle": {"postStart": EXEC}},
            {"lifecycle": {**OURS["lifecycle"], "postStart": EXEC}},
            id="a-hook-beside-ours",
        ),
        pytest.param(
            {"lifecycle": {"preStop": EXEC}}, {"lifecycle": {"preStop": EXEC}}, id="a-hook-for-ours"
        ),
        pytest.param(
            {"readinessProbe": {"periodSeconds": 5, "timeoutSeconds": 1, "failureThreshold": 3}},
            {"readinessProbe": {**OURS["readinessProbe"], "periodSeconds": 5}},
            id="numbers-of-a-probe-that-are-not-defaults",
        ),
    ],
)
def test_safe_takes(users: dict[str, Any], changed: dict[str, Any]) -> None:
    """These members are merged over ours, and nothing else changes."""
    before = copy.deepcopy((OURS, users))

    assert user_overlay(OURS, users, SAFE) == {**OURS, **changed}
    assert (OURS, users) == before


@pytest.mark.parametrize(
    ("users", "kept"),
    [
        ({"requests": {"cpu": "x"}}, {"requests": {"cpu": "x"}}),
        (
            {"requests": {"cpu": "2"}, "limits": {"cpu": "1"}},
            {"requests": {"cpu": "2"}, "limits": {"cpu": "1"}},
        ),
    ],
)
def test_what_the_api_server_refuses_is_left_to_it(
    users: dict[str, Any], kept: dict[str, Any]
) -> None:
    """No quantity, or amounts that contradict each other in the pod itself, are kept as written."""
    resources = user_overlay(OURS, {"resources": users}, SAFE)["resources"]

    for kind, amounts in kept.items():
        assert resources[kind] == OURS["resources"][kind] | amounts


def test_a_container_without_amounts_takes_the_users() -> None:
    """Beside a pod's own budget ours has no amounts; the user's are taken as they are."""
    ours = {name: value for name, value in OURS.items() if name != "resources"}
    users = {"resources": {"requests": {"cpu": "1"}}}

    assert user_overlay(ours, users, SAFE) == {**ours, **users}
    assert user_overlay(ours, {"resources": ["x"]}, UNRESTRICTED)["resources"] == ["x"]


@pytest.mark.parametrize(
    ("users", "words"),
    [
        ({"args": ["x"]}, "args is not taken: .* unrestricted"),
        ({"command": ["x"]}, "command is not taken: .* unrestricted"),
        (
            {"securityContext": {"privileged": True}},
            "securityContext is not taken: .* unrestricted",
        ),
        ({"workingDir": "/"}, "workingDir is not taken: only resources"),
        ({"envFrom": [{}]}, "envFrom is not taken"),
        ({"restartPolicy": "Never"}, "restartPolicy is not taken"),
        ({"tomorrow": 1}, "tomorrow is not taken"),
        ({"env": [{"name": "POD_IP", "value": "1"}]}, "env: got name POD_IP"),
        ({"env": {"A": "b"}}, "env: got another type, expected a list of objects"),
        ({"env": [{"value": "b"}]}, r"env\[0\]: got an item without it"),
        ({"ports": [{"containerPort": 15090}]}, "ports: got containerPort 15090"),
        (
            {"ports": [{"name": "http-envoy-prom", "containerPort": 1}]},
            "ports: got name http-envoy",
        ),
        (
            {"volumeMounts": [{"name": "v", "mountPath": "/var/run//secrets/"}]},
            "apart from Pillion",
        ),
        ({"volumeMounts": [{"name": "v", "mountPath": "/var/run/secrets/tokens/x"}]}, "apart from"),
        ({"livenessProbe": {"periodSeconds": 5}}, "livenessProbe is not taken"),
        ({"readinessProbe": EXEC}, "readinessProbe.exec is not taken"),
        ({"readinessProbe": {"periodSeconds": "5"}}, "readinessProbe.periodSeconds: got '5'"),
        ({"readinessProbe": [5]}, "readinessProbe: got another type"),
        ({"resources": [5]}, "resources: got another type, expected an object"),
        ({"lifecycle": "x"}, "lifecycle: got another type"),
    ],
)
def test_safe_refuses_by_name(users: dict[str, Any], words: str) -> None:
    """Anything else is refused, naming the container and the member."""
    with pytest.raises(PodRejected, match=f"^container istio-proxy: .*{words}"):
        user_overlay(OURS, users, SAFE)


@pytest.mark.parametrize(
    ("users", "changed"),
    [
        pytest.param({"args": ["x"], "tty": True}, {"args": ["x"], "tty": True}, id="any-member"),
        pytest.param(
            {"securityContext": {"runAsUser": 1}},
            {"securityContext": {"runAsUser": 1, "runAsNonRoot": True}},
            id="members-are-merged",
        ),
        pytest.param(
            {"env": [{"name": "POD_IP", "value": "1"}]},
            {"env": [{"name": "POD_IP", "value": "1"}]},
            id="a-variable-has-one-source",
        ),
        pytest.param(
            {"readinessProbe": EXEC | {"periodSeconds": 10}},
            {"readinessProbe": {"periodSeconds": 15, "timeoutSeconds": 3, **EXEC}},
            id="a-probe-has-one-handler",
        ),
    ],
)
def test_unrestricted_takes_everything(users: dict[str, Any], changed: dict[str, Any]) -> None:
    """Every member is merged, and what allows one choice only has one."""
    assert user_overlay(OURS, users, UNRESTRICTED) == {**OURS, **changed}


def test_unrestricted_still_refuses_another_type() -> None:
    """A type that differs from ours has no merge; the path is named."""
    with pytest.raises(PodRejected, match=r"^container istio-proxy: overlay: args: got an object"):
        user_overlay(OURS, {"args": {"a": 1}}, UNRESTRICTED)


_JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(
                ["name", "value", "containerPort", "mountPath", "$patch", "cpu", "limits"]
            ),
            inner,
            max_size=3,
        ),
    ),
    max_leaves=6,
)


@given(
    st.dictionaries(st.sampled_from([*OURS, "livenessProbe", "command", "x"]), _JSON),
    st.sampled_from(OverlayMode),
)
def test_any_container_is_merged_or_refused(users: dict[str, Any], mode: OverlayMode) -> None:
    """Whatever a pod holds, there is a container or a sentence; `safe` keeps what is ours."""
    before = copy.deepcopy(users)
    try:
        merged = user_overlay(OURS, users, mode)
    except PodRejected as error:
        merged = None
        str(error).encode()

    assert users == before
    if merged is not None and mode is SAFE:
        kept = ("name", "image", "args", "securityContext", "restartPolicy")
        assert all(merged[name] == OURS[name] for name in kept)
        assert merged["env"][:1] == OURS["env"]
        assert merged["volumeMounts"][:1] == OURS["volumeMounts"]
