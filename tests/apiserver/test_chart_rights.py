"""What the chart lets the webhook do, and nothing more; what its policy lets pods add."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.apiserver.chart_release import Release, chart_release
from tests.apiserver.conftest import ControlPlanes
from tests.apiserver.kube_api import KubeApiError
from tests.apiserver.kubernetes_version import KubernetesVersion
from tests.apiserver.polling import wait_until

pytestmark = pytest.mark.apiserver

VALUES = """
    webhook: {failurePolicy: Ignore}
    revisionTags: [stable]
    configuration: {revision: guarded, defaultRevision: true}
    capabilityPolicy: {enabled: true, images: ["pillion/init:old"]}
"""
INIT_IMAGE = "pillion/init:0.1.0"
POLICY_SECONDS = 30


@pytest.fixture(scope="module", params=list(KubernetesVersion))
def release(request: pytest.FixtureRequest, control_planes: ControlPlanes) -> Iterator[Release]:
    """Yield one release, installed once for the module."""
    with chart_release(control_planes.get(request.param)) as found:
        found.install(VALUES)
        yield found


WEBHOOKS = "mutatingwebhookconfigurations.admissionregistration.k8s.io"
ALLOWED = (
    ("get", "secrets/{name}"),
    ("patch", "secrets/{name}"),
    ("get", "leases.coordination.k8s.io/{name}"),
    ("update", "leases.coordination.k8s.io/{name}"),
    ("get", f"{WEBHOOKS}/{{name}}"),
    ("patch", f"{WEBHOOKS}/{{name}}"),
    ("list", f"{WEBHOOKS}/{{name}}"),
    ("watch", f"{WEBHOOKS}/{{name}}"),
    ("patch", f"{WEBHOOKS}/{{name}}-default-revision"),
    ("patch", f"{WEBHOOKS}/{{name}}-revision-tag-stable"),
    ("list", "namespaces"),
    ("watch", "namespaces"),
    ("list", "resourcequotas"),
    ("watch", "resourcequotas"),
    ("create", "events"),
)  # fmt: skip

REFUSED = (
    ("create", "secrets"),
    ("list", "secrets"),
    ("list", "secrets/{name}"),
    ("watch", "secrets/{name}"),
    ("get", "secrets/other"),
    ("update", "secrets/{name}"),
    ("delete", "secrets/{name}"),
    ("create", "leases.coordination.k8s.io"),
    ("delete", "leases.coordination.k8s.io/{name}"),
    ("get", f"{WEBHOOKS}/other"),
    ("patch", f"{WEBHOOKS}/other"),
    ("update", f"{WEBHOOKS}/{{name}}"),
    ("delete", f"{WEBHOOKS}/{{name}}"),
    ("list", WEBHOOKS),
    ("watch", WEBHOOKS),
    ("get", "namespaces"),
    ("get", "resourcequotas"),
    ("update", "resourcequotas"),
    ("patch", "namespaces"),
    ("get", "configmaps/{name}"),
    ("get", "pods"),
    ("create", "pods"),
    ("list", "events"),
    ("patch", "events"),
    ("create", "tokenreviews.authentication.k8s.io"),
    ("impersonate", "users"),
    ("escalate", "clusterroles.rbac.authorization.k8s.io"),
)


@pytest.mark.parametrize(("verb", "what"), ALLOWED)
def test_webhook_may(release: Release, verb: str, what: str) -> None:
    """The webhook's account may do what the program does."""
    assert _may(release, verb, what)


@pytest.mark.parametrize(("verb", "what"), REFUSED)
def test_webhook_may_not(release: Release, verb: str, what: str) -> None:
    """It may not touch anything of the same kind that is not its own, nor make or remove any."""
    assert not _may(release, verb, what)


def test_its_own_secret_only_in_its_own_namespace(release: Release) -> None:
    """A Secret of the same name in another namespace is out of reach."""
    assert not _may(release, "get", "secrets/{name}", namespace="default")


def _may(release: Release, verb: str, what: str, namespace: str = "") -> bool:
    account = f"system:serviceaccount:{release.namespace}:{release.name}"
    done = release.plane.kubectl(
        "auth", "can-i", verb, what.format(name=release.name), f"--as={account}",
        "--as-group=system:serviceaccounts", "--as-group=system:authenticated",
        "--namespace", namespace or release.namespace,
    )  # fmt: skip
    answer = done.stdout.strip()
    assert answer in ("yes", "no"), done.stderr
    return answer == "yes"


def test_modes_without_an_authority_need_less(release: Release) -> None:
    """With provided certificates there is no Secret to read and nothing to patch."""
    with chart_release(release.plane) as provided:
        provided.install("""
            webhook: {failurePolicy: Ignore}
            configuration: {revision: provided}
            certificates: {mode: provided, secretName: serving}
        """)
        webhook = f"{WEBHOOKS}/{{name}}"
        assert _may(provided, "get", webhook)
        assert not _may(provided, "patch", webhook)
        assert not _may(provided, "get", f"{webhook}-default-revision")
        assert not _may(provided, "get", "secrets/{name}")


def _container(name: str, image: str = "app:1", **security: Any) -> dict[str, Any]:
    return {"name": name, "image": image, **({"securityContext": security} if security else {})}


def _adding(*capabilities: str) -> dict[str, Any]:
    return {"capabilities": {"add": list(capabilities), "drop": ["ALL"]}}


APP = _container("app")
INIT = _container("istio-init", INIT_IMAGE, **_adding("NET_ADMIN"))

ADMITTED: dict[str, dict[str, Any]] = {
    "plain": {"containers": [APP]},
    "injected": {"containers": [APP], "initContainers": [INIT]},
    "injected-by-the-old-image": {
        "containers": [APP],
        "initContainers": [INIT | {"image": "pillion/init:old"}],
    },
    "drops-only": {"containers": [_container("app", capabilities={"drop": ["ALL"]})]},
    "adds-nothing": {"containers": [_container("app", capabilities={"add": []})]},
    "not-privileged": {"containers": [_container("app", privileged=False)]},
}
DENIED: dict[str, tuple[dict[str, Any], str]] = {
    "application-adds": (
        {"containers": [_container("app", **_adding("NET_ADMIN"))], "initContainers": [INIT]},
        "app",
    ),
    "another-image": (
        {"containers": [APP], "initContainers": [INIT | {"image": "evil:1"}]},
        "istio-init",
    ),
    "tag-of-another-registry": (
        {"containers": [APP], "initContainers": [INIT | {"image": f"evil.example/{INIT_IMAGE}"}]},
        "istio-init",
    ),
    "more-capabilities": (
        {
            "containers": [APP],
            "initContainers": [INIT | {"securityContext": _adding("NET_ADMIN", "SYS_ADMIN")}],
        },
        "istio-init",
    ),
    "another-capability": (
        {
            "containers": [APP],
            "initContainers": [INIT | {"securityContext": _adding("SYS_ADMIN")}],
        },
        "istio-init",
    ),
    "same-name-as-application": (
        {"containers": [_container("istio-init", INIT_IMAGE, **_adding("NET_ADMIN"))]},
        "istio-init",
    ),
    "another-init-container": (
        {
            "containers": [APP],
            "initContainers": [_container("setup", INIT_IMAGE, **_adding("NET_ADMIN"))],
        },
        "setup",
    ),
    "privileged": ({"containers": [_container("app", privileged=True)]}, "app"),
}  # fmt: skip

OPTED_IN = {
    "revision": {"istio.io/rev": "guarded"},
    "tag": {"istio.io/rev": "stable"},
    "default": {"istio.io/rev": "default"},
    "injection": {"istio-injection": "enabled"},
}


@pytest.fixture(scope="module")
def guarded(release: Release) -> str:
    """Return an opted-in namespace in which the policy is at work."""
    namespace = release.plane.create_namespace(labels=OPTED_IN["revision"])
    _wait_for_policy(release, namespace)
    return namespace


def _wait_for_policy(release: Release, namespace: str) -> None:
    """Policies are compiled in the background; wait until a pod that must be denied is."""
    wait_until(
        lambda: _refusal(release, namespace, DENIED["application-adds"][0]) is not None,
        seconds=POLICY_SECONDS,
        what="the policy at work",
    )


def _refusal(release: Release, namespace: str, spec: dict[str, Any]) -> str | None:
    """Return why the API server refuses a pod in a dry run, or None."""
    pod = {"metadata": {"generateName": "pod-"}, "spec": spec}
    try:
        release.plane.api.create(f"/api/v1/namespaces/{namespace}/pods?dryRun=All", pod)
    except KubeApiError as error:
        return error.message
    return None


@pytest.mark.parametrize("spec", ADMITTED.values(), ids=ADMITTED)
def test_policy_admits(release: Release, guarded: str, spec: dict[str, Any]) -> None:
    """What injection makes of a pod passes, and so does a pod that adds nothing."""
    assert _refusal(release, guarded, spec) is None


@pytest.mark.parametrize(("spec", "named"), DENIED.values(), ids=DENIED)
def test_policy_denies(release: Release, guarded: str, spec: dict[str, Any], named: str) -> None:
    """Any other capability is denied, in a sentence that names the container."""
    refusal = _refusal(release, guarded, spec)
    assert refusal is not None
    assert f"{release.name}-capabilities" in refusal
    assert f": {named}" in refusal


@pytest.mark.parametrize("labels", OPTED_IN.values(), ids=OPTED_IN)
def test_policy_holds_for_every_way_to_opt_in(release: Release, labels: dict[str, str]) -> None:
    """Revision, tag and default label of a namespace are all guarded."""
    namespace = release.plane.create_namespace(labels=labels)
    _wait_for_policy(release, namespace)


@pytest.mark.usefixtures("guarded")
def test_policy_leaves_other_namespaces_alone(release: Release) -> None:
    """A namespace that did not opt in may do what it could before."""
    namespace = release.plane.create_namespace()
    for spec, _ in DENIED.values():
        assert _refusal(release, namespace, spec) is None


def test_policy_reaches_debug_containers(release: Release, guarded: str) -> None:
    """An ephemeral container cannot bring a capability in; one without any can."""
    run = ("run", "web", "--image=app:1", "--namespace", guarded)
    assert release.plane.kubectl(*run).returncode == 0
    path = f"/api/v1/namespaces/{guarded}/pods/web/ephemeralcontainers"
    for profile, name in ((_adding("NET_ADMIN"), "evil"), ({}, "good")):
        body = {"spec": {"ephemeralContainers": [_container(name, **profile)]}}
        answer = release.plane.api.client.patch(
            path,
            content=json.dumps(body),
            headers={"Content-Type": "application/strategic-merge-patch+json"},
        )
        assert answer.is_success == (name == "good"), answer.text
        assert answer.is_success or "evil" in answer.json()["message"]


def test_policy_reaches_changed_images(release: Release, guarded: str) -> None:
    """The image of the container with a capability cannot be swapped later; another one can."""
    pod = {"metadata": {"name": "injected"}, "spec": ADMITTED["injected"]}
    release.plane.api.create(f"/api/v1/namespaces/{guarded}/pods", pod)
    swap = ("set", "image", "pod/injected", "--namespace", guarded)
    refused = release.plane.kubectl(*swap, "istio-init=evil:1")
    assert "may not add capabilities: istio-init" in refused.stderr
    done = release.plane.kubectl(*swap, "app=app:2")
    assert done.returncode == 0, done.stderr


def test_policy_lets_labels_be_edited(release: Release) -> None:
    """A pod that ran before its namespace was guarded can still be labelled."""
    namespace = release.plane.create_namespace()
    pod = {"metadata": {"name": "old"}, "spec": DENIED["application-adds"][0]}
    release.plane.api.create(f"/api/v1/namespaces/{namespace}/pods", pod)
    label = ("label", "namespace", namespace, "istio.io/rev=guarded")
    assert release.plane.kubectl(*label).returncode == 0
    _wait_for_policy(release, namespace)
    done = release.plane.kubectl("label", "pod", "old", "a=b", "--namespace", namespace)
    assert done.returncode == 0, done.stderr


def test_policy_is_well_typed(release: Release) -> None:
    """The API server's own type check finds nothing in the expressions."""
    found: dict[str, Any] = {}

    def checked() -> bool:
        found.update(
            release.get("validatingadmissionpolicy", f"{release.name}-capabilities")["status"]
        )
        return "typeChecking" in found

    wait_until(checked, seconds=POLICY_SECONDS, what="the policy's type check")
    assert found["typeChecking"] == {}
