"""Configures containerd and its network plugins, and spells their command lines."""

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from tests.cluster.addresses import pod_network
from tests.tools.builds import built_tool

SOCKET = "/run/containerd/containerd.sock"
"""Inside the sandbox, whose /run is its own."""

PAUSE_IMAGE = "docker.io/local/pillion-pause:test"
_PLUGINS = ("bridge", "host-local", "loopback", "portmap")

# restrict_oom_score_adj: without CAP_SYS_RESOURCE no container's score can be lowered.
# The program is Debian's runc: one built without seccomp refuses every pod.
_CONFIGURATION = """\
version = 3
root = "{root}"
state = "/run/containerd"

[grpc]
  address = "{socket}"

[plugins."io.containerd.cri.v1.images"]
  snapshotter = "overlayfs"
  [plugins."io.containerd.cri.v1.images".pinned_images]
    sandbox = "{pause}"

[plugins."io.containerd.cri.v1.runtime"]
  restrict_oom_score_adj = true
  [plugins."io.containerd.cri.v1.runtime".cni]
    bin_dirs = ["{plugins}"]
    conf_dir = "{networks}"
  [plugins."io.containerd.cri.v1.runtime".containerd]
    default_runtime_name = "runc"
    [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
        BinaryName = "{runc}"
        SystemdCgroup = false
"""


class RuntimeMissingError(Exception):
    """Debian's runc is not installed."""


@dataclass(frozen=True, slots=True)
class ContainerRuntime:
    """The containerd of one node; `folder` is the node's."""

    folder: Path

    @property
    def plugin_folder(self) -> Path:
        """Return where network plugins lie; Istio's is installed there too."""
        return self.folder / "cni" / "bin"

    @property
    def network_folder(self) -> Path:
        """Return where the chain of network plugins is configured; Istio's is added to it."""
        return self.folder / "cni" / "net.d"

    def write_files(self, number: int) -> None:
        """Write what containerd reads; `number` is the node's.

        Raises:
            RuntimeMissingError: there is no runc.
            ToolError: a program cannot be built.
        """
        self.plugin_folder.mkdir(parents=True)
        self.network_folder.mkdir(parents=True)
        for plugin in _PLUGINS:
            (self.plugin_folder / plugin).symlink_to(built_tool("node", plugin))
        network = self.network_folder / "10-pods.conflist"
        network.write_text(json.dumps(_pod_network_plugins(number), indent=1))
        self._configuration_file.write_text(
            _CONFIGURATION.format(
                root=self.folder / "containerd",
                socket=SOCKET,
                pause=PAUSE_IMAGE,
                plugins=self.plugin_folder,
                networks=self.network_folder,
                runc=_runc(),
            )
        )

    def command(self) -> list[str]:
        """Return containerd's command line."""
        return [str(built_tool("node", "containerd")), "--config", str(self._configuration_file)]

    def environment(self) -> dict[str, str]:
        """Return what containerd needs in its environment: where its shim is."""
        shim = built_tool("node", "containerd-shim-runc-v2")
        return {"PATH": f"{shim.parent}:{os.environ['PATH']}"}

    @property
    def _configuration_file(self) -> Path:
        return self.folder / "containerd.toml"


def client_command(*arguments: str) -> list[str]:
    """Return a command line of containerd's own client, in the namespace of the kubelet's images.

    It runs inside the sandbox.
    """
    return [str(built_tool("node", "ctr")), "--address", SOCKET, "--namespace=k8s.io", *arguments]


def _pod_network_plugins(number: int) -> dict[str, object]:
    """Return the chain that gives a pod its network: a bridge on the node, and host ports."""
    addresses = {
        "type": "host-local",
        "ranges": [[{"subnet": pod_network(number)}]],
        "routes": [{"dst": "0.0.0.0/0"}],
        "dataDir": "/run/cni",
    }
    bridge = {
        "type": "bridge",
        "bridge": "cni0",
        "isGateway": True,
        "hairpinMode": True,  # a pod may reach itself through its Service
        "ipam": addresses,
    }
    portmap = {"type": "portmap", "capabilities": {"portMappings": True}}
    return {"cniVersion": "1.0.0", "name": "pods", "plugins": [bridge, portmap]}


def _runc() -> str:
    found = shutil.which("runc")
    if found is None:
        raise RuntimeMissingError('program "runc" is not installed; run scripts/packages cluster')
    return found
