"""Spells the command lines of the control plane, with the reason of every choice."""

from collections.abc import Sequence
from pathlib import Path

from tests.apiserver.certificates import KeyPair
from tests.apiserver.network_namespace import NODE_ADDRESS

_ETCD_URL = "http://127.0.0.1:2379"
_ETCD_PEER_URL = "http://127.0.0.1:2380"
API_PORT = 6443
API_URL = f"https://{NODE_ADDRESS}:{API_PORT}"
SERVICE_NETWORK = "10.96.0.0/16"
API_NAMES = ("localhost", "kubernetes.default.svc")
API_ADDRESSES = ("127.0.0.1", NODE_ADDRESS, "10.96.0.1")

CONTROLLERS = (
    "clusterrole-aggregation-controller",
    "cronjob-controller",
    "daemonset-controller",
    "deployment-controller",
    "garbage-collector-controller",
    "job-controller",
    "namespace-controller",
    "replicaset-controller",
    "resourcequota-controller",
    "root-ca-certificate-publisher-controller",
    "serviceaccount-controller",
    "statefulset-controller",
    "validatingadmissionpolicy-status-controller",
)
"""Those that create pods, and those without which a namespace is not whole or never goes away.

Not those that make endpoints: they would fight over hand-made ones of Services with a selector.
"""


def etcd_command(program: Path, data: Path) -> list[str]:
    """Return etcd's command line; plain HTTP, since only this namespace can reach it."""
    return [
        str(program),
        f"--data-dir={data}",
        "--unsafe-no-fsync",  # its data need not survive the machine
        f"--listen-client-urls={_ETCD_URL}",
        f"--advertise-client-urls={_ETCD_URL}",
        f"--listen-peer-urls={_ETCD_PEER_URL}",
        f"--initial-advertise-peer-urls={_ETCD_PEER_URL}",
        f"--initial-cluster=default={_ETCD_PEER_URL}",
    ]


def api_server_command(
    program: Path,
    *,
    authority: Path,
    serving: KeyPair,
    token_key: Path,
    scratch: Path,
    audit_policy: Path,
    audit_log: Path,
) -> list[str]:
    """Return kube-apiserver's command line; every admission plugin that is on by default is on."""
    return [
        str(program),
        f"--etcd-servers={_ETCD_URL}",
        f"--advertise-address={NODE_ADDRESS}",
        f"--secure-port={API_PORT}",
        f"--service-cluster-ip-range={SERVICE_NETWORK}",
        f"--client-ca-file={authority}",
        f"--tls-cert-file={serving.certificate}",
        f"--tls-private-key-file={serving.key}",
        f"--cert-dir={scratch}",  # else it makes itself a folder in /var/run
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
        f"--service-account-key-file={token_key}",
        f"--service-account-signing-key-file={token_key}",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",  # as kubeadm sets it up
        "--allow-privileged=true",
        # A webhook's Service is resolved to an endpoint here, not by kube-proxy's rules.
        "--enable-aggregator-routing=true",
        f"--audit-policy-file={audit_policy}",
        f"--audit-log-path={audit_log}",
        "--audit-log-mode=blocking",  # the event is in the file before the request is answered
    ]


def controller_manager_command(
    program: Path,
    *,
    kubeconfig: Path,
    authority: Path,
    scratch: Path,
    controllers: Sequence[str] = CONTROLLERS,
) -> list[str]:
    """Return kube-controller-manager's command line; `*` is every controller on by default."""
    return [
        str(program),
        f"--kubeconfig={kubeconfig}",
        f"--controllers={','.join(controllers)}",
        "--use-service-account-credentials=true",  # pods are created by whom they are elsewhere
        f"--root-ca-file={authority}",
        "--leader-elect=false",
        "--bind-address=127.0.0.1",
        f"--cert-dir={scratch}",
    ]
