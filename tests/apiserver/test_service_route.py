"""A process inside the namespace serves as a webhook that the API server reaches by Service."""

import base64
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.apiserver.component import Component
from tests.apiserver.control_plane import ControlPlane
from tests.apiserver.kube_api import KubeApiError, KubeObject
from tests.apiserver.peer_webhook import LABEL
from tests.apiserver.polling import wait_until
from tests.apiserver.service_route import ServiceRoute, publish_endpoints, publish_service

pytestmark = pytest.mark.apiserver

PORT = 9443
SERVICE = "peer"
REPOSITORY = Path(__file__).parents[2]
POD = {
    "metadata": {"name": "web"},
    "spec": {"containers": [{"name": "app", "image": "nginx:1.29"}]},
}

StartPeer = Callable[[str], None]


@pytest.fixture
def start_peer(control_plane: ControlPlane, namespace: str, tmp_path: Path) -> Iterator[StartPeer]:
    """Yield a function that starts the peer webhook at an address; all stop with the test."""
    serving = control_plane.authority.server(
        f"{namespace}-peer", dns=[f"{SERVICE}.{namespace}.svc"]
    )
    with ExitStack() as stack:

        def start(address: str) -> None:
            peer = Component(
                name=f"peer-{address}",
                command=[
                    sys.executable, "-m", "tests.apiserver.peer_webhook",
                    address, str(PORT), serving.certificate, serving.key,
                ],
                namespace=control_plane.network,
                log=tmp_path / f"peer-{address}.log",
                environment={"PYTHONPATH": str(REPOSITORY)},
            )  # fmt: skip
            stack.callback(peer.stop)
            peer.start()
            peer.wait_until(lambda: _listens(control_plane, address), seconds=20)

        yield start


@pytest.fixture
def registered(control_plane: ControlPlane, namespace: str) -> Iterator[None]:
    """Register the webhook by Service reference, for pods of the test's namespace only."""
    configurations = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations"
    with control_plane.api.temporary(configurations, _configuration(control_plane, namespace)):
        yield


@pytest.mark.usefixtures("registered")
def test_webhook_is_called_through_its_service(
    control_plane: ControlPlane, namespace: str, start_peer: StartPeer
) -> None:
    """The webhook's patch, warning and audit annotation arrive where they belong."""
    start_peer("10.250.0.1")
    publish_service(control_plane.api, control_plane.version, _route(namespace, "10.250.0.1"))
    _wait_for_call_at(control_plane, namespace, "10.250.0.1")
    ran = control_plane.kubectl("run", "web", "--image=nginx:1.29", "--namespace", namespace)
    assert ran.stderr.strip() == "Warning: called at 10.250.0.1"
    pod = control_plane.api.get(f"/api/v1/namespaces/{namespace}/pods/web")
    assert pod["metadata"]["labels"] == {LABEL: "10.250.0.1"}
    events = control_plane.audit_log.events(namespace=namespace, resource="pods", verb="create")
    *_, last = events
    assert last["annotations"]["label.peer.test/address"] == "10.250.0.1"
    assert LABEL in last["annotations"]["patch.webhook.admission.k8s.io/round_0_index_0"]


@pytest.mark.usefixtures("registered")
def test_endpoints_can_be_moved_and_taken_away(
    control_plane: ControlPlane, namespace: str, start_peer: StartPeer
) -> None:
    """The API server follows the endpoints to another replica, and fails closed without any."""
    for address in ("10.250.0.2", "10.250.0.3"):
        start_peer(address)
    publish_service(control_plane.api, control_plane.version, _route(namespace, "10.250.0.2"))
    _wait_for_call_at(control_plane, namespace, "10.250.0.2")
    publish_endpoints(control_plane.api, control_plane.version, _route(namespace, "10.250.0.3"))
    _wait_for_call_at(control_plane, namespace, "10.250.0.3")
    publish_endpoints(control_plane.api, control_plane.version, _route(namespace))
    wait_until(
        lambda: "no endpoints available" in _dry_run(control_plane, namespace),
        seconds=10,
        what="a create refused for lack of endpoints",
    )


def _configuration(control_plane: ControlPlane, namespace: str) -> KubeObject:
    authority = control_plane.authority.certificate.read_bytes()
    return {
        "metadata": {"name": f"peer-{namespace}"},
        "webhooks": [
            {
                "name": "label.peer.test",
                "admissionReviewVersions": ["v1"],
                "sideEffects": "None",
                "failurePolicy": "Fail",
                "clientConfig": {
                    "service": {"namespace": namespace, "name": SERVICE, "path": "/label"},
                    "caBundle": base64.b64encode(authority).decode(),
                },
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
                "rules": [
                    {
                        "apiGroups": [""],
                        "apiVersions": ["v1"],
                        "operations": ["CREATE"],
                        "resources": ["pods"],
                    }
                ],
            }
        ],
    }


def _route(namespace: str, *addresses: str) -> ServiceRoute:
    return ServiceRoute(
        namespace=namespace, name=SERVICE, target_port=PORT, addresses=tuple(addresses)
    )


def _wait_for_call_at(control_plane: ControlPlane, namespace: str, address: str) -> None:
    wait_until(
        lambda: _dry_run(control_plane, namespace) == address,
        seconds=10,
        what=f"a create that calls the webhook at {address}",
    )


def _dry_run(control_plane: ControlPlane, namespace: str) -> str:
    """Return the address that the webhook was called at, or why the pod was refused."""
    try:
        path = f"/api/v1/namespaces/{namespace}/pods?dryRun=All"
        labels = control_plane.api.create(path, POD)["metadata"].get("labels", {})
    except KubeApiError as error:
        return error.message
    return str(labels.get(LABEL, "not called"))


def _listens(control_plane: ControlPlane, address: str) -> bool:
    with control_plane.network.entered():
        try:
            socket.create_connection((address, PORT), timeout=5).close()
        except ConnectionRefusedError:
            return False
    return True
