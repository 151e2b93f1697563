"""Makes the control groups that hold a cluster's pods, and removes them with all below them."""

from collections.abc import Sequence
from pathlib import Path

_ROOT = Path("/sys/fs/cgroup")


def create_cgroups(name: str, nodes: Sequence[str]) -> None:
    """Make the group in every hierarchy, and one below it per node.

    The kubelet insists that its root is there.
    """
    for hierarchy in _hierarchies():
        for group in (hierarchy / name, *(hierarchy / name / node for node in nodes)):
            group.mkdir()
            _inherit(group)
            _delegate(group)


def remove_cgroups(name: str) -> None:
    """Remove the group and all below it, deepest first; its processes must have ended."""
    for group in existing_cgroups(name):
        below = sorted((path for path in group.rglob("*") if path.is_dir()), reverse=True)
        for path in (*below, group):
            path.rmdir()


def existing_cgroups(name: str) -> list[Path]:
    """Return the group's folder in every hierarchy that has one."""
    return [each / name for each in _hierarchies() if (each / name).exists()]


def _hierarchies() -> list[Path]:
    """Return the roots of all hierarchies: one in version 2, one per controller in version 1."""
    if (_ROOT / "cgroup.controllers").exists():
        return [_ROOT]
    return [each for each in sorted(_ROOT.iterdir()) if (each / "cgroup.procs").exists()]


def _inherit(group: Path) -> None:
    """Take over processors and memory: a group of version 1 has none to begin with."""
    for setting in ("cpuset.cpus", "cpuset.mems"):
        inherited = group.parent / setting
        if inherited.exists():
            (group / setting).write_text(inherited.read_text())


def _delegate(group: Path) -> None:
    """Let groups below use every controller that this one has (version 2 only)."""
    controllers = group / "cgroup.controllers"
    if controllers.exists():
        wanted = " ".join(f"+{each}" for each in controllers.read_text().split())
        (group / "cgroup.subtree_control").write_text(wanted)
