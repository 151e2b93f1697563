"""A cluster that is up, and what commands and tests do with it."""

import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import httpx

from tests.apiserver.audit import AuditLog
from tests.apiserver.command_lines import API_URL
from tests.apiserver.control_plane import client_environment
from tests.apiserver.kube_api import KubeApi, namespace_client
from tests.apiserver.network_namespace import entered_namespace
from tests.cluster.containerd import client_command
from tests.cluster.control_plane import audit_log
from tests.cluster.credentials import administrator_pair
from tests.cluster.layout import Layout
from tests.cluster.lifecycle import ClusterError, is_up
from tests.cluster.sandbox import first_processes, network_path
from tests.tools.builds import built_tool

_COMMAND_SECONDS = 180


class NodeNetwork:
    """The network namespace of the first node, seen from outside."""

    def __init__(self, path: str) -> None:
        self._descriptor = os.open(path, os.O_RDONLY)

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Put the calling thread, and the sockets and processes it makes, there."""
        with entered_namespace(self._descriptor):
            yield

    def close(self) -> None:
        """Let go of it."""
        os.close(self._descriptor)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """A cluster that is up.

    Attributes:
        layout: where its files lie.
        network: the first node's, from which every pod, Service and API can be reached.
        api: the API server, spoken to as the administrator.
    """

    layout: Layout
    network: NodeNetwork
    api: KubeApi

    @classmethod
    def connect(cls, layout: Layout) -> Self:
        """Return the cluster of that layout; ClusterError when it is down."""
        network = NodeNetwork(network_path(_first_process(layout, 1)))
        client = namespace_client(
            network, API_URL, authority=layout.authority, identity=administrator_pair(layout)
        )
        return cls(layout=layout, network=network, api=KubeApi(client))

    def close(self) -> None:
        """Let go of connections; the cluster stays as it is."""
        self.api.client.close()
        self.network.close()

    @property
    def audit_log(self) -> AuditLog:
        """Return what the API server was asked."""
        return AuditLog(audit_log(self.layout))

    def kubectl(
        self, *arguments: str, stdin: str | None = None, seconds: float = _COMMAND_SECONDS
    ) -> subprocess.CompletedProcess[str]:
        """Run kubectl as the administrator; the caller judges exit status and output."""
        return self.run([*kubectl_command(), *arguments], stdin=stdin, seconds=seconds)

    def helm(
        self, *arguments: str, stdin: str | None = None, seconds: float = _COMMAND_SECONDS
    ) -> subprocess.CompletedProcess[str]:
        """Run Helm as the administrator; the caller judges."""
        return self.run([*helm_command(), *arguments], stdin=stdin, seconds=seconds)

    def istioctl(
        self, *arguments: str, seconds: float = _COMMAND_SECONDS
    ) -> subprocess.CompletedProcess[str]:
        """Run istioctl as the administrator; the caller judges."""
        return self.run([*istioctl_command(), *arguments], seconds=seconds)

    def run(
        self, command: Sequence[str], *, stdin: str | None = None, seconds: float = _COMMAND_SECONDS
    ) -> subprocess.CompletedProcess[str]:
        """Run any program in the first node's network, with the administrator's environment."""
        with self.network.entered():
            return subprocess.run(
                command,
                input=stdin,
                stdin=subprocess.DEVNULL if stdin is None else None,
                capture_output=True,
                text=True,
                check=False,
                timeout=seconds,
                env=client_environment(self.layout.kubeconfig),
            )

    def post(self, url: str) -> str:
        """Send an empty POST from the first node's network, and return the answer's text."""
        with self.network.entered():
            answer = httpx.post(url, trust_env=False, timeout=30)
        answer.raise_for_status()
        return answer.text

    def load_image(self, archive: Path) -> None:
        """Import an OCI image into every node; it is used with `imagePullPolicy: Never`.

        Raises:
            ClusterError: containerd refuses it.
        """
        numbers = range(1, len(list(self.layout.directory.glob("node-*"))) + 1)
        for number in numbers:
            command = node_command(
                self.layout, number, client_command("images", "import", str(archive.resolve()))
            )
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
            if done.returncode != 0:
                raise ClusterError(f"image {archive}: {done.stderr.strip()}")


def node_command(layout: Layout, number: int, command: Sequence[str]) -> list[str]:
    """Return the command line that runs `command` wholly inside a node's sandbox."""
    target = str(_first_process(layout, number))
    return ["nsenter", "--target", target, "--net", "--mount", "--pid", *command]


def outside_command(layout: Layout, command: Sequence[str]) -> list[str]:
    """Return the command line that runs `command` in the first node's network.

    It sees the machine's own files, and ends with the cluster.
    """
    target = str(_first_process(layout, 1))
    return ["nsenter", "--target", target, "--net", "--pid", *command]


def kubectl_command() -> list[str]:
    """Return how kubectl is called."""
    return [str(built_tool("kube", "kubectl"))]


def helm_command() -> list[str]:
    """Return how Helm is called."""
    return [str(built_tool("helm", "helm"))]


def istioctl_command() -> list[str]:
    """Return how istioctl is called."""
    return [str(built_tool("istio", "istioctl"))]


def _first_process(layout: Layout, number: int) -> int:
    found = first_processes(layout.node(number))
    if not found or not is_up(layout):
        raise ClusterError(f"node {number} is down, expected `up` first")
    return found[0]
