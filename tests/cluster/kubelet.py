"""Configures the kubelet and kube-proxy of a node, and spells their command lines."""

import json
from pathlib import Path

from tests.apiserver.certificates import KeyPair
from tests.cluster.addresses import CLUSTER_DOMAIN, DNS_ADDRESS, node_address, node_name
from tests.cluster.containerd import SOCKET
from tests.cluster.sandbox import NODE_FOLDER
from tests.tools.builds import built_tool


def kubelet_command(
    folder: Path, number: int, *, kubeconfig: Path, authority: Path, serving: KeyPair, cgroup: str
) -> list[str]:
    """Write the kubelet's configuration and return its command line."""
    configuration = folder / "kubelet.json"
    settings = _kubelet_settings(folder, authority, serving, cgroup)
    configuration.write_text(json.dumps(settings, indent=1))
    return [
        str(built_tool("kube", "kubelet")),
        f"--config={configuration}",
        f"--kubeconfig={kubeconfig}",
        f"--root-dir={NODE_FOLDER / 'kubelet'}",
        f"--hostname-override={node_name(number)}",
        f"--node-ip={node_address(number)}",
        f"--node-labels=topology.kubernetes.io/region=test,topology.kubernetes.io/zone=zone-{number}",
    ]


def kube_proxy_command(folder: Path, number: int, *, kubeconfig: Path) -> list[str]:
    """Return kube-proxy's command line."""
    return [
        str(built_tool("kube", "kube-proxy")),
        f"--kubeconfig={kubeconfig}",
        f"--hostname-override={node_name(number)}",
        f"--bind-address={node_address(number)}",
        "--proxy-mode=nftables",
        "--conntrack-max-per-core=0",  # the machine's own limit stays
        "--conntrack-tcp-timeout-established=0",
        "--conntrack-tcp-timeout-close-wait=0",
        "--healthz-bind-address=127.0.0.1:10256",
    ]


def _kubelet_settings(
    folder: Path, authority: Path, serving: KeyPair, cgroup: str
) -> dict[str, object]:
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": str(authority)},
        },
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": str(serving.certificate),
        "tlsPrivateKeyFile": str(serving.key),
        "containerRuntimeEndpoint": f"unix://{SOCKET}",
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{cgroup}",
        "failCgroupV1": False,
        "failSwapOn": False,
        "resolvConf": str(folder / "resolv.conf"),
        "clusterDNS": [DNS_ADDRESS],
        "clusterDomain": CLUSTER_DOMAIN,
        "registerWithTaints": [],
        "maxPods": 200,
        # A test machine's disk may be nearly full: no pod is driven away, no image removed.
        "evictionHard": {"memory.available": "1Mi"},
        "imageGCHighThresholdPercent": 100,
        # Secrets and ConfigMaps are taken up within seconds, so that tests need not wait minutes.
        "syncFrequency": "10s",
        "shutdownGracePeriod": "0s",
        "containerLogMaxSize": "50Mi",
        "volumePluginDir": str(NODE_FOLDER / "kubelet" / "volume-plugins"),
    }
