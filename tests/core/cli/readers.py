"""Reads what the command line wrote, document by document."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from webhook.manifests.stream import decode, documents


def values(data: bytes) -> list[Any]:
    """Return the value of each document that holds one."""
    found = (document.value for document in documents(decode(data, "output"), "output"))
    return [value for value in found if value is not None]


def texts(data: bytes) -> list[str]:
    """Return each document's JSON text, key order included."""
    return [json.dumps(value) for value in values(data)]


def pods(value: Any) -> Iterator[dict[str, Any]]:
    """Yield what looks like a pod anywhere in a value: its spec has containers."""
    if isinstance(value, list):
        for item in value:
            yield from pods(item)
    elif isinstance(value, dict):
        spec = value.get("spec")
        if isinstance(spec, dict) and "containers" in spec:
            yield value
        for member in value.values():
            yield from pods(member)


def container_names(pod: dict[str, Any]) -> list[str]:
    """Return the names of a pod's containers, init containers first."""
    spec = pod["spec"]
    return [each["name"] for key in ("initContainers", "containers") for each in spec.get(key, ())]
