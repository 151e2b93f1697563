"""What cannot be injected is denied by a sentence that says what to change."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.core.injection import sample
from webhook.injection.engine import Denied, Engine, Injected
from webhook.injection.sidecar import _STAND_INS
from webhook.manifests.value import read_yaml
from webhook.model import names
from webhook.model.errors import ConfigurationError
from webhook.model.settings import (
    Overlay,
    OverlayTarget,
    Proxy,
    Redirect,
    RedirectMode,
    Settings,
    Traffic,
)

NATIVE = "sidecar.istio.io/nativeSidecar"


def _containers(*found: dict[str, Any]) -> dict[str, Any]:
    return sample.value(containers=list(found))


APP = {"name": "app", "image": "x"}
TABLE: dict[str, tuple[dict[str, Any], str]] = {
    "no-containers": (sample.value(containers=[]), "spec.containers: got none of an application"),
    "null-containers": (sample.value(containers=None), "spec.containers: got none"),
    "only-our-proxy": (_containers({"name": names.PROXY}), "spec.containers: got none"),
    "nameless": (_containers(APP, {"image": "y"}), "got a container without a name"),
    "nameless-init-container": (
        sample.value(initContainers=[{"image": "y"}]),
        "spec.initContainers: got a container without a name",
    ),
    "twice": (_containers(APP, APP), 'spec.containers: got the name "app" twice'),
    "twice-across-lists": (
        sample.value(initContainers=[APP]),
        'spec.initContainers: got the name "app" twice',
    ),
    "two-own-proxies": (
        _containers(APP, {"name": names.PROXY}, {"name": names.PROXY}),
        'got the name "istio-proxy" twice',
    ),
    "istio-init": (
        sample.value(initContainers=[{"name": "istio-init"}]),
        'spec.initContainers: got the name "istio-init", which is reserved',
    ),
    "istio-validation": (
        _containers(APP, {"name": "istio-validation"}),
        'spec.containers: got the name "istio-validation", which is reserved',
    ),
    "our-volume": (
        sample.value(volumes=[{"name": "istiod-ca-cert"}]),
        'spec.volumes: got the name "istiod-ca-cert", which is reserved for injection; rename it',
    ),
    "ports-of-a-wrong-type": (sample.with_app(ports={}), "the pod cannot be read"),
    "port-of-a-wrong-type": (sample.with_app(ports=[{"containerPort": "http"}]), "containerPort"),
    "labels-of-a-wrong-type": ({"metadata": {"labels": []}, "spec": {}}, "pod.metadata.labels"),
    "no-spec": ({"metadata": {}}, "spec"),
    "annotations-too-large": (
        sample.value(annotations={f"a{n}": "x" * 63_000 for n in range(4)}),
        "metadata.annotations: got ",
    ),
}


@pytest.mark.parametrize(("pod", "message"), TABLE.values(), ids=TABLE)
def test_refused(pod: dict[str, Any], message: str) -> None:
    """The sentence names the place and what was found there."""
    outcome = sample.inject(pod)
    if message.startswith("metadata.annotations") and isinstance(outcome, Injected):
        outcome = sample.inject(sample.value(annotations={f"a{n}": "x" * 65_530 for n in range(4)}))
    assert isinstance(outcome, Denied)
    assert message in outcome.message


@pytest.mark.parametrize(("size", "accepted"), [(254_000, True), (262_100, False)])
def test_size_of_all_annotations(size: int, accepted: bool) -> None:
    """All annotations together, ours included, must fit in what the API server takes."""
    outcome = sample.inject(sample.value(annotations={"note": "x" * size}))
    assert isinstance(outcome, Injected) is accepted
    if isinstance(outcome, Denied):
        assert f"expected at most {names.ANNOTATIONS_LIMIT}" in outcome.message
        assert "shorten the pod's own" in outcome.message


def _size(pod: Any) -> int:
    found = pod["metadata"]["annotations"].items()
    return sum(len(key.encode()) + len((text or "").encode()) for key, text in found)


@pytest.mark.parametrize(
    "settings", [Settings(), Settings(redirect=Redirect(mode=RedirectMode.CNI))]
)
def test_size_is_exact(settings: Settings) -> None:
    """The last byte that fits is accepted, and the next one is named."""
    annotations = {"kubectl.kubernetes.io/default-container": "app", "note": "", "empty": None}
    room = names.ANNOTATIONS_LIMIT - _size(
        sample.injected(sample.value(annotations=annotations), settings)
    )
    full = sample.value(annotations=annotations | {"note": "x" * room})
    assert _size(sample.injected(full, settings)) == names.ANNOTATIONS_LIMIT
    outcome = sample.inject(
        sample.value(annotations=annotations | {"note": "x" * (room + 1)}), settings
    )
    assert isinstance(outcome, Denied)
    assert f"got {names.ANNOTATIONS_LIMIT + 1} bytes with ours" in outcome.message


def test_size_of_record_and_wide_text() -> None:
    """A record that is nearly as large as it may be counts beside text of four bytes a letter."""
    header = {"name": "X", "value": "x" * 31_000}
    pod = sample.with_app(readinessProbe={"httpGet": {"port": 80, "httpHeaders": [header]}})
    pod["metadata"]["annotations"] = {"note": "\U0001f600" * 58_250}
    outcome = sample.inject(pod)
    assert isinstance(outcome, Denied)
    assert "metadata.annotations: got " in outcome.message


def test_size_of_annotations_for_a_plugin() -> None:
    """Ports that are written one by one count too."""
    ports = tuple(f"{start}-{start + 999}" for start in range(10_000, 54_000, 1_000))
    settings = Settings(
        redirect=Redirect(mode=RedirectMode.CNI), traffic=Traffic(exclude_inbound_ports=ports)
    )
    pod = sample.value(annotations={"note": "\U0001f600" * 20})
    assert isinstance(sample.inject(pod, settings), Denied)
    assert isinstance(sample.inject(pod), Injected)


def test_size_counts_bytes() -> None:
    """A character of four bytes counts as four."""
    outcome = sample.inject(sample.value(annotations={"note": "\U0001f600" * 65_530}))
    assert isinstance(outcome, Denied)


def test_size_passes_over_null() -> None:
    """A null annotation has no size."""
    pod = sample.value(annotations={"note": "x" * 254_000, "empty": None})
    assert isinstance(sample.inject(pod), Injected)


def _with_header(size: int) -> dict[str, Any]:
    header = {"name": "X", "value": "x" * size}
    return sample.with_app(readinessProbe={"httpGet": {"port": 80, "httpHeaders": [header]}})


def test_record_that_is_too_large() -> None:
    """What was replaced must be remembered, in at most 32 KiB."""
    assert isinstance(sample.inject(_with_header(30_000)), Injected)
    outcome = sample.inject(_with_header(33_000))
    assert isinstance(outcome, Denied)
    assert f"expected at most {names.STATUS_LIMIT}" in outcome.message
    assert "rewriteAppHTTPProbers" in outcome.message


def test_record_counts_bytes() -> None:
    """A character of four bytes counts as four there too."""
    header = {"name": "X", "value": "\U0001f600" * 9_000}
    pod = sample.with_app(readinessProbe={"httpGet": {"port": 80, "httpHeaders": [header]}})
    data = json.dumps(pod, ensure_ascii=False).encode()
    assert isinstance(sample.engine().inject(data, sample.CONTEXT), Denied)


@pytest.mark.parametrize("kind", ["Job", "CronJob"])
def test_job_beside_a_classic_sidecar(kind: str) -> None:
    """A Job never completes beside a container that does not end."""
    pod = sample.value(annotations={NATIVE: "false"})
    name = "backup-28412345" if kind == "CronJob" else "migrate"
    owner = {"apiVersion": "batch/v1", "kind": "Job", "name": name, "controller": True}
    pod["metadata"] |= {"generateName": "x-", "ownerReferences": [owner]}
    outcome = sample.inject(pod)
    assert isinstance(outcome, Denied)
    assert f"{kind} {name.removesuffix('-28412345')} would never complete" in outcome.message
    pod["metadata"]["annotations"] = {}
    assert isinstance(sample.inject(pod, Settings()), Injected)
    assert isinstance(sample.inject(pod, Settings(proxy=Proxy(native=False))), Denied)


@pytest.mark.parametrize("kind", ["labels", "annotations"])
def test_overlay_cannot_delete_labels(kind: str) -> None:
    """A configured overlay that deletes a label or annotation is refused when it is read."""
    patch = {"metadata": {kind: {"a": None}}}
    overlay = Overlay(name="tidy", target=OverlayTarget.POD, patch=patch)
    with pytest.raises(ConfigurationError, match=f"overlays.tidy.patch.metadata.{kind}: got null"):
        Engine(Settings(overlays=(overlay,)), read_yaml)


def test_overlay_on_a_container_may_hold_such_members() -> None:
    """Only an overlay on the pod has its metadata looked at."""
    overlay = Overlay(
        name="odd", target=OverlayTarget.PROXY, patch={"metadata": {"labels": {"a": None}}}
    )
    assert Engine(Settings(overlays=(overlay,)), read_yaml).settings.overlays == (overlay,)


def test_configured_service_cluster_is_text() -> None:
    """A configured service cluster is one for all pods, and no program to kubelet."""
    settings = Settings(proxy=Proxy(service_cluster="shop-$(POD_NAME)"))
    args = sample.container(sample.injected(sample.value(), settings), names.PROXY)["args"]
    assert args[args.index("--service-cluster") + 1] == "shop-$$(POD_NAME)"


def test_own_proxy_with_odd_amounts() -> None:
    """Amounts that are no object are left for the API server to refuse."""
    own = {"name": names.PROXY, "resources": {"limits": "x", "requests": {"cpu": "1"}}}
    pod = sample.value(containers=[APP, own], resources={"limits": {"cpu": "2"}})
    proxy = sample.container(sample.injected(pod), names.PROXY)
    assert proxy["resources"] == own["resources"]


def test_overlay_with_a_stand_in() -> None:
    """Configuration with characters that stand for what is filled in is refused, not filled in."""
    overlay = Overlay(
        name="odd",
        target=OverlayTarget.PROXY,
        patch={"env": [{"name": "A", "value": _STAND_INS[b"drain"]}]},
    )
    outcome = sample.inject(sample.value(), Settings(overlays=(overlay,)))
    assert isinstance(outcome, Denied)
    assert "U+E000" in outcome.message


PROBES: dict[str, tuple[dict[str, Any], str]] = {
    "scheme": ({"httpGet": {"port": 80, "scheme": "FTP"}}, 'its scheme is "FTP"'),
    "path-with-a-host": ({"httpGet": {"port": 80, "path": "//other/x"}}, "a URL of its own"),
    "path-with-a-scheme": ({"httpGet": {"port": 80, "path": "http://x/"}}, "a URL of its own"),
    "port-zero": ({"tcpSocket": {"port": 0}}, "its port is 0, expected 1-65535"),
    "port-too-high": ({"grpc": {"port": 65536}}, "its port is 65536"),
    "port-of-many-digits": ({"tcpSocket": {"port": "9" * 5000}}, "is not among the ports"),
    "port-in-other-digits": ({"tcpSocket": {"port": "٣"}}, "is not among the ports"),
    "port-missing": ({"tcpSocket": {}}, "its form is not known"),
    "another-host": ({"httpGet": {"port": 80, "host": "db\n"}}, 'a host of its own, "db\\n"'),
}


@pytest.mark.parametrize(("probe", "why"), PROBES.values(), ids=PROBES)
def test_probe_that_cannot_be_rewritten(probe: dict[str, Any], why: str) -> None:
    """A probe that Envoy cannot answer faithfully stays, and its author hears why."""
    pod = sample.with_app(readinessProbe=probe)
    outcome = sample.inject(pod)
    assert isinstance(outcome, Injected)
    assert len(outcome.warnings) == 1
    assert why in outcome.warnings[0]
    assert "containers.app.readinessProbe" in outcome.warnings[0]
    assert sample.container(sample.injected(pod), "app")["readinessProbe"] == probe
