"""Real Helm on real API servers: install, upgrade, roll back, remove, and nothing in between."""

import json
from collections.abc import Iterator
from datetime import datetime

import pytest
import yaml

from tests.apiserver.chart_release import CHART, GROUPS, KubernetesObject, Release, chart_release
from tests.apiserver.control_plane import ControlPlane
from tests.apiserver.polling import wait_until

pytestmark = pytest.mark.apiserver

MANAGER = "pillion-webhook"
"""The field manager of the running webhook."""
CONFIGURATIONS = "mutatingwebhookconfigurations"
BUNDLE = "LS0tLS1CRUdJTg=="
OTHER_VALUES = """
    replicas: 3
    revisionTags: [stable]
    webhook: {failurePolicy: Ignore, timeoutSeconds: 7}
    capabilityPolicy: {enabled: true}
    metrics: {dashboard: {enabled: true}}
    configuration: {proxy: {concurrency: 4}}
"""


@pytest.fixture(params=GROUPS)
def release(request: pytest.FixtureRequest, control_plane: ControlPlane) -> Iterator[Release]:
    """Yield a release by each major of Helm."""
    with chart_release(control_plane, request.param) as found:
        yield found


def test_life_of_a_release(release: Release) -> None:
    """Install, upgrade, roll back and uninstall work while the webhook writes its own fields."""
    release.install()
    _act_as_the_webhook(release)
    release.upgrade(OTHER_VALUES)
    assert _tells(release) == ("Ignore", 7, 3)
    assert release.get("mutatingwebhookconfiguration", f"{release.name}-revision-tag-stable")
    release.helm("rollback", release.name, "1")
    assert _tells(release) == ("Fail", 5, 2)
    assert _bundles(release) == [BUNDLE, BUNDLE]
    assert release.get("secret")["data"] == {"ca.crt": BUNDLE}
    assert release.get("lease")["spec"]["holderIdentity"] == "replica"
    release.helm("uninstall", release.name)
    wait_until(lambda: not release.remaining(), seconds=30, what="everything removed")


def _tells(release: Release) -> tuple[str, int, int]:
    """Return what the other values change: failure policy, timeout, replicas."""
    webhook = release.get("mutatingwebhookconfiguration")["webhooks"][0]
    replicas = release.get("deployment")["spec"]["replicas"]
    return webhook["failurePolicy"], webhook["timeoutSeconds"], replicas


def _bundles(release: Release) -> list[str]:
    found = release.get("mutatingwebhookconfiguration")["webhooks"]
    return [each["clientConfig"]["caBundle"] for each in found]


def _act_as_the_webhook(release: Release) -> None:
    """Write what the running webhook writes, in its ways and with its rights alone."""
    configuration = release.get("mutatingwebhookconfiguration")
    bundles = [
        {"name": each["name"], "clientConfig": {"caBundle": BUNDLE}}
        for each in configuration["webhooks"]
    ]
    registration = {
        "apiVersion": configuration["apiVersion"],
        "kind": configuration["kind"],
        "metadata": {"name": release.name},
        "webhooks": bundles,
    }
    lease = release.get("lease") | {
        "spec": {"holderIdentity": "replica", "leaseDurationSeconds": 30}
    }
    _as_webhook(
        release, "apply", "--server-side", "--force-conflicts", "--filename=-", stdin=registration
    )
    _as_webhook(release, "replace", "--filename=-", stdin=lease)
    data = json.dumps({"data": {"ca.crt": BUNDLE}})
    _as_webhook(release, "patch", "secret", release.name, "--type=merge", f"--patch={data}")


def _as_webhook(release: Release, *arguments: str, stdin: KubernetesObject | None = None) -> None:
    """Run kubectl as the webhook's service account."""
    account = release.plane.service_account_kubeconfig(release.namespace, release.name)
    done = release.plane.kubectl(
        *arguments, f"--kubeconfig={account}", f"--field-manager={MANAGER}",
        f"--namespace={release.namespace}", stdin=json.dumps(stdin) if stdin else None,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_rendered_manifests_are_what_is_there(release: Release) -> None:
    """Re-applying the manifests server-side shows no difference, also once the webhook ran."""
    release.install(OTHER_VALUES)
    assert _difference(release) == ""
    _act_as_the_webhook(release)
    assert _difference(release) == ""


def _difference(release: Release) -> str:
    """Return what a server-side apply of the manifests would change.

    Not by Helm's own field manager: what it adds to each manifest would count as taken back.
    """
    done = release.plane.kubectl(
        "diff", "--server-side", "--field-manager=gitops", "--filename=-", stdin=release.manifest()
    )
    assert done.returncode in (0, 1), done.stderr
    return done.stdout


def test_gitops_tool_takes_a_release_over(release: Release) -> None:
    """Another field manager applies the same manifests without a conflict, and changes nothing."""
    release.install()
    _act_as_the_webhook(release)
    done = release.plane.kubectl(
        "apply", "--server-side", "--field-manager=gitops", "--filename=-",
        stdin=release.manifest(),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert _bundles(release) == [BUNDLE, BUNDLE]


def test_webhook_configuration_goes_first(control_plane: ControlPlane) -> None:
    """Helm 4 deletes the webhook configurations before what serves them."""
    with chart_release(control_plane, "helm") as release:
        release.install("revisionTags: [stable]")
        release.helm("uninstall", release.name)
        deletions = [resource for resource, _ in _deletions(release)]
    assert deletions[:2] == [CONFIGURATIONS] * 2
    assert deletions.count(CONFIGURATIONS) == 2


def test_window_of_helm_3_is_short_and_avoidable(control_plane: ControlPlane) -> None:
    """Helm 3 does not know the kind and deletes it last; whoever deletes it first has no window."""
    with chart_release(control_plane, "helm3") as release:
        release.install()
        release.helm("uninstall", release.name)
        times = dict(_deletions(release))
    assert times["services"] < times[CONFIGURATIONS] < times["services"] + 10
    with chart_release(control_plane, "helm3") as release:
        release.install()
        removed = release.plane.kubectl(
            "delete", "mutatingwebhookconfiguration",
            f"--selector=app.kubernetes.io/instance={release.name}",
        )  # fmt: skip
        assert removed.returncode == 0, removed.stderr
        release.helm("uninstall", release.name)
        assert _deletions(release)[0][0] == CONFIGURATIONS
        wait_until(lambda: not release.remaining(), seconds=30, what="everything removed")


def _deletions(release: Release) -> list[tuple[str, float]]:
    """Return the kinds whose objects of the release were deleted, and when, in that order."""
    return [
        (event["objectRef"]["resource"], _seconds(event["requestReceivedTimestamp"]))
        for event in release.plane.audit_log.events(verb="delete")
        if event["objectRef"].get("name", "").startswith(release.name)
    ]


def _seconds(stamp: str) -> float:
    return datetime.fromisoformat(stamp).timestamp()


def test_two_releases_live_side_by_side(release: Release) -> None:
    """A second release of another revision shares nothing with the first."""
    release.install("configuration: {revision: first}")
    with chart_release(release.plane, release.group) as second:
        second.install("configuration: {revision: second}")
        second.helm("uninstall", second.name)
    assert len(release.get("mutatingwebhookconfiguration")["webhooks"]) == 2
    assert _difference(release) == ""


def test_pods_of_the_deployment_are_restricted(release: Release) -> None:
    """A namespace that enforces PodSecurity `restricted` takes our pods, without a warning."""
    labels = [
        f"pod-security.kubernetes.io/{mode}=restricted" for mode in ("enforce", "warn", "audit")
    ]
    done = release.plane.kubectl("label", "namespace", release.namespace, *labels)
    assert done.returncode == 0, done.stderr
    release.install("webhook: {failurePolicy: Ignore}")
    template = release.get("deployment")["spec"]["template"]
    pod = {"apiVersion": "v1", "kind": "Pod", **template}
    pod["metadata"] = {**template["metadata"], "name": "probe", "namespace": release.namespace}
    done = release.plane.kubectl(
        "create", "--dry-run=server", "--filename=-", stdin=yaml.safe_dump(pod)
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""


NOTES = {
    "{}": "no PeerAuthentication was rendered",
    "replicas: 1": "one replica and failurePolicy Fail",
    "webhook: {failurePolicy: Ignore}": "pods start without a sidecar, unnoticed",
    "certificates: {mode: provided, secretName: s}": "MutatingWebhookConfiguration/pillion",
    "metrics: {podMonitor: {enabled: true}}": "metrics.podMonitor was not rendered",
    "revisionTags: [stable]": "istio.io/rev=stable",
    "configuration: {defaultRevision: true}": "istio-injection=enabled works as well",
}


@pytest.mark.parametrize(("values", "words"), NOTES.items(), ids=NOTES)
def test_notes_say_what_the_values_mean(release: Release, values: str, words: str) -> None:
    """A risky or useless combination is told at once, before anything is installed."""
    arguments = ("install", release.name, str(CHART), "--dry-run=client")
    assert words in release.helm(*arguments, values=values)
