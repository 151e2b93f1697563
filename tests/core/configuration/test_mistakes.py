# ruff: noqa: E501 - a row of a table is a line
"""Every mistake of a configuration file, all at once, each a sentence with its path."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from webhook.configuration.reader import read
from webhook.configuration.schema import schema
from webhook.model.errors import ConfigurationError


def mistakes(text: str) -> tuple[str, ...]:
    """Return the mistakes of a file that has some."""
    with pytest.raises(ConfigurationError) as caught:
        read(text, "c")
    return caught.value.mistakes


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("proxy: {concurrency: two}", 'proxy.concurrency: got "two", expected an integer from 0 to 1024'),
        ("proxy: {concurrency: 1025}", "proxy.concurrency: got 1025, expected an integer from 0 to 1024"),
        ("proxy: {concurrency: true}", "proxy.concurrency: got true, expected an integer from 0 to 1024"),
        ("proxy: {concurrency: null}", "proxy.concurrency: got null, expected an integer from 0 to 1024"),
        ("proxy: {concurency: 2}", "proxy.concurency: is not known, did you mean concurrency"),
        ("xyz: 2", "xyz: is not known"),
        ("proxy:", "proxy: got null, expected an object"),
        ("proxy: []", "proxy: got a list, expected an object"),
        ("proxy: {native: 'yes'}", 'proxy.native: got "yes", expected true or false'),
        ("proxy: {native: yes}", None),
        ("proxy: {image: ''}", 'proxy.image: got "", expected an image reference'),
        ('proxy: {image: "a\\n"}', 'proxy.image: got "a\\n", expected an image reference'),
        ("proxy: {imagePullPolicy: always}", 'proxy.imagePullPolicy: got "always", expected one of Always, IfNotPresent, Never'),
        ("proxy: {imagePullSecrets: a}", 'proxy.imagePullSecrets: got "a", expected a list'),
        ("proxy: {imagePullSecrets: [a, B_]}", 'proxy.imagePullSecrets[1]: got "B_", expected the name of a Kubernetes object: lower-case letters, digits, - and .'),
        ("proxy: {ports: {admin: 0}}", "proxy.ports.admin: got 0, expected a port from 1 to 65535"),
        ("proxy: {uid: 0}", "proxy.uid: got 0, expected an id from 1 to 4294967294"),
        ("proxy: {resources: {limits: {cpu: -1}}}", 'proxy.resources.limits.cpu: got -1, expected a Kubernetes quantity that is not negative, such as 250m or 1Gi'),
        ("proxy: {resources: {limits: {cpu: 1.5}}}", "proxy.resources.limits.cpu: got 1.5, expected a Kubernetes quantity that is not negative, such as 250m or 1Gi"),
        ("proxy: {resources: {limits: {gpu: 1}}}", "proxy.resources.limits.gpu: is not known, did you mean cpu"),
        ("proxy: {logLevel: loud}", 'proxy.logLevel: got "loud", expected trace, debug, info, warning, error, critical or off'),
        ("proxy: {componentLogLevel: 'bogus:info'}", 'proxy.componentLogLevel: got "bogus:info", expected components and levels that Envoy 1.40 knows'),
        ("proxy: {readiness: {periodSeconds: 0}}", "proxy.readiness.periodSeconds: got 0, expected seconds from 1 to 2147483647"),
        ("redirect: {backend: iptables}", 'redirect.backend: got "iptables", expected one of auto, iptables-nft, legacy, nft'),
        ("pilot: {address: pilot}", 'pilot.address: got "pilot", expected host:port'),
        ("pilot: {address: 'pilot:65536'}", 'pilot.address: got "pilot:65536", expected host:port'),
        ("pilot: {address: ''}", 'pilot.address: got "", expected host:port'),
        ("pilot: {istioVersion: 1.32}", "pilot.istioVersion: got 1.32, expected a version such as 1.32.0"),
        ("pilot: {tokenExpirationSeconds: 10}", "pilot.tokenExpirationSeconds: got 10, expected seconds from 600 to 4294967296"),
        ("policy: {neverInjectSelector: [{}]}", "policy.neverInjectSelector[0]: got no requirement, which selects every pod, expected at least one"),
        ("policy: {alwaysInjectSelector: [{matchLabels: {'a b': x}}]}", 'policy.alwaysInjectSelector[0].matchLabels: got "a b", expected a label\'s key'),
        ("policy: {alwaysInjectSelector: [{matchLabels: {a: 5}}]}", "policy.alwaysInjectSelector[0].matchLabels.a: got 5, expected a label's value"),
        ("policy: {alwaysInjectSelector: [{matchLabels: [a]}]}", "policy.alwaysInjectSelector[0].matchLabels: got a list, expected an object"),
        ("policy: {alwaysInjectSelector: [{matchLabel: {a: b}, matchLabels: {a: b}}]}", "policy.alwaysInjectSelector[0].matchLabel: is not known"),
        ("policy: {alwaysInjectSelector: [{matchExpressions: {a: b}}]}", "policy.alwaysInjectSelector[0].matchExpressions: got an object, expected a list"),
        ("policy: {alwaysInjectSelector: [{matchExpressions: [5]}]}", "policy.alwaysInjectSelector[0].matchExpressions[0]: got 5, expected an object"),
        ("policy: {alwaysInjectSelector: [{matchExpressions: [{key: a, operator: in, values: [x]}]}]}", 'policy.alwaysInjectSelector[0].matchExpressions[0].operator: got "in", expected one of In, NotIn, Exists, DoesNotExist'),
        ("policy: {alwaysInjectSelector: [{matchExpressions: [{operator: Exists}]}]}", "policy.alwaysInjectSelector[0].matchExpressions[0].key: got null, expected a label's key"),
        ("policy: {alwaysInjectSelector: [{matchExpressions: [{key: a, operator: In}]}]}", "policy.alwaysInjectSelector[0].matchExpressions[0].values: got none, expected at least one for In"),
        ("policy: {alwaysInjectSelector: [{matchExpressions: [{key: a, operator: Exists, values: [x]}]}]}", "policy.alwaysInjectSelector[0].matchExpressions[0].values: got some, expected none for Exists"),
        ("policy: {alwaysInjectSelector: [{matchExpressions: [{key: a, operator: In, values: x}]}]}", 'policy.alwaysInjectSelector[0].matchExpressions[0].values: got "x", expected a list'),
        ("policy: {alwaysInjectSelector: [{matchExpressions: [{key: a, operator: In, values: ['-x']}]}]}", 'policy.alwaysInjectSelector[0].matchExpressions[0].values[0]: got "-x", expected a label\'s value'),
        ("policy: {alwaysInjectSelector: [{matchExpressions: [{key: a, operator: Exists, value: x}]}]}", "policy.alwaysInjectSelector[0].matchExpressions[0].value: is not known, expected key, operator, values"),
        ("traffic: {excludeInboundPorts: [80, 99999]}", 'traffic.excludeInboundPorts[1]: got "99999", expected a port or range'),
        ("traffic: {excludeInboundPorts: [http]}", 'traffic.excludeInboundPorts[0]: got "http", expected a port from 1 to 65535 or a range a-b'),
        ("traffic: {includeInboundPorts: ['*', 80]}", "traffic.includeInboundPorts[0]: got * beside others, expected * alone for all"),
        ("traffic: {excludeOutboundCidrs: ['*']}", 'traffic.excludeOutboundCidrs[0]: got "*", expected a CIDR prefix such as 10.0.0.0/8'),
        ("traffic: {excludeOutboundCidrs: [10.0.0.0/33]}", 'traffic.excludeOutboundCidrs[0]: got "10.0.0.0/33", expected a CIDR prefix'),
        ("traffic: {excludeInterfaces: [much-too-long-name]}", 'traffic.excludeInterfaces[0]: got "much-too-long-name", expected an interface name of at most 15 letters, digits, _, . and -'),
        ("traffic: {interceptionMode: redirect}", 'traffic.interceptionMode: got "redirect", expected one of NONE, REDIRECT, TPROXY'),
        ("bootstrap: {stats: {histogramBuckets: {a: [1, x]}}}", 'bootstrap.stats.histogramBuckets.a[1]: got "x", expected a number'),
        ("bootstrap: {stats: {histogramBuckets: {a: [2, 1]}}}", "bootstrap.stats.histogramBuckets.a: got [2.0, 1.0], expected ascending bounds above 0"),
        ("bootstrap: {stats: {inclusionRegexps: ['a(']}}", 'bootstrap.stats.inclusionRegexps[0]: got "a(", expected a plain RE2 expression'),
        ("bootstrap: {stats: {extraTags: ['a b']}}", 'bootstrap.stats.extraTags[0]: got "a b", expected a tag name of letters, digits, _, . and -'),
        ("bootstrap: {proxyMetadata: {LABELS: x}}", "bootstrap.proxyMetadata.LABELS: is set by Pillion from the pod"),
        ("bootstrap: {proxyMetadata: {NETWORK: x}}", "bootstrap.proxyMetadata.NETWORK: expected the pilot section to set it: clusterId, meshId or network"),
        ("bootstrap: {proxyMetadata: {'a b': x}}", "bootstrap.proxyMetadata.a b: expected letters, digits, _, . and - after a letter or _"),
        ("bootstrap: {proxyMetadata: {DNS_CAPTURE: 'true'}}", "bootstrap.proxyMetadata.DNS_CAPTURE: has no effect: no agent answers DNS in the pod; the cluster's own DNS is used"),
        ("bootstrap: {proxyConfig: {concurrency: 2}}", "bootstrap.proxyConfig.concurrency: is not known"),
        ("bootstrap: {proxyConfig: {tracing: {sampling: 200}}}", "bootstrap.proxyConfig.tracing.sampling: got 200, expected a number from 0 to 100"),
        ("extraKinds: [{group: a.b, version: v1, kind: K, path: []}]", "extraKinds[0].path: got a list, expected members that lead to the pod template"),
        ("extraKinds: [{group: a.b, version: v1, kind: K}]", "extraKinds[0].path: is missing, expected members that lead to the pod template"),
        ("overlays: [{name: a, target: proxy, patch: {env: [{}]}}]", "overlays[0].patch.env[0]: got an item without it, expected the merge key name"),
        ("overlays: [{name: a, target: sidecar, patch: {}}]", 'overlays[0].target: got "sidecar", expected one of init, pod, proxy'),
        ("annotations: {deny: [sidecar.istio.io/proxyImag]}", 'annotations.deny[0]: "sidecar.istio.io/proxyImag" is not known, did you mean sidecar.istio.io/proxyImage'),
        ("annotations: {allow: ['*.istio.io/x']}", 'annotations.allow[0]: got "*.istio.io/x", expected * at the end only'),
        ("onInvalidAnnotation: ignore", 'onInvalidAnnotation: got "ignore", expected one of deny, warn'),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_path(text: str, expected: str | None) -> None:
    """A value out of its bounds says where it is, what was got and what is accepted."""
    if expected is None:
        read(text, "c")
    else:
        assert mistakes(text) == (f"c: {expected}",)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("proxy: {ports: {admin: 15090}}", "proxy.ports: expected a port of its own for each use: admin and prometheus are both 15090"),
        ("traffic: {interceptionMode: TPROXY}", "traffic.interceptionMode: got TPROXY, expected REDIRECT or NONE: TPROXY makes the proxy root with NET_ADMIN (proxy.allowTproxy)"),
        ("traffic: {interceptionMode: TPROXY}\nproxy: {allowTproxy: true}\nredirect: {mode: none}", "redirect.mode: got none, expected init or cni with traffic.interceptionMode TPROXY"),
        ("bootstrap: {stats: {evictionIntervalSeconds: 7}}", "bootstrap.stats.evictionIntervalSeconds: got 7, expected a multiple of the flush interval, 5 seconds"),
        ("proxy: {resources: {requests: {cpu: 3}}}", 'proxy.resources.requests.cpu: got "3", expected at most the limit "2"'),
        ("redirect: {resources: {limits: {memory: 1Mi}}}", 'redirect.resources.requests.memory: got "32Mi", expected at most the limit "1Mi"'),
        ("pilot: {address: 'a:15010'}", "pilot.address: got port 15010, Pilot's plaintext port, expected another one with pilot.connection token"),
        ("pilot: {address: 'a:15012', connection: plaintext}", "pilot.address: got port 15012, Pilot's TLS port, expected another one with pilot.connection plaintext"),
        ("extraKinds: [&a {group: a.b, version: v1, kind: K, path: [x]}, *a]", "extraKinds[1]: got a.b/v1/K again, expected each kind once"),
        ("overlays: [&a {name: a, target: pod, patch: {}}, *a]", 'overlays[1].name: got "a" again, expected a name of its own'),
        ("overlays: [{name: a, target: init, patch: {}}]\nredirect: {mode: none}", "overlays[0].target: got init, expected another target: redirect.mode none adds no init container"),
        ("annotations: {allow: ['*', proxy.istio.io/config], deny: [proxy.istio.io/config]}", 'annotations.deny[0]: got "proxy.istio.io/config", which allow has too, expected it in one'),
    ],
)  # fmt: skip
def test_a_contradiction_is_named(text: str, expected: str) -> None:
    """Settings that are fine one by one and wrong together are a mistake."""
    assert mistakes(text) == (f"c: {expected}",)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: [", "YAML"),
        ("\tproxy: {}", "YAML"),
        ("revision: a\nrevision: b", 'the key "revision" twice'),
        ("revision: a\n---\nrevision: b", "document"),
        ("[]", "got no object"),
        ("a", "got no object"),
        ("a: &a [*a]", "alias"),
        ("[" * 100_000, "nest"),
        ("revision: \ud800", "surrogate"),
        ("a: .nan", "nan"),
    ],
)
def test_what_is_no_document_is_one_mistake(text: str, words: str) -> None:
    """A file that cannot be read says so with its name, whatever it holds."""
    (mistake,) = mistakes(text)

    assert mistake.startswith("c")
    assert words in mistake.lower() or words in mistake
    mistake.encode()


def test_all_mistakes_are_found_at_once() -> None:
    """Faults of shape hide neither those beside them nor wrong values, nor contradictions."""
    found = mistakes(
        """
        revision: UPPER
        proxy: {concurrency: two, ports: {admin: 15001}, resources: {limits: {cpu: x}}}
        traffic: {excludeInboundPorts: [[], 99999, 80], interceptionMode: TPROXY}
        policy: {neverInjectSelector: [5, {}], default: maybe}
        extraKinds: [{kind: 5}, {group: a, version: v1, kind: K, path: [5]}]
        overlays: [5, {name: a, target: proxy, patch: {$retainKeys: []}}]
        annotations: {deny: [5, nonsense]}
        bootstrap: {stats: {inclusionRegexps: [5, 'a(']}}
        surprise: {}
        """
    )

    assert {mistake.split(": ")[1] for mistake in found} == {
        "revision",
        "proxy.concurrency",
        "proxy.ports",
        "proxy.resources.limits.cpu",
        "traffic.excludeInboundPorts[0]",
        "traffic.excludeInboundPorts[1]",
        "traffic.interceptionMode",
        "policy.neverInjectSelector[0]",
        "policy.neverInjectSelector[1]",
        "policy.default",
        "extraKinds[0].group",
        "extraKinds[0].version",
        "extraKinds[0].kind",
        "extraKinds[0].path",
        "extraKinds[1].path[0]",
        "overlays[0]",
        "overlays[1].patch.$retainKeys",
        "annotations.deny[0]",
        "annotations.deny[1]",
        "bootstrap.stats.inclusionRegexps[0]",
        "bootstrap.stats.inclusionRegexps[1]",
        "surprise",
    }


def test_a_faulty_setting_makes_no_contradiction() -> None:
    """The default of a member that is wrong itself is not held against the others."""
    (mistake,) = mistakes("proxy: {allowTproxy: please}\ntraffic: {interceptionMode: TPROXY}")

    assert mistake.startswith("c: proxy.allowTproxy: ")


def _places(definition: dict[str, Any], path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Return the path of every member of an object that the schema describes."""
    found = []
    for name, member in definition.get("properties", {}).items():
        where = (*path, name)
        found.append(where)
        if "$ref" in member:
            found += _places(schema()["$defs"][member["$ref"].rpartition("/")[2]], where)
    return found


@pytest.mark.parametrize("path", _places(schema()["$defs"]["Settings"]), ids=".".join)
@pytest.mark.parametrize(
    "wrong", [3.25, "\x07", [[]], {"x": {}}], ids=["number", "text", "list", "object"]
)
def test_every_member_refuses_another_type_with_its_path(path: tuple[str, ...], wrong: Any) -> None:
    """No member takes a value of every kind; each mistake begins with its path."""
    document: Any = wrong
    for name in reversed(path):
        document = {name: document}
    text = msgspec.json.encode(document).decode()
    free = path[-1] in ("proxyConfig", "proxyMetadata", "histogramBuckets")

    found = mistakes(text)

    assert all(mistake.startswith(f"c: {'.'.join(path)}") for mistake in found)
    assert free or all("expected" in mistake or "is not known" in mistake for mistake in found)
