"""Generated pods: what the API allows to be absent, null, empty, unknown or odd is, now and then."""

from __future__ import annotations

from random import Random
from typing import Any

from hypothesis import strategies as st

HOSTILE = (
    "",
    " ",
    "$",
    "$$",
    "$(POD_IP)",
    "$$(POD_NAME)",
    "$(",
    "%",
    "%DOWNSTREAM_REMOTE_ADDRESS%",
    '"',
    "'",
    "\\",
    '\\",',
    '"}]}',
    "\n",
    "a\nb: c",
    "\t",
    "{{ .Values }}",
    "${HOME}",
    "`id`",
    "<<",
    "null",
    "é",
    "\U0001f600",
    "\u2028",
    "\x00",
    "\x7f",
    "\ue000bootstrap\ue001",
    "\ue000token\ue001",
    "\ue000cluster\ue001",
    "\ue000path\ue001",
    "~0~1/",
    "/",
    "--config-path=/etc/passwd",
)
texts = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=12))
"""Text that somebody might hope becomes program."""

names = st.one_of(
    st.sampled_from(("app", "web", "cache", "db", "log", "a-b", "x" * 63, "a/b", "t~i", "$(N)")),
    st.text(min_size=1, max_size=6),
).filter(lambda name: name not in ("istio-proxy", "istio-init", "istio-validation"))

json_values = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**53), 2**53),
        st.floats(allow_nan=False, allow_infinity=False, width=32),
        texts,
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.one_of(st.just("name"), st.text(max_size=4)), inner, max_size=3),
    ),
    max_leaves=5,
)
"""Any JSON value."""

_TRAFFIC = "traffic.sidecar.istio.io"
ANNOTATIONS: dict[str, tuple[str, ...]] = {
    "sidecar.istio.io/proxyCPU": ("250m", "0.5", "1e3"),
    "sidecar.istio.io/proxyMemory": ("128Mi", "1024Mi", "0.5Gi"),
    "sidecar.istio.io/proxyCPULimit": ("4000m", "4"),
    "sidecar.istio.io/proxyMemoryLimit": ("2048Mi",),
    "sidecar.istio.io/logLevel": ("debug",),
    "sidecar.istio.io/nativeSidecar": ("true", "false"),
    "sidecar.istio.io/interceptionMode": ("REDIRECT", "NONE"),
    "sidecar.istio.io/rewriteAppHTTPProbers": ("true", "false"),
    "sidecar.istio.io/proxyImage": ("registry.example/envoy:1",),
    "sidecar.istio.io/discoveryAddress": ("pilot.example:15012",),
    "sidecar.istio.io/bootstrapOverride": ("custom",),
    "sidecar.istio.io/userVolume": (
        '{"certs":{"secret":{"secretName":"c"}}}',
        '[{"name":"host","hostPath":{"path":"/tmp"}}]',
        '{"scratch":{"emptyDir":{}}}',
    ),
    "sidecar.istio.io/userVolumeMount": (
        '[{"name":"certs","mountPath":"/c","readOnly":false}]',
        '[{"name":"certs","mountPath":"/c","readOnly":true}]',
    ),
    "sidecar.istio.io/statsInclusionPrefixes": ("a,b",),
    "status.sidecar.istio.io/port": ("15999", "0"),
    "readiness.status.sidecar.istio.io/periodSeconds": ("7",),
    f"{_TRAFFIC}/includeOutboundIPRanges": ("*", "10.0.0.0/8", ""),
    f"{_TRAFFIC}/excludeInboundPorts": ("8080", ""),
    f"{_TRAFFIC}/includeInboundPorts": ("*", "8080,9000"),
    "prometheus.io/scrape": ("true",),
    "kubectl.kubernetes.io/default-container": ("app",),
    "proxy.istio.io/config": ("concurrency: 4", "proxyMetadata: {A: b}"),
}


def shuffled(members: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Give an object with its members in some order; one draw, however many there are."""
    return st.integers(0, 2**16).map(lambda seed: _in_order(members, seed))


@st.composite
def some(draw: st.DrawFn, members: dict[str, st.SearchStrategy[Any]]) -> dict[str, Any]:
    """Give an object with some of these members, in some order."""
    mask = draw(st.integers(0, 2 ** len(members) - 1))
    chosen = {key: draw(each) for i, (key, each) in enumerate(members.items()) if mask >> i & 1}
    return draw(shuffled(chosen)) if len(chosen) > 1 else chosen


def _in_order(members: dict[str, Any], seed: int) -> dict[str, Any]:
    return dict(Random(seed).sample(list(members.items()), len(members)))


def may_be_null(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Give null instead, now and then."""
    return st.one_of(strategy, strategy, st.none())


ports = st.one_of(st.sampled_from((8080, 9000, 15020)), st.integers(1, 65535))
_port_or_name = st.one_of(ports, ports, st.sampled_from(("http", "8080", "absent")))
_headers = st.lists(
    some({"name": st.sampled_from(("Host", "X-A")), "value": texts}).map(
        lambda header: {"name": "H"} | header
    ),
    max_size=2,
)
_http = some(
    {
        "path": may_be_null(st.one_of(st.sampled_from(("/", "/healthz?a=b")), texts)),
        "scheme": st.sampled_from(("HTTP", "HTTPS", "https")),
        "httpHeaders": may_be_null(_headers),
        "host": st.sampled_from(("", "other.example", None)),
    }
).flatmap(lambda get: _port_or_name.map(lambda port: get | {"port": port}))
_tcp = _port_or_name.map(lambda port: {"port": port})
_grpc = st.one_of(
    ports.map(lambda port: {"port": port}),
    st.tuples(ports, may_be_null(texts)).map(lambda pair: {"service": pair[1], "port": pair[0]}),
)
_exec = st.just({"command": ["true"]})
_HANDLERS = {"httpGet": _http, "tcpSocket": _tcp, "grpc": _grpc, "exec": _exec}
_NUMBERS = {
    "timeoutSeconds": may_be_null(st.integers(1, 30)),
    "periodSeconds": st.integers(1, 30),
    "initialDelaySeconds": st.integers(0, 5),
    "failureThreshold": st.integers(1, 5),
}


@st.composite
def handlers(draw: st.DrawFn, kinds: tuple[str, ...], numbers: bool) -> dict[str, Any]:
    """Give a probe or hook with one handler; others may be there as null."""
    kind = draw(st.sampled_from(kinds))
    members = {kind: draw(_HANDLERS[kind])}
    if draw(st.integers(0, 5)) == 0:
        members[draw(st.sampled_from(kinds))] = members.get(kind) and None
        members[kind] = draw(_HANDLERS[kind])
    if numbers:
        members |= draw(some(_NUMBERS))
    return draw(shuffled(members))


probes = handlers(("httpGet", "tcpSocket", "grpc", "exec"), numbers=True)
_hooks = handlers(("httpGet", "tcpSocket", "exec"), numbers=False)
_lifecycle = some({"postStart": may_be_null(_hooks), "preStop": may_be_null(_hooks)})
_container_ports = st.lists(
    some(
        {
            "name": st.sampled_from(("http", "grpc")),
            "protocol": st.sampled_from(("TCP", "UDP")),
            "hostPort": st.just(0),
        }
    ).flatmap(lambda port: ports.map(lambda number: {"containerPort": number} | port)),
    max_size=2,
)
_env = st.lists(
    st.one_of(
        st.tuples(st.sampled_from("AB"), texts).map(lambda v: {"name": v[0], "value": v[1]}),
        st.just({"name": "C", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu"}}}),
    ),
    max_size=3,
)
_resources = some(
    {
        "requests": st.sampled_from(({"cpu": "100m"}, {"memory": "1024Mi"}, {"cpu": "0.1"})),
        "limits": st.sampled_from(({"cpu": "1000m"}, {"memory": "2Gi"}, {})),
    }
)
_CONTAINER = {
    "ports": may_be_null(_container_ports),
    "env": may_be_null(_env),
    "resources": _resources,
    "securityContext": st.sampled_from((None, {}, {"runAsUser": 1337}, {"runAsUser": 0})),
    "livenessProbe": may_be_null(probes),
    "readinessProbe": may_be_null(probes),
    "startupProbe": may_be_null(probes),
    "lifecycle": may_be_null(_lifecycle),
    "volumeMounts": st.sampled_from(([], [{"name": "data", "mountPath": "/data"}])),
}


@st.composite
def containers(draw: st.DrawFn, name: str, *, unknown: bool) -> dict[str, Any]:
    """Give a container of this name."""
    members = {"name": name, "image": "registry.example/app:1"} | draw(some(_CONTAINER))
    if unknown and draw(st.booleans()):
        members["futureMember"] = draw(json_values)
    return draw(shuffled(members))


_own_proxy = some(
    {
        "image": st.sampled_from(("auto", "", None)),
        "env": st.lists(
            st.tuples(st.sampled_from("AB"), texts).map(lambda v: {"name": v[0], "value": v[1]}),
            max_size=2,
            unique_by=lambda variable: variable["name"],
        ),
        "resources": _resources,
        "volumeMounts": st.sampled_from(([], [{"name": "data", "mountPath": "/data"}])),
    }
).map(lambda members: {"name": "istio-proxy"} | members)


@st.composite
def metadata(draw: st.DrawFn, *, unknown: bool) -> dict[str, Any]:
    """Give metadata with labels and annotations that injection reads, and others."""
    members: dict[str, Any] = draw(
        some(
            {
                "name": st.sampled_from(("web", "w" * 80)),
                "generateName": st.sampled_from(("web-", None)),
                "labels": may_be_null(_labels),
                "annotations": may_be_null(_annotations),
            }
        )
    )
    if unknown and draw(st.booleans()):
        members["futureMember"] = draw(json_values)
    return members


_labels = some(
    {
        "app": st.sampled_from(("web", "", "x" * 63)),
        "version": st.sampled_from(("v1", "")),
        "app.kubernetes.io/name": st.just("cart"),
        "service.istio.io/canonical-name": st.just("own"),
        "topology.istio.io/network": st.just("west"),
        "note": texts,
        "empty": st.none(),
    }
)
_of_ours = st.lists(
    st.sampled_from([(key, value) for key, values in ANNOTATIONS.items() for value in values]),
    max_size=3,
).map(dict)
_annotations = st.builds(
    lambda ours, others: others | ours,
    _of_ours,
    some(
        {
            "note": texts,
            "a/b~c": st.none(),
            "sidecar.istio.io/status": st.sampled_from((None, "")),
        }
    ),
)


@st.composite
def pods(draw: st.DrawFn, *, unknown: bool = True) -> dict[str, Any]:
    """Give a pod that is likely to be accepted; `unknown`: with members that no version knows."""
    found = draw(st.lists(names, min_size=1, max_size=4, unique=True))
    cut = draw(st.integers(1, len(found)))
    main = [draw(containers(name, unknown=unknown)) for name in found[:cut]]
    first = [draw(containers(name, unknown=unknown)) for name in found[cut:]]
    for container in first:
        if draw(st.booleans()):
            container["restartPolicy"] = "Always"
    where = draw(st.sampled_from(("nowhere", "nowhere", "nowhere", "containers", "initContainers")))
    if where != "nowhere":
        target = main if where == "containers" else first
        target.insert(draw(st.integers(0, len(target))), draw(_own_proxy))
    spec: dict[str, Any] = {"containers": main}
    if first or draw(st.integers(0, 3)) == 0:
        spec["initContainers"] = first or draw(st.sampled_from(([], None)))
    spec |= draw(some(_SPEC))
    if unknown and draw(st.booleans()):
        spec["futureMember"] = draw(json_values)
    pod: dict[str, Any] = {"spec": dict(draw(shuffled(spec)))}
    if draw(st.integers(0, 6)) > 0:
        pod["metadata"] = draw(metadata(unknown=unknown))
    elif draw(st.booleans()):
        pod["metadata"] = None
    return dict(draw(shuffled(pod)))


_SPEC = {
    "volumes": st.sampled_from(
        (
            None,
            [],
            [{"name": "data", "emptyDir": {}}],
            [{"name": "data", "emptyDir": {"sizeLimit": "1024Mi"}}, {"name": "b", "emptyDir": {}}],
        )
    ),
    "imagePullSecrets": st.sampled_from(
        (None, [], [{"name": "own"}], [{"name": "own"}, {"name": "own"}], [{"name": "registry"}])
    ),
    "securityContext": st.sampled_from((None, {}, {"runAsUser": 1000, "fsGroup": 5})),
    "dnsPolicy": st.sampled_from(("Default", "ClusterFirst", None)),
    "hostNetwork": st.sampled_from((False, None)),
    "terminationGracePeriodSeconds": st.integers(0, 60),
    "resources": st.sampled_from((None, {"requests": {"cpu": "1"}})),
    "os": st.sampled_from((None, {"name": "linux"})),
}
