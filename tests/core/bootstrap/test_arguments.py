"""Envoy's command line and environment."""

from __future__ import annotations

import pytest

from webhook.bootstrap.arguments import arguments, environment
from webhook.bootstrap.facts import ProbeSlot, drain_path, probe_path
from webhook.model.settings import Bootstrap, Proxy, Settings


def test_arguments() -> None:
    """The whole list, in order."""
    assert arguments(Settings(), "{}", "web.shop") == [
        "--config-yaml",
        "{}",
        "--service-node",
        "sidecar~$(POD_IP)~$(POD_NAME).$(POD_NAMESPACE)~$(POD_NAMESPACE).svc.cluster.local",
        "--service-cluster",
        "web.shop",
        "--concurrency",
        "2",
        "--drain-time-s",
        "45",
        "--drain-strategy",
        "immediate",
        "--disable-hot-restart",
        "--file-flush-interval-msec",
        "1000",
        "--log-level",
        "warning",
        "--component-log-level",
        "misc:error",
    ]


@pytest.mark.parametrize(
    ("settings", "present", "absent"),
    [
        (Settings(proxy=Proxy(concurrency=0)), [], ["--concurrency"]),
        (Settings(proxy=Proxy(component_log_level="")), [], ["--component-log-level"]),
        (
            Settings(bootstrap=Bootstrap(override_config_map="own")),
            ["--config-path", "/etc/istio/custom-bootstrap/custom_bootstrap.json"],
            [],
        ),
        (
            Settings(proxy=Proxy(cluster_domain="corp.example")),
            ["sidecar~$(POD_IP)~$(POD_NAME).$(POD_NAMESPACE)~$(POD_NAMESPACE).svc.corp.example"],
            [],
        ),
        (Settings(proxy=Proxy(drain_seconds=7)), ["--drain-time-s", "7"], ["45"]),
    ],
    ids=["all-threads", "no-component-log", "override", "domain", "drain"],
)
def test_options(settings: Settings, present: list[str], absent: list[str]) -> None:
    """Each option adds its arguments, one after the other, or leaves them out."""
    made = arguments(settings, "{}", "web")
    for each in present:
        assert each in made
    for each in absent:
        assert each not in made
    if len(present) == 2:
        assert made[made.index(present[0]) + 1] == present[1]


def test_override_is_read_before_ours() -> None:
    """Envoy merges `--config-yaml` over `--config-path`, so what ours says stands."""
    made = arguments(Settings(bootstrap=Bootstrap(override_config_map="own")), "{}", "web")
    assert made.index("--config-path") < made.index("--config-yaml")


def test_environment_is_the_downward_api() -> None:
    """Every variable comes from the pod itself, none from a Secret or a ConfigMap."""
    assert environment()[0] == {
        "name": "POD_NAME",
        "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}},
    }
    assert [each["name"] for each in environment()] == [
        "POD_NAME",
        "POD_NAMESPACE",
        "POD_IP",
        "POD_IPS",
        "NODE_NAME",
        "SERVICE_ACCOUNT",
    ]


def test_paths_begin_with_the_token() -> None:
    """Whoever does not know the token finds nothing."""
    assert drain_path("t0k3n") == "/t0k3n/drain"
    assert probe_path("t0k3n", "web", ProbeSlot.READINESS) == "/t0k3n/app-health/web/readyz"
