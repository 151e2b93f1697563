"""Which lists of a pod are merged item by item, and by which members.

From the struct tags of k8s.io/api/core/v1 (v0.37): `patchMergeKey` where `patchStrategy` is
`merge`, and the further `listMapKey`s of the same list, without which a TCP and a UDP port of one
number would be one item. Every other list is atomic: a patch replaces it. The names are unique
within a pod, so a name is enough to find the row.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

MERGE_KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "containers": ("name",),
    "initContainers": ("name",),
    "ephemeralContainers": ("name",),
    "volumes": ("name",),
    "imagePullSecrets": ("name",),
    "resourceClaims": ("name",),
    "schedulingGates": ("name",),
    "evictionResponders": ("name",),
    "hostAliases": ("ip",),
    "topologySpreadConstraints": ("topologyKey", "whenUnsatisfiable"),
    "env": ("name",),
    "ports": ("containerPort", "protocol"),
    "volumeMounts": ("mountPath",),
    "volumeDevices": ("devicePath",),
    "ownerReferences": ("uid",),
}
DEFAULTS: Final[Mapping[str, Any]] = {"protocol": "TCP"}
"""What the API server takes a key for that an item leaves out."""


def identity(item: Mapping[str, Any], keys: tuple[str, ...]) -> tuple[Any, ...] | None:
    """Return what tells an item of a list from the others; None if a key is missing."""
    values = tuple(item.get(key) or DEFAULTS.get(key) for key in keys)
    return (
        None if any(value is None or isinstance(value, dict | list) for value in values) else values
    )
