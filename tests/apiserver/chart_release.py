"""A release of the chart on a control plane: installed, and never left behind."""

import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from tests.apiserver.control_plane import ControlPlane

CHART: Final = Path(__file__).parents[2] / "charts" / "pillion"
GROUPS: Final = ("helm", "helm3")
"""The pinned majors of Helm."""

KubernetesObject = dict[str, Any]


class HelmError(Exception):
    """Helm refused; the message is its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A release with a name of its own, which all its objects are called by.

    Attributes:
        plane: where.
        group: the major of Helm.
        name: of the release.
        namespace: of the release.
    """

    plane: ControlPlane
    group: str
    name: str
    namespace: str

    def helm(self, *arguments: str, values: str = "") -> str:
        """Run Helm in the release's namespace and return what it says; HelmError if it fails."""
        done = self.ask(*arguments, values=values)
        if done.returncode != 0:
            raise HelmError(done.stderr)
        return done.stdout

    def ask(self, *arguments: str, values: str = "") -> subprocess.CompletedProcess[str]:
        """Run Helm in the release's namespace; the caller judges."""
        command = [*arguments, "--namespace", self.namespace]
        if values:
            command += ["--values", "-"]
        return self.plane.helm(*command, group=self.group, stdin=values or None)

    def install(self, values: str = "") -> str:
        """Install the chart; what Helm prints ends in the notes."""
        return self.helm("install", self.name, str(CHART), values=values)

    def upgrade(self, values: str = "") -> str:
        """Upgrade to other values."""
        return self.helm("upgrade", self.name, str(CHART), values=values)

    def manifest(self) -> str:
        """Return what Helm says it installed."""
        return self.helm("get", "manifest", self.name)

    def objects(self) -> list[KubernetesObject]:
        """Return what Helm says it installed, as objects."""
        return [each for each in yaml.safe_load_all(self.manifest()) if each is not None]

    def get(self, kind: str, name: str | None = None) -> KubernetesObject:
        """Return an object as the API server has it; that of the release's name by default."""
        command = ["get", kind, name or self.name, "--namespace", self.namespace, "--output=yaml"]
        done = self.plane.kubectl(*command)
        assert done.returncode == 0, done.stderr
        found: KubernetesObject = yaml.safe_load(done.stdout)
        return found

    def remaining(self) -> list[str]:
        """Return every object of the cluster that is labelled as part of the release."""
        kinds = self.plane.kubectl("api-resources", "--verbs=list", "--output=name")
        names = ",".join(
            kind for kind in kinds.stdout.split() if not kind.startswith(("events", "componentst"))
        )
        found = self.plane.kubectl(
            "get", names, "--all-namespaces", "--output=name", "--ignore-not-found",
            f"--selector=app.kubernetes.io/instance={self.name}",
        )  # fmt: skip
        assert found.returncode == 0, found.stderr
        return found.stdout.split()


@contextmanager
def chart_release(plane: ControlPlane, group: str = "helm") -> Iterator[Release]:
    """Yield a release that is not installed yet; what is installed at the end is removed."""
    name = f"pillion-{uuid.uuid4().hex[:8]}"
    namespace = plane.create_namespace()
    release = Release(plane=plane, group=group, name=name, namespace=namespace)
    try:
        yield release
    finally:
        release.ask("uninstall", name, "--ignore-not-found")
