"""Brings up the control plane of one Kubernetes version, and takes it down again."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.apiserver.audit import POLICY, AuditLog
from tests.apiserver.certificates import Authority, KeyPair, service_account_key
from tests.apiserver.command_lines import (
    API_ADDRESSES,
    API_NAMES,
    API_URL,
    api_server_command,
    controller_manager_command,
    etcd_command,
)
from tests.apiserver.component import Component
from tests.apiserver.control_plane import ControlPlane
from tests.apiserver.kube_api import KubeApi, namespace_client
from tests.apiserver.kubeconfig import certificate_user, write_kubeconfig
from tests.apiserver.kubernetes_version import KubernetesVersion
from tests.apiserver.network_namespace import NetworkNamespace
from tests.tools.builds import built_tool

STORE = "etcd"
"""Name of the folder with etcd's data, 128 MB of preallocated log."""

_READY_SECONDS = 60
"""Ready takes 4 s on two free cores; the machine may be busy with builds."""

_FIRST_CONTROLLED_OBJECT = "/api/v1/namespaces/default/serviceaccounts/default"
"""It is there once the system namespaces are, and the controllers run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Programs:
    """The programs of one control plane."""

    etcd: Path
    api_server: Path
    controller_manager: Path


def built_programs(version: KubernetesVersion) -> Programs:
    """Return the programs of that version, building what the cache lacks."""
    return Programs(
        etcd=built_tool("etcd", "etcd"),
        api_server=built_tool(version.tool_group, "kube-apiserver"),
        controller_manager=built_tool(version.tool_group, "kube-controller-manager"),
    )


@contextmanager
def running_control_plane(version: KubernetesVersion, directory: Path) -> Iterator[ControlPlane]:
    """Run a control plane for the length of a block, with its files in the empty `directory`.

    Call it in the main thread. At the end of the block, however it is left, the programs are killed
    by process id and the namespace is gone; logs stay in `directory`.

    Raises:
        ToolError: a program cannot be built.
        NetworkNamespaceError: no root, or no `ip`.
        ComponentError: a program does not become ready; the end of its log is in the message.
    """
    programs = built_programs(version)
    with ExitStack() as stack:
        network = stack.enter_context(NetworkNamespace())
        plane = _assemble(version, directory, network, programs)
        stack.callback(plane.api.client.close)
        for component, proof in (
            (plane.etcd, None),
            (plane.api_server, "/readyz"),
            (plane.controller_manager, _FIRST_CONTROLLED_OBJECT),
        ):
            stack.callback(component.stop)  # killed: what they would save is thrown away
            component.start()
            if proof is not None:
                component.wait_until(partial(_serves, plane, proof), seconds=_READY_SECONDS)
        yield plane


def _serves(plane: ControlPlane, path: str) -> bool:
    plane.etcd.raise_if_ended()  # without it the API server waits for 20 s before it gives up
    return plane.exists(path)


def _assemble(
    version: KubernetesVersion, directory: Path, network: NetworkNamespace, programs: Programs
) -> ControlPlane:
    """Write every file and name every part; nothing is started."""
    authority = Authority(directory)
    administrator = authority.client("administrator", groups=["system:masters"])
    audit_log = AuditLog(directory / "audit.log")
    kubeconfig = _kubeconfig(directory, authority, administrator)
    commands = {
        "etcd": etcd_command(programs.etcd, directory / STORE),
        "kube-apiserver": _api_server_command(programs.api_server, authority, directory, audit_log),
        "kube-controller-manager": controller_manager_command(
            programs.controller_manager,
            kubeconfig=_kubeconfig(directory, authority, _controller_manager_identity(authority)),
            authority=authority.certificate,
            scratch=directory,
        ),
    }
    etcd, api_server, controller_manager = (
        Component(name=name, command=command, namespace=network, log=directory / f"{name}.log")
        for name, command in commands.items()
    )
    client = namespace_client(
        network, API_URL, authority=authority.certificate, identity=administrator
    )
    return ControlPlane(
        version=version,
        directory=directory,
        network=network,
        authority=authority,
        kubeconfig=kubeconfig,
        api=KubeApi(client),
        audit_log=audit_log,
        etcd=etcd,
        api_server=api_server,
        controller_manager=controller_manager,
    )


def _controller_manager_identity(authority: Authority) -> KeyPair:
    return authority.client("system:kube-controller-manager")  # bound by the bootstrap RBAC rules


def _kubeconfig(directory: Path, authority: Authority, identity: KeyPair) -> Path:
    return write_kubeconfig(
        directory / f"{identity.certificate.stem}.kubeconfig",
        server=API_URL,
        authority=authority.certificate,
        user=certificate_user(identity),
    )


def _api_server_command(
    program: Path, authority: Authority, directory: Path, audit_log: AuditLog
) -> list[str]:
    audit_policy = directory / "audit-policy.json"
    audit_policy.write_text(json.dumps(POLICY))
    return api_server_command(
        program,
        authority=authority.certificate,
        serving=authority.server("apiserver", dns=API_NAMES, addresses=API_ADDRESSES),
        token_key=service_account_key(directory / "service-account.key"),
        scratch=directory,
        audit_policy=audit_policy,
        audit_log=audit_log.path,
    )
