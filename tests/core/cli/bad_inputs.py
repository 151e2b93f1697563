"""The table of bad inputs: what is handed in, and the sentence that must come back."""

from __future__ import annotations

import random
from collections.abc import Mapping
from itertools import pairwise
from types import MappingProxyType
from typing import Any, NamedTuple

from tests.core.cli.manifests import DEPLOYMENT, POD, SERVICE, pod


class Bad(NamedTuple):
    """A row: files to be made, the arguments, the exit code, and what the error says."""

    name: str
    arguments: tuple[str, ...]
    says: tuple[str, ...]
    """Parts of the sentence: where it is, what was got, what was expected."""
    files: Mapping[str, bytes] = MappingProxyType({})
    code: int = 1
    stdin: bytes = b""
    sentences: int = 1
    """More than one only where several mistakes are told at once."""


GOOD = "a-good-one.yaml"
BAD = "bad.yaml"


def manifest(name: str, text: str | bytes, *says: str) -> Bad:
    """Return a row for a manifest, read after a good one that must not be written either."""
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    return Bad(name, ("-f", GOOD, "-f", BAD), (BAD, *says), {BAD: data})


def annotation(key: str, value: str, expected: str) -> Bad:
    """Return a row for a pod with an annotation that cannot be read."""
    got = value if len(value) <= 80 else f"{value[:77]}..."
    return manifest(
        f"annotation-{key.rpartition('/')[2]}",
        pod(annotations={key: value}),
        "document 1, Pod demo/web: ",
        f'annotation "{key}": got "{got}", expected {expected}',
    )


def configuration(name: str, text: str | bytes, *says: str, sentences: int = 1) -> Bad:
    """Return a row for a configuration file."""
    data = text.encode() if isinstance(text, str) else text
    return Bad(
        f"config-{name}",
        ("-f", GOOD, "--config", "settings.yaml"),
        ("settings.yaml", *says),
        {"settings.yaml": data},
        sentences=sentences,
    )


def usage(name: str, arguments: tuple[str, ...], *says: str) -> Bad:
    """Return a row for a command line that cannot be meant."""
    return Bad(name, arguments, (*says, "; see pillion"), code=2)


def _headers(size: int) -> dict[str, Any]:
    header = {"name": "X-Large", "value": "v" * size}
    probe = {"httpGet": {"path": "/live", "port": 8080, "httpHeaders": [header]}}
    return {"containers": [{"name": "app", "image": "app:1", "livenessProbe": probe}]}


def _bomb() -> str:
    levels = "abcdefghij"
    lines = ["a: &a [x, x, x, x, x, x, x, x, x, x]"]
    for before, after in pairwise(levels):
        lines.append(f"{after}: &{after} [{', '.join([f'*{before}'] * 10)}]")
    return POD + "x-bomb:\n" + "".join(f"  {line}\n" for line in lines)


def _status(text: str) -> str:
    return pod(annotations={"sidecar.istio.io/status": text})


_BYTES = bytes(random.Random(7).randrange(256) for _ in range(5000))

MANIFESTS = (
    manifest("not-yaml", "kind: Pod\nspec: [1, 2\n", "document 1", "no YAML", "expected YAML"),
    manifest("helm-source", POD.replace("app:1", "{{ .Values.image }}"), "line 9", "expected"),
    manifest("tab", POD.replace("  name: web", "\tname: web"), "line 4", "no YAML"),
    manifest("duplicate-key", POD + "kind: Pod\n", "line 10", 'the key "kind" twice'),
    manifest(
        "duplicate-key-in-json",
        '{"apiVersion": "v1", "kind": "Pod", "kind": "Pod", "spec": {"containers": []}}',
        'the key "kind" twice',
    ),
    manifest(
        "hidden-second-document",
        POD + "\u2028---\u2028" + POD,
        "document 1",
        "a second document without `---`",
        "kubectl reads no further",
    ),
    manifest("text-after-separator", f"{POD}--- kind: Pod\n", "line 10", "after `---`"),
    manifest("content-after-end", f"{POD}...\n{POD}", "after `...`", "expected `---`"),
    manifest("alias-bomb", _bomb(), "aliases that expand without measure"),
    manifest("recursive-alias", POD + "x: &x [*x]\n", "the alias *x inside its own anchor"),
    manifest("unknown-alias", POD + "x: *nowhere\n", "the alias *nowhere", "an anchor"),
    manifest("deep-flow", "kind: Pod\nspec: " + "[" * 100_000, "line 2", "nest", "expected"),
    manifest("deep-block", "- " * 100_000 + "x\n", "line 1", "nest", "expected"),
    manifest("deep-mappings", '{"kind": "Pod", "spec": ' + '{"a": ' * 100_000, "expected"),
    manifest(
        "deep-json",
        '{"kind": "Pod", "spec": ' + '{"a": ' * 100_000 + "1" + "}" * 100_001,
        "expected",
    ),
    manifest("key-is-a-list", POD + "? [a]\n: b\n", "a collection as a key", "a string"),
    manifest("cut-off-json", pod()[:60], "expected"),
    manifest("text-after-json", pod() + " and more", "expected"),
    manifest(
        "missing-template",
        DEPLOYMENT.partition("  template:")[0],
        "Deployment spec.template",
        "got nothing",
        "expected an object",
    ),
    manifest(
        "list-template",
        DEPLOYMENT.partition("  template:")[0] + "  template: []\n",
        "line 8",
        "got a list for Deployment spec.template",
        "expected an object",
    ),
    manifest(
        "text-template",
        DEPLOYMENT.partition("  template:")[0] + "  template: see below\n",
        'got the text "see below"',
    ),
    manifest("pod-without-spec", "apiVersion: v1\nkind: Pod\n", "Pod spec", "expected an object"),
    manifest(
        "containers-are-an-object",
        pod(containers={"app": {}}),
        "spec.containers",
        "expected",
    ),
    manifest("container-is-a-text", pod(containers=["app"]), "spec.containers", "expected"),
    manifest(
        "annotation-is-a-number",
        POD.replace("spec:", "  annotations: {sidecar.istio.io/proxyCPU: 1}\nspec:"),
        "annotations",
        "expected",
    ),
    manifest("metadata-is-a-list", POD.replace("metadata:", "metadata: []\nx:"), "metadata"),
    manifest("no-object", "just words\n", "expected an object"),
    manifest("a-list-of-objects", "- kind: Pod\n", "expected an object with apiVersion and kind"),
    manifest("list-of-texts", "apiVersion: v1\nkind: List\nitems: [a]\n", "items[0]", "an object"),
    manifest("list-without-list", "apiVersion: v1\nkind: List\nitems: {a: b}\n", "items", "a list"),
    manifest(
        "lists-in-lists",
        '{"apiVersion": "v1", "kind": "List", "items": [' * 20 + "]}" * 20,
        "lists in each other",
    ),
    manifest("infinity", POD + "x: .inf\n", "expected"),
    manifest("surrogate-in-json", pod(annotations={"x": "\ud800"}), "expected"),
    manifest("binary", _BYTES, "expected UTF-8 text"),
    manifest("gzip", b"\x1f\x8b\x08\x00" + bytes(range(128, 200)), "expected UTF-8 text"),
    manifest("nul", POD.replace("web", "we\0b"), "got a NUL byte"),
    manifest("control-character", POD.replace("web", "we\x07b"), "line 4", "no YAML"),
    manifest("utf-16", POD.encode("utf-16"), "got UTF-16, expected UTF-8"),
    manifest("utf-16-without-mark", POD.encode("utf-16-le"), "got a NUL byte, expected UTF-8 text"),
    manifest("latin-1", POD.replace("web", "wéb").encode("latin-1"), "line 4", "byte 0xe9"),
)
PODS = (
    manifest(
        "reserved-container",
        pod(initContainers=[{"name": "istio-init", "image": "app:1"}]),
        "spec.initContainers",
        'the name "istio-init", which is reserved',
    ),
    manifest(
        "reserved-volume",
        pod(volumes=[{"name": "istio-token", "emptyDir": {}}]),
        "spec.volumes",
        "istio-token",
    ),
    manifest(
        "two-containers-of-one-name",
        pod(containers=[{"name": "app", "image": "a:1"}, {"name": "app", "image": "b:1"}]),
        '"app"',
        "twice",
    ),
    manifest(
        "oversized-annotations",
        pod(annotations={"note": "x" * (256 * 1024)}),
        "262144",
    ),
    manifest(
        "oversized-bootstrap",
        pod(
            annotations={
                "sidecar.istio.io/statsInclusionPrefixes": ",".join(
                    f"{'p' * 200}{index}" for index in range(700)
                )
            }
        ),
        "the Envoy configuration",
        "expected at most 126976",
        "largest parts are stats",
    ),
    manifest("oversized-record", pod(**_headers(40_000)), "expected at most 32768", "headers"),
    manifest("broken-status", _status("{"), "sidecar.istio.io/status", "expected the JSON object"),
    manifest(
        "forged-status",
        _status('{"injector": "pillion", "undo": 7}'),
        "sidecar.istio.io/status",
    ),
    manifest(
        "gateway-template",
        pod(annotations={"inject.istio.io/templates": "gateway"}),
        'got "gateway", expected "sidecar"',
    ),
    manifest(
        "classic-job",
        '{"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "settle"}, "spec": '
        '{"template": ' + pod(annotations={"sidecar.istio.io/nativeSidecar": "false"}) + "}}",
        "Job default/settle",
        "never complete",
        "sidecar.istio.io/nativeSidecar",
    ),
)
_DOMAIN = "sidecar.istio.io"
_TRAFFIC = "traffic.sidecar.istio.io"
ANNOTATIONS = (
    annotation(f"{_DOMAIN}/proxyCPU", "lots", "a Kubernetes quantity"),
    annotation(f"{_DOMAIN}/proxyMemoryLimit", "-1Gi", "a Kubernetes quantity"),
    annotation(f"{_DOMAIN}/proxyImage", "two words", "an image reference"),
    annotation(f"{_DOMAIN}/logLevel", "loud", "trace, debug, info"),
    annotation(f"{_DOMAIN}/componentLogLevel", "http", "component:level pairs"),
    annotation(f"{_DOMAIN}/nativeSidecar", "yes", "true or false"),
    annotation(f"{_DOMAIN}/rewriteAppHTTPProbers", "maybe", "true or false"),
    annotation(f"{_DOMAIN}/interceptionMode", "SOCKS", "REDIRECT"),
    annotation(f"{_DOMAIN}/interceptionMode", "TPROXY", "REDIRECT"),
    annotation(f"{_DOMAIN}/userVolume", "[{]", "a JSON object"),
    annotation(f"{_DOMAIN}/userVolumeMount", '"x"', "a JSON object"),
    annotation("status.sidecar.istio.io/port", "65536", "a port 1-65535"),
    annotation("readiness.status.sidecar.istio.io/periodSeconds", "0", "a number 1-"),
    annotation("readiness.status.sidecar.istio.io/initialDelaySeconds", "1.5", "a number 0-"),
    annotation(f"{_TRAFFIC}/excludeInboundPorts", "80,abc", "ports 1-65535"),
    annotation(f"{_TRAFFIC}/includeInboundPorts", "0", "* or ports"),
    annotation(f"{_TRAFFIC}/includeOutboundIPRanges", "10.0.0.0", "* or CIDR prefixes"),
    annotation(f"{_TRAFFIC}/excludeOutboundIPRanges", "10.0.0.0/33", "CIDR prefixes"),
    annotation(f"{_TRAFFIC}/excludeInterfaces", "eth0; reboot", "names of at most 15"),
    annotation("proxy.istio.io/config", "a: [", "YAML"),
)
_SELECTOR = "policy:\n  neverInjectSelector:\n    - "
CONFIGURATIONS = (
    configuration("not-yaml", "proxy: [", "expected YAML"),
    configuration("not-a-mapping", "- proxy\n", "expected"),
    configuration("typo", "proxi: {}\n", "proxi"),
    configuration("typo-inside", "proxy:\n  imge: x:1\n", "proxy.imge"),
    configuration("text-for-a-number", 'proxy: {concurrency: "two"}\n', "proxy.concurrency"),
    configuration("text-for-a-boolean", 'proxy: {native: "yes"}\n', "proxy.native"),
    configuration("number-for-a-text", "proxy: {image: 5}\n", "proxy.image"),
    configuration("text-for-a-list", "proxy: {imagePullSecrets: mine}\n", "imagePullSecrets"),
    configuration("port-too-high", "proxy: {ports: {admin: 65536}}\n", "proxy.ports.admin"),
    configuration("same-port-twice", "proxy: {ports: {admin: 15001}}\n", "15001"),
    configuration("unknown-choice", "redirect: {mode: magic}\n", "redirect.mode"),
    configuration("bad-quantity", "proxy: {resources: {requests: {cpu: lots}}}\n", "cpu"),
    configuration("bad-cidr", "traffic: {excludeOutboundCidrs: [10.0.0.0/40]}\n", "10.0.0.0/40"),
    configuration("bad-address", "pilot: {address: istiod}\n", "pilot.address"),
    configuration("bad-revision", "revision: Not A Label\n", "revision"),
    configuration(
        "bad-selector",
        f"{_SELECTOR}matchExpressions: [{{key: a, operator: Like, values: [b]}}]\n",
        "neverInjectSelector",
    ),
    configuration(
        "overlay-directive",
        "overlays: [{name: a, target: pod, patch: {$retainKeys: [spec]}}]\n",
        "retainKeys",
    ),
    configuration(
        "kind-without-path", "extraKinds: [{group: a.io, version: v1, kind: A}]\n", "path"
    ),
    configuration(
        "many-mistakes",
        "proxi: {}\nredirect: {mode: magic}\nproxy: {native: 1}\n",
        "proxi",
        "redirect.mode",
        "proxy.native",
        sentences=3,
    ),
    configuration("binary", _BYTES, "expected text"),
    configuration("duplicate-key", "proxy: {}\nproxy: {}\n", "twice"),
    configuration("deep", "proxy: " + "[" * 100_000, "nest"),
    Bad("config-missing", ("-f", GOOD, "--config", "no.yaml"), ("no.yaml: no such file",)),
    Bad("config-is-a-directory", ("-f", GOOD, "--config", "."), (".: is a directory",)),
)
PLACES = (
    Bad("missing-file", ("-f", GOOD, "-f", "no.yaml"), ("no.yaml: no such file or directory",)),
    Bad("empty-name", ("-f", GOOD, "-f", ""), ("got an empty file name",)),
    Bad("empty", ("-f", BAD), ("bad.yaml: got no document",), {BAD: b""}),
    Bad("only-comments", ("-f", BAD), ("got no document",), {BAD: b"# nothing\n---\n"}),
    Bad("empty-stdin", ("-f", "-"), ("<stdin>: got no document",)),
    Bad("bad-stdin", ("-f", "-"), ("<stdin>, document 1",), stdin=b"kind: ["),
    Bad(
        "directory-without-manifests",
        ("-f", GOOD, "-f", "folder"),
        ("folder: got a directory without manifests", ".yaml, .yml, .json"),
        {"folder/notes.txt": b"kind: Pod\n"},
    ),
    Bad(
        "directory-with-a-bad-one",
        ("-f", "folder"),
        ("folder/b.yaml, document 1",),
        {"folder/a.yaml": POD.encode(), "folder/b.yaml": b"kind: ["},
    ),
    Bad("same-input-twice", ("-f", GOOD, "-f", f"./{GOOD}"), ("got it twice", "each input once")),
    Bad("stdin-twice", ("-f", "-", "-f", "-"), ("<stdin>: got it twice",), stdin=POD.encode()),
    Bad(
        "output-below-a-file",
        ("-f", GOOD, "-o", f"{GOOD}/out.yaml"),
        (f"{GOOD}/out.yaml", "not a directory"),
    ),
    Bad(
        "output-is-a-directory-there",
        ("-f", GOOD, "-o", "out/"),
        (f"out/{GOOD}: is a directory",),
        {f"out/{GOOD}/keep.txt": b""},
    ),
    Bad(
        "two-outputs-of-one-name",
        ("-f", "a/x.yaml", "-f", "b/x.yaml", "-o", "out/"),
        ("out/x.yaml: got two inputs of that name",),
        {"a/x.yaml": POD.encode(), "b/x.yaml": SERVICE.encode()},
    ),
    Bad(
        "report-into-a-directory",
        ("-f", GOOD, "--report", "-o", "out/"),
        ("out: is a directory",),
        {"out/keep.txt": b""},
    ),
)
USAGES = (
    usage("missing-f", (), "required: -f/--filename"),
    usage("unknown-option", ("-f", GOOD, "--colour"), "--colour"),
    usage("option-without-value", ("-f",), "-f/--filename"),
    usage("short-token", ("-f", GOOD, "--token", "abc"), '--token: got "abc"', "32 hexadecimal"),
    usage("token-in-capitals", ("-f", GOOD, "--token", "A" * 32), "--token", "32 hexadecimal"),
    usage(
        "label-without-value",
        ("-f", GOOD, "--namespace-labels", "a=b,c"),
        '--namespace-labels: got "c", expected KEY=VALUE',
    ),
    usage(
        "label-twice",
        ("-f", GOOD, "--namespace-labels", "a=b,a=c"),
        '--namespace-labels: got "a" twice',
    ),
    usage("bad-namespace", ("-f", GOOD, "-n", "A b"), '--namespace: got "A b"'),
    usage("bad-revision", ("-f", GOOD, "-r", "$(id)"), '--revision: got "$(id)"'),
    usage("patch-and-report", ("-f", GOOD, "--patch", "--report"), "--report", "--patch"),
    usage("verify-alone", ("-f", GOOD, "--verify"), "--verify: got no --patch"),
)
ROWS = (*MANIFESTS, *PODS, *ANNOTATIONS, *CONFIGURATIONS, *PLACES, *USAGES)
