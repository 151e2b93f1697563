"""Certificates and caBundle on real API servers: what is wrong is named, and no war fought."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.apiserver.conftest import ControlPlanes
from tests.apiserver.control_plane import ControlPlane
from tests.apiserver.kube_api import KubeObject
from tests.apiserver.kubernetes_version import KubernetesVersion
from tests.apiserver.polling import wait_until
from tests.apiserver.replicas import Installation, Replica, installation
from webhook.pki.authority import Authority, issue_authority
from webhook.pki.leaf import service_names, sign_leaf
from webhook.pki.rewrites import MOST

pytestmark = pytest.mark.apiserver

CONFIGURATIONS = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations"
WRITTEN = 'pillion_cabundle_patches_total{{reason="{}",result="written"}}'
DAY = timedelta(days=1)


def new_authority() -> Authority:
    """Return an authority of the last month."""
    return issue_authority(
        now=datetime.now(UTC) - 30 * DAY, life=90 * DAY, random_bits=secrets.randbits
    )


def encoded(bundle: str) -> str:
    """Return a caBundle as it is in an object."""
    return base64.b64encode(bundle.encode()).decode()


def configuration(found: Installation) -> KubeObject:
    """Return the webhook configuration."""
    return found.plane.api.get(f"{CONFIGURATIONS}/{found.release.name}")


def change(found: Installation, *operations: dict[str, Any]) -> None:
    """Change the webhook configuration by a JSON Patch, as somebody else."""
    answer = found.plane.api.client.patch(
        f"{CONFIGURATIONS}/{found.release.name}?fieldManager=somebody-else",
        content=json.dumps(operations),
        headers={"Content-Type": "application/json-patch+json"},
    )
    assert answer.is_success, answer.text


def replace(path: str, value: Any) -> dict[str, Any]:
    """Return an operation on every kind of member, present or not."""
    return {"op": "add", "path": path, "value": value}


def written(replica: Replica) -> float:
    """Return how often the replica wrote the caBundle."""
    return sum(replica.metric(WRITTEN.format(reason)) for reason in ("empty", "changed"))


@pytest.fixture(scope="module", params=list(KubernetesVersion))
def steady(
    request: pytest.FixtureRequest,
    control_planes: ControlPlanes,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Installation]:
    """Yield the same for tests that leave it as they found it."""
    plane = control_planes.get(request.param)
    with installation(plane, tmp_path_factory.mktemp("steady"), first_host=100) as found:
        found.serve()
        yield found


@pytest.fixture
def self_made(control_plane: ControlPlane, tmp_path: Path) -> Iterator[Installation]:
    """Yield the chart with one replica that keeps its own authority."""
    with installation(control_plane, tmp_path) as found:
        found.serve()
        yield found


def test_secret_and_lease_are_filled_and_nothing_else(steady: Installation) -> None:
    """Authority and holder are written into the chart's objects; a leaf is stored nowhere."""
    release = steady.release
    secret = release.get("secret")
    assert set(secret["data"]) == {"ca.crt", "ca.key"}
    assert release.get("lease")["spec"]["holderIdentity"] == f"{release.name}-1"
    authority = base64.b64decode(secret["data"]["ca.crt"]).decode()
    found = configuration(steady)
    assert {each["clientConfig"]["caBundle"] for each in found["webhooks"]} == {encoded(authority)}
    (ours,) = (
        each for each in found["metadata"]["managedFields"] if each["manager"] == "pillion-webhook"
    )
    owned = ours["fieldsV1"]["f:webhooks"]
    assert {tuple(sorted(each)) for each in owned.values()} == {(".", "f:clientConfig", "f:name")}
    assert {tuple(each["f:clientConfig"]) for each in owned.values()} == {("f:caBundle",)}
    log = steady.replicas[0].component.log.read_text()
    assert "PRIVATE KEY" not in log


def test_emptied_bundle_is_restored_at_once(steady: Installation) -> None:
    """Who empties the caBundle is corrected by the watch, long before the next look."""
    replica = steady.replicas[0]
    change(steady, replace("/webhooks/0/clientConfig/caBundle", ""))
    wait_until(
        lambda: bool(configuration(steady)["webhooks"][0]["clientConfig"].get("caBundle")),
        seconds=20,
        what="the caBundle back",
    )
    wait_until(lambda: replica.metric("pillion_cabundle_in_sync") == 1, seconds=20, what="in sync")
    steady.wait_until_called()


def test_competing_writer_gets_an_alarm_and_not_a_war(self_made: Installation) -> None:
    """Somebody who always writes another caBundle makes us stop after a few writes, and say so."""
    replica = self_made.replicas[0]
    before = written(replica)
    foreign = encoded(new_authority().certificate)

    def rewritten() -> bool:
        bundle = configuration(self_made)["webhooks"][0]["clientConfig"]["caBundle"]
        if bundle != foreign:
            change(self_made, replace("/webhooks/0/clientConfig/caBundle", foreign))
        return replica.metric("pillion_cabundle_competing_writer") == 1

    wait_until(rewritten, seconds=90, what="the alarm")
    writes = written(replica) - before
    assert 1 <= writes <= MOST
    ready, report = replica.ready()
    assert not ready
    assert self_made.release.name in report
    assert len(replica.lines("another writer keeps changing the caBundle; not writing it any more"))
    wait_until(lambda: bool(events(self_made, "CompetingWriter")), seconds=20, what="an Event")
    print(f"\nstopped after {writes:.0f} writes")


def test_rewritten_selectors_are_left_alone(steady: Installation) -> None:
    """A cloud's enforcer that rewrites selectors and policies never makes us write."""
    replica = steady.replicas[0]
    before = written(replica)
    added = {"key": "control-plane", "operator": "DoesNotExist"}
    for seconds in range(1, 11):
        change(
            steady,
            replace("/webhooks/0/namespaceSelector/matchExpressions/-", added),
            replace("/webhooks/0/timeoutSeconds", seconds),
        )
    expressions = configuration(steady)["webhooks"][0]["namespaceSelector"]["matchExpressions"]
    assert expressions.count(added) == 10
    change(steady, replace("/webhooks/1/clientConfig/caBundle", ""))
    wait_until(lambda: written(replica) == before + 1, seconds=20, what="a write with a cause")
    found = configuration(steady)["webhooks"][0]
    assert found["namespaceSelector"]["matchExpressions"] == expressions
    assert found["timeoutSeconds"] == 10


def test_removed_configuration_is_named_and_not_made_anew(steady: Installation) -> None:
    """Without its webhook configuration, as while it is uninstalled, a replica is not ready."""
    replica = steady.replicas[0]
    saved = configuration(steady)
    steady.plane.api.delete(f"{CONFIGURATIONS}/{steady.release.name}")
    wait_until(lambda: not replica.ready()[0], seconds=20, what="unreadiness")
    assert f'"{steady.release.name}" is not installed' in replica.ready()[1]
    assert not steady.plane.exists(f"{CONFIGURATIONS}/{steady.release.name}")
    saved["metadata"] = {
        key: saved["metadata"][key] for key in ("name", "labels", "annotations")
        if key in saved["metadata"]
    }  # fmt: skip
    steady.plane.api.create(CONFIGURATIONS, saved)
    replica.wait_until_ready()


def test_second_replica_takes_over(self_made: Installation) -> None:
    """When the holder of the Lease leaves, it lets go, and the other replica writes."""
    first, second = self_made.replicas[0], self_made.start()
    second.wait_until_ready()
    assert written(second) == 0
    first.component.stop(with_signal=15, seconds=40)  # type: ignore[arg-type]
    change(self_made, replace("/webhooks/0/clientConfig/caBundle", ""))
    wait_until(lambda: written(second) == 1, seconds=30, what="the second replica's write")


def test_all_replicas_down(self_made: Installation) -> None:
    """`Fail` blocks opted-in pods only; `Ignore` admits them bare, is counted, and explained."""
    plane, release = self_made.plane, self_made.release
    namespace = self_made.namespace()
    create(self_made, namespace, "before")
    plane.kubectl("label", "namespace", release.namespace, f"istio.io/rev={release.name}")
    self_made.replicas[0].component.stop()
    assert "failed calling webhook" in self_made.dry_run(namespace)
    assert self_made.dry_run(release.namespace) == "app"
    change(
        self_made,
        *(
            replace(f"/webhooks/{place}/failurePolicy", "Ignore")
            for place in range(len(configuration(self_made)["webhooks"]))
        ),
    )
    wait_until(lambda: self_made.dry_run(namespace) == "app", seconds=20, what="a bare pod")
    count = failed_open(plane)
    create(self_made, namespace, "missed")
    assert failed_open(plane) == count + 1
    told = self_made.pillion("explain", "--namespace", namespace)
    assert told.returncode == 0, told.stderr
    assert f"Pod {namespace}/before: injected" in told.stdout
    assert f"Pod {namespace}/missed: missing" in told.stdout
    assert f"failurePolicy Ignore in {release.name}" in told.stdout
    assert "or while no replica answered" in told.stdout
    assert told.stdout.endswith("\n\n1 injected, 1 missing: missed\n")


def create(found: Installation, namespace: str, name: str) -> None:
    """Create a pod to stay."""
    done = found.plane.kubectl("run", name, "--image=nginx:1.29", "--namespace", namespace)
    assert done.returncode == 0, done.stderr


def failed_open(plane: ControlPlane) -> float:
    """Return how often the API server has admitted a pod without the answer of our webhook."""
    series = 'apiserver_admission_webhook_fail_open_count{name="rev.namespace.pillion.istio.io"'
    lines = plane.api.client.get("/metrics").text.splitlines()
    return sum(float(each.rpartition(" ")[2]) for each in lines if each.startswith(series))


def events(found: Installation, reason: str) -> list[KubeObject]:
    """Return the Events of the release's namespace with that reason."""
    path = f"/api/v1/namespaces/{found.release.namespace}/events"
    return [each for each in found.plane.api.get(path)["items"] if each["reason"] == reason]


@contextmanager
def provided(plane: ControlPlane, directory: Path, authority: Authority) -> Iterator[Installation]:
    """Install the chart for certificates that somebody else provides."""
    values = (
        "configuration: {revision: provided}\n"
        f"certificates: {{mode: provided, secretName: given, "
        f"caBundle: {encoded(authority.certificate)}}}\n"
    )
    with installation(plane, directory, values) as found:
        yield found


def mount(directory: Path, authority: Authority, *names: str, age: timedelta) -> Path:
    """Write a pair that was signed some time ago for two days, as a Secret is mounted."""
    leaf = sign_leaf(
        authority,
        names=names,
        now=datetime.now(UTC) - age,
        life=2 * DAY,
        random_bits=secrets.randbits,
    )
    directory.mkdir(parents=True)
    (directory / "tls.crt").write_text(leaf.chain)
    (directory / "tls.key").write_text(leaf.key)
    return directory


def test_bad_certificates_are_refused_by_the_api_server_and_named_by_readiness(
    control_plane: ControlPlane, tmp_path: Path
) -> None:
    """Wrong name, expired and foreign: not ready for the very reason that the API server has."""
    authority, foreign = new_authority(), new_authority()
    with provided(control_plane, tmp_path, authority) as found:
        release = found.release
        names = service_names(release.name, release.namespace, "cluster.local")
        wrong = ("other.test", "other.test.svc")
        new, old = timedelta(0), 3 * DAY
        cases = {
            "good": (mount(tmp_path / "good", authority, *names, age=new), "", ""),
            "wrong": (
                mount(tmp_path / "wrong", authority, *wrong, age=new),
                f"is for other.test, other.test.svc, expected {names[2]}",
                "certificate is valid for other.test",
            ),
            "expired": (
                mount(tmp_path / "expired", authority, *names, age=old),
                "the served certificate ended at ",
                "certificate has expired",
            ),
            "foreign": (
                mount(tmp_path / "foreign", foreign, *names, age=new),
                "is signed by none of the caBundle's certificates",
                "certificate signed by unknown authority",
            ),
        }
        replicas = {
            name: found.start(f"--certificates={directory}")
            for name, (directory, _, _) in cases.items()
        }
        namespace = control_plane.create_namespace(labels={"istio.io/rev": "provided"})
        for name, (_, complaint, refusal) in cases.items():
            replica = replicas[name]
            if name == "good":
                replica.wait_until_ready()
            wait_until(lambda r=replica, c=complaint: c in r.ready()[1], seconds=60, what=complaint)  # type: ignore[misc]
            assert replica.ready()[0] == (name == "good")
            found.publish(replica)
            expected = refusal or "istio-init istio-proxy app"
            wait_until(
                lambda e=expected: e in found.dry_run(namespace),  # type: ignore[misc]
                seconds=20,
                what=f"{expected}, and not {found.dry_run(namespace)}",
            )
            replica.component.stop()  # else the API server keeps its connection for the next
