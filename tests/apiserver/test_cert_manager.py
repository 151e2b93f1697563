"""Certificates from a real cert-manager: issued, trusted, and replaced under a running webhook."""

from __future__ import annotations

import base64
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest

from tests.apiserver.component import Component
from tests.apiserver.control_plane import ControlPlane
from tests.apiserver.kube_api import KubeObject
from tests.apiserver.polling import wait_until
from tests.apiserver.replicas import PORT, Installation, Replica, installation
from tests.tools.builds import built_tool
from tests.tools.modules import module_directory

pytestmark = pytest.mark.apiserver

GROUP: Final = "certmanager"
MODULE: Final = "github.com/cert-manager/cert-manager"
CERTIFICATES: Final = "/apis/cert-manager.io/v1/namespaces/{}/certificates/{}-serving"
WEBHOOKS: Final = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations"
ISSUE_SECONDS: Final = 60


@contextmanager
def cert_manager(plane: ControlPlane, directory: Path) -> Iterator[None]:
    """Run cert-manager's controllers and its injector, with its resource definitions installed."""
    definitions = module_directory(GROUP, MODULE) / "deploy" / "crds"
    done = plane.kubectl("apply", "--server-side", "--filename", str(definitions))
    assert done.returncode == 0, done.stderr
    program = Component(
        name="cert-manager",
        command=[built_tool(GROUP, "cert-manager"), plane.kubeconfig],
        namespace=plane.network,
        log=directory / "cert-manager.log",
    )
    try:
        established = ("wait", "--for=condition=established", "--timeout=60s")
        done = plane.kubectl(*established, "--filename", str(definitions))
        assert done.returncode == 0, done.stderr
        program.start()
        yield
    finally:
        program.stop()
        plane.kubectl("delete", "--wait=false", "--filename", str(definitions))


@pytest.fixture
def installed(control_plane: ControlPlane, tmp_path: Path) -> Iterator[Installation]:
    """Yield the chart in the mode that leaves certificates to cert-manager."""
    values = "configuration: {revision: managed}\ncertificates: {mode: cert-manager}\n"
    with (
        cert_manager(control_plane, tmp_path),
        installation(control_plane, tmp_path, values) as (found),
    ):
        yield found


def test_certificate_is_issued_trusted_and_renewed(installed: Installation, tmp_path: Path) -> None:
    """What the chart asks for is issued; its renewal is served as soon as it is mounted."""
    first = _issued(installed, unlike=None)
    wait_until(lambda: _bundles(installed) == {first["ca.crt"]}, seconds=30, what="the caBundle")
    mounted = tmp_path / "certificates"
    mount(mounted, first)
    replica = installed.start(f"--certificates={mounted}")
    replica.wait_until_ready()
    installed.publish(replica)
    namespace = installed.plane.create_namespace(labels={"istio.io/rev": "managed"})
    wait_until(
        lambda: installed.dry_run(namespace) == "istio-init istio-proxy app",
        seconds=30,
        what=f"an injected pod, and not {installed.dry_run(namespace)}",
    )
    assert served(installed, replica) == leaf(first)

    _renew(installed)
    second = _issued(installed, unlike=first)
    assert served(installed, replica) == leaf(first)
    mount(mounted, second)
    wait_until(lambda: served(installed, replica) == leaf(second), seconds=20, what="the renewal")
    assert replica.ready()[0], replica.ready()[1]
    assert _bundles(installed) == {second["ca.crt"]} == {first["ca.crt"]}
    assert installed.dry_run(namespace) == "istio-init istio-proxy app"


def _issued(found: Installation, unlike: dict[str, str] | None) -> dict[str, str]:
    """Wait for a certificate that is ready, and return the data of its Secret, still encoded."""
    plane, release = found.plane, found.release
    path = CERTIFICATES.format(release.namespace, release.name)

    def secret() -> dict[str, str]:
        name = plane.api.get(path)["spec"]["secretName"]
        place = f"/api/v1/namespaces/{release.namespace}/secrets/{name}"
        data: dict[str, str] = plane.api.get(place)["data"] if plane.exists(place) else {}
        return data

    def is_issued() -> bool:
        data = secret()
        is_new = bool(data.get("tls.crt")) and (
            unlike is None or data["tls.crt"] != unlike["tls.crt"]
        )
        return is_new and _condition(plane.api.get(path), "Ready") == "True"

    wait_until(is_issued, seconds=ISSUE_SECONDS, what="a certificate from cert-manager")
    return secret()


def _condition(certificate: KubeObject, kind: str) -> str | None:
    conditions = certificate.get("status", {}).get("conditions", ())
    return next((each["status"] for each in conditions if each["type"] == kind), None)


def _renew(found: Installation) -> None:
    """Ask for a renewal as cert-manager's own command line does: by a condition of the status."""
    release = found.release
    path = CERTIFICATES.format(release.namespace, release.name)
    certificate = found.plane.api.get(path)
    certificate["status"]["conditions"].append(
        {
            "type": "Issuing",
            "status": "True",
            "reason": "ManuallyTriggered",
            "message": "by a test",
            "lastTransitionTime": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
    )
    answer = found.plane.api.client.put(f"{path}/status", json=certificate)
    assert answer.is_success, answer.text


def _bundles(found: Installation) -> set[str | None]:
    configuration = found.plane.api.get(f"{WEBHOOKS}/{found.release.name}")
    return {each["clientConfig"].get("caBundle") for each in configuration["webhooks"]}


def mount(directory: Path, data: dict[str, str]) -> None:
    """Show a Secret's data in a directory as kubelet does: all of it changes at once."""
    directory.mkdir(exist_ok=True)
    version = directory / f"..{datetime.now(UTC):%Y_%m_%d_%H_%M_%S.%f}"
    version.mkdir()
    for name, encoded in data.items():
        (version / name).write_bytes(base64.b64decode(encoded))
        link = directory / name
        if not link.is_symlink():
            link.symlink_to(Path("..data") / name)
    draft = directory / "..data_tmp"
    draft.symlink_to(version.name)
    draft.replace(directory / "..data")


def leaf(data: dict[str, str]) -> bytes:
    """Return the first certificate of a Secret, as it goes over the wire."""
    chain = base64.b64decode(data["tls.crt"]).decode()
    return ssl.PEM_cert_to_DER_cert(chain[: chain.index("-----END CERTIFICATE-----") + 25] + "\n")


def served(found: Installation, replica: Replica) -> bytes:
    """Return the certificate that a replica shows to who connects now."""
    with found.plane.network.entered():
        return ssl.PEM_cert_to_DER_cert(ssl.get_server_certificate((replica.address, PORT)))
