"""Spells the programs of a cluster's control plane, on the first node."""

import json
from pathlib import Path

from tests.apiserver.audit import POLICY
from tests.apiserver.command_lines import (
    api_server_command,
    controller_manager_command,
    etcd_command,
)
from tests.cluster.credentials import Credentials
from tests.cluster.layout import Layout
from tests.tools.builds import built_tool


def store_command(layout: Layout) -> list[str]:
    """Return etcd's command line."""
    return etcd_command(built_tool("etcd", "etcd"), layout.directory / "etcd")


def api_command(layout: Layout, credentials: Credentials) -> list[str]:
    """Return kube-apiserver's command line: as without nodes, and the way to kubelets."""
    policy = layout.directory / "audit-policy.json"
    policy.write_text(json.dumps(POLICY))
    return [
        *api_server_command(
            built_tool("kube", "kube-apiserver"),
            authority=layout.authority,
            serving=credentials.api_server,
            token_key=credentials.token_key,
            scratch=layout.directory,
            audit_policy=policy,
            audit_log=audit_log(layout),
        ),
        f"--kubelet-client-certificate={credentials.api_client.certificate}",
        f"--kubelet-client-key={credentials.api_client.key}",
        f"--kubelet-certificate-authority={layout.authority}",
        # Else exec, logs and port-forward try to resolve the node's name.
        "--kubelet-preferred-address-types=InternalIP",
    ]


def audit_log(layout: Layout) -> Path:
    """Return where the API server writes down what it was asked."""
    return layout.directory / "audit.log"


def controllers_command(layout: Layout, credentials: Credentials) -> list[str]:
    """Return kube-controller-manager's command line, with every controller."""
    return [
        *controller_manager_command(
            built_tool("kube", "kube-controller-manager"),
            kubeconfig=credentials.controller_manager,
            authority=layout.authority,
            scratch=layout.directory,
            controllers=["*"],
        ),
        f"--service-account-private-key-file={credentials.token_key}",
    ]


def scheduler_command(layout: Layout, credentials: Credentials) -> list[str]:
    """Return kube-scheduler's command line."""
    return [
        str(built_tool("kube", "kube-scheduler")),
        f"--kubeconfig={credentials.scheduler}",
        "--leader-elect=false",
        "--bind-address=127.0.0.1",
        f"--cert-dir={layout.directory}",
    ]
