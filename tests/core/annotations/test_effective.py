"""Several annotations together: all mistakes at once, precedence, contradictions, permissions."""

from __future__ import annotations

import msgspec
import pytest

from webhook.injection.annotations import effective, is_allowed, relevant
from webhook.injection.effective import MOST_WARNINGS, Effective
from webhook.injection.proxy_config import MOST_MISTAKES
from webhook.manifests.value import read_yaml
from webhook.model.errors import InvalidAnnotations
from webhook.model.settings import (
    AnnotationRules,
    InterceptionMode,
    OnInvalid,
    Proxy,
    ResourceList,
    Resources,
    Settings,
    Traffic,
)

SIDECAR = "sidecar.istio.io"


def of(annotations: dict[str, str | None], settings: Settings | None = None) -> Effective:
    """Return what applies to a pod with these annotations."""
    return effective(settings or Settings(), annotations, read_yaml)


def mistakes(annotations: dict[str, str | None], settings: Settings | None = None) -> list[str]:
    """Return the keys of all mistakes."""
    with pytest.raises(InvalidAnnotations) as caught:
        of(annotations, settings)
    return [mistake.key for mistake in caught.value.mistakes]


def test_no_annotation_leaves_the_settings_alone() -> None:
    """A pod that says nothing gets the administrator's settings."""
    settings = Settings(revision="canary")

    assert of({}, settings) == Effective(settings=settings)
    assert of({"a": "b"}, settings).settings is settings


def test_every_mistake_is_named_at_once() -> None:
    """A pod with several bad annotations learns of all of them, beside those that are fine."""
    found = mistakes(
        {
            f"{SIDECAR}/logLevel": "loud",
            f"{SIDECAR}/proxyCPU": "1",
            "status.sidecar.istio.io/port": "15090",
            f"{SIDECAR}/interceptionMode": "TPROXY",
            "proxy.istio.io/config": "x: 1",
        }
    )

    assert sorted(found) == [
        "proxy.istio.io/config",
        f"{SIDECAR}/interceptionMode",
        f"{SIDECAR}/logLevel",
        "status.sidecar.istio.io/port",
    ]


def test_a_null_annotation_is_an_empty_text() -> None:
    """Null, which the API server reads as an empty text, is judged as one."""
    assert of({"traffic.sidecar.istio.io/includeInboundPorts": None}).settings.traffic == Traffic(
        include_inbound_ports=()
    )
    assert mistakes({f"{SIDECAR}/logLevel": None}) == [f"{SIDECAR}/logLevel"]


@pytest.mark.parametrize(
    ("key", "config", "path"),
    [
        (f"{SIDECAR}/interceptionMode", "interceptionMode: REDIRECT", "interception_mode"),
    ],
)
def test_an_annotation_of_its_own_beats_the_proxy_config(key: str, config: str, path: str) -> None:
    """What has an annotation of its own is taken from there, as Istio's agent does."""
    found = of({key: "NONE", "proxy.istio.io/config": config})

    assert getattr(found.settings.traffic, path) is InterceptionMode.NONE


def test_the_newer_spelling_of_virtual_interfaces_wins() -> None:
    """`istio.io/reroute-virtual-interfaces` beats `kubevirtInterfaces`."""
    found = of(
        {
            "istio.io/reroute-virtual-interfaces": "new0",
            "traffic.sidecar.istio.io/kubevirtInterfaces": "old0",
        }
    )

    assert found.settings.traffic.virtual_interfaces == ("new0",)


@pytest.mark.parametrize(
    ("annotations", "cpu", "said"),
    [
        ({"proxyCPU": "4"}, ("4", "4"), "raised from 2 to 4"),
        ({"proxyCPULimit": "50m"}, ("50m", "50m"), "lowered from 100m to 50m"),
        ({"proxyCPU": "1", "proxyCPULimit": "1"}, ("1", "1"), ""),
        ({"proxyCPU": "2000m"}, ("2000m", "2"), ""),
    ],
)
def test_an_amount_keeps_the_others_at_their_defaults(
    annotations: dict[str, str], cpu: tuple[str, str], said: str
) -> None:
    """One amount is changed, and the other end follows only where the API server would object."""
    found = of({f"{SIDECAR}/{name}": text for name, text in annotations.items()})

    assert found.settings.proxy.resources == Resources(
        requests=ResourceList(cpu=cpu[0], memory="128Mi"),
        limits=ResourceList(cpu=cpu[1], memory="1Gi"),
    )
    assert len(found.warnings) == bool(said)
    assert said in "".join(found.warnings)


def test_a_request_above_its_own_limit_is_a_mistake() -> None:
    """Two annotations that contradict each other are refused, naming the request."""
    annotations: dict[str, str | None] = {
        f"{SIDECAR}/proxyMemory": "1Gi",
        f"{SIDECAR}/proxyMemoryLimit": "1000Mi",
    }

    assert mistakes(annotations) == [f"{SIDECAR}/proxyMemory"]


def test_tproxy_is_for_the_administrator_to_allow() -> None:
    """TPROXY is taken only where the configuration allows a proxy that runs as root."""
    annotations: dict[str, str | None] = {f"{SIDECAR}/interceptionMode": "TPROXY"}

    assert mistakes(annotations) == [f"{SIDECAR}/interceptionMode"]
    allowed = of(annotations, Settings(proxy=Proxy(allow_tproxy=True)))
    assert allowed.settings.traffic.interception_mode is InterceptionMode.TPROXY


def test_an_eviction_interval_is_a_multiple_of_the_flush_interval() -> None:
    """Envoy refuses to start otherwise; the annotation at fault is named."""
    eviction, flush = f"{SIDECAR}/statsEvictionInterval", f"{SIDECAR}/statsFlushInterval"

    assert mistakes({eviction: "20s", flush: "15s"}) == [eviction]
    assert of({eviction: "30s", flush: "15s"}).warnings == ()


def test_holding_the_application_needs_a_native_sidecar() -> None:
    """A native sidecar holds it anyway; a classic one cannot, which is said."""
    hold: dict[str, str | None] = {"proxy.istio.io/config": "holdApplicationUntilProxyStarts: true"}

    assert of(hold).warnings == ()
    (said,) = of({**hold, f"{SIDECAR}/nativeSidecar": "false"}).warnings
    assert "native" in said


def test_the_pods_own_address_in_statistics_is_said_to_be_literal() -> None:
    """Istio's agent replaces `{pod_ip}`; without one it stays, with a warning."""
    (said,) = of({f"{SIDECAR}/statsInclusionPrefixes": "http.{pod_ip}_"}).warnings

    assert "{pod_ip}" in said


def test_an_unknown_key_of_the_family_is_said_to_be_one() -> None:
    """A slip in a key of a sidecar domain is a warning with the nearest key, never silence."""
    found = of(
        {
            "traffic.sidecar.istio.io/excludeOutboundPort": "1",
            f"{SIDECAR}/\ud800": "1",
            f"{SIDECAR}/{'x' * 300}": "1",
        }
    )

    assert len(found.warnings) == 3
    assert any(
        "did you mean traffic.sidecar.istio.io/excludeOutboundPorts" in w for w in found.warnings
    )
    "".join(found.warnings).encode()


def test_thousands_of_slips_are_cut_short() -> None:
    """Warnings end after a few, and say so, whatever a pod holds."""
    keys: dict[str, str | None] = {f"{SIDECAR}/x{index}": "" for index in range(5000)}
    variables = ", ".join(f"A{index}: x" for index in range(5000))
    members = ", ".join(f"A{index}: x" for index in range(5000))

    for found in (of(keys), of({"proxy.istio.io/config": f"proxyMetadata: {{{variables}}}"})):
        assert len(found.warnings) == MOST_WARNINGS + 1
        assert found.warnings[-1] == "further warnings about annotations are left out"
    with pytest.raises(InvalidAnnotations) as caught:
        of({"proxy.istio.io/config": f"{{{members}}}"})
    assert str(caught.value).count("is not known") == MOST_MISTAKES


@pytest.mark.parametrize(
    ("rules", "allowed"),
    [
        (AnnotationRules(), True),
        (AnnotationRules(allow=()), False),
        (AnnotationRules(allow=("sidecar.istio.io/*",)), True),
        (AnnotationRules(allow=("traffic.sidecar.istio.io/*",)), False),
        (AnnotationRules(allow=("sidecar.istio.io/logLevel",)), True),
        (AnnotationRules(deny=("sidecar.istio.io/logLevel",)), False),
        (AnnotationRules(deny=("sidecar.istio.io/log*",)), False),
        (AnnotationRules(deny=("sidecar.istio.io/log",)), True),
        (AnnotationRules(allow=("*",), deny=("*",)), False),
    ],
)
def test_an_annotation_may_be_forbidden(rules: AnnotationRules, allowed: bool) -> None:
    """What is not allowed, or is denied, is a mistake of the pod even with a fine text."""
    key = f"{SIDECAR}/logLevel"
    settings = Settings(annotations=rules)

    assert is_allowed(key, rules) is allowed
    if allowed:
        assert of({key: "debug"}, settings).settings.proxy.log_level == "debug"
    else:
        with pytest.raises(InvalidAnnotations, match="not allowed by the administrator"):
            of({key: "debug"}, settings)


def test_a_warning_instead_of_a_denial_keeps_what_is_fine() -> None:
    """With `warn`, bad annotations are ignored one by one; contradictions become the default."""
    settings = Settings(on_invalid_annotation=OnInvalid.WARN)
    found = of(
        {
            f"{SIDECAR}/logLevel": "loud",
            f"{SIDECAR}/componentLogLevel": "",
            "status.sidecar.istio.io/port": "15021",
        },
        settings,
    )

    proxy = msgspec.structs.replace(settings.proxy, component_log_level="")
    assert found.settings == msgspec.structs.replace(settings, proxy=proxy)
    assert len(found.warnings) == 2


def test_only_relevant_annotations_are_looked_at() -> None:
    """The cache key is sorted and free of everything that changes nothing."""
    annotations = {
        "b": "x",
        "traffic.sidecar.istio.io/includeInboundPorts": "80",
        "prometheus.io/scrape": "true",
        "istio.io/rev": "x",
        f"{SIDECAR}/status": "{}",
        f"{SIDECAR}/inject": "true",
        f"{SIDECAR}/logLevel": None,
    }

    assert relevant({"b": "x", "prometheus.io/scrape": "true"}) == ()
    assert relevant({f"{SIDECAR}/status": "{}"}) == ()
    assert relevant(annotations) == (
        (f"{SIDECAR}/logLevel", ""),
        ("traffic.sidecar.istio.io/includeInboundPorts", "80"),
    )
