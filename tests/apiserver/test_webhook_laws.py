"""The laws of injection on real API servers: once is enough, and what is valid stays valid."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.apiserver import adding_webhook
from tests.apiserver.component import Component
from tests.apiserver.conftest import ControlPlanes
from tests.apiserver.control_plane import ControlPlane
from tests.apiserver.kube_api import KubeObject
from tests.apiserver.kubernetes_version import KubernetesVersion
from tests.apiserver.polling import wait_until
from tests.apiserver.replicas import PORT, REPOSITORY, Installation, installation
from tests.apiserver.service_route import ServiceRoute, publish_service
from tests.goldens import cases
from webhook.manifests.stream import documents

pytestmark = pytest.mark.apiserver

CONFIGURATIONS = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations"


@pytest.fixture(scope="module", params=list(KubernetesVersion))
def installed(
    request: pytest.FixtureRequest,
    control_planes: ControlPlanes,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Installation]:
    """Yield the chart with one replica, once for the module and version."""
    directory = tmp_path_factory.mktemp("laws")
    with installation(control_planes.get(request.param), directory) as found:
        found.serve()
        yield found


@pytest.fixture
def namespace(installed: Installation) -> str:
    """Return a namespace that is opted in."""
    return installed.namespace()


@pytest.fixture
def second_injector(installed: Installation, namespace: str, tmp_path: Path) -> Iterator[None]:
    """Run another injector for the test's namespace, which is called after us."""
    plane = installed.plane
    serving = plane.authority.server(f"{namespace}-adding", dns=[f"adding.{namespace}.svc"])
    address = "10.250.0.200"
    peer = Component(
        name="adding",
        command=[
            sys.executable, "-m", "tests.apiserver.adding_webhook",
            address, str(PORT), serving.certificate, serving.key,
        ],
        namespace=plane.network,
        log=tmp_path / "adding.log",
        environment={"PYTHONPATH": str(REPOSITORY)},
    )  # fmt: skip
    peer.start()
    try:
        route = ServiceRoute(
            namespace=namespace, name="adding", target_port=PORT, addresses=(address,)
        )
        publish_service(plane.api, plane.version, route)
        with plane.api.temporary(CONFIGURATIONS, _second_configuration(plane, namespace)):
            wait_until(
                lambda: adding_webhook.NAME in installed.dry_run(namespace),
                seconds=30,
                what="a pod with the other injector's container",
            )
            yield
    finally:
        peer.stop()


def _second_configuration(plane: ControlPlane, namespace: str) -> KubeObject:
    authority = plane.authority.certificate.read_bytes()
    rule = {
        "apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"],
    }  # fmt: skip
    return {
        "metadata": {"name": f"zz-adding-{namespace}"},
        "webhooks": [
            {
                "name": "adding.peer.test",
                "admissionReviewVersions": ["v1"],
                "sideEffects": "None",
                "clientConfig": {
                    "service": {"namespace": namespace, "name": "adding"},
                    "caBundle": base64.b64encode(authority).decode(),
                },
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
                "rules": [rule],
            }
        ],
    }


@pytest.mark.usefixtures("second_injector")
def test_container_of_a_later_injector_is_taken_care_of(
    installed: Installation, namespace: str
) -> None:
    """Called again after another injector, we rewrite its probe and inject nothing twice."""
    pod = installed.plane.api.create(
        f"/api/v1/namespaces/{namespace}/pods",
        {
            "metadata": {"name": "web"},
            "spec": {"containers": [{"name": "app", "image": "nginx:1.29"}]},
        },
    )
    assert [each["name"] for each in pod["spec"]["initContainers"]] == ["istio-init", "istio-proxy"]
    app, added = pod["spec"]["containers"]
    assert (app["name"], added["name"]) == ("app", adding_webhook.NAME)
    assert added["readinessProbe"]["httpGet"]["port"] == 15020
    *_, event = installed.plane.audit_log.events(
        namespace=namespace, resource="pods", verb="create"
    )
    rounds = [key for key in event["annotations"] if key.startswith("mutation.webhook")]
    assert {key.split("round_")[1][0] for key in rounds} == {"0", "1"}


def test_pod_of_an_injected_deployment_is_left_as_it_is(
    installed: Installation, namespace: str
) -> None:
    """What the command line injected is admitted with an empty patch."""
    plane = installed.plane
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": namespace},
        "spec": {
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {"containers": [{"name": "app", "image": "nginx:1.29"}]},
            },
        },
    }
    injected = subprocess.run(
        [
            sys.executable, "-m", "webhook", "inject", "-f", "-",
            "--config", str(installed.directory / "mounted" / "config.yaml"),
        ],
        input=json.dumps(deployment), cwd=REPOSITORY, capture_output=True, text=True,
        check=False, timeout=60,
    )  # fmt: skip
    assert injected.returncode == 0, injected.stderr
    applied = plane.kubectl("apply", "-f", "-", stdin=injected.stdout)
    assert applied.returncode == 0, applied.stderr
    path = f"/api/v1/namespaces/{namespace}/pods"
    wait_until(lambda: bool(plane.api.get(path)["items"]), seconds=30, what="a pod")
    (pod,) = plane.api.get(path)["items"]
    assert [each["name"] for each in pod["spec"]["initContainers"]] == ["istio-init", "istio-proxy"]
    logged = [
        line for line in installed.replicas[0].lines("admission") if line["namespace"] == namespace
    ]
    assert [line["reason"] for line in logged] == ["already-injected"]


COLLECTIONS = {
    "Pod": "/api/v1/namespaces/{}/pods",
    "PodTemplate": "/api/v1/namespaces/{}/podtemplates",
    "ReplicationController": "/api/v1/namespaces/{}/replicationcontrollers",
    "Deployment": "/apis/apps/v1/namespaces/{}/deployments",
    "ReplicaSet": "/apis/apps/v1/namespaces/{}/replicasets",
    "StatefulSet": "/apis/apps/v1/namespaces/{}/statefulsets",
    "DaemonSet": "/apis/apps/v1/namespaces/{}/daemonsets",
    "Job": "/apis/batch/v1/namespaces/{}/jobs",
    "CronJob": "/apis/batch/v1/namespaces/{}/cronjobs",
}
"""Kinds with pods; others are not ours to prove."""


def test_whatever_golden_input_is_valid_its_golden_is_valid(control_plane: ControlPlane) -> None:
    """Every workload that the API server takes before injection it takes after it."""
    namespace = control_plane.create_namespace()
    accepted, refused, broken = 0, [], []
    for name in cases.names():
        golden = cases.written(name).get(".golden.yaml")
        if golden is None:
            continue
        before = _complaints(control_plane, namespace, cases.case(name).text, name)
        after = _complaints(control_plane, namespace, golden, name)
        assert before.keys() == after.keys()
        for place, complaint in before.items():
            if complaint is not None:
                refused.append(f"{name} {place}: {complaint}")
            elif after[place] is not None:
                broken.append(f"{name} {place}: {after[place]}")
            else:
                accepted += 1
    print(f"\n{accepted} accepted before and after; {len(refused)} refused as they are")
    print(*refused, sep="\n")
    assert broken == []
    assert accepted > 60
    assert len(refused) < accepted / 4


def _complaints(
    plane: ControlPlane, namespace: str, text: str, source: str
) -> dict[str, str | None]:
    """Return for each workload of a manifest why the API server refuses it; None: it does not."""
    found: dict[str, str | None] = {}
    for number, document in enumerate(documents(text, source)):
        for place, value in enumerate(_objects(document.value)):
            path = COLLECTIONS.get(value.get("kind", ""))
            if path is not None:
                found[f"{number}.{place}"] = _complaint(plane, namespace, path, value)
    return found


def _objects(value: Any) -> list[dict[str, Any]]:
    if not isinstance(value, dict):
        return []
    if value.get("kind", "").endswith("List"):
        return [each for each in value.get("items") or () if isinstance(each, dict)]
    return [value]


def _complaint(plane: ControlPlane, namespace: str, path: str, value: dict[str, Any]) -> str | None:
    metadata = {key: each for key, each in value["metadata"].items() if key != "namespace"}
    answer = plane.api.client.post(
        f"{path.format(namespace)}?dryRun=All", json={**value, "metadata": metadata}
    )
    return str(answer.json()["message"])[:300] if answer.is_error else None
