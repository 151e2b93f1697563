"""Runs the programs of a node, from inside its sandbox, for as long as the sandbox lives."""

import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

import httpx

from tests.apiserver.command_lines import API_URL
from tests.apiserver.component import Component
from tests.apiserver.kube_api import KubeApi, namespace_client
from tests.apiserver.process_table import descendants
from tests.cluster.addresses import node_name
from tests.cluster.containerd import SOCKET, ContainerRuntime, client_command
from tests.cluster.control_plane import (
    api_command,
    controllers_command,
    scheduler_command,
    store_command,
)
from tests.cluster.credentials import administrator_pair, issue_credentials, node_credentials
from tests.cluster.dns import dns_command, publish_dns
from tests.cluster.kubelet import kube_proxy_command, kubelet_command
from tests.cluster.layout import Layout
from tests.cluster.links import make_first_node_links, make_further_node_links, plug_in
from tests.cluster.own_network import OwnNetwork
from tests.cluster.sandbox import sandbox_command
from tests.cluster.state import observed, write_state
from tests.images.build import build

_READY_SECONDS = 90
"""A node is ready after 15 s on two free cores; the machine may be busy."""

_FIRST_ACCOUNT = "/api/v1/namespaces/default/serviceaccounts/default"
"""Controllers make it, a moment after the API server is ready."""

_WATCH_SECONDS = 0.5
_IMPORT_SECONDS = 120


class NodeSupervisor:
    """The programs of one node; it lives in the node's sandbox."""

    def __init__(self, layout: Layout, number: int) -> None:
        self._layout = layout
        self._number = number
        self._folder = layout.node(number)
        self._components: list[Component] = []

    def run_first(self, nodes: int) -> None:
        """Run the control plane and the first node, and further nodes inside; never returns."""
        layout = self._layout
        make_first_node_links()
        credentials = issue_credentials(layout, nodes)
        self._start("etcd", store_command(layout))
        self._start_runtime()
        api_server = self._start("kube-apiserver", api_command(layout, credentials))
        api = self._api()
        api_server.wait_until(lambda: _answers(api, "/readyz"), seconds=_READY_SECONDS)
        controllers = self._start(
            "kube-controller-manager", controllers_command(layout, credentials)
        )
        self._start("kube-scheduler", scheduler_command(layout, credentials))
        dns = self._start("coredns", dns_command(layout.directory, credentials.dns))
        for number in range(2, nodes + 1):
            self._start_further(number)
        kubelet = self._start_node()
        publish_dns(api)
        for number in range(1, nodes + 1):
            kubelet.wait_until(partial(_is_ready, api, number), seconds=_READY_SECONDS)
        dns.wait_until(_resolves, seconds=_READY_SECONDS)
        # Without it the first pod of a user would be refused.
        controllers.wait_until(lambda: _answers(api, _FIRST_ACCOUNT), seconds=_READY_SECONDS)
        self._watch(self._layout.state)

    def run_further(self) -> None:
        """Run a node beside the first; never returns."""
        make_further_node_links(self._number)
        self._start_runtime()
        self._start_node()
        self._watch(self._folder / "state.json")

    def _api(self) -> KubeApi:
        return KubeApi(
            namespace_client(
                OwnNetwork(),
                API_URL,
                authority=self._layout.authority,
                identity=administrator_pair(self._layout),
            )
        )

    def _start_further(self, number: int) -> None:
        folder = self._layout.node(number)
        write_resolver(folder)
        command = supervise_command(self._layout, "--node", str(number))
        sandbox = self._start(node_name(number), sandbox_command(folder, command))
        sandbox.wait_until(lambda: bool(descendants(sandbox.pid or 0)), seconds=_READY_SECONDS)
        plug_in(number, min(descendants(sandbox.pid or 0)))

    def _start_runtime(self) -> None:
        runtime = ContainerRuntime(self._folder)
        runtime.write_files(self._number)
        self._start("containerd", runtime.command(), environment=runtime.environment())

    def _start_node(self) -> Component:
        credentials = node_credentials(self._layout, self._number)
        self._import_pause()
        self._start(
            "kube-proxy",
            kube_proxy_command(self._folder, self._number, kubeconfig=credentials.kube_proxy),
        )
        return self._start(
            "kubelet",
            kubelet_command(
                self._folder,
                self._number,
                kubeconfig=credentials.kubelet,
                authority=self._layout.authority,
                serving=credentials.serving,
                cgroup=f"{self._layout.name}/{node_name(self._number)}",
            ),
        )

    def _import_pause(self) -> None:
        containerd = self._component("containerd")
        containerd.wait_until(lambda: Path(SOCKET).exists(), seconds=_READY_SECONDS)
        containerd.wait_until(lambda: _succeeds(client_command("version")), seconds=_READY_SECONDS)
        command = client_command("images", "import", str(build("pause")))
        subprocess.run(command, check=True, timeout=_IMPORT_SECONDS)

    def _start(
        self, name: str, command: Sequence[str], environment: Mapping[str, str] | None = None
    ) -> Component:
        component = Component(
            name=name,
            command=command,
            namespace=OwnNetwork(),
            log=self._folder / f"{name}.log",
            environment=environment,
        )
        component.start()
        self._components.append(component)
        return component

    def _component(self, name: str) -> Component:
        return next(each for each in self._components if each.name == name)

    def _watch(self, path: Path) -> None:
        """Keep the record true until this process is killed."""
        state = observed(self._components)
        write_state(path, state)
        while True:
            time.sleep(_WATCH_SECONDS)
            if (seen := observed(self._components)) != state:
                write_state(path, state := seen)


def supervise_command(layout: Layout, *options: str) -> list[str]:
    """Return the command line of the program that supervises a node."""
    return [sys.executable, "-m", "tests.cluster.supervise", str(layout.directory), *options]


def write_resolver(folder: Path) -> None:
    """Write the resolver's configuration of a node: nothing outside the cluster is asked."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "resolv.conf").write_text("nameserver 10.250.0.1\n")


def _answers(api: KubeApi, path: str) -> bool:
    with suppress(httpx.TransportError):
        return api.client.get(path).is_success
    return False


def _is_ready(api: KubeApi, number: int) -> bool:
    response = api.client.get(f"/api/v1/nodes/{node_name(number)}")
    if not response.is_success:
        return False
    conditions = response.json()["status"].get("conditions", [])
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


def _resolves() -> bool:
    with suppress(httpx.TransportError):
        return httpx.get("http://127.0.0.1:8181/ready", trust_env=False).is_success
    return False


def _succeeds(command: Sequence[str]) -> bool:
    done = subprocess.run(command, capture_output=True, check=False, timeout=_IMPORT_SECONDS)
    return done.returncode == 0
