"""What an injected pod's author should hear: where a sidecar makes a difference."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from webhook.injection.sidecar import Sidecar
from webhook.model import names
from webhook.model.pod import Container, Pod
from webhook.model.settings import RedirectMode

_POD_SECURITY = "pod-security.kubernetes.io/enforce"


def advice(
    pod: Pod,
    application: Sequence[Container],
    sidecar: Sidecar,
    namespace_labels: Mapping[str, str | None] | None,
) -> list[str]:
    """Return a sentence for each part of the pod that works differently beside a sidecar."""
    sentences: list[str] = []
    spec = pod.spec
    common = spec.securityContext.runAsUser if spec.securityContext is not None else None
    uid, taken = sidecar.settings.proxy.uid, sidecar.taken_ports
    for container in (*application, *pod.init_containers):
        context = container.securityContext
        user = context.runAsUser if context is not None else None
        if (common if user is None else user) == uid and container.name != names.PROXY:
            sentences.append(
                f"container {container.name} runs as uid {uid}, the proxy's own: its outbound "
                "traffic is never captured; choose another runAsUser"
            )
        sentences += [
            f"container {container.name} declares port {port.containerPort}, which the proxy "
            "listens on: one of the two will fail to bind; choose another port"
            for port in container.ports or ()
            if port.containerPort in taken and container.name != names.PROXY
        ]
    if spec.dnsPolicy == "Default":
        sentences.append(
            "spec.dnsPolicy is Default, so the proxy resolves names as the node does and may not "
            "find Pilot's Service; use ClusterFirst"
        )
    if namespace_labels is not None:
        sentences += _pod_security(sidecar, namespace_labels)
    return sentences


def _pod_security(sidecar: Sidecar, labels: Mapping[str, str | None]) -> Iterator[str]:
    level = labels.get(_POD_SECURITY)
    if level not in ("baseline", "restricted") or sidecar.init_name != names.INIT:
        return
    if sidecar.settings.redirect.mode is RedirectMode.INIT:
        yield (
            f"the namespace enforces the PodSecurity level {level}, which refuses the capability "
            "NET_ADMIN of the istio-init container; configure redirect.mode cni"
        )
