"""Which pods get their patch from the text of their shape, and which are planned edit by edit."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.core.injection import sample
from webhook.injection import patch
from webhook.injection.engine import Denied, Injected
from webhook.model import names
from webhook.model.settings import (
    Overlay,
    OverlayTarget,
    Proxy,
    Redirect,
    RedirectMode,
    Settings,
)

_GET = {"path": "/health", "port": 8080}
_COPIED = sample.injected(sample.value())["metadata"]["annotations"][names.STATUS]
_CLASSIC = Settings(proxy=Proxy(native=False))

ORDINARY: dict[str, tuple[Any, Settings]] = {
    "bare": (sample.value(), Settings()),
    "without-metadata": ({"spec": sample.value()["spec"]}, Settings()),
    "null-lists": (sample.value(initContainers=None, volumes=None), Settings()),
    "empty-init-containers": (sample.value(initContainers=[]), Settings()),
    "init-container": (sample.value(initContainers=[{"name": "migrate"}]), Settings()),
    "classic": (sample.value(initContainers=[{"name": "migrate"}]), _CLASSIC),
    "http": (sample.with_app(readinessProbe={"httpGet": _GET}), Settings()),
    "tcp": (sample.with_app(livenessProbe={"tcpSocket": {"port": 5432}}), Settings()),
    "grpc": (sample.with_app(startupProbe={"grpc": {"port": 9000}}), Settings()),
    "null-beside": (
        sample.with_app(livenessProbe={"httpGet": None, "tcpSocket": {"port": 5432}}),
        Settings(),
    ),
    "hook": (sample.with_app(lifecycle={"preStop": {"httpGet": _GET}}), Settings()),
    "native-sidecar": (
        sample.value(
            initContainers=[
                {"name": "first"},
                {"name": "cache", "restartPolicy": "Always", "startupProbe": {"httpGet": _GET}},
            ]
        ),
        Settings(),
    ),
    "no-rules": (sample.value(), Settings(redirect=Redirect(mode=RedirectMode.NONE))),
    "copied-status": (
        sample.value(annotations={names.STATUS: _COPIED}),
        Settings(),
    ),
}
ONE_BY_ONE: dict[str, tuple[Any, Settings]] = {
    "own-proxy": (
        sample.value(containers=[{"name": "app"}, {"name": "istio-proxy", "image": "auto"}]),
        Settings(),
    ),
    "headers": (
        sample.with_app(
            readinessProbe={"httpGet": {**_GET, "httpHeaders": [{"name": "X", "value": "1"}]}}
        ),
        Settings(),
    ),
    "port-first": (
        sample.with_app(readinessProbe={"httpGet": {"port": 8080, "path": "/health"}}),
        Settings(),
    ),
    "odd-name": (
        sample.value(containers=[{"name": "a/b", "readinessProbe": {"httpGet": _GET}}]),
        Settings(),
    ),
    "classic-hook": (sample.with_app(lifecycle={"preStop": {"httpGet": _GET}}), _CLASSIC),
    "empty-status": (sample.value(annotations={names.STATUS: ""}), Settings()),
}


def _stage(pod: Any, settings: Settings) -> patch.Stage:
    outcome = sample.inject(pod, settings)
    assert isinstance(outcome, Injected), outcome
    return outcome.stages[-1]


@pytest.mark.parametrize("name", ORDINARY)
def test_ordinary_pods_differ_in_values_only(name: str) -> None:
    """Their patch is known without edits, and is what the edits are rendered to."""
    stage = _stage(*ORDINARY[name])
    edits = stage.edits
    assert stage.text
    plain = patch.Stage(stage.pod, lambda: edits)
    assert patch.render([stage]) == stage.text == patch.render([plain])
    assert patch.operations(stage) == patch.operations(plain)


@pytest.mark.parametrize("name", ONE_BY_ONE)
def test_others_are_planned_edit_by_edit(name: str) -> None:
    """Their patch is rendered from their edits."""
    stage = _stage(*ONE_BY_ONE[name])
    assert not stage.text
    assert json.loads(patch.render([stage]))


def test_text_that_stands_for_a_part_is_refused() -> None:
    """A configuration that holds what stands for parts of a pod cannot be cut."""
    overlay = Overlay("odd", OverlayTarget.INIT, {"args": ["\ue000status"]})
    outcome = sample.inject(sample.value(), Settings(overlays=(overlay,)))
    assert isinstance(outcome, Denied)
    assert outcome.message == (
        "the configuration: got text with U+E000, expected assigned characters"
    )


def test_texts_make_no_shape() -> None:
    """Pods with different statuses of others share a shape, so that nobody can fill the memory."""
    engine = sample.engine()
    for name in ("web", "shop"):
        status = _COPIED.replace(sample.TOKEN, name * 8)
        pod = sample.value(annotations={names.STATUS: status})
        assert isinstance(engine.inject(sample.text(pod), sample.CONTEXT), Injected)
    assert engine._layout.cache_info().currsize == 1
