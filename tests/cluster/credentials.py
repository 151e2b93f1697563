"""Issues what the parts of a cluster are recognised by: certificates and kubeconfigs."""

from dataclasses import dataclass
from pathlib import Path

from tests.apiserver.certificates import Authority, KeyPair, service_account_key
from tests.apiserver.command_lines import API_ADDRESSES, API_NAMES, API_URL
from tests.apiserver.kubeconfig import certificate_user, write_kubeconfig
from tests.cluster.addresses import node_address, node_name
from tests.cluster.layout import Layout

_ADMINISTRATORS = ["system:masters"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What the control plane needs; what a node needs is found by the node's number.

    Attributes:
        administrator: may do everything.
        api_server: the API server's serving certificate.
        api_client: by which kubelets know the API server.
        token_key: signs tokens of service accounts.
        controller_manager: a kubeconfig.
        scheduler: a kubeconfig.
        dns: a kubeconfig.
    """

    administrator: KeyPair
    api_server: KeyPair
    api_client: KeyPair
    token_key: Path
    controller_manager: Path
    scheduler: Path
    dns: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeCredentials:
    """What a node needs.

    Attributes:
        serving: the kubelet's serving certificate.
        kubelet: a kubeconfig.
        kube_proxy: a kubeconfig.
    """

    serving: KeyPair
    kubelet: Path
    kube_proxy: Path


def issue_credentials(layout: Layout, nodes: int) -> Credentials:
    """Write every certificate, key and kubeconfig of a cluster with that many nodes."""
    authority = Authority(layout.directory)

    def kubeconfig(path: Path, user: str, groups: list[str]) -> Path:
        entry = certificate_user(authority.client(user, groups=groups))
        return write_kubeconfig(
            path, server=API_URL, authority=authority.certificate, user=entry
        )  # fmt: skip

    for number in range(1, nodes + 1):
        node, name = node_credentials(layout, number), node_name(number)
        authority.server(node.serving.certificate.stem, addresses=[node_address(number)])
        kubeconfig(node.kubelet, f"system:node:{name}", ["system:nodes"])
        kubeconfig(node.kube_proxy, "system:kube-proxy", [])
    administrator = authority.client("administrator", groups=_ADMINISTRATORS)
    write_kubeconfig(
        layout.kubeconfig,
        server=API_URL,
        authority=authority.certificate,
        user=certificate_user(administrator),
    )
    directory = layout.directory
    return Credentials(
        administrator=administrator,
        api_server=authority.server("apiserver", dns=API_NAMES, addresses=API_ADDRESSES),
        api_client=authority.client("apiserver-kubelet-client", groups=_ADMINISTRATORS),
        token_key=service_account_key(directory / "service-account.key"),
        controller_manager=kubeconfig(
            directory / "controller-manager.kubeconfig", "system:kube-controller-manager", []
        ),
        scheduler=kubeconfig(directory / "scheduler.kubeconfig", "system:kube-scheduler", []),
        dns=kubeconfig(directory / "dns.kubeconfig", "coredns", _ADMINISTRATORS),
    )


def node_credentials(layout: Layout, number: int) -> NodeCredentials:
    """Return where a node's credentials lie."""
    directory, name = layout.directory, f"kubelet-{node_name(number)}"
    return NodeCredentials(
        serving=KeyPair(directory / f"{name}.crt", directory / f"{name}.key"),
        kubelet=directory / f"{name}.kubeconfig",
        kube_proxy=directory / f"kube-proxy-{node_name(number)}.kubeconfig",
    )


def administrator_pair(layout: Layout) -> KeyPair:
    """Return where the administrator's certificate and key lie."""
    directory = layout.directory
    return KeyPair(directory / "administrator.crt", directory / "administrator.key")
