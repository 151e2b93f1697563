"""The init container that sets the kernel rules, or the one that checks them."""

from __future__ import annotations

from typing import Any

from webhook.injection.ports import own_ports
from webhook.model import names
from webhook.model.settings import (
    Backend,
    InterceptionMode,
    RedirectMode,
    ResourceList,
    Resources,
    Settings,
)


def init_container(
    settings: Settings, *, excluded_ports: tuple[int, ...] = ()
) -> dict[str, Any] | None:
    """Return the container's JSON value, or None when nothing is redirected.

    Args:
        settings: effective for the pod.
        excluded_ports: inbound ports that must not be captured beside the configured ones.
    """
    redirect = settings.redirect
    if (
        redirect.mode is RedirectMode.NONE
        or settings.traffic.interception_mode is InterceptionMode.NONE
    ):
        return None
    sets_rules = redirect.mode is RedirectMode.INIT
    container: dict[str, Any] = {
        "name": names.INIT if sets_rules else names.VALIDATION,
        "image": redirect.image,
    }
    if redirect.image_pull_policy is not None:
        container["imagePullPolicy"] = redirect.image_pull_policy.value
    container["args"] = (
        redirect_arguments(settings, excluded_ports) if sets_rules else check_arguments(settings)
    )
    container |= resources(redirect.resources)
    container["securityContext"] = _as_root(settings) if sets_rules else _unprivileged(settings)
    container["terminationMessagePolicy"] = "FallbackToLogsOnError"
    container["volumeMounts"] = [no_api_token_mount()]
    return container


def redirect_arguments(settings: Settings, excluded_ports: tuple[int, ...] = ()) -> list[str]:
    """Return the arguments of `pillion-init` that put these settings into the kernel.

    Values were validated with the settings and hold no `$`, which kubelet would expand.
    """
    traffic, ports = settings.traffic, settings.proxy.ports
    excluded = [
        *(str(port) for port in own_ports(settings)),
        *traffic.exclude_inbound_ports,
        *(str(port) for port in excluded_ports),
    ]
    arguments = [
        "apply",
        f"--proxy-outbound-port={ports.outbound}",
        f"--proxy-inbound-port={ports.inbound}",
        f"--proxy-uid={settings.proxy.uid}",
        f"--interception-mode={traffic.interception_mode.value}",
    ]
    arguments += (
        f"--{flag}={','.join(values)}"
        for flag, values in (
            ("include-outbound-cidrs", traffic.include_outbound_cidrs),
            ("exclude-outbound-cidrs", traffic.exclude_outbound_cidrs),
            ("include-inbound-ports", traffic.include_inbound_ports),
            ("exclude-inbound-ports", tuple(dict.fromkeys(excluded))),
            ("include-outbound-ports", traffic.include_outbound_ports),
            ("exclude-outbound-ports", traffic.exclude_outbound_ports),
            ("exclude-interfaces", traffic.exclude_interfaces),
            ("virtual-interfaces", traffic.virtual_interfaces),
        )
        if values or flag in ("include-outbound-cidrs", "include-inbound-ports")
    )
    return [*arguments, f"--backend={settings.redirect.backend.value}", "--ipv6=auto"]


def check_arguments(settings: Settings) -> list[str]:
    """Return the arguments of `pillion-init` that check, unprivileged, that rules are in place."""
    return [
        "validate",
        "--self",
        f"--proxy-inbound-port={settings.proxy.ports.inbound}",
        f"--proxy-uid={settings.proxy.uid}",
    ]


def resources(wanted: Resources) -> dict[str, Any]:
    """Return the member `resources` of a container, or nothing when no amount is set."""
    amounts = {
        kind: {
            name: amount
            for name, amount in (("cpu", found.cpu), ("memory", found.memory))
            if amount
        }
        for kind, found in (("limits", wanted.limits), ("requests", wanted.requests))
        if found != ResourceList()
    }
    return {"resources": amounts} if amounts else {}


def no_api_token_mount() -> dict[str, Any]:
    """Return the mount that keeps the application's API token out of a container of ours.

    The ServiceAccount admission plugin adds its own mount unless that path is taken.
    """
    return {
        "name": names.VOLUME_NO_API_TOKEN,
        "mountPath": names.API_TOKEN_DIRECTORY,
        "readOnly": True,
    }


def _as_root(settings: Settings) -> dict[str, Any]:
    """NET_ADMIN is enough for nft and iptables-nft; the legacy tables need raw sockets too."""
    added = ["NET_ADMIN"]
    if settings.redirect.backend is Backend.LEGACY:
        added.append("NET_RAW")
    return {
        "allowPrivilegeEscalation": False,
        "capabilities": {"add": added, "drop": ["ALL"]},
        "privileged": False,
        "readOnlyRootFilesystem": True,
        "runAsGroup": 0,
        "runAsNonRoot": False,
        "runAsUser": 0,
        "seccompProfile": {"type": "RuntimeDefault"},
    }


def _unprivileged(settings: Settings) -> dict[str, Any]:
    """As the proxy: the check must see the network as the proxy does."""
    return restricted(settings.proxy.uid, settings.proxy.gid)


def restricted(uid: int, gid: int) -> dict[str, Any]:
    """Return a security context that the PodSecurity level `restricted` accepts."""
    return {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "privileged": False,
        "readOnlyRootFilesystem": True,
        "runAsGroup": gid,
        "runAsNonRoot": True,
        "runAsUser": uid,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
