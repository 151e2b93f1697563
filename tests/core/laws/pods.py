"""Generated pods: what the API allows to be absent, null, empty, unknown or odd is, now and then.

A pod is made from two numbers that hypothesis draws, its size and a seed: a draw for each member
would take ten times as long as what the laws do with the pod. The size shrinks, and a failing
example is shown whole.
"""

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

_NAMES = ("app", "web", "cache", "db", "log", "a-b", "x" * 63, "a/b", "t~i", "$(N)", "é\u2028", "0")
_OURS = ("istio-proxy", "istio-init", "istio-validation")
names = st.one_of(st.sampled_from(_NAMES), st.text(min_size=1, max_size=6)).filter(
    lambda name: name not in _OURS
)

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
    f"{_TRAFFIC}/excludeInboundPorts": ("8080", "", "8000-8010"),
    f"{_TRAFFIC}/excludeOutboundPorts": ("80, 443", "1:3"),
    "istio.io/reroute-virtual-interfaces": ("tap0", ""),
    f"{_TRAFFIC}/includeInboundPorts": ("*", "8080,9000"),
    "prometheus.io/scrape": ("true",),
    "kubectl.kubernetes.io/default-container": ("app",),
    "proxy.istio.io/config": ("concurrency: 4", "proxyMetadata: {A: b}"),
}


@st.composite
def pods(draw: st.DrawFn, *, unknown: bool = True) -> dict[str, Any]:
    """Give a pod that is likely to be accepted; `unknown`: with members that no version knows."""
    size, seed = draw(st.integers(0, 3)), draw(st.integers(0, 2**48))
    return _Maker(Random(seed), size, unknown=unknown).pod()


class _Maker:
    """Makes one pod."""

    def __init__(self, random: Random, size: int, *, unknown: bool) -> None:
        self._random = random
        self._size = size
        self._unknown = unknown

    def pod(self) -> dict[str, Any]:
        found = self._distinct(_NAMES, 1 + self._up_to(self._size))
        cut = 1 + self._up_to(len(found) - 1)
        main = [self._container(name) for name in found[:cut]]
        first = [self._container(name) for name in found[cut:]]
        for container in first:
            if self._happens(2):
                container["restartPolicy"] = "Always"
        if self._happens(4):
            target = self._one_of((main, first))
            target.insert(self._up_to(len(target)), self._own_proxy())
        spec = self._some(_SPEC) | {"containers": main}
        if first or self._happens(4):
            spec["initContainers"] = first or self._one_of(([], None))
        pod: dict[str, Any] = {"spec": self._shuffled(self._with_unknown(spec))}
        if not self._happens(7):
            pod["metadata"] = self._metadata()
        elif self._happens(2):
            pod["metadata"] = None
        return self._shuffled(pod)

    def _metadata(self) -> dict[str, Any]:
        members: dict[str, Any] = {}
        if self._happens(2):
            members["name"] = self._one_of(("web", "w" * 80))
        if self._happens(2):
            members["generateName"] = self._one_of(("web-", None))
        if not self._happens(3):
            members["labels"] = self._or_null(self._some(_LABELS))
        if not self._happens(3):
            ours = dict(self._distinct(_ANNOTATIONS_OF_OURS, self._up_to(3)))
            members["annotations"] = self._or_null(self._some(_OTHER_ANNOTATIONS) | ours)
        return self._shuffled(self._with_unknown(members))

    def _container(self, name: str) -> dict[str, Any]:
        members = {"name": name, "image": "registry.example/app:1"} | self._some(_CONTAINER)
        if self._happens(2):
            ports = [self._port() for _ in range(self._up_to(3))]
            members["ports"] = self._or_null(ports)
        for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
            if self._happens(3):
                kinds = ("httpGet", "tcpSocket", "grpc", "exec")
                members[probe] = self._or_null(self._some(_NUMBERS) | self._handler(kinds))
        if self._happens(4):
            handlers = ("httpGet", "tcpSocket", "exec")
            hooks = {
                key: self._or_null(self._handler(handlers)) for key in ("postStart", "preStop")
            }
            hooks.pop(self._one_of(("postStart", "preStop", "neither")), None)
            members["lifecycle"] = self._or_null(hooks)
        if self._happens(3):
            members["env"] = self._or_null([self._variable() for _ in range(self._up_to(3))])
        return self._shuffled(self._with_unknown(members))

    def _handler(self, kinds: tuple[str, ...]) -> dict[str, Any]:
        kind = self._one_of(kinds)
        members: dict[str, Any] = {}
        if self._happens(5):
            members[self._one_of(kinds)] = None
        members[kind] = self._or_null_rarely(self._handler_value(kind))
        return self._shuffled(members)

    def _handler_value(self, kind: str) -> dict[str, Any]:
        if kind == "exec":
            return {"command": ["true"]}
        if kind == "tcpSocket":
            return {"port": self._number_or_name()}
        if kind == "grpc":
            service = {"service": self._or_null(self._text())} if self._happens(2) else {}
            return self._shuffled({"port": self._number()} | service)
        members = self._some(_HTTP) | {"port": self._number_or_name()}
        if self._happens(2):
            members["path"] = self._one_of(("/", "/healthz?a=b", None, self._text()))
        if self._happens(3):
            headers = [
                self._one_of(({"name": "Host"}, {"name": "X", "value": self._text()}))
                for _ in range(self._up_to(2))
            ]
            members["httpHeaders"] = self._or_null(headers)
        return self._shuffled(members)

    def _own_proxy(self) -> dict[str, Any]:
        variables = {name: self._text() for name in self._distinct(("A", "B"), self._up_to(2))}
        env = [{"name": name, "value": value} for name, value in variables.items()]
        return self._shuffled({"name": "istio-proxy", "env": env} | self._some(_OWN_PROXY))

    def _port(self) -> dict[str, Any]:
        return self._shuffled({"containerPort": self._number()} | self._some(_PORT))

    def _variable(self) -> dict[str, Any]:
        if self._happens(4):
            return {"name": "C", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu"}}}
        return {"name": self._one_of(("A", "B")), "value": self._text()}

    def _with_unknown(self, members: dict[str, Any]) -> dict[str, Any]:
        if self._unknown and self._happens(3):
            return members | {"futureMember": self._any(3)}
        return members

    def _any(self, depth: int) -> Any:
        kind = self._up_to(7 if depth else 4)
        if kind > 5:
            return [self._any(depth - 1) for _ in range(self._up_to(3))]
        if kind > 4:
            keys = self._distinct(("name", "", "a", "b/c", "~"), self._up_to(3))
            return {key: self._any(depth - 1) for key in keys}
        odd = (None, True, False, 0, -1, 2**53, 1.5, 1e-7, self._text(), 1 << self._up_to(80))
        return self._one_of(odd)

    def _text(self) -> Any:
        if self._happens(2):
            return self._one_of(HOSTILE)
        characters = (
            (0x20, 0x7E),
            (0x00, 0x1F),
            (0xA0, 0x7FF),
            (0xE000, 0xFFFD),
            (0x10000, 0x10FFFF),
        )
        return "".join(
            chr(self._random.randint(*self._one_of(characters))) for _ in range(self._up_to(6))
        )

    def _number(self) -> Any:
        return self._one_of((8080, 9000, 15020, self._random.randint(1, 65535)))

    def _number_or_name(self) -> Any:
        return self._one_of((self._number(), self._number(), "http", "8080", "absent"))

    def _some(self, members: dict[str, tuple[Any, ...]]) -> dict[str, Any]:
        return {key: self._one_of(each) for key, each in members.items() if self._happens(3)}

    def _shuffled(self, members: dict[str, Any]) -> dict[str, Any]:
        return dict(self._random.sample(list(members.items()), len(members)))

    def _distinct(self, items: Any, count: int) -> Any:
        return self._random.sample(list(items), count)

    def _one_of(self, items: Any) -> Any:
        return items[self._random.randrange(len(items))]

    def _or_null(self, value: Any) -> Any:
        return None if self._happens(5) else value

    def _or_null_rarely(self, value: Any) -> Any:
        return None if self._happens(20) else value

    def _happens(self, one_in: int) -> bool:
        return self._random.randrange(one_in) == 0

    def _up_to(self, most: int) -> int:
        return self._random.randint(0, most)


_CHARACTERS = (
    (0x20, 0x7E),
    (0x00, 0x1F),
    (0xA0, 0x7FF),
    (0xE000, 0xFFFD),
    (0x10000, 0x10FFFF),
)
"""Ranges without surrogates."""

_ANNOTATIONS_OF_OURS = [(key, value) for key, values in ANNOTATIONS.items() for value in values]
_OTHER_ANNOTATIONS: dict[str, tuple[Any, ...]] = {
    "note": HOSTILE,
    "a/b~c": (None, "", "x"),
    "sidecar.istio.io/status": (None, ""),
}
_LABELS: dict[str, tuple[Any, ...]] = {
    "app": ("web", "", "x" * 63),
    "version": ("v1", ""),
    "app.kubernetes.io/name": ("cart",),
    "service.istio.io/canonical-name": ("own",),
    "topology.istio.io/network": ("west",),
    "note": HOSTILE,
    "empty": (None,),
}
_RESOURCES: tuple[Any, ...] = (
    {},
    {"requests": {"cpu": "100m"}},
    {"requests": {"memory": "1024Mi"}, "limits": {"memory": "2Gi"}},
    {"limits": {"cpu": "1000m"}},
    {"requests": {"cpu": "0.1"}, "limits": {}},
)
_MOUNTS: tuple[Any, ...] = ([], [{"name": "data", "mountPath": "/data"}])
_CONTAINER: dict[str, tuple[Any, ...]] = {
    "resources": _RESOURCES,
    "securityContext": (None, {}, {"runAsUser": 1337}, {"runAsUser": 0}),
    "volumeMounts": _MOUNTS,
}
_OWN_PROXY: dict[str, tuple[Any, ...]] = {
    "image": ("auto", "", None),
    "resources": _RESOURCES,
    "volumeMounts": _MOUNTS,
}
_PORT: dict[str, tuple[Any, ...]] = {
    "name": ("http", "grpc", None, ""),
    "protocol": ("TCP", "UDP", None),
    "hostPort": (0,),
}
_NUMBERS: dict[str, tuple[Any, ...]] = {
    "timeoutSeconds": (1, 30, None),
    "periodSeconds": (1, 30),
    "initialDelaySeconds": (0, 5),
    "failureThreshold": (1, 5),
}
_HTTP: dict[str, tuple[Any, ...]] = {
    "scheme": ("HTTP", "HTTPS", "https", None),
    "host": ("", "other.example", None),
}
_SPEC: dict[str, tuple[Any, ...]] = {
    "volumes": (
        None,
        [],
        [{"name": "data", "emptyDir": {}}],
        [{"name": "data", "emptyDir": {"sizeLimit": "1024Mi"}}, {"name": "b", "emptyDir": {}}],
    ),
    "imagePullSecrets": (
        None,
        [],
        [{"name": "own"}],
        [{"name": "own"}, {"name": "own"}],
        [{"name": "registry"}],
        [{}],
    ),
    "securityContext": (None, {}, {"runAsUser": 1000, "fsGroup": 5}),
    "dnsPolicy": ("Default", "ClusterFirst", None),
    "hostNetwork": (False, None),
    "terminationGracePeriodSeconds": (0, 60),
    "resources": (None, {"requests": {"cpu": "1"}}),
    "os": (None, {"name": "linux"}),
}
