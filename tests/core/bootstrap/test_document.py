"""What the document says for which settings; that Envoy takes it is shown in tests/envoy."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tests.envoy.process import FACTS, TOKEN
from webhook.bootstrap.document import document
from webhook.bootstrap.facts import ProbeKind, ProbeSlot, ProbeTarget
from webhook.bootstrap.pilot import pilot_address
from webhook.bootstrap.text import Reference
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


def made(settings: Settings | None = None, *targets: ProbeTarget) -> dict[str, Any]:
    """Return a document."""
    return document(settings or Settings(), FACTS, targets, TOKEN)


def clusters(value: dict[str, Any]) -> dict[str, Any]:
    """Return the clusters by name."""
    return {each["name"]: each for each in value["static_resources"]["clusters"]}


def google_grpc(settings: Settings) -> dict[str, Any]:
    """Return the way to Pilot with a token."""
    service = made(settings)["dynamic_resources"]["ads_config"]["grpc_services"][0]
    found: dict[str, Any] = service["google_grpc"]
    return found


def test_node_metadata() -> None:
    """Pilot is told what it reads, each with the JSON type that it wants."""
    assert made()["node"] == {
        "metadata": {
            "NAME": Reference.POD_NAME,
            "NAMESPACE": Reference.POD_NAMESPACE,
            "SERVICE_ACCOUNT": Reference.SERVICE_ACCOUNT,
            "NODE_NAME": Reference.NODE_NAME,
            "INSTANCE_IPS": Reference.POD_IPS,
            "CLUSTER_ID": "Kubernetes",
            "MESH_ID": "cluster.local",
            "ISTIO_VERSION": "1.32.0",
            "INTERCEPTION_MODE": "REDIRECT",
            "ENVOY_STATUS_PORT": 15021,
            "ENVOY_PROMETHEUS_PORT": 15090,
            "UNPRIVILEGED_POD": "true",
            "WORKLOAD_NAME": "web",
            "LABELS": {"app": "web"},
            "POD_PORTS": '[{"name":"http","containerPort":8080,"protocol":"TCP"}]',
            "APP_CONTAINERS": "web",
            "OWNER": "kubernetes://apis/apps/v1/namespaces/shop/deployments/web",
        }
    }


def test_a_pod_cannot_call_itself_another() -> None:
    """Extra metadata adds members and replaces none of ours."""
    wanted = dict.fromkeys(made()["node"]["metadata"], "forged") | {
        "TEAM": "a",
        "NETWORK": "forged",
        "PROXY_CONFIG": "text",
    }
    bootstrap = Bootstrap(proxy_metadata=wanted, proxy_config={"a": 1})
    metadata = made(Settings(bootstrap=bootstrap))["node"]["metadata"]
    ours = made(Settings(bootstrap=Bootstrap(proxy_config={"a": 1})))["node"]["metadata"]
    assert metadata == {"TEAM": "a", **ours}
    assert metadata["PROXY_CONFIG"] == {"a": 1}


@pytest.mark.parametrize(
    ("own", "configured", "expected"), [("p", "c", "p"), ("", "c", "c"), ("", "", None)]
)
def test_network(own: str, configured: str, expected: str | None) -> None:
    """The pod's own network, else the configured one, else none."""
    facts = msgspec.structs.replace(FACTS, network=own, owner="")
    settings = Settings(pilot=Pilot(network=configured))
    metadata = document(settings, facts, (), TOKEN)["node"]["metadata"]
    assert metadata.get("NETWORK") == expected
    assert "OWNER" not in metadata


@pytest.mark.parametrize(
    ("pilot", "host", "port"),
    [
        (Pilot(), "istiod-pillion.istio-system.svc", 15012),
        (Pilot(connection=PilotConnection.PLAINTEXT), "istiod-pillion.istio-system.svc", 15010),
        (Pilot(address="[fd00::1]:1"), "fd00::1", 1),
        (Pilot(address="pilot.example:65535"), "pilot.example", 65535),
    ],
)
def test_pilot_address(pilot: Pilot, host: str, port: int) -> None:
    """Istio's Service for the revision, or what is configured."""
    assert pilot_address(Settings(pilot=pilot)) == (host, port)


@pytest.mark.parametrize(
    ("address", "name"),
    [
        (None, None),
        ("istiod.istio-system.svc:15012", None),
        ("istiod.istio-system.svc.cluster.local:15012", "istiod.istio-system.svc"),
        ("istiod.istio-system.svc.cluster.local.:15012", "istiod.istio-system.svc"),
        ("pilot.example:15012", None),
        ("10.0.0.1:15012", "istiod-pillion.istio-system.svc"),
        ("[fd00::1]:15012", "istiod-pillion.istio-system.svc"),
    ],
)
def test_name_expected_in_pilots_certificate(address: str | None, name: str | None) -> None:
    """Istiod's certificate names end in `.svc`; None: the host itself."""
    arguments = google_grpc(Settings(pilot=Pilot(address=address)))["channel_args"]["args"]
    override = arguments.get("grpc.ssl_target_name_override")
    assert override == (None if name is None else {"string_value": name})
    assert arguments.get("grpc.default_authority") == override


def test_target_of_an_ipv6_pilot_is_bracketed() -> None:
    """Else the port would read as a part of the address."""
    assert google_grpc(Settings(pilot=Pilot(address="[fd00::1]:15012")))["target_uri"] == (
        "[fd00::1]:15012"
    )


def test_cluster_id_is_no_format() -> None:
    """Envoy formats the value of this header."""
    ads = made(Settings(pilot=Pilot(cluster_id="50%")))["dynamic_resources"]["ads_config"]
    assert ads["grpc_services"][0]["initial_metadata"] == [{"key": "clusterid", "value": "50%%"}]


def test_nothing_waits_for_pilot_for_ever() -> None:
    """An Envoy that restarts during an outage answers the application's probes after 4 s."""
    dynamic = made()["dynamic_resources"]
    assert dynamic["cds_config"]["initial_fetch_timeout"] == "2s"
    assert dynamic["lds_config"]["initial_fetch_timeout"] == "2s"


@pytest.mark.parametrize(
    ("settings", "names"),
    [
        (Settings(), ["prometheus_stats", "config-ready"]),
        (
            Settings(pilot=Pilot(connection=PilotConnection.PLAINTEXT)),
            ["prometheus_stats", "config-ready", "xds-grpc"],
        ),
        (
            Settings(traffic=Traffic(interception_mode=InterceptionMode.NONE)),
            ["prometheus_stats"],
        ),
        (
            Settings(bootstrap=Bootstrap(tracing=Tracing(zipkin_address="z:9411"))),
            ["prometheus_stats", "config-ready", "zipkin"],
        ),
    ],
    ids=["token", "plaintext", "none", "zipkin"],
)
def test_clusters(settings: Settings, names: list[str]) -> None:
    """Each setting brings the clusters that it needs and no others."""
    assert list(clusters(made(settings))) == names
    assert ("tracing" in made(settings)) == ("zipkin" in names)


def test_probes_of_one_port_share_a_cluster() -> None:
    """One for each scheme and port, from the pod's own address to the pod's own address."""
    targets = [
        ProbeTarget(container="c", slot=slot, kind=kind, port=port)
        for slot in (ProbeSlot.READINESS, ProbeSlot.LIVENESS)
        for kind, port in ((ProbeKind.HTTP, 80), (ProbeKind.HTTPS, 80), (ProbeKind.HTTP, 81))
    ]
    found = clusters(made(None, *targets))
    assert [name for name in found if name.startswith("probe_")] == [
        "probe_http_80",
        "probe_https_80",
        "probe_http_81",
    ]
    endpoint = found["probe_http_81"]["load_assignment"]["endpoints"][0]["lb_endpoints"][0]
    assert endpoint["endpoint"]["address"] == {
        "socket_address": {"address": Reference.POD_IP, "port_value": 81}
    }
    assert found["probe_http_81"]["upstream_bind_config"] == {
        "source_address": {"address": "127.0.0.6", "port_value": 0},
        "extra_source_addresses": [{"address": {"address": "::6", "port_value": 0}}],
    }


def test_without_ipv6_there_is_no_ipv6_address() -> None:
    """On a kernel without IPv6 Envoy would refuse the whole document."""
    target = ProbeTarget(container="c", slot=ProbeSlot.READINESS, kind=ProbeKind.TCP, port=1)
    text = msgspec.json.encode(made(Settings(proxy=Proxy(ipv6=False)), target))
    assert b'"::' not in text
    assert b'"address":"0.0.0.0"' in text
    assert b'"::"' in msgspec.json.encode(made(Settings(), target))


def test_statistics_that_are_asked_for() -> None:
    """They come beside ours; a tag's name is text, empty ones are dropped, none stands twice."""
    stats = Stats(
        inclusion_prefixes=("own", "", "server"),
        inclusion_suffixes=("time",),
        inclusion_regexps=("a+",),
        extra_tags=("team.x", "", "direction", "team.x"),
        histogram_buckets={"b": (1.0,), "a": (0.5, 2.0)},
        flush_interval_seconds=3,
        eviction_interval_seconds=9,
    )
    value = made(Settings(bootstrap=Bootstrap(stats=stats)))
    patterns = value["stats_config"]["stats_matcher"]["inclusion_list"]["patterns"]
    assert patterns.count({"prefix": "server"}) == 1
    assert {"prefix": "own"} in patterns
    assert {"suffix": "time"} in patterns
    assert {"safe_regex": {"regex": "a+"}} in patterns
    assert {"prefix": ""} not in patterns
    tags = value["stats_config"]["stats_tags"]
    assert [tag for tag in tags if tag["tag_name"] == "team.x"] == [
        {"tag_name": "team.x", "regex": r"(team\.x=\.=(.*?);\.;)"}
    ]
    assert [tag["tag_name"] for tag in tags].count("direction") == 1
    assert value["stats_config"]["histogram_bucket_settings"] == [
        {"match": {"prefix": "a"}, "buckets": [0.5, 2.0]},
        {"match": {"prefix": "b"}, "buckets": [1.0]},
    ]
    assert value["stats_flush_interval"] == "3s"
    assert value["stats_eviction_interval"] == "9s"


def test_no_texts_of_a_pod_stand_in_a_program() -> None:
    """The Lua programs are the same whatever a pod says."""
    hostile = ProbeTarget(
        container='"] end os.exit() --',
        slot=ProbeSlot.READINESS,
        kind=ProbeKind.GRPC,
        port=1,
        path="]]",
        service='" .. os.getenv("HOME") .. "',
    )
    plain = ProbeTarget(container="c", slot=ProbeSlot.READINESS, kind=ProbeKind.GRPC, port=1)
    assert programs(made(None, hostile)) == programs(made(None, plain))


def programs(value: Any) -> list[str]:
    """Return every program in a document."""
    if isinstance(value, dict):
        own = [value["inline_string"]] if "inline_string" in value else []
        return own + [found for member in value.values() for found in programs(member)]
    if isinstance(value, list):
        return [found for item in value for found in programs(item)]
    return []
