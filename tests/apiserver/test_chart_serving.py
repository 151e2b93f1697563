"""The rendered command line, rights and objects are all that the webhook needs to serve."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.apiserver.chart_release import Release, chart_release
from tests.apiserver.component import Component
from tests.apiserver.control_plane import ControlPlane
from tests.apiserver.network_namespace import NODE_ADDRESS
from tests.apiserver.polling import wait_until
from tests.apiserver.service_route import ServiceRoute, publish_endpoints

pytestmark = pytest.mark.apiserver

REPOSITORY = Path(__file__).parents[2]
PORT = 19444
SECONDS = 60


@pytest.fixture
def release(control_plane: ControlPlane) -> Iterator[Release]:
    """Yield an installed release of a revision of its own."""
    with chart_release(control_plane) as found:
        found.install(_values(found))
        yield found


def _values(release: Release, *, timeout: int = 5) -> str:
    return f"""
        server: {{port: {PORT}}}
        metrics: {{enabled: false}}
        webhook: {{timeoutSeconds: {timeout}}}
        revisionTags: [{release.name}-tag]
        configuration: {{revision: {release.name}}}
    """


@pytest.fixture
def webhook(release: Release, tmp_path: Path) -> Iterator[Component]:
    """Yield the program, started as the Deployment says, as the chart's service account."""
    (container,) = release.get("deployment")["spec"]["template"]["spec"]["containers"]
    config = tmp_path / "config.yaml"
    config.write_text(release.get("configmap")["data"]["config.yaml"])
    arguments = [
        f"--config={config}" if each.startswith("--config=") else each for each in container["args"]
    ]
    account = release.plane.service_account_kubeconfig(release.namespace, release.name)
    running = Component(
        name="webhook",
        command=[sys.executable, "-m", "webhook", *arguments],
        namespace=release.plane.network,
        log=tmp_path / "webhook.log",
        environment={
            "PYTHONPATH": str(REPOSITORY), "KUBECONFIG": str(account), "POD_NAME": "replica-1",
        },
    )  # fmt: skip
    running.start()
    try:
        route = ServiceRoute(
            namespace=release.namespace,
            name=release.name,
            target_port=PORT,
            addresses=(NODE_ADDRESS,),
        )
        publish_endpoints(release.plane.api, release.plane.version, route)
        yield running
    finally:
        running.stop()


def test_pods_come_back_injected(release: Release, webhook: Component) -> None:
    """By revision and by tag, before and after an upgrade that meets what the webhook wrote."""
    places = [
        release.plane.create_namespace(labels={"istio.io/rev": value})
        for value in (release.name, f"{release.name}-tag")
    ]
    for namespace in places:
        webhook.wait_until(partial(_injects, release, namespace), seconds=SECONDS)
    release.upgrade(_values(release, timeout=4))
    for namespace in places:
        assert _injects(release, namespace)
    assert "forbidden" not in webhook.log.read_text(encoding="utf-8")
    release.helm("uninstall", release.name)
    wait_until(lambda: not release.remaining(), seconds=SECONDS, what="everything removed")
    assert _containers(release, places[0]) == ["app"]


def _injects(release: Release, namespace: str) -> bool:
    return "istio-proxy" in _containers(release, namespace)


def _containers(release: Release, namespace: str) -> list[str]:
    """Return the containers that a pod would have, or none when it is refused."""
    pod = {"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "app:1"}]}}
    path = f"/api/v1/namespaces/{namespace}/pods?dryRun=All"
    answer = release.plane.api.client.post(path, json=pod)
    if answer.is_error:
        return []
    spec = answer.json()["spec"]
    return [each["name"] for each in (*spec.get("initContainers", ()), *spec["containers"])]
