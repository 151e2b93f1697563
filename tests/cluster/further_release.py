"""A second release of our chart with a revision of its own, for tests that change or remove it."""

import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.cluster.cluster import Cluster
from tests.cluster.mesh import (
    CHART,
    ISTIO_NAMESPACE,
    REVISION,
    pillion_values,
    upgrade,
    wait_for_rollout,
)


@dataclass(frozen=True, slots=True)
class FurtherRelease:
    """A release whose name is its revision and its namespace; it uses the session's Pilot."""

    cluster: Cluster
    name: str

    @property
    def labels(self) -> dict[str, str]:
        """Return what a namespace is labelled with to opt in to this release."""
        return {"istio.io/rev": self.name}

    def install(self, **configuration: Mapping[str, Any]) -> None:
        """Install the chart, or upgrade to another configuration, and wait for its replicas."""
        values = pillion_values()
        sections: dict[str, Any] = values["configuration"]
        for section, fields in configuration.items():
            sections[section] = {**sections.get(section, {}), **fields}
        pilot = f"istiod-{REVISION}.{ISTIO_NAMESPACE}.svc:15012"
        sections["revision"] = self.name
        sections["pilot"] = {"address": pilot} | sections.get("pilot", {})
        values |= {"replicas": 1, "istio": {"enabled": False}}
        upgrade(self.cluster, self.name, CHART, self.name, "--create-namespace", values=values)
        wait_for_rollout(self.cluster, self.name, f"deployment/{self.name}")

    def uninstall(self) -> None:
        """Remove the release; what is not there is fine."""
        self.cluster.helm("uninstall", self.name, f"--namespace={self.name}", "--ignore-not-found")


@contextmanager
def further_release(
    cluster: Cluster, **configuration: Mapping[str, Any]
) -> Iterator[FurtherRelease]:
    """Have a further release for the length of a block."""
    release = FurtherRelease(cluster, f"pillion-{uuid.uuid4().hex[:6]}")
    try:
        release.install(**configuration)
        yield release
    finally:
        release.uninstall()
        cluster.api.delete(f"/api/v1/namespaces/{release.name}")
