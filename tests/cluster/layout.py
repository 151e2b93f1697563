"""Says where a cluster's files lie, and what it is called by the kernel."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from tests.tools.builds import cache_directory

_REPOSITORY = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Layout:
    """The files of one cluster, all below `directory`.

    The name is a digest of the folder's path, so that two clusters never share anything.
    """

    directory: Path

    @property
    def name(self) -> str:
        """Return the name of its control groups and of whatever else is not a file."""
        return f"pillion-{hashlib.sha256(str(self.directory).encode()).hexdigest()[:12]}"

    @property
    def kubeconfig(self) -> Path:
        """Return the administrator's kubeconfig."""
        return self.directory / "administrator.kubeconfig"

    @property
    def authority(self) -> Path:
        """Return the certificate that signs everybody's."""
        return self.directory / "pillion-test-ca.crt"

    @property
    def state(self) -> Path:
        """Return the file that is there once the cluster is ready, see `state.State`."""
        return self.directory / "state.json"

    @property
    def lock(self) -> Path:
        """Return the file that whoever brings the cluster up or down holds locked."""
        return self.directory.with_name(f"{self.directory.name}.lock")

    @property
    def log(self) -> Path:
        """Return what the process that runs the cluster has to say."""
        return self.directory.with_name(f"{self.directory.name}.log")

    def node(self, number: int) -> Path:
        """Return the folder of a node."""
        return self.directory / f"node-{number}"


def checkout_layout() -> Layout:
    """Return the layout of the standing cluster of this checkout; other checkouts have others."""
    key = hashlib.sha256(str(_REPOSITORY).encode()).hexdigest()[:8]
    return Layout(cache_directory().parent / f"cluster-{key}")
