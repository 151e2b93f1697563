"""Configures CoreDNS, which runs on the first node, and makes it the cluster's Service."""

from pathlib import Path

from tests.apiserver.kube_api import KubeApi
from tests.cluster.addresses import CLUSTER_DOMAIN, DNS_ADDRESS, node_address
from tests.tools.builds import built_tool

# Names outside the cluster do not exist: nothing here may ask the machine's resolver.
_COREFILE = """\
.:53 {{
  bind {address}
  errors
  ready 127.0.0.1:8181
  kubernetes {domain} in-addr.arpa ip6.arpa {{
    kubeconfig {kubeconfig}
    ttl 5
  }}
}}
"""
_NAMESPACE = "/api/v1/namespaces/kube-system"
_SLICES = "/apis/discovery.k8s.io/v1/namespaces/kube-system/endpointslices"


def dns_command(folder: Path, kubeconfig: Path) -> list[str]:
    """Write CoreDNS' configuration and return its command line."""
    corefile = folder / "Corefile"
    corefile.write_text(
        _COREFILE.format(address=node_address(1), domain=CLUSTER_DOMAIN, kubeconfig=kubeconfig)
    )
    return [str(built_tool("dns", "coredns")), "-conf", str(corefile)]


def publish_dns(api: KubeApi) -> None:
    """Make the Service `kube-dns`, whose only endpoint is the first node."""
    ports = [
        {"name": each.lower(), "protocol": each.upper(), "port": 53} for each in ("udp", "tcp")
    ]
    labels = {"k8s-app": "kube-dns", "kubernetes.io/name": "CoreDNS"}
    metadata = {"name": "kube-dns", "namespace": "kube-system", "labels": labels}
    api.apply(
        f"{_NAMESPACE}/services/kube-dns",
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": metadata,
            "spec": {"clusterIP": DNS_ADDRESS, "ports": ports},
        },
    )
    api.apply(
        f"{_SLICES}/kube-dns",
        {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": metadata | {"labels": {"kubernetes.io/service-name": "kube-dns"}},
            "addressType": "IPv4",
            "ports": ports,
            "endpoints": [{"addresses": [node_address(1)], "conditions": {"ready": True}}],
        },
    )
