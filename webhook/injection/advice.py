"""What an injected pod's author should hear: where the sidecar will not do what one would expect."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from webhook.injection.sidecar import Sidecar
from webhook.model import names
from webhook.model.pod import Pod
from webhook.model.settings import RedirectMode

_POD_SECURITY = "pod-security.kubernetes.io/enforce"


def advice(
    pod: Pod, sidecar: Sidecar, namespace_labels: Mapping[str, str | None] | None
) -> Iterator[str]:
    """Yield a sentence for each part of the pod that works differently beside a sidecar."""
    yield from _same_uid(pod, sidecar)
    yield from _same_ports(pod, sidecar)
    if pod.spec.dnsPolicy == "Default":
        yield (
            "spec.dnsPolicy is Default, so the proxy resolves names as the node does and may not find "
            "Pilot's Service; use ClusterFirst"
        )
    if namespace_labels is not None:
        yield from _pod_security(sidecar, namespace_labels)


def _same_uid(pod: Pod, sidecar: Sidecar) -> Iterator[str]:
    uid = sidecar.settings.proxy.uid
    common = pod.spec.securityContext.runAsUser if pod.spec.securityContext is not None else None
    for container in (*pod.containers, *pod.init_containers):
        if container.name == names.PROXY:
            continue
        own = container.securityContext.runAsUser if container.securityContext is not None else None
        if (common if own is None else own) == uid:
            yield (
                f"container {container.name} runs as uid {uid}, the proxy's own: its outbound traffic "
                "is never captured; choose another runAsUser"
            )


def _same_ports(pod: Pod, sidecar: Sidecar) -> Iterator[str]:
    taken = sidecar.taken_ports
    for container in pod.containers:
        if container.name == names.PROXY:
            continue
        for port in container.ports or ():
            if port.containerPort in taken:
                yield (
                    f"container {container.name} declares port {port.containerPort}, which the proxy "
                    "listens on: one of the two will fail to bind; choose another port"
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
