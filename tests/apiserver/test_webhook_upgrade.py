"""Helm adds and removes webhooks while the running webhook owns their caBundle."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.apiserver.chart_release import GROUPS
from tests.apiserver.control_plane import ControlPlane
from tests.apiserver.polling import wait_until
from tests.apiserver.replicas import Installation, installation

pytestmark = pytest.mark.apiserver

CONFIGURATIONS = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations"
WITHOUT = "configuration: {{revision: {0}}}\n"
WITH = "configuration: {{revision: {0}, defaultRevision: true}}\nrevisionTags: [stable]\n"
"""Values, {0} being the revision."""
ADDED = {
    "-default-revision": {"istio-injection": "enabled"},
    "-revision-tag-stable": {"istio.io/rev": "stable"},
}
"""By what its name adds to the release's: a configuration that comes, and who opts in by it."""


@pytest.fixture
def installed(
    request: pytest.FixtureRequest, control_plane: ControlPlane, tmp_path: Path
) -> Iterator[Installation]:
    """Yield an installation by each major of Helm, with one replica."""
    with installation(control_plane, tmp_path, group=request.param) as found:
        found.serve()
        yield found


@pytest.mark.parametrize("installed", GROUPS, indirect=True)
def test_webhooks_come_and_go_with_upgrades(installed: Installation) -> None:
    """Webhooks that an upgrade adds are trusted once it is rolled out; another takes them away."""
    release, plane = installed.release, installed.plane
    namespaces = {name: plane.create_namespace(labels=labels) for name, labels in ADDED.items()}
    (own,) = _bundles(installed).values()
    release.upgrade(WITH.format(release.name))
    replica = installed.roll_out()
    assert _bundles(installed) == {"": own, **dict.fromkeys(ADDED, own)}
    for namespace in namespaces.values():
        _wait_until_injected(installed, namespace, "istio-init istio-proxy app")
    release.upgrade(WITHOUT.format(release.name))
    assert _bundles(installed) == {"": own}
    for namespace in namespaces.values():
        _wait_until_injected(installed, namespace, "app")
    wait_until(
        lambda: any(each in replica.ready()[1] for each in ADDED),
        seconds=20,
        what="notice of what is gone",  # the first, which it may not read any more
    )
    assert replica.ready()[0], replica.ready()[1]  # until it is replaced, it serves the others
    installed.roll_out()
    installed.wait_until_called()


def _bundles(installed: Installation) -> dict[str, set[str | None]]:
    """Return the caBundles of each configuration, by what its name adds to the release's."""
    name = installed.release.name
    return {
        each["metadata"]["name"].removeprefix(name): {
            webhook["clientConfig"].get("caBundle") for webhook in each["webhooks"]
        }
        for each in installed.plane.api.get(CONFIGURATIONS)["items"]
        if each["metadata"]["name"].startswith(name)
    }


def _wait_until_injected(installed: Installation, namespace: str, containers: str) -> None:
    """Wait until a pod of the namespace comes back with these containers."""
    wait_until(
        lambda: installed.dry_run(namespace) == containers,
        seconds=20,
        what=f"{containers}, and not: {installed.dry_run(namespace)}",
    )
