"""A running control plane, and what tests do with it."""

import os
import subprocess
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.apiserver.audit import AuditLog
from tests.apiserver.certificates import Authority
from tests.apiserver.command_lines import API_URL
from tests.apiserver.component import Component
from tests.apiserver.kube_api import KubeApi
from tests.apiserver.kubeconfig import token_user, write_kubeconfig
from tests.apiserver.kubernetes_version import KubernetesVersion
from tests.apiserver.network_namespace import NetworkNamespace
from tests.apiserver.polling import wait_until
from tests.tools.builds import built_tool

_COMMAND_SECONDS = 120
_CONTROLLER_SECONDS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlPlane:
    """A running control plane.

    Attributes:
        version: of Kubernetes.
        directory: where its certificates, logs and kubeconfigs lie; tests may add files.
        network: the namespace in which everything listens. Start what the API server must reach
            inside it, at NODE_ADDRESS or another address of ENDPOINT_NETWORK.
        authority: signs the API server's and its users' certificates.
        kubeconfig: the administrator's.
        api: the API server, spoken to as the administrator.
        audit_log: what it wrote down.
        etcd: to be restarted by tests that need an outage.
        api_server: the same.
        controller_manager: runs CONTROLLERS.
    """

    version: KubernetesVersion
    directory: Path
    network: NetworkNamespace
    authority: Authority
    kubeconfig: Path
    api: KubeApi
    audit_log: AuditLog
    etcd: Component
    api_server: Component
    controller_manager: Component

    def kubectl(
        self, *arguments: str, stdin: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run kubectl as the administrator; the caller judges exit status and output."""
        return self.run([str(built_tool("kube", "kubectl")), *arguments], stdin=stdin)

    def helm(
        self, *arguments: str, group: str = "helm", stdin: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run Helm as the administrator; `group` is the group of tools that pins it."""
        return self.run([str(built_tool(group, "helm")), *arguments], stdin=stdin)

    def run(
        self, command: Sequence[str], *, stdin: str | None = None, seconds: float = _COMMAND_SECONDS
    ) -> subprocess.CompletedProcess[str]:
        """Run any program inside the namespace, with the administrator's environment."""
        with self.network.entered():
            return subprocess.run(
                command,
                input=stdin,
                stdin=subprocess.DEVNULL if stdin is None else None,
                capture_output=True,
                text=True,
                check=False,
                timeout=seconds,
                env=client_environment(self.kubeconfig),
            )

    def create_namespace(
        self,
        *,
        labels: Mapping[str, str] | None = None,
        annotations: Mapping[str, str] | None = None,
    ) -> str:
        """Create a namespace of a fresh name in which pods can be created, and return the name."""
        name = f"test-{uuid.uuid4().hex[:12]}"
        metadata = {"name": name, "labels": labels or {}, "annotations": annotations or {}}
        self.api.create("/api/v1/namespaces", {"metadata": metadata})
        self.wait_for_service_account(name)
        return name

    def wait_for_service_account(self, namespace: str) -> None:
        """Wait for what a controller makes in a namespace, and without which no pod is let in."""
        wait_until(
            lambda: self.exists(f"/api/v1/namespaces/{namespace}/serviceaccounts/default"),
            seconds=_CONTROLLER_SECONDS,
            what=f'service account "default" in namespace "{namespace}"',
        )

    def service_account_kubeconfig(self, namespace: str, name: str) -> Path:
        """Write a kubeconfig that acts as that service account for an hour, and return its path."""
        request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token"
        token = self.api.create(path, request)["status"]["token"]
        return write_kubeconfig(
            self.directory / f"{namespace}-{name}.kubeconfig",
            server=API_URL,
            authority=self.authority.certificate,
            user=token_user(token),
        )

    def exists(self, path: str) -> bool:
        """Tell whether the API server answers, and with success, for `path`."""
        try:
            return self.api.client.get(path).is_success
        except httpx.TransportError:
            return False


def client_environment(kubeconfig: Path) -> dict[str, str]:
    """Return the environment for a client: its files beside `kubeconfig`, and no proxy."""
    home = kubeconfig.parent
    inherited = {key: os.environ[key] for key in ("PATH", "LANG", "TERM") if key in os.environ}
    return inherited | {
        "HOME": str(home),
        "KUBECONFIG": str(kubeconfig),
        "KUBECACHEDIR": str(home / "kubectl-cache"),
        "HELM_CACHE_HOME": str(home / "helm-cache"),
        "HELM_CONFIG_HOME": str(home / "helm-config"),
        "HELM_DATA_HOME": str(home / "helm-data"),
    }
