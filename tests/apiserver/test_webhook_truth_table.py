"""Who is injected, by the labels of namespace and pod, with a real webhook behind the selectors."""

from __future__ import annotations

import json
import uuid
from collections import defaultdict
from collections.abc import Iterator

import pytest

from tests.apiserver.conftest import ControlPlanes
from tests.apiserver.kube_api import KubeObject
from tests.apiserver.kubernetes_version import KubernetesVersion
from tests.apiserver.replicas import Installation, installation

pytestmark = pytest.mark.apiserver

OWN, OTHER = "OWN", "other"
"""OWN stands for the release's revision."""

# namespace: istio-injection, istio.io/rev; pod: sidecar.istio.io/inject, istio.io/rev;
# the webhook that is called as one revision of several, and as the default one; "" is none.
Row = tuple[str | None, str | None, str | None, str | None, str, str]
TABLE: tuple[Row, ...] = (
    ("disabled", None, None, None, "", ""),
    ("disabled", OWN, "true", OWN, "", ""),
    ("enabled", None, None, None, "", "namespace"),
    ("enabled", None, "true", None, "", "namespace"),
    ("enabled", OTHER, None, OTHER, "", "namespace"),
    ("enabled", None, "false", None, "", ""),
    (None, OWN, None, None, "rev.namespace", "rev.namespace"),
    (None, OWN, "true", OTHER, "rev.namespace", "rev.namespace"),
    (None, OWN, "yes", None, "rev.namespace", "rev.namespace"),
    (None, OWN, "false", None, "", ""),
    (None, OTHER, None, None, "", ""),
    (None, OTHER, "true", OWN, "", ""),
    (None, None, "false", OWN, "", ""),
    (None, None, None, OWN, "rev.object", "rev.object"),
    (None, None, "true", OWN, "rev.object", "rev.object"),
    (None, None, "true", OTHER, "", ""),
    (None, None, "true", None, "", "object"),
    (None, None, "yes", None, "", ""),
    (None, None, None, None, "", ""),
)


@pytest.fixture(scope="module", params=list(KubernetesVersion))
def plain(
    request: pytest.FixtureRequest,
    control_planes: ControlPlanes,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Installation]:
    """Yield an installation as one revision of several."""
    with installation(control_planes.get(request.param), tmp_path_factory.mktemp("plain")) as found:
        found.serve()
        yield found


def test_as_one_revision_of_several(plain: Installation) -> None:
    """Only who names our revision is injected, each by exactly one webhook."""
    check(plain, expected=4)


def test_as_the_default_revision(plain: Installation) -> None:
    """Who names none is injected too, each by exactly one webhook."""
    release = plain.release
    release.upgrade(f"configuration: {{revision: {release.name}, defaultRevision: true}}\n")
    plain.roll_out()
    plain.wait_until_called()
    check(plain, expected=5)


def check(found: Installation, *, expected: int) -> None:
    """Create a namespace and a pod with kubectl for each row, and look at who was called."""
    rows = {f"row-{uuid.uuid4().hex[:12]}": row for row in TABLE}
    own = {name: _own(found, row[:4]) for name, row in rows.items()}
    _create(found, [_namespace(name, *labels[:2]) for name, labels in own.items()])
    for name in rows:
        found.plane.wait_for_service_account(name)
    _create(found, [_pod(name, *labels[2:]) for name, labels in own.items()])
    decided = _decided(found)
    calls = [(row, row[expected], called(found, name, decided)) for name, row in rows.items()]
    assert [each for each in calls if each[1] != each[2]] == []


def _create(found: Installation, objects: list[KubeObject]) -> None:
    done = found.plane.kubectl(
        "create", "--filename=-",
        stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def _namespace(name: str, injection: str | None, revision: str | None) -> KubeObject:
    labels = {"istio-injection": injection, "istio.io/rev": revision}
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": name, "labels": _present(labels)},
    }


def _pod(namespace: str, inject: str | None, revision: str | None) -> KubeObject:
    labels = {"sidecar.istio.io/inject": inject, "istio.io/rev": revision}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "web", "namespace": namespace, "labels": _present(labels)},
        "spec": {"containers": [{"name": "app", "image": "nginx:1.29"}]},
    }


def _present(labels: dict[str, str | None]) -> dict[str, str]:
    return {key: value for key, value in labels.items() if value is not None}


def _decided(found: Installation) -> dict[str, list[str]]:
    """Return by namespace which webhooks injected a pod of it."""
    decided: dict[str, list[str]] = defaultdict(list)
    for event in found.plane.audit_log.events(resource="pods", verb="create"):
        decided[event["objectRef"]["namespace"]] += [
            key.partition(".pillion.istio.io/")[0]
            for key, value in event.get("annotations", {}).items()
            if key.endswith(".pillion.istio.io/decision") and value == "inject"
        ]
    return decided


def called(found: Installation, namespace: str, decided: dict[str, list[str]]) -> str:
    """Return the webhook that injected the pod; "" when it came back as it was."""
    pod = found.plane.api.get(f"/api/v1/namespaces/{namespace}/pods/web")
    decisions = decided[namespace]
    is_injected = "initContainers" in pod["spec"]
    assert len(decisions) == is_injected, (decisions, pod["spec"])
    return decisions[0] if decisions else ""


def _own(found: Installation, labels: tuple[str | None, ...]) -> list[str | None]:
    return [found.release.name if each == OWN else each for each in labels]
