"""What an injected pod's author should hear: where a sidecar makes a difference."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set

from webhook.injection.overview import Overview
from webhook.injection.sidecar import Sidecar
from webhook.model import names
from webhook.model.settings import RedirectMode

_POD_SECURITY = "pod-security.kubernetes.io/enforce"


def advice(
    look: Overview, sidecar: Sidecar, namespace_labels: Mapping[str, str | None] | None
) -> list[str]:
    """Return a sentence for each part of the pod that works differently beside a sidecar."""
    sentences: list[str] = []
    spec = look.pod.spec
    sentences += _users(look, sidecar.settings.proxy.uid)
    if look.init_containers or not sidecar.taken_ports.isdisjoint(
        [port.containerPort for port in look.ports]
    ):
        sentences += _ports(look, sidecar.taken_ports)
    if spec.dnsPolicy == "Default":
        sentences.append(
            "spec.dnsPolicy is Default, so the proxy resolves names as the node does and may not "
            "find Pilot's Service; use ClusterFirst"
        )
    if namespace_labels is not None:
        sentences += _pod_security(sidecar, namespace_labels)
    return sentences


def _users(look: Overview, uid: int) -> list[str]:
    common = look.pod.spec.securityContext
    every = None if common is None else common.runAsUser
    found: list[str] = []
    for container in (*look.application, *look.init_containers):
        context = container.securityContext
        user = every if context is None or context.runAsUser is None else context.runAsUser
        if user == uid and container.name != names.PROXY:
            found.append(
                f"container {container.name} runs as uid {uid}, the proxy's own: its outbound "
                "traffic is never captured; choose another runAsUser"
            )
    return found


def _ports(look: Overview, taken: Set[int]) -> Iterator[str]:
    for container in (*look.application, *look.init_containers):
        for port in container.ports or ():
            if port.containerPort in taken and container.name != names.PROXY:
                yield (
                    f"container {container.name} declares port {port.containerPort}, which the "
                    "proxy listens on: one of the two will fail to bind; choose another port"
                )


def _pod_security(sidecar: Sidecar, labels: Mapping[str, str | None]) -> Iterator[str]:
    level = labels.get(_POD_SECURITY)
    if level not in ("baseline", "restricted") or sidecar.init_name != names.INIT:
        return
    if sidecar.settings.redirect.mode is RedirectMode.INIT:
        yield (
            f"the namespace enforces the PodSecurity level {level}, which refuses the capability "
            "NET_ADMIN of the istio-init container; configure redirect.mode cni"
        )
