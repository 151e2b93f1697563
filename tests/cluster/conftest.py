"""Fixtures of the cluster level: one cluster with a mesh for the session, a namespace for a test.

- `cluster`: the cluster, without anything in it: see `cluster.Cluster`.
- `mesh`: the same with Pilot and Pillion, installed by Helm as a user would.
- `namespace`: a fresh namespace that opted in: see `namespace.Namespace` (apply, wait_ready, pods,
  execute, istioctl, …); objects are made by `workloads` (deployment, service, template, …).
- `plain_namespace`: one that did not opt in.

Every test of the level says `pytestmark = pytest.mark.cluster`. While tests are written, a cluster
that stands saves its start: `scripts/cluster up --mesh`, then `PILLION_CLUSTER=standing`.
"""

import os
import shutil
from collections.abc import Iterator

import pytest

from tests.cluster.cluster import Cluster
from tests.cluster.layout import Layout, checkout_layout
from tests.cluster.lifecycle import bring_up, take_down
from tests.cluster.mesh import install_mesh
from tests.cluster.namespace import MESH_LABELS, Namespace, temporary_namespace

_PROGRAMS = ("go", "ip", "nsenter", "runc", "setpriv", "unshare")


@pytest.fixture(scope="session")
def requirements() -> None:
    """Skip what asks for it where no cluster can be; CI fails instead."""
    reason = _missing_requirement()
    if reason is not None and os.environ.get("CI") != "true":
        pytest.skip(reason)


@pytest.fixture(scope="session")
def cluster_layout(
    requirements: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Layout]:
    """Yield the layout of a cluster that is up; it ends with the session, or with this process."""
    if os.environ.get("PILLION_CLUSTER") == "standing":
        yield checkout_layout()
        return
    layout = Layout(tmp_path_factory.mktemp("cluster"))
    start = bring_up(layout, tied=True)
    try:
        print(f"\ncluster up in {start.seconds:.1f} s")
        yield layout
    finally:
        take_down(layout)
        start.reap()


@pytest.fixture(scope="session")
def cluster(cluster_layout: Layout) -> Iterator[Cluster]:
    """Yield the session's cluster."""
    found = Cluster.connect(cluster_layout)
    try:
        yield found
    finally:
        found.close()


@pytest.fixture(scope="session")
def mesh(cluster: Cluster) -> Cluster:
    """Return the session's cluster once Pilot and Pillion are installed in it."""
    if os.environ.get("PILLION_CLUSTER") != "standing":
        install_mesh(cluster)
    return cluster


@pytest.fixture
def namespace(mesh: Cluster) -> Iterator[Namespace]:
    """Yield a fresh namespace that opted in."""
    with temporary_namespace(mesh, MESH_LABELS) as fresh:
        yield fresh


@pytest.fixture
def plain_namespace(mesh: Cluster) -> Iterator[Namespace]:
    """Yield a fresh namespace that did not opt in."""
    with temporary_namespace(mesh, {}, prefix="plain") as fresh:
        yield fresh


def _missing_requirement() -> str | None:
    if os.geteuid() != 0:
        return "needs root, for namespaces and control groups"
    missing = [name for name in _PROGRAMS if shutil.which(name) is None]
    return f"needs the program {missing[0]}" if missing else None
