"""Gate A on real API servers: which webhook of the chart is called for which labels.

Nothing serves the webhook here, and failurePolicy is Ignore: the API server writes the name of
every webhook that it called in vain into the audit log.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

import pytest

from tests.apiserver.chart_release import Release, chart_release
from tests.apiserver.conftest import ControlPlanes
from tests.apiserver.control_plane import ControlPlane
from tests.apiserver.kubernetes_version import KubernetesVersion
from webhook.injection.selection import select
from webhook.model import names

pytestmark = pytest.mark.apiserver

SUFFIX = ".pillion.istio.io"
REVISION, TAG, CANARY = "main", "stable", "canary"

INJECTIONS = (None, "enabled", "disabled", "")
REVISIONS = (None, REVISION, TAG, CANARY, "default", "other", "")
WISHES = (None, "true", "false", "yes", "")
POD_REVISIONS = (None, REVISION, TAG, CANARY, "default", "other")

Labels = Mapping[str, str]


def _labels(**values: str | None) -> dict[str, str]:
    keys = {
        "injection": names.NAMESPACE_INJECTION,
        "revision": names.REVISION,
        "inject": names.INJECT,
    }
    return {keys[name]: value for name, value in values.items() if value is not None}


class Installed:
    """The default revision with a tag, and a second revision, on one control plane."""

    def __init__(self, plane: ControlPlane, default: Release, canary: Release) -> None:
        self.plane = plane
        self.default = default
        self.canary = canary

    def create(self, namespace: str, name: str, labels: Labels, **overrides: Any) -> dict[str, Any]:
        """Create a pod in a dry run."""
        pod = {
            "metadata": {
                "name": name,
                "labels": dict(labels),
                "annotations": overrides.pop("annotations", {}),
            },
            "spec": {"containers": [{"name": "app", "image": "app:1"}], **overrides},
        }
        return self.plane.api.create(f"/api/v1/namespaces/{namespace}/pods?dryRun=All", pod)

    def called(self, namespace: str | None = None) -> dict[tuple[str, str], list[str]]:
        """Return the webhooks called for each pod of the audit log, by namespace and name."""
        found: dict[tuple[str, str], list[str]] = defaultdict(list)
        for event in self.plane.audit_log.events(
            namespace=namespace, resource="pods", verb="create"
        ):
            place = (event["objectRef"]["namespace"], event["objectRef"].get("name", ""))
            found[place] += [
                value
                for key, value in event.get("annotations", {}).items()
                if key.startswith("failed-open.mutation.webhook") and value.endswith(SUFFIX)
            ]
        return found


@pytest.fixture(scope="module", params=list(KubernetesVersion))
def installed(request: pytest.FixtureRequest, control_planes: ControlPlanes) -> Iterator[Installed]:
    """Yield both releases, installed once for the module."""
    plane = control_planes.get(request.param)
    with chart_release(plane) as default, chart_release(plane) as canary:
        default.install(f"""
            webhook: {{failurePolicy: Ignore}}
            revisionTags: [{TAG}]
            configuration: {{revision: {REVISION}, defaultRevision: true}}
        """)
        canary.install(f"""
            webhook: {{failurePolicy: Ignore}}
            configuration: {{revision: {CANARY}}}
        """)
        yield Installed(plane, default, canary)


def _expected(namespace: Labels, pod: Labels) -> list[str]:
    """Return the webhooks that the program's own table names, of all three registrations."""
    tagged = select(namespace, pod, revision=TAG, is_default=False)
    chosen = [
        select(namespace, pod, revision=REVISION, is_default=True),
        tagged,
        select(namespace, pod, revision=CANARY, is_default=False),
    ]
    return [f"{each.webhook}{SUFFIX}" for each in chosen if each.webhook is not None]


def test_truth_table(installed: Installed) -> None:
    """For all 840 combinations of the four labels, exactly the webhook that `explain` names."""
    expected = {}
    for injection, revision in product(INJECTIONS, REVISIONS):
        of_namespace = _labels(injection=injection, revision=revision)
        namespace = installed.plane.create_namespace(labels=of_namespace)
        for number, (wish, pod_revision) in enumerate(product(WISHES, POD_REVISIONS)):
            of_pod = _labels(inject=wish, revision=pod_revision)
            installed.create(namespace, f"pod-{number}", of_pod)
            expected[namespace, f"pod-{number}"] = _expected(of_namespace, of_pod)
    called = installed.called()
    assert {place: called[place] for place in expected} == expected
    assert max(len(each) for each in expected.values()) == 1
    assert sum(len(each) for each in expected.values()) > 200


def test_own_and_system_namespaces_are_left_alone(installed: Installed) -> None:
    """Whatever they are labelled, and whatever the pod says, no webhook of ours is called."""
    asks = _labels(inject="true", revision=REVISION)
    for namespace in (installed.default.namespace, "kube-system", "kube-public"):
        label = ("label", "namespace", namespace, "--overwrite")
        done = installed.plane.kubectl(*label, f"{names.REVISION}={REVISION}")
        assert done.returncode == 0, done.stderr
        try:
            installed.plane.wait_for_service_account(namespace)
            installed.create(namespace, "asks", asks)
        finally:
            installed.plane.kubectl(*label, f"{names.REVISION}-")
        assert installed.called(namespace)[namespace, "asks"] == []


def test_conditions(installed: Installed) -> None:
    """Pods in the node's network are not shown to us unless they ask, mirror pods never."""
    namespace = installed.plane.create_namespace(labels=_labels(revision=REVISION))
    asks = _labels(inject="true")
    mirror = {names.MIRROR_POD: "hash"}
    installed.create(namespace, "plain", {})
    installed.create(namespace, "host", {}, hostNetwork=True)
    installed.create(namespace, "host-asks", asks, hostNetwork=True)
    installed.create(namespace, "host-denies", _labels(inject="yes"), hostNetwork=True)
    installed.create(namespace, "not-host", {}, hostNetwork=False)
    installed.create(namespace, "mirror", asks, annotations=mirror, nodeName="node")
    called = installed.called(namespace)
    assert {name: bool(called[namespace, name]) for _, name in list(called)} == {
        "plain": True,
        "host": False,
        "host-asks": True,
        "host-denies": False,
        "not-host": True,
        "mirror": False,
    }


def test_updates_and_sub_resources_are_not_shown(installed: Installed) -> None:
    """A pod is shown when it is created, and never again."""
    namespace = installed.plane.create_namespace(labels=_labels(revision=REVISION))
    run = ("run", "web", "--image=app:1", "--namespace", namespace)
    assert installed.plane.kubectl(*run).returncode == 0
    label = ("label", "pod", "web", "a=b", "--namespace", namespace)
    assert installed.plane.kubectl(*label).returncode == 0
    events = installed.plane.audit_log.events(namespace=namespace, resource="pods")
    writing = [each for each in events if each["verb"] in ("create", "update", "patch")]
    assert [
        (each["verb"], any(key.startswith("failed-open") for key in each["annotations"]))
        for each in writing
    ] == [("create", True), ("patch", False)]
