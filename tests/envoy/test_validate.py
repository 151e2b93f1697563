"""Stock Envoy accepts the arguments of every setting, and refuses what is broken."""

from __future__ import annotations

import itertools
from typing import Any

import msgspec
import pytest

from tests.envoy.kubelet import expand
from tests.envoy.process import FACTS, TOKEN
from tests.envoy.validate import ENVIRONMENT, validate
from webhook.bootstrap.arguments import arguments, environment
from webhook.bootstrap.document import document
from webhook.bootstrap.facts import ProbeKind, ProbeSlot, ProbeTarget
from webhook.bootstrap.text import argument, literal
from webhook.model.settings import (
    Bootstrap,
    InterceptionMode,
    Pilot,
    PilotConnection,
    Proxy,
    Settings,
    Stats,
    Tracing,
    Traffic,
)

PROBES = tuple(
    ProbeTarget(
        container="web", slot=slot, kind=kind, port=8080 + number, path="/x?y=%41", service="a.B"
    )
    for number, (kind, slot) in enumerate(itertools.product(ProbeKind, ProbeSlot))
)

PLAINTEXT = Pilot(connection=PilotConnection.PLAINTEXT)
CASES: dict[str, Settings] = {
    "default": Settings(),
    "plaintext": Settings(pilot=PLAINTEXT),
    "token-by-address": Settings(pilot=Pilot(address="10.96.0.10:15012")),
    "token-by-ipv6-address": Settings(pilot=Pilot(address="[fd00::10]:15012")),
    "token-by-long-name": Settings(
        pilot=Pilot(address="istiod.istio-system.svc.cluster.local:15012")
    ),
    "plaintext-by-ipv6-address": Settings(
        pilot=Pilot(connection=PilotConnection.PLAINTEXT, address="[fd00::10]:15010")
    ),
    "pilot-names": Settings(
        revision="canary",
        pilot=Pilot(cluster_id="eu-1 100%", mesh_id="m", network="n", istio_version="1.30.1"),
    ),
    "tproxy": Settings(traffic=Traffic(interception_mode=InterceptionMode.TPROXY)),
    "none": Settings(traffic=Traffic(interception_mode=InterceptionMode.NONE)),
    "classic": Settings(proxy=Proxy(native=False, drain_seconds=3600)),
    "classic-none": Settings(
        proxy=Proxy(native=False), traffic=Traffic(interception_mode=InterceptionMode.NONE)
    ),
    "no-ipv6": Settings(proxy=Proxy(ipv6=False)),
    "all-threads": Settings(proxy=Proxy(concurrency=0)),
    "one-thread": Settings(proxy=Proxy(concurrency=1)),
    "log": Settings(proxy=Proxy(log_level="warn", component_log_level="config:trace,misc:off")),
    "no-component-log": Settings(proxy=Proxy(component_log_level="")),
    "domain": Settings(proxy=Proxy(cluster_domain="corp.example")),
    "zipkin": Settings(bootstrap=Bootstrap(tracing=Tracing(zipkin_address="zipkin.obs:9411"))),
    "zipkin-ipv6": Settings(bootstrap=Bootstrap(tracing=Tracing(zipkin_address="[fd00::1]:9411"))),
    "stats": Settings(
        bootstrap=Bootstrap(
            stats=Stats(
                inclusion_prefixes=("cluster.outbound", "server"),
                inclusion_suffixes=("rq_time",),
                inclusion_regexps=(r"vhost\.(.+)\.rq", "[a-z]+"),
                extra_tags=("team", "direction", "a.b|c["),
                histogram_buckets={"cluster": (0.5, 1, 2.5), "http": (1.0,)},
                flush_interval_seconds=10,
                eviction_interval_seconds=60,
            )
        )
    ),
    "metadata": Settings(
        bootstrap=Bootstrap(
            proxy_metadata={"TEAM": "a", "NAMESPACE": "other", "LABELS": "no"},
            proxy_config={
                "tracing": {"sampling": 10.5},
                "proxyHeaders": {"server": {"value": "x"}},
            },
        )
    ),
    "override": Settings(bootstrap=Bootstrap(override_config_map="more")),
}


def argv(settings: Settings, probes: tuple[ProbeTarget, ...] = ()) -> list[str]:
    """Return the arguments as they stand in a manifest."""
    text = argument(document(settings, FACTS, probes, TOKEN)).decode()
    return arguments(settings, text, literal(FACTS.service_cluster))


@pytest.mark.parametrize("probes", [(), PROBES], ids=["without-probes", "with-probes"])
@pytest.mark.parametrize("name", CASES)
def test_envoy_accepts(name: str, probes: tuple[ProbeTarget, ...]) -> None:
    """Every option, alone, with every kind of probe and with none."""
    validate(argv(CASES[name], probes))


@pytest.mark.parametrize(
    ("name", "address"), [("ipv4", "10.0.0.9"), ("ipv6", "fd00::9")], ids=["ipv4", "ipv6"]
)
def test_envoy_accepts_either_address_family(name: str, address: str) -> None:
    """The pod's address is known to kubelet alone, and may be of either family."""
    validate(argv(Settings(), PROBES), {**ENVIRONMENT, "POD_IP": address, "POD_IPS": address})


def test_environment_resolves_every_reference() -> None:
    """With the variables that the container declares, no reference is left to Envoy."""
    declared = {each["name"] for each in environment()}
    assert declared == set(ENVIRONMENT)
    for each in argv(Settings(), PROBES):
        assert "$(" not in expand(each, ENVIRONMENT)


def test_override_adds_to_ours() -> None:
    """A user's bootstrap may add clusters, listeners and sinks; ours stand."""
    own = {
        "admin": {"address": {"socket_address": {"address": "0.0.0.0", "port_value": 1}}},
        "static_resources": {
            "clusters": [{"name": "statsd", "type": "STATIC", "connect_timeout": "1s"}]
        },
    }
    validate(argv(CASES["override"]), override=msgspec.json.encode(own).decode())


@pytest.mark.parametrize(
    "broken",
    [
        {"no_such_field": 1},
        {"static_resources": {"listeners": [{"name": "x"}]}},
        {"node": {"metadata": "text"}},
    ],
)
def test_envoy_refuses_what_is_broken(broken: dict[str, Any]) -> None:
    """The judgement can fail."""
    with pytest.raises(AssertionError, match="Envoy refuses"):
        validate(argv(CASES["override"]), override=msgspec.json.encode(broken).decode())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$(NAME)", "web"),
        ("a$(NAME)b$(NAME)c", "awebbwebc"),
        ("$$(NAME)", "$(NAME)"),
        ("$$$(NAME)", "$web"),
        ("$$$$(NAME)", "$$(NAME)"),
        ("$(NONE)", "$(NONE)"),
        ("$()", "$()"),
        ("$(NAME", "$(NAME"),
        ("$(", "$("),
        ("$($(NAME)", "$($(NAME)"),
        ("$(NA$$ME)", "$(NA$$ME)"),
        ("$NAME", "$NAME"),
        ("${NAME}", "${NAME}"),
        ("(NAME)", "(NAME)"),
        ("$ü$", "$ü$"),
        ("\\$(NAME)", "\\web"),
        ("$(NESTED)", "$(NAME)"),
        ("$(EMPTY)|", "|"),
        ("$", "$"),
        ("$$", "$"),
        ("", ""),
    ],
)
def test_expansion_is_kubelets(text: str, expected: str) -> None:
    """A reference, an escape, and what is neither."""
    assert expand(text, {"NAME": "web", "NESTED": "$(NAME)", "EMPTY": ""}) == expected
