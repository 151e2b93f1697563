"""Volumes and mounts that a pod's author adds to the proxy (`sidecar.istio.io/userVolume[Mount]`).

Istio documents a list and reads an object of name to specification; both are read here.
"""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

from webhook.injection.annotation_values import Refused, is_plain
from webhook.model import names

OUR_VOLUMES: Final = (
    names.VOLUME_TOKEN,
    names.VOLUME_ROOT,
    names.VOLUME_OVERRIDE,
    names.VOLUME_NO_API_TOKEN,
)
OUR_PATHS: Final = (names.API_TOKEN_DIRECTORY, names.TOKEN_DIRECTORY, names.ROOT_DIRECTORY)

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_MOUNT_MEMBERS: Final[dict[str, type]] = {
    "name": str,
    "mountPath": str,
    "subPath": str,
    "subPathExpr": str,
    "mountPropagation": str,
    "readOnly": bool,
    "recursiveReadOnly": str,
}
DEEPEST: Final = 20


def volumes(text: str) -> tuple[dict[str, Any], ...]:
    """Read volumes of the Kubernetes API: a name and exactly one source each."""
    found = _named(text)
    for volume in found:
        source = [member for member in volume if member != "name"]
        if len(source) != 1 or not isinstance(volume[source[0]], dict):
            raise Refused(f'volume "{volume["name"]}" needs exactly one source, an object')
        if volume["name"] in OUR_VOLUMES:
            raise Refused(f'volume "{volume["name"]}" is Pillion\'s own')
    return _distinct(found, "name")


def mounts(text: str) -> tuple[dict[str, Any], ...]:
    """Read volume mounts of the Kubernetes API: a volume's name and a path each."""
    found = _named(text)
    for mount in found:
        for member, value in mount.items():
            if not isinstance(value, _MOUNT_MEMBERS.get(member, ())):
                raise Refused(f'mount "{mount["name"]}": {member} is unknown or of a wrong type')
        path = mount.get("mountPath", "")
        if not path.startswith("/") or ":" in path:
            raise Refused(f'mount "{mount["name"]}": mountPath must be absolute, without a colon')
        if any(lies_inside(path, ours) or lies_inside(ours, path) for ours in OUR_PATHS):
            raise Refused(f'mount "{mount["name"]}": {path} is where Pillion mounts its own')
    return _distinct(found, "mountPath")


def _named(text: str) -> list[dict[str, Any]]:
    """Read an object of name to specification, or a list of specifications with names."""
    try:
        document = msgspec.json.decode(text)
    except (ValueError, RecursionError) as error:
        raise Refused(str(error)) from error
    if isinstance(document, dict):
        items = [_with_name(name, spec) for name, spec in document.items()]
    elif isinstance(document, list):
        items = [item for item in document if isinstance(item, dict)]
        if len(items) < len(document):
            raise Refused("an item is no object")
    else:
        raise Refused
    for item in items:
        name = item.get("name")
        if not isinstance(name, str) or not _LABEL.fullmatch(name):
            raise Refused("a volume's name is a DNS label of at most 63 characters")
        if not _is_plain_json(item, DEEPEST):
            raise Refused(f'"{name}" is nested too deeply or has control characters')
    return items


def _with_name(name: str, spec: Any) -> dict[str, Any]:
    if not isinstance(spec, dict) or spec.get("name", name) != name:
        raise Refused("a specification is an object")
    return {"name": name, **spec}


def _is_plain_json(value: Any, depth: int) -> bool:
    if isinstance(value, str):
        return is_plain(value)
    if isinstance(value, dict):
        inner = [*value, *value.values()]
    elif isinstance(value, list):
        inner = value
    else:
        return True
    return depth > 0 and all(_is_plain_json(item, depth - 1) for item in inner)


def _distinct(items: list[dict[str, Any]], member: str) -> tuple[dict[str, Any], ...]:
    seen: set[str] = set()
    for item in items:
        if item[member] in seen:
            raise Refused(f'{member} "{item[member]}" is given twice')
        seen.add(item[member])
    return tuple(items)


def lies_inside(path: str, directory: str) -> bool:
    """Tell whether a path is a directory or lies below it, however it is spelt; `..` may."""
    parts, above = _parts(path), _parts(directory)
    return ".." in parts or parts[: len(above)] == above


def _parts(path: str) -> list[str]:
    return [part for part in path.split("/") if part not in ("", ".")]
