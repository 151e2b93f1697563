# ruff: noqa: E501 - a row of a table is a line
"""For each annotation: texts that are taken with what they change, warned about, and refused."""

from __future__ import annotations

from typing import Any, NamedTuple

from webhook.model.settings import InterceptionMode


class Taken(NamedTuple):
    """A text that is accepted, and the value it puts at a dotted path of the effective settings."""

    key: str
    text: str
    path: str
    value: Any


class Warned(NamedTuple):
    """A text that is accepted and earns exactly one warning, which has these words."""

    key: str
    text: str
    words: str


_SIDECAR = "sidecar.istio.io"
_TRAFFIC = "traffic.sidecar.istio.io"
_READINESS = "readiness.status.sidecar.istio.io"
_PROXY = "settings.proxy"
_STATS = "settings.bootstrap.stats"

_CIDR_CASES = (
    ("", ()),
    ("10.0.0.0/8", ("10.0.0.0/8",)),
    ("10.1.2.3/8,fd00::/64", ("10.0.0.0/8", "fd00::/64")),
    ("0.0.0.0/0,::/0,0.0.0.0/0", ("0.0.0.0/0", "::/0")),
)
_PORT_CASES = (
    ("", ()),
    ("80", ("80",)),
    ("80, 8080 ,80", ("80", "8080")),
    ("1,65535", ("1", "65535")),
    ("8000-8010,9000:9001", ("8000-8010", "9000-9001")),
)
_INTERFACE_CASES = (("", ()), ("eth0", ("eth0",)), ("net1, veth-a_b.1", ("net1", "veth-a_b.1")))


def _lists(key: str, path: str, cases: tuple[tuple[str, tuple[str, ...]], ...]) -> list[Taken]:
    return [Taken(key, text, path, value) for text, value in cases]


def _booleans(key: str, path: str) -> list[Taken]:
    return [
        *(Taken(key, text, path, True) for text in ("1", "t", "T", "true", "TRUE", "True")),
        *(Taken(key, text, path, False) for text in ("0", "f", "F", "false", "FALSE", "False")),
    ]


TAKEN: tuple[Taken, ...] = (
    Taken(f"{_SIDECAR}/interceptionMode", "NONE", "settings.traffic.interception_mode", InterceptionMode.NONE),
    Taken(f"{_SIDECAR}/interceptionMode", "REDIRECT", "settings.traffic.interception_mode", InterceptionMode.REDIRECT),
    *_lists(f"{_TRAFFIC}/includeOutboundIPRanges", "settings.traffic.include_outbound_cidrs", (("*", ("*",)), *_CIDR_CASES)),
    *_lists(f"{_TRAFFIC}/excludeOutboundIPRanges", "settings.traffic.exclude_outbound_cidrs", _CIDR_CASES),
    *_lists(f"{_TRAFFIC}/includeInboundPorts", "settings.traffic.include_inbound_ports", (("*", ("*",)), *_PORT_CASES)),
    *_lists(f"{_TRAFFIC}/excludeInboundPorts", "settings.traffic.exclude_inbound_ports", _PORT_CASES),
    *_lists(f"{_TRAFFIC}/includeOutboundPorts", "settings.traffic.include_outbound_ports", _PORT_CASES),
    *_lists(f"{_TRAFFIC}/excludeOutboundPorts", "settings.traffic.exclude_outbound_ports", _PORT_CASES),
    *_lists(f"{_TRAFFIC}/excludeInterfaces", "settings.traffic.exclude_interfaces", _INTERFACE_CASES),
    *_lists(f"{_TRAFFIC}/kubevirtInterfaces", "settings.traffic.virtual_interfaces", _INTERFACE_CASES),
    *_lists("istio.io/reroute-virtual-interfaces", "settings.traffic.virtual_interfaces", _INTERFACE_CASES),
    Taken(f"{_SIDECAR}/nativeSidecar", "true", f"{_PROXY}.native", True),
    Taken(f"{_SIDECAR}/nativeSidecar", "false", f"{_PROXY}.native", False),
    Taken(f"{_SIDECAR}/proxyImage", "envoy", f"{_PROXY}.image", "envoy"),
    Taken(f"{_SIDECAR}/proxyImage", "localhost:5000/a/b_c:v1@sha256:0a", f"{_PROXY}.image", "localhost:5000/a/b_c:v1@sha256:0a"),
    Taken(f"{_SIDECAR}/proxyCPU", "250m", f"{_PROXY}.resources.requests.cpu", "250m"),
    Taken(f"{_SIDECAR}/proxyCPU", "0.5", f"{_PROXY}.resources.requests.cpu", "0.5"),
    Taken(f"{_SIDECAR}/proxyCPU", "1e-1", f"{_PROXY}.resources.requests.cpu", "1e-1"),
    Taken(f"{_SIDECAR}/proxyMemory", "256Mi", f"{_PROXY}.resources.requests.memory", "256Mi"),
    Taken(f"{_SIDECAR}/proxyCPULimit", "+4.", f"{_PROXY}.resources.limits.cpu", "+4."),
    Taken(f"{_SIDECAR}/proxyMemoryLimit", "2G", f"{_PROXY}.resources.limits.memory", "2G"),
    *(Taken(f"{_SIDECAR}/logLevel", text, f"{_PROXY}.log_level", text) for text in ("trace", "warn", "warning", "off")),
    Taken(f"{_SIDECAR}/componentLogLevel", "", f"{_PROXY}.component_log_level", ""),
    Taken(f"{_SIDECAR}/componentLogLevel", "http:debug,dynamic_modules:off", f"{_PROXY}.component_log_level", "http:debug,dynamic_modules:off"),
    Taken("status.sidecar.istio.io/port", "15022", f"{_PROXY}.ports.probes", 15022),
    Taken("status.sidecar.istio.io/port", " 123 ", f"{_PROXY}.ports.probes", 123),
    Taken(f"{_READINESS}/initialDelaySeconds", "0", f"{_PROXY}.readiness.initial_delay_seconds", 0),
    Taken(f"{_READINESS}/periodSeconds", "2147483647", f"{_PROXY}.readiness.period_seconds", 2147483647),
    Taken(f"{_READINESS}/failureThreshold", "007", f"{_PROXY}.readiness.failure_threshold", 7),
    *_booleans(f"{_SIDECAR}/rewriteAppHTTPProbers", "settings.probes.rewrite"),
    *_booleans(f"{_SIDECAR}/capNetBindService", "cap_net_bind_service"),
    Taken(f"{_SIDECAR}/userVolume", '{"a": {"emptyDir": {}}}', "user_volumes", ({"name": "a", "emptyDir": {}},)),
    Taken(f"{_SIDECAR}/userVolume", '[{"name": "a", "secret": {"secretName": "s"}}]', "user_volumes", ({"name": "a", "secret": {"secretName": "s"}},)),
    Taken(f"{_SIDECAR}/userVolume", '{"a": {"projected": {"sources": [{"x": [1, null]}]}}}', "user_volumes", ({"name": "a", "projected": {"sources": [{"x": [1, None]}]}},)),
    Taken(f"{_SIDECAR}/userVolume", "{}", "user_volumes", ()),
    Taken(f"{_SIDECAR}/userVolumeMount", '{"a": {"mountPath": "/x", "readOnly": true}}', "user_volume_mounts", ({"name": "a", "mountPath": "/x", "readOnly": True},)),
    Taken(f"{_SIDECAR}/userVolumeMount", '[{"name": "a", "mountPath": "/x"}, {"name": "a", "mountPath": "/y"}]', "user_volume_mounts", ({"name": "a", "mountPath": "/x"}, {"name": "a", "mountPath": "/y"})),
    Taken("proxy.istio.io/config", "", f"{_PROXY}.concurrency", 2),
    Taken("proxy.istio.io/config", "concurrency: 5", f"{_PROXY}.concurrency", 5),
    Taken("proxy.istio.io/config", '{"drain_duration": "7s"}', f"{_PROXY}.drain_seconds", 7),
    Taken(f"{_SIDECAR}/discoveryAddress", "pilot.example:15012", "settings.pilot.address", "pilot.example:15012"),
    Taken(f"{_SIDECAR}/discoveryAddress", "[fd00::1]:15012", "settings.pilot.address", "[fd00::1]:15012"),
    Taken(f"{_SIDECAR}/bootstrapOverride", "my.map-1", "settings.bootstrap.override_config_map", "my.map-1"),
    Taken(f"{_SIDECAR}/statsInclusionPrefixes", "a,b.c,a", f"{_STATS}.inclusion_prefixes", ("a", "b.c")),
    Taken(f"{_SIDECAR}/statsInclusionSuffixes", "", f"{_STATS}.inclusion_suffixes", ()),
    Taken(f"{_SIDECAR}/statsInclusionRegexps", r"http\..*_rq,a[b-d]+", f"{_STATS}.inclusion_regexps", (r"http\..*_rq", "a[b-d]+")),
    Taken(f"{_SIDECAR}/extraStatTags", "a,,request_host", f"{_STATS}.extra_tags", ("a", "request_host")),
    Taken(f"{_SIDECAR}/statsHistogramBuckets", '{"a": [0.5, 1, 5], "b": [1]}', f"{_STATS}.histogram_buckets", {"a": (0.5, 1, 5), "b": (1,)}),
    Taken(f"{_SIDECAR}/statsFlushInterval", "10s", f"{_STATS}.flush_interval_seconds", 10),
    Taken(f"{_SIDECAR}/statsEvictionInterval", "1h1m5s", f"{_STATS}.eviction_interval_seconds", 3665),
    Taken("prometheus.istio.io/merge-metrics", "false", "warnings", ()),
    Taken("k8s.v1.cni.cncf.io/networks", "default/a", "warnings", ()),
)  # fmt: skip

WARNED: tuple[Warned, ...] = (
    Warned("k8s.v1.cni.cncf.io/networks", "default/a", "Multus"),
    Warned(f"{_SIDECAR}/proxyImageType", "distroless", "proxyImage"),
    Warned(f"{_SIDECAR}/agentLogLevel", "default:debug", "sidecar.istio.io/logLevel"),
    Warned("status.sidecar.istio.io/port", "0", "nothing holds"),
    Warned(f"{_READINESS}/applicationPorts", "80,90", "readiness probe"),
    Warned("proxy.istio.io/overrides", "{}", "remove it"),
    Warned(f"{_SIDECAR}/statsHistogramBins", "100", "statsHistogramBuckets"),
    Warned(f"{_SIDECAR}/statsCompression", "gzip", "Accept-Encoding"),
    Warned("prometheus.istio.io/merge-metrics", "true", "15090"),
    Warned("prometheus.istio.io/scrape-targets", "1:/a", "15090"),
    Warned("prometheus.istio.io/secure-port", "15091", "15090"),
    Warned("apm.datadoghq.com/env", "{}", "Datadog"),
    Warned("resource.opentelemetry.io/service.namespace", "a", "OTEL_RESOURCE_ATTRIBUTES"),
    Warned("resource.opentelemetry.io/service.version", "a", "OTEL_RESOURCE_ATTRIBUTES"),
    Warned("resource.opentelemetry.io/service.instance.id", "a", "OTEL_RESOURCE_ATTRIBUTES"),
)

_NO_PORTS = (
    "0",
    "65536",
    "http",
    "80,",
    ",80",
    "80;90",
    "-1",
    "+80",
    "8_0",
    "٨٠",
    "90-80",
    "1-2-3",
    "80\n",
)
_NO_CIDRS = (
    "10.0.0.0", "10.0.0.0/33", "::/129", "10.0.0.0/8, 10.1.0.0/16", "10.0.0.0/08", "010.0.0.0/8",
    "10.0.0.0/255.0.0.0", "fe80::1%eth0/64", "*,10.0.0.0/8", "10.0.0.0/8,", "a/8", "10.0.0.0/8\n",
)  # fmt: skip
_NO_INTERFACES = ("a" * 16, "1eth", "eth0,", "eth+", "e th", "eth0;reboot", "ét")
_NO_BOOLEANS = ("", "yes", "on", "tRUE", " true", "true\n", "2")
_NO_QUANTITIES = (
    "",
    "-1",
    "1 Gi",
    "1GiB",
    "Gi",
    "1e100",
    "1.2.3",
    "abc",
    "1\n",
    "9" * 33,
    "1K",
    "٣",
)
_NO_NUMBERS = ("", "-1", "+1", "1.5", "1e3", "2147483648", "99999999999", " 1", "0x10", "1_0", "٣")
_NO_TEXTS = ("a\nb", "\x00", "\x7f", "\ud800", "a\x85b")

REFUSED: dict[str, tuple[str, ...]] = {
    f"{_SIDECAR}/interceptionMode": ("", "redirect", "TPROXY", "REDIRECT ", "\ud800"),
    f"{_TRAFFIC}/includeOutboundIPRanges": _NO_CIDRS,
    f"{_TRAFFIC}/excludeOutboundIPRanges": ("*", *_NO_CIDRS),
    f"{_TRAFFIC}/includeInboundPorts": ("*,80", *_NO_PORTS),
    f"{_TRAFFIC}/excludeInboundPorts": ("*", *_NO_PORTS),
    f"{_TRAFFIC}/includeOutboundPorts": ("*", '80"\n- x', *_NO_PORTS),
    f"{_TRAFFIC}/excludeOutboundPorts": ("*", *_NO_PORTS),
    f"{_TRAFFIC}/excludeInterfaces": _NO_INTERFACES,
    f"{_TRAFFIC}/kubevirtInterfaces": _NO_INTERFACES,
    "istio.io/reroute-virtual-interfaces": _NO_INTERFACES,
    f"{_SIDECAR}/nativeSidecar": ("", "True", "1", "yes"),
    f"{_SIDECAR}/proxyImage": ("", "a b", "a$(POD_IP)", "a\n", " a", "/a", "é", "a" * 1025),
    f"{_SIDECAR}/proxyCPU": _NO_QUANTITIES,
    f"{_SIDECAR}/proxyMemory": _NO_QUANTITIES,
    f"{_SIDECAR}/proxyCPULimit": _NO_QUANTITIES,
    f"{_SIDECAR}/proxyMemoryLimit": _NO_QUANTITIES,
    f"{_SIDECAR}/logLevel": ("", "WARNING", "verbose", "info,debug", "info\n"),
    f"{_SIDECAR}/componentLogLevel": ("http", "http:loud", "bogus:info", "http:info,", ":", "http:info:x"),
    "status.sidecar.istio.io/port": ("", "65536", "http", "-1", "15021", "15001", "15000"),
    f"{_READINESS}/initialDelaySeconds": _NO_NUMBERS,
    f"{_READINESS}/periodSeconds": ("0", *_NO_NUMBERS),
    f"{_READINESS}/failureThreshold": ("0", *_NO_NUMBERS),
    f"{_SIDECAR}/rewriteAppHTTPProbers": _NO_BOOLEANS,
    f"{_SIDECAR}/capNetBindService": _NO_BOOLEANS,
    f"{_SIDECAR}/userVolume": (
        "", "5", "{", '{"A": {"emptyDir": {}}}', '{"a": {}}', '{"a": 5}', '{"a": {"x": {}, "y": {}}}',
        '{"istio-token": {"emptyDir": {}}}', '[{"emptyDir": {}}]', '["a"]', '{"a": {"emptyDir": 5}}',
        '[{"name": "a", "x": {}}, {"name": "a", "y": {}}]', '{"a": {"x": {"y": "\\u0000"}}}',
        '{"a": {"x": {"y": "\\ud800"}}}', '{"a": {"x": ' + '{"x":' * 30 + "{}" + "}" * 30 + "}}", "[" * 100_000,
    ),
    f"{_SIDECAR}/userVolumeMount": (
        "", "{", '{"a": {}}', '{"a": {"mountPath": "x"}}', '{"a": {"mountPath": "/x:y"}}',
        '{"a": {"mountPath": "/x", "colour": "red"}}', '{"a": {"mountPath": "/x", "readOnly": "true"}}',
        '{"a": {"mountPath": "/var/run/secrets/tokens"}}', '{"a": {"mountPath": "/var/run/secrets/istio/x"}}',
        '{"a": {"mountPath": "/var//run/./secrets"}}', '{"a": {"mountPath": "/x/../var"}}', '{"a": {"mountPath": "/"}}',
        '[{"name": "a", "mountPath": "/x"}, {"name": "b", "mountPath": "/x"}]',
    ),
    "proxy.istio.io/config": (
        "a: [", "[]", "5", "concurency: 2", "concurrency: -1", "concurrency: two", "a: 1\na: 2",
        "drainDuration: 1.5s", "drainDuration: 0s", "discoveryAddress: pilot", "statusPort: 0",
        "interceptionMode: TPROXY", "serviceCluster: a\ntracingServiceName: 1", "proxyMetadata: {A: 1}",
        'proxyMetadata: {"ISTIO_META_ ": x}', "concurrency: 1\n---\nconcurrency: 2", "[" * 100_000,
        "tracing: {sampling: 101}", "proxyStatsMatcher: {inclusionRegexps: ['a(']}",
        "a: &a [*a]", "statusPort: 15021", "\ud800", "!!python/object:os.system x",
    ),
    f"{_SIDECAR}/discoveryAddress": ("", "pilot", "pilot:0", "pilot:65536", "http://pilot:1", "[fd00::1:1", "[::g]:1", "a b:1"),
    f"{_SIDECAR}/bootstrapOverride": ("", "A", "a/b", "a_b", "-a", "a" * 254, "a\n"),
    f"{_SIDECAR}/statsInclusionPrefixes": ("a,,b", ",", *_NO_TEXTS),
    f"{_SIDECAR}/statsInclusionSuffixes": ("a,", *_NO_TEXTS),
    f"{_SIDECAR}/statsInclusionRegexps": ("a(", "a(?=b)", "a++", "[z-a]", "a{2,1}", "(a{100}){100}", "*", *_NO_TEXTS),
    f"{_SIDECAR}/extraStatTags": ("a b", "a=(.*)", "a;b", *_NO_TEXTS),
    f"{_SIDECAR}/statsHistogramBuckets": ("", "[]", '{"a": []}', '{"a": [2, 1]}', '{"a": [1, 1]}', '{"a": [0, 1]}', '{"a": ["1"]}', '{"a": [1e999]}', '{"\\u0000": [1]}', "[" * 100_000),
    f"{_SIDECAR}/statsFlushInterval": ("", "5", "0s", "500ms", "1.5s", "-1s", "1s1m", "5S", "9999999999s"),
    f"{_SIDECAR}/statsEvictionInterval": ("", "7s", "0s", "1d"),
    "prometheus.istio.io/merge-metrics": _NO_BOOLEANS,
}  # fmt: skip

CONTRADICTIONS: tuple[tuple[str, str], ...] = (
    ("status.sidecar.istio.io/port", "15021"),
    ("status.sidecar.istio.io/port", "15001"),
    ("status.sidecar.istio.io/port", "15000"),
    (f"{_SIDECAR}/interceptionMode", "TPROXY"),
    (f"{_SIDECAR}/statsEvictionInterval", "7s"),
    ("proxy.istio.io/config", "interceptionMode: TPROXY"),
    ("proxy.istio.io/config", "statusPort: 15021"),
)
"""Rows of REFUSED that are fine by themselves and wrong beside other settings."""
