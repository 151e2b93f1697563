"""The volumes of a sidecar, and where the proxy mounts them."""

from __future__ import annotations

from typing import Any

from webhook.bootstrap.arguments import OVERRIDE_DIRECTORY
from webhook.injection.effective import Effective
from webhook.injection.initcontainer import no_api_token_mount
from webhook.model import names
from webhook.model.settings import PilotConnection, Settings


def mounts(settings: Settings) -> list[dict[str, Any]]:
    """Return the proxy's mounts of our own volumes."""
    found = [no_api_token_mount()]
    if settings.pilot.connection is PilotConnection.TOKEN:
        found += (
            {"name": names.VOLUME_TOKEN, "mountPath": names.TOKEN_DIRECTORY, "readOnly": True},
            {"name": names.VOLUME_ROOT, "mountPath": names.ROOT_DIRECTORY, "readOnly": True},
        )
    if settings.bootstrap.override_config_map is not None:
        found.append(
            {"name": names.VOLUME_OVERRIDE, "mountPath": OVERRIDE_DIRECTORY, "readOnly": True}
        )
    return found


def volumes(found: Effective) -> list[dict[str, Any]]:
    """Return the volumes to add to the pod, the user's own wishes last."""
    settings = found.settings
    added: list[dict[str, Any]] = [
        {"name": names.VOLUME_NO_API_TOKEN, "emptyDir": {"medium": "Memory"}}
    ]
    if settings.pilot.connection is PilotConnection.TOKEN:
        added += (_token_volume(settings), _root_volume(settings))
    if settings.bootstrap.override_config_map is not None:
        added.append(
            {
                "name": names.VOLUME_OVERRIDE,
                "configMap": {"name": settings.bootstrap.override_config_map},
            }
        )
    return [*added, *found.user_volumes]


def _token_volume(settings: Settings) -> dict[str, Any]:
    token = {
        "audience": settings.pilot.token_audience,
        "expirationSeconds": settings.pilot.token_expiration_seconds,
        "path": names.TOKEN_FILE,
    }
    return {
        "name": names.VOLUME_TOKEN,
        "projected": {"sources": [{"serviceAccountToken": token}]},
    }


def _root_volume(settings: Settings) -> dict[str, Any]:
    root = settings.pilot.root_certificate
    if root.cluster_trust_bundle is not None:
        bundle = {"name": root.cluster_trust_bundle, "path": names.ROOT_FILE}
        return {
            "name": names.VOLUME_ROOT,
            "projected": {"sources": [{"clusterTrustBundle": bundle}]},
        }
    items = [{"key": root.key, "path": names.ROOT_FILE}]
    return {"name": names.VOLUME_ROOT, "configMap": {"name": root.config_map, "items": items}}
