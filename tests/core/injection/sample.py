"""The smallest pod of an application, changed as a test likes, and an engine to put it through."""

from __future__ import annotations

import json
from typing import Any

from webhook.injection.apply import decoded
from webhook.injection.engine import Engine, Injected, Outcome, apply_stages
from webhook.injection.plan import Context
from webhook.manifests.value import read_yaml
from webhook.model.pod import Pod, read
from webhook.model.settings import Settings

TOKEN = "0123456789abcdef0123456789abcdef"
"""The token of every test that compares bytes."""

CONTEXT = Context(namespace="demo", token=TOKEN)


def value(
    labels: dict[str, Any] | None = None,
    annotations: dict[str, Any] | None = None,
    **spec: Any,
) -> dict[str, Any]:
    """Return a pod's JSON value with one container, `app`, unless `spec` says otherwise."""
    return {
        "metadata": {"name": "web", "labels": labels or {}, "annotations": annotations or {}},
        "spec": {"containers": [{"name": "app", "image": "app:1"}], **spec},
    }


def with_app(**members: Any) -> dict[str, Any]:
    """Return a pod's JSON value whose one container has these members too."""
    return value(containers=[{"name": "app", "image": "app:1", **members}])


def text(pod: Any) -> bytes:
    """Return a pod as the API server sends it."""
    return json.dumps(pod, ensure_ascii=False, separators=(",", ":")).encode()


def view(pod: Any) -> Pod:
    """Return the view of a pod's JSON value."""
    return read(text(pod))


def engine(settings: Settings | None = None) -> Engine:
    """Return an engine with the default configuration, or another one."""
    return Engine(settings or Settings(), read_yaml)


def inject(pod: Any, settings: Settings | None = None, context: Context = CONTEXT) -> Outcome:
    """Return what becomes of a pod's JSON value."""
    return engine(settings).inject(text(pod), context)


def injected(pod: Any, settings: Settings | None = None, context: Context = CONTEXT) -> Any:
    """Return the JSON value of a pod after injection, which must succeed."""
    outcome = inject(pod, settings, context)
    assert isinstance(outcome, Injected), outcome
    return decoded(apply_stages(outcome.stages, pod))


def container(pod: Any, name: str) -> dict[str, Any]:
    """Return a container or init container of a pod's JSON value."""
    found = [
        each
        for kind in ("initContainers", "containers")
        for each in pod["spec"].get(kind) or ()
        if each["name"] == name
    ]
    assert len(found) == 1, f"{len(found)} containers named {name}"
    return dict(found[0])
