"""A namespace of a cluster that is up, and what a test does in it."""

import json
import subprocess
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.apiserver.kube_api import KubeObject
from tests.apiserver.polling import NotInTimeError, wait_until
from tests.cluster.cluster import Cluster
from tests.cluster.mesh import REVISION, describe_pods

_READY_SECONDS = 120
"""An injected pod is ready within 8 s; the machine may be busy, and pods many."""

MESH_LABELS = {"istio.io/rev": REVISION}
"""What a namespace is labelled with to opt in."""


class NamespaceError(AssertionError):
    """Something did not happen in the namespace; the message describes its pods."""


@dataclass(frozen=True, slots=True)
class Namespace:
    """A namespace with a name of its own.

    A workload is named as kubectl does, such as `deployment/server`; where one is expected to
    have a single pod, that pod is meant.
    """

    cluster: Cluster
    name: str

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        """Run kubectl in this namespace and return what it prints; NamespaceError if it fails."""
        done = self.ask(*arguments, stdin=stdin)
        if done.returncode != 0:
            raise NamespaceError(f"kubectl {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout

    def ask(self, *arguments: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run kubectl in this namespace; the caller judges."""
        return self.cluster.kubectl(f"--namespace={self.name}", *arguments, stdin=stdin)

    def istioctl(self, *arguments: str) -> str:
        """Run istioctl in this namespace and return what it prints; NamespaceError if it fails."""
        done = self.cluster.istioctl(f"--namespace={self.name}", *arguments)
        if done.returncode != 0:
            raise NamespaceError(f"istioctl {' '.join(arguments)}: {done.stdout}{done.stderr}")
        return done.stdout

    def apply(self, *objects: Mapping[str, Any]) -> str:
        """Create or change objects of this namespace; return what kubectl says, warnings too."""
        manifest = {"apiVersion": "v1", "kind": "List", "items": objects}
        done = self.ask("apply", "--filename=-", stdin=json.dumps(manifest))
        if done.returncode != 0:
            raise NamespaceError(done.stderr.strip())
        return done.stdout + done.stderr

    def get(self, kind: str, name: str) -> KubeObject:
        """Return an object as the API server has it."""
        found: KubeObject = json.loads(self.kubectl("get", kind, name, "--output=json"))
        return found

    def pods(self, app: str) -> list[KubeObject]:
        """Return the pods with the label `app`, the oldest first, those that go left out."""
        items = json.loads(self.kubectl("get", "pods", f"--selector=app={app}", "--output=json"))
        pods: Sequence[KubeObject] = items["items"]
        staying = [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]
        return sorted(staying, key=lambda pod: str(pod["metadata"]["creationTimestamp"]))

    def pod(self, app: str) -> KubeObject:
        """Return the only pod with the label `app`."""
        (pod,) = self.pods(app)
        return pod

    def wait_ready(self, *workloads: str, seconds: float = _READY_SECONDS) -> None:
        """Wait until all replicas are of the newest state and ready, also of a `pod/NAME`."""
        for workload in workloads:
            wait = (
                ("wait", "--for=condition=Ready", workload)
                if workload.startswith("pod/")
                else ("rollout", "status", workload)
            )
            done = self.ask(*wait, f"--timeout={seconds:.0f}s")
            if done.returncode != 0:
                raise NamespaceError(f"{workload}: {done.stderr}{self.describe()}")

    def wait_for(
        self, condition: Callable[[], bool], *, what: str, seconds: float = _READY_SECONDS
    ) -> None:
        """Wait until `condition` is true; NamespaceError naming `what` after `seconds`."""
        try:
            wait_until(condition, seconds=seconds, what=what)
        except NotInTimeError as error:
            raise NamespaceError(f"{error}\n{self.describe()}") from error

    def execute(self, target: str, *command: str, container: str = "app") -> str:
        """Run a program in a container of a pod or workload, and return what it prints."""
        return self.kubectl("exec", target, f"--container={container}", "--", *command)

    def load(self, target: str, url: str, *options: str, container: str = "app") -> KubeObject:
        """Send requests from a pod with the example application; return what it found.

        `options` are those of `shop load`: none sends one request. The keys are in
        `examples/service/findings.go`: `statuses`, `versions`, `pods`, `errors`, `last`, ….
        """
        command = ("/shop", "load", *options, url)
        found: KubeObject = json.loads(self.execute(target, *command, container=container))
        return found

    def logs(self, target: str, container: str) -> str:
        """Return what a container wrote since it started."""
        return self.kubectl("logs", target, f"--container={container}")

    def describe(self) -> str:
        """Return what there is to say of the pods here, for an error's message."""
        return describe_pods(self.cluster, self.name)


@contextmanager
def temporary_namespace(
    cluster: Cluster, labels: Mapping[str, str], prefix: str = "test"
) -> Iterator[Namespace]:
    """Make a namespace for the length of a block; it goes away in the background."""
    name = f"{prefix}-{uuid.uuid4().hex[:8]}"
    cluster.api.create("/api/v1/namespaces", {"metadata": {"name": name, "labels": labels}})
    namespace = Namespace(cluster, name)
    try:
        namespace.wait_for(
            lambda: namespace.ask("get", "serviceaccount", "default").returncode == 0,
            what="service account",
        )
        yield namespace
    finally:
        cluster.api.delete(f"/api/v1/namespaces/{name}")
