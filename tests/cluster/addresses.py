"""Numbers the nodes, pods and Services of a cluster."""

from tests.apiserver.network_namespace import NODE_ADDRESS

NODE_NETWORK = "10.250.0.0/24"
DNS_ADDRESS = "10.96.0.10"
"""CoreDNS as a Service, the tenth address as everywhere."""

CLUSTER_DOMAIN = "cluster.local"
BRIDGE = "br0"


def node_name(number: int) -> str:
    """Return a node's name; the first is number 1."""
    return f"node-{number}"


def node_address(number: int) -> str:
    """Return a node's address; the first is the control plane's."""
    return NODE_ADDRESS.rpartition(".")[0] + f".{number}"


def pod_network(number: int) -> str:
    """Return the network from which a node gives its pods addresses."""
    return f"10.244.{number}.0/24"
