"""How large the document may become: Linux takes 131,071 bytes in one argument."""

from __future__ import annotations

from typing import Any, Final

from webhook.bootstrap.text import Reference, encode
from webhook.model import names
from webhook.model.errors import PodRejected

LONGEST: Final = {
    # DNS subdomains and labels (Kubernetes object names), and addresses as text.
    Reference.POD_NAME: 253,
    Reference.POD_NAMESPACE: 63,
    Reference.NODE_NAME: 253,
    Reference.SERVICE_ACCOUNT: 253,
    Reference.POD_IP: 45,
    Reference.POD_IPS: 91,
}
"""Bytes that each reference may become."""

GROWTH: Final = 2048
"""Bytes by which a document's references may outgrow its escapes inside the manifest: those of the
node and the gate; a probe's cluster holds more quotes than its address can grow."""


def expanded_size(document: dict[str, Any]) -> int:
    """Return the most bytes that Envoy's argument can have once kubelet expanded it."""
    return len(encode(document)) + sum(LONGEST[ref] - len(ref) for ref in _references(document))


def check(document: dict[str, Any]) -> None:
    """Let a document pass that fits in one argument.

    Raises:
        PodRejected: it does not; the message names its largest parts.
    """
    total = expanded_size(document)
    if total <= names.BOOTSTRAP_LIMIT:
        return
    largest = sorted(parts(document).items(), key=lambda part: -part[1])[:3]
    shown = ", ".join(f"{name} {count}" for name, count in largest)
    raise PodRejected(
        f"the Envoy configuration: got {total} bytes, expected at most {names.BOOTSTRAP_LIMIT}; "
        f"its largest parts are {shown}"
    )


def parts(document: dict[str, Any]) -> dict[str, int]:
    """Return the size in bytes of each part that a pod or a configuration can make large."""
    metadata = document["node"]["metadata"]
    own = {"LABELS": "labels", "POD_PORTS": "container ports", "PROXY_CONFIG": "proxy config"}
    sizes = {shown: len(encode(metadata.get(key, ""))) for key, shown in own.items()}
    sizes["node metadata"] = len(encode(metadata)) - sum(sizes.values())
    static = document["static_resources"]
    probe_clusters = [each for each in static["clusters"] if each["name"].startswith("probe_")]
    probe_listeners = [each for each in static["listeners"] if each["name"] == "probes"]
    sizes["probes"] = len(encode(probe_clusters)) + len(encode(probe_listeners))
    sizes["stats"] = len(encode(document["stats_config"]))
    return sizes


def _references(value: Any) -> list[Reference]:
    if isinstance(value, Reference):
        return [value]
    if isinstance(value, dict):
        return [found for member in value.values() for found in _references(member)]
    if isinstance(value, list):
        return [found for item in value for found in _references(item)]
    return []
