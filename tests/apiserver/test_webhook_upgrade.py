"""Helm changes the list of webhooks while the running webhook owns their caBundle."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.apiserver.chart_release import GROUPS
from tests.apiserver.control_plane import ControlPlane
from tests.apiserver.polling import wait_until
from tests.apiserver.replicas import Installation, installation

pytestmark = pytest.mark.apiserver


@pytest.fixture(params=GROUPS)
def installed(
    request: pytest.FixtureRequest, control_plane: ControlPlane, tmp_path: Path
) -> Iterator[Installation]:
    """Yield an installation by each major of Helm, with one replica."""
    with installation(control_plane, tmp_path, group=request.param) as found:
        found.serve()
        yield found


def test_webhooks_that_come_with_an_upgrade_are_trusted(installed: Installation) -> None:
    """Webhooks that Helm adds to a configuration get their caBundle at once."""
    release, replica = installed.release, installed.replicas[0]
    release.upgrade(f"configuration: {{revision: {release.name}, defaultRevision: true}}\n")
    wait_until(
        lambda: all(
            each["clientConfig"].get("caBundle")
            for each in release.get("mutatingwebhookconfiguration")["webhooks"]
        ),
        seconds=20,
        what="every webhook's caBundle",
    )
    assert len(release.get("mutatingwebhookconfiguration")["webhooks"]) == 4
    replica.wait_until_ready()
    installed.wait_until_called()
