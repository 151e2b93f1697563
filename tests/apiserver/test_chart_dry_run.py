"""What `helm test` runs in its pod, run here: it tells an injected pod from one that is not."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.apiserver.chart_release import CHART, Release, chart_release
from tests.apiserver.command_lines import API_PORT
from tests.apiserver.component import Component
from tests.apiserver.control_plane import ControlPlane
from tests.apiserver.network_namespace import NODE_ADDRESS

pytestmark = pytest.mark.apiserver

LISTEN = f"{NODE_ADDRESS}:19443"
REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def release(control_plane: ControlPlane) -> Iterator[Release]:
    """Yield a release that nothing serves, with the objects of its test."""
    with chart_release(control_plane) as found:
        found.install(f"""
            webhook: {{failurePolicy: Ignore}}
            configuration: {{revision: {found.name}}}
            tests: {{namespace: {control_plane.create_namespace()}}}
        """)
        hooks = [each for each in _hooks(found) if each["kind"] != "Pod"]
        assert [each["kind"] for each in hooks] == ["ServiceAccount", "Role", "RoleBinding"]
        created = control_plane.kubectl("create", "--filename=-", stdin=yaml.safe_dump_all(hooks))
        assert created.returncode == 0, created.stderr
        yield found
        control_plane.kubectl("delete", "--filename=-", stdin=yaml.safe_dump_all(hooks))


def _hooks(release: Release) -> list[dict[str, Any]]:
    found = yaml.safe_load_all(release.helm("get", "hooks", release.name))
    return [each for each in found if each is not None]


def _run(release: Release, directory: Path) -> subprocess.CompletedProcess[str]:
    """Run the pod's own command line as its service account, with its token and root."""
    (pod,) = (each for each in _hooks(release) if each["kind"] == "Pod")
    (container,) = pod["spec"]["containers"]
    program, option = container["command"]
    script, namespace, revision, mount = container["args"]
    assert (program, option) == ("python3", "-c")
    assert mount == container["volumeMounts"][0]["mountPath"]
    account = pod["spec"]["serviceAccountName"]
    kubeconfig = release.plane.service_account_kubeconfig(release.namespace, account)
    token = yaml.safe_load(kubeconfig.read_text())["users"][0]["user"]["token"]
    (directory / "token").write_text(token)
    (directory / "ca.crt").write_bytes(release.plane.authority.certificate.read_bytes())
    return release.plane.run(
        [
            "env", f"KUBERNETES_SERVICE_HOST={NODE_ADDRESS}", f"KUBERNETES_SERVICE_PORT={API_PORT}",
            sys.executable, option, script, namespace, revision, str(directory),
        ]
    )  # fmt: skip


def test_without_a_sidecar(release: Release, tmp_path: Path) -> None:
    """With failurePolicy Ignore and nobody serving, the test fails and says where to look."""
    done = _run(release, tmp_path)
    assert done.returncode == 1
    assert done.stdout == "containers: app\n"
    assert done.stderr.startswith("the API server answered without a sidecar; ")


def test_refused_pod(release: Release, tmp_path: Path) -> None:
    """With failurePolicy Fail and nobody serving, the API server's own reason is shown."""
    reuse = ("--reuse-values", "--set=webhook.failurePolicy=Fail")
    release.helm("upgrade", release.name, str(CHART), *reuse)
    done = _run(release, tmp_path)
    assert done.returncode == 1
    assert "the API server refused the pod: " in done.stderr
    assert 'failed calling webhook "rev.object.pillion.istio.io"' in done.stderr


def test_without_rights(release: Release, tmp_path: Path) -> None:
    """Without the Role, the refusal is told, not taken for a missing sidecar."""
    (binding,) = (each for each in _hooks(release) if each["kind"] == "RoleBinding")
    removed = release.plane.kubectl("delete", "--filename=-", stdin=yaml.safe_dump(binding))
    assert removed.returncode == 0, removed.stderr
    done = _run(release, tmp_path)
    assert done.returncode == 1
    assert "the API server refused the pod: pods is forbidden" in done.stderr


def test_with_a_sidecar(release: Release, tmp_path: Path) -> None:
    """With the webhook serving what the chart rendered, the sidecar is found."""
    authority, config = tmp_path / "ca.pem", tmp_path / "config.yaml"
    config.write_text(release.get("configmap")["data"]["config.yaml"])
    webhook = Component(
        name="webhook",
        command=[
            sys.executable, "-m", "webhook", "serve", "--standalone", "--listen", LISTEN,
            "--config", config, "--ca-out", authority,
        ],
        namespace=release.plane.network,
        log=tmp_path / "webhook.log",
        environment={"PYTHONPATH": str(REPOSITORY), "PATH": os.environ["PATH"]},
    )  # fmt: skip
    webhook.start()
    try:
        webhook.wait_until(lambda: "serving" in webhook.log_end(), seconds=30)
        _call_at(release, authority.read_bytes())
        done = _run(release, tmp_path)
    finally:
        webhook.stop()
    assert done.returncode == 0, done.stderr
    assert done.stdout == "containers: istio-init, istio-proxy, app\n"


def _call_at(release: Release, authority: bytes) -> None:
    """Make the registered webhooks call the address of the process: it has no Service here."""
    found = release.get("mutatingwebhookconfiguration")
    for webhook in found["webhooks"]:
        webhook["clientConfig"] = {
            "url": f"https://{LISTEN}/inject",
            "caBundle": base64.b64encode(authority).decode(),
        }
    done = release.plane.kubectl("replace", "--filename=-", stdin=yaml.safe_dump(found))
    assert done.returncode == 0, done.stderr
