"""Replicas of the webhook on a real API server: the chart's objects, its arguments, its rights."""

from __future__ import annotations

import json
import os
import signal
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

import httpx

from tests.apiserver.chart_release import Release, chart_release
from tests.apiserver.component import Component
from tests.apiserver.control_plane import ControlPlane
from tests.apiserver.kube_api import NamespaceTransport
from tests.apiserver.network_namespace import NODE_ADDRESS
from tests.apiserver.polling import wait_until
from tests.apiserver.service_route import ServiceRoute, publish_endpoints

REPOSITORY: Final = Path(__file__).parents[2]
PORT: Final = 9443
METRICS_PORT: Final = 15014
READY_SECONDS: Final = 60
ADMISSIONS: Final = "pillion_admissions_total{"


class Replica:
    """One process of the webhook, at an address of its own."""

    def __init__(self, plane: ControlPlane, component: Component, address: str) -> None:
        self.component = component
        self.address = address
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # as kubelet's probes
        transport = httpx.HTTPTransport(verify=context)
        self._client = httpx.Client(
            transport=NamespaceTransport(plane.network, transport), trust_env=False, timeout=10
        )

    def close(self) -> None:
        """Close the connections to it."""
        self._client.close()

    def ready(self) -> tuple[bool, str]:
        """Return whether it is ready, and why not."""
        try:
            answer = self._client.get(f"https://{self.address}:{PORT}/readyz?verbose")
        except httpx.TransportError as error:
            return False, repr(error)
        return answer.is_success, answer.text

    def metric(self, line: str) -> float:
        """Return the value of a series, written as in the exposition; 0 when it is absent."""
        text = self._client.get(f"http://{self.address}:{METRICS_PORT}/metrics").text
        for each in text.splitlines():
            if each.startswith(f"{line} "):
                return float(each.rpartition(" ")[2])
        return 0.0

    def admissions(self) -> float:
        """Return how many admissions it has answered; 0 while it does not answer."""
        try:
            text = self._client.get(f"http://{self.address}:{METRICS_PORT}/metrics").text
        except httpx.TransportError:
            return 0.0
        lines = (each for each in text.splitlines() if each.startswith(ADMISSIONS))
        return sum(float(each.rpartition(" ")[2]) for each in lines)

    def lines(self, message: str) -> list[dict[str, Any]]:
        """Return the log's lines with this message."""
        texts = self.component.log.read_text().splitlines()
        lines = (json.loads(text) for text in texts if text.startswith("{"))
        return [line for line in lines if line.get("message") == message]

    def wait_until_ready(self) -> None:
        """Wait for readiness; the error has its own words."""
        wait_until(
            lambda: self.ready()[0],
            seconds=READY_SECONDS,
            what=f"{self.address}: {self.ready()[1]}",
        )


class Installation:
    """A release of the chart and the processes that its Deployment would run."""

    def __init__(
        self, release: Release, directory: Path, stack: ExitStack, *, first_host: int
    ) -> None:
        self.release = release
        self._first_host = first_host
        self.plane = release.plane
        self.directory = directory
        self._stack = stack
        self.replicas: list[Replica] = []
        self.kubeconfig = self.plane.service_account_kubeconfig(release.namespace, release.name)

    def start(self, *arguments: str, config: str = "") -> Replica:
        """Start one more replica, with further arguments that win over the chart's."""
        number = len(self.replicas) + 1
        address = f"10.250.0.{self._first_host + len(self.replicas)}"
        file = self.directory / "mounted" / "config.yaml"
        if not file.exists():
            file.parent.mkdir(exist_ok=True)
            file.write_text(config or self._rendered_configuration())
        component = Component(
            name=f"replica-{number}",
            command=[
                sys.executable, "-m", "webhook", *self._chart_arguments(),
                f"--listen={address}:{PORT}", f"--metrics-listen={address}:{METRICS_PORT}",
                f"--config={file}", "--quiet-seconds=2", *arguments,
            ],
            namespace=self.plane.network,
            log=self.directory / f"replica-{number}.log",
            environment={
                "PYTHONPATH": str(REPOSITORY),
                "KUBECONFIG": str(self.kubeconfig),
                "POD_NAME": f"{self.release.name}-{number}",
            },
        )  # fmt: skip
        self._stack.callback(component.stop)
        component.start()
        replica = Replica(self.plane, component, address)
        self._stack.callback(replica.close)
        self.replicas.append(replica)
        return replica

    def publish(self, *replicas: Replica) -> None:
        """Make the Service lead to these replicas."""
        self._publish(tuple(each.address for each in replicas))

    def balance(self) -> None:
        """Make the Service lead to a balancer in front of all replicas."""
        balancer = Component(
            name="balancer",
            command=[
                sys.executable, "-m", "tests.apiserver.balancer", f"{NODE_ADDRESS}:{PORT}",
                *(f"{each.address}:{PORT}" for each in self.replicas),
            ],
            namespace=self.plane.network,
            log=self.directory / "balancer.log",
            environment={"PYTHONPATH": str(REPOSITORY)},
        )  # fmt: skip
        self._stack.callback(balancer.stop)
        balancer.start()
        self._publish((NODE_ADDRESS,))

    def serve(self, count: int = 1, *arguments: str) -> None:
        """Start replicas, wait until they are ready and the API server calls them."""
        for _ in range(count):
            self.start(*arguments)
        for replica in self.replicas:
            replica.wait_until_ready()
        self.publish(*self.replicas)
        self.wait_until_called()

    def roll_out(self) -> Replica:
        """Replace every replica as the Deployment does after an upgrade: a new one must be ready.

        It gets the arguments that the Deployment now has; only then are the others told to leave,
        which nobody waits for.
        """
        leaving = tuple(self.replicas)
        replica = self.start()
        replica.wait_until_ready()
        self.publish(replica)
        for each in leaving:
            if each.component.pid is not None:
                os.kill(each.component.pid, signal.SIGTERM)
        return replica

    def wait_until_called(self) -> None:
        """Wait until a pod that is to be injected comes back with its sidecar."""
        namespace = self.namespace()
        wait_until(
            lambda: "istio-proxy" in self.dry_run(namespace),
            seconds=READY_SECONDS,
            what=f"an injected pod, and not: {self.dry_run(namespace)}",
        )

    def pillion(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the command line as the cluster's administrator."""
        command = ["env", f"PYTHONPATH={REPOSITORY}", sys.executable, "-m", "webhook", *arguments]
        return self.plane.run(command)

    def namespace(self, **labels: str) -> str:
        """Create a namespace that names our revision, with further labels."""
        return self.plane.create_namespace(labels={"istio.io/rev": self.release.name, **labels})

    def dry_run(self, namespace: str) -> str:
        """Create a pod in a dry run, and return its containers' names or why it was refused."""
        answer = self.plane.api.client.post(
            f"/api/v1/namespaces/{namespace}/pods?dryRun=All",
            json={
                "metadata": {"name": "probe"},
                "spec": {"containers": [{"name": "app", "image": "nginx:1.29"}]},
            },
        )
        if answer.is_error:
            return str(answer.json().get("message", answer.text))
        spec = answer.json()["spec"]
        return " ".join(
            each["name"] for each in (*spec.get("initContainers", ()), *spec["containers"])
        )

    def _publish(self, addresses: tuple[str, ...]) -> None:
        route = ServiceRoute(
            namespace=self.release.namespace,
            name=self.release.name,
            target_port=PORT,
            addresses=addresses,
        )
        publish_endpoints(self.plane.api, self.plane.version, route)

    def _chart_arguments(self) -> list[str]:
        """Return the arguments of the chart's Deployment, as a container would get them."""
        deployment = self.release.get("deployment")
        (container,) = deployment["spec"]["template"]["spec"]["containers"]
        arguments: list[str] = container["args"]
        return arguments

    def _rendered_configuration(self) -> str:
        text: str = self.release.get("configmap")["data"]["config.yaml"]
        return text


@contextmanager
def installation(
    plane: ControlPlane,
    directory: Path,
    values: str = "",
    group: str = "helm",
    *,
    first_host: int = 2,
) -> Iterator[Installation]:
    """Install the chart for the length of a block, with its name as revision and no replica.

    Replicas get addresses from `first_host` on; another installation at the same time needs others.
    """
    with chart_release(plane, group) as release, ExitStack() as stack:
        release.install(values or f"configuration: {{revision: {release.name}}}\n")
        yield Installation(release, directory, stack, first_host=first_host)
