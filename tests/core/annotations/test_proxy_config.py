"""Every member of `proxy.istio.io/config`: honoured, sent to Pilot, or warned about by name."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from webhook.injection.annotations import effective
from webhook.injection.effective import Effective, at
from webhook.injection.proxy_config import KEY
from webhook.manifests.value import read_yaml
from webhook.model.errors import InvalidAnnotations
from webhook.model.settings import Bootstrap, InterceptionMode, Settings

# Every member of the message ProxyConfig in istio.io/api mesh/v1alpha1/proxy.proto, with a value.
HONOURED: dict[str, tuple[Any, str, Any]] = {
    "serviceCluster": ("a.b", "settings.proxy.service_cluster", "a.b"),
    "drainDuration": ("30s", "settings.proxy.drain_seconds", 30),
    "terminationDrainDuration": ("20.0s", "settings.proxy.drain_seconds", 20),
    "discoveryAddress": ("a:1", "settings.pilot.address", "a:1"),
    "zipkinAddress": ("a:1", "settings.bootstrap.tracing.zipkin_address", "a:1"),
    "proxyAdminPort": (15001 + 8, "settings.proxy.ports.admin", 15009),
    "statusPort": ("15022", "settings.proxy.ports.probes", 15022),
    "concurrency": (0, "settings.proxy.concurrency", 0),
    "meshId": ("m", "settings.pilot.mesh_id", "m"),
    "interceptionMode": (2, "settings.traffic.interception_mode", InterceptionMode.NONE),
    "extraStatTags": (["a", "b", "a"], "settings.bootstrap.stats.extra_tags", ("a", "b")),
    "holdApplicationUntilProxyStarts": (True, "hold_application", True),
    "proxyStatsMatcher": (
        {"inclusionPrefixes": ["p"], "inclusionSuffixes": [""], "inclusionRegexps": ["r.*"]},
        "settings.bootstrap.stats.inclusion_prefixes",
        ("p",),
    ),
    "proxyMetadata": (
        {"ISTIO_META_HTTP10": "1", "ISTIO_META_DNS_CAPTURE": "false"},
        "settings.bootstrap.proxy_metadata",
        {"HTTP10": "1"},
    ),
}
SENT_TO_PILOT: dict[str, Any] = {
    "tracing": {
        "sampling": 12.5,
        "customTags": {"a": {"literal": {"value": "b"}}},
        "maxPathTagLength": 10,
        "enableIstioTags": False,
    },
    "proxyHeaders": {
        "server": {"disabled": True},
        "forwardedClientCert": "SANITIZE",
        "preserveHttp1HeaderCase": True,
        "xForwardedHost": {"enabled": True},
    },
    "connectionSettings": {"httpIdleTimeout": "10s", "profile": "EDGE"},
}
WITHOUT_EFFECT: dict[str, Any] = {
    "configPath": "x",
    "binaryPath": "x",
    "tracingServiceName": "CANONICAL_NAME_ONLY",
    "discoveryRefreshDelay": "1s",
    "statsdUdpAddress": "a:1",
    "envoyMetricsServiceAddress": "a:1",
    "envoyMetricsService": {"address": "a:1"},
    "envoyAccessLogService": {"address": "a:1", "tcpKeepalive": {"probes": 3, "time": "1s"}},
    "availabilityZone": "x",
    "controlPlaneAuthPolicy": "MUTUAL_TLS",
    "customConfigFile": "x",
    "proxyBootstrapTemplatePath": "x",
    "statNameLength": 1,
    "sds": {"enabled": True},
    "runtimeValues": {"a": "b"},
    "gatewayTopology": {"numTrustedProxies": 1},
    "readinessProbe": {"httpGet": {"port": 1}},
    "caCertificatesPem": ["x"],
    "image": {"imageType": "distroless"},
    "privateKeyProvider": {"cryptomb": {"pollDelay": "0.01s"}},
    "fileFlushInterval": "1s",
    "fileFlushMinSizeKb": 1,
    "statsCompression": True,
}


def of(config: Any, settings: Settings | None = None) -> Effective:
    """Return what applies to a pod with this ProxyConfig."""
    text = config if isinstance(config, str) else msgspec.json.encode(config).decode()
    return effective(settings or Settings(), {KEY: text}, read_yaml)


@pytest.mark.parametrize("name", HONOURED)
def test_a_member_that_envoy_can_honour_is_taken(name: str) -> None:
    """It changes one value of the settings and is worth no warning."""
    value, path, expected = HONOURED[name]
    found = of({name: value})

    assert at(found, path) == expected
    assert found.warnings == ()


@pytest.mark.parametrize("name", SENT_TO_PILOT)
def test_a_member_that_pilot_reads_is_sent_to_it(name: str) -> None:
    """It becomes node metadata, with a warning that the mesh's defaults no longer count."""
    found = of({name: SENT_TO_PILOT[name]})

    assert found.settings.bootstrap.proxy_config == {name: SENT_TO_PILOT[name]}
    (said,) = found.warnings
    assert "defaultConfig" in said


@pytest.mark.parametrize("name", WITHOUT_EFFECT)
def test_a_member_without_effect_is_warned_about_by_name(name: str) -> None:
    """It changes nothing, and the warning says why."""
    found = of({name: WITHOUT_EFFECT[name]})

    assert found.settings == Settings()
    (said,) = found.warnings
    assert f": {name} has no effect: " in said


@pytest.mark.parametrize(
    "name",
    # readinessProbe is never read, so it may hold anything.
    [*HONOURED, *SENT_TO_PILOT, *(name for name in WITHOUT_EFFECT if name != "readinessProbe")],
)
def test_a_member_of_another_type_is_refused_by_name(name: str) -> None:
    """A list of lists is no value of any member; the mistake names it."""
    with pytest.raises(InvalidAnnotations, match=name):
        of({name: [[]] if name != "caCertificatesPem" else {}})


@pytest.mark.parametrize("name", [*HONOURED, *SENT_TO_PILOT, *WITHOUT_EFFECT])
def test_a_null_member_is_absent(name: str) -> None:
    """Null is what protobuf's JSON takes for absent."""
    assert of({name: None}) == Effective(settings=Settings())


def test_the_spelling_of_the_proto_file_is_taken() -> None:
    """Members may be spelt with underscores, at every depth, but not twice."""
    found = of({"connection_settings": {"http2_initial_stream_window_size": "65536"}})

    assert found.settings.bootstrap.proxy_config == {
        "connectionSettings": {"http2InitialStreamWindowSize": 65536}
    }
    with pytest.raises(InvalidAnnotations, match="given twice"):
        of({"mesh_id": "a", "meshId": "b"})


def test_pilots_members_are_merged_over_the_administrators() -> None:
    """Messages merge member by member, as protobuf does."""
    settings = Settings(
        bootstrap=Bootstrap(proxy_config={"tracing": {"sampling": 1, "maxPathTagLength": 5}})
    )

    found = of({"tracing": {"sampling": 2}}, settings)

    assert found.settings.bootstrap.proxy_config == {
        "tracing": {"sampling": 2, "maxPathTagLength": 5}
    }
    assert settings.bootstrap.proxy_config == {"tracing": {"sampling": 1, "maxPathTagLength": 5}}


def test_a_zipkin_address_goes_to_the_bootstrap_and_other_tracers_nowhere() -> None:
    """The bootstrap has a Zipkin tracer; each other one is warned about."""
    assert of({"tracing": {"zipkin": {"address": "z:1"}}, "zipkinAddress": "old:1"}).settings == (
        of({"zipkinAddress": "z:1"}).settings
    )
    for tracer in ("datadog", "stackdriver", "openCensusAgent"):
        (said,) = of({"tracing": {tracer: {}}}).warnings
        assert f"tracing.{tracer}" in said
    with pytest.raises(InvalidAnnotations, match="of which one may be given"):
        of({"tracing": {"datadog": {}, "stackdriver": {}}})


def test_there_is_one_drain_time() -> None:
    """The time at termination wins over the older one, with a warning where they differ."""
    found = of({"terminationDrainDuration": "5s", "drainDuration": "9s"})

    assert found.settings.proxy.drain_seconds == 5
    (said,) = found.warnings
    assert "one drain time" in said
    assert of({"terminationDrainDuration": "5s", "drainDuration": "5s"}).warnings == ()


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("ISTIO_META_DNS_CAPTURE", "true", "no agent answers DNS"),
        ("ISTIO_META_DNS_AUTO_ALLOCATE", "true", "give the ServiceEntry an address"),
        ("ISTIO_META_ENABLE_HBONE", "true", "HBONE"),
        ("ISTIO_META_LABELS", "{}", "Pillion sets it"),
        ("ISTIO_META_TLS_CLIENT_KEY", "/x", "certificates"),
        ("PROXY_XDS_VIA_AGENT", "true", "no agent runs"),
        ("ISTIO_METAJSON_X", "{}", "no agent runs"),
    ],
)
def test_a_variable_of_the_agent_is_warned_about(variable: str, value: str, words: str) -> None:
    """Metadata that only the agent would obey is named with the reason."""
    found = of({"proxyMetadata": {variable: value}})

    assert found.settings == Settings()
    (said,) = found.warnings
    assert variable in said
    assert words in said


def test_identity_in_metadata_becomes_pilots_settings() -> None:
    """Cluster, mesh and network have settings of their own."""
    metadata = {"CLUSTER_ID": "c", "MESH_ID": "m", "NETWORK": "n"}
    found = of({"proxyMetadata": {f"ISTIO_META_{name}": value for name, value in metadata.items()}})

    pilot = found.settings.pilot
    assert (pilot.cluster_id, pilot.mesh_id, pilot.network) == ("c", "m", "n")


def test_the_limit_of_connections_is_warned_about_and_not_sent() -> None:
    """It belongs to the agent's overload manager; what is beside it is sent."""
    found = of({"connectionSettings": {"globalDownstreamConnectionLimit": 5}})

    assert found.settings == Settings()
    (said,) = found.warnings
    assert "overload_manager" in said


def test_all_mistakes_of_a_config_are_named_at_once() -> None:
    """Each mistake has its path, and an unknown member its nearest name."""
    with pytest.raises(InvalidAnnotations) as caught:
        of({"concurency": 1, "tracing": {"customTags": {"a": {"literal": {"value": 5}}}}})

    text = str(caught.value)
    assert "concurency: is not known, did you mean concurrency" in text
    assert "tracing.customTags.a.literal.value: got 5, expected text" in text
