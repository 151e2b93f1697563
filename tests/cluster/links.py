"""Gives a node its links, addresses and routes, from inside its network namespace."""

import subprocess
from pathlib import Path

from tests.apiserver.command_lines import SERVICE_NETWORK
from tests.apiserver.polling import wait_until
from tests.cluster.addresses import BRIDGE, node_address, pod_network

_LINK_SECONDS = 20

_FORWARDING = {
    "net/ipv4/ip_forward": "1",
    # A pod that reaches a pod beside it through a Service gets its answer by way of the node.
    "net/bridge/bridge-nf-call-iptables": "1",
}


class LinkError(Exception):
    """A link cannot be set up; the message is the program's."""


def make_first_node_links() -> None:
    """Make the bridge that all nodes are on; there is no way out of it."""
    _run(f"ip link add {BRIDGE} type bridge")
    _run(f"ip address add {node_address(1)}/24 dev {BRIDGE}")
    _run(f"ip link set {BRIDGE} up")
    _route_services(BRIDGE)


def plug_in(number: int, process: int) -> None:
    """Connect the node whose first process is `process` to the bridge, and route to its pods."""
    _run(f"ip link add {_port(number)} type veth peer name eth0 netns {process}")
    _run(f"ip link set {_port(number)} master {BRIDGE} up")
    _run(f"ip route add {pod_network(number)} via {node_address(number)}")


def make_further_node_links(number: int) -> None:
    """Take up the link that `plug_in` gives this node."""
    link = Path("/sys/class/net/eth0")
    wait_until(lambda: _has_link("eth0"), seconds=_LINK_SECONDS, what=f"link {link.name}")
    _run(f"ip address add {node_address(number)}/24 dev eth0")
    _run("ip link set eth0 up")
    _run(f"ip route add {pod_network(1)} via {node_address(1)}")
    _route_services("eth0")


def _route_services(link: str) -> None:
    # kube-proxy's rules see only what has a route to begin with.
    _run(f"ip route add {SERVICE_NETWORK} dev {link}")
    for setting, value in _FORWARDING.items():
        Path("/proc/sys", setting).write_text(value)


def _port(number: int) -> str:
    return f"port-{number}"


def _has_link(name: str) -> bool:
    done = subprocess.run(["ip", "link", "show", name], capture_output=True, check=False)
    return done.returncode == 0


def _run(command: str) -> None:
    done = subprocess.run(command.split(), capture_output=True, text=True, check=False, timeout=20)
    if done.returncode != 0:
        raise LinkError(f"{command}: {done.stderr.strip()}")
