"""What is known of namespaces: their labels, from a watch, without ever waiting for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from webhook.cluster.watch import MetadataWatch

PATH: Final = "/api/v1/namespaces"


class KnownNamespaces:
    """Answers from a watch's objects; `admission.handler.NamespaceLabels` is what it is for."""

    def __init__(self, watch: MetadataWatch) -> None:
        self._watch = watch

    def __call__(self, namespace: str) -> Mapping[str, str] | None:
        """Return the labels of a namespace, or None while they are not known."""
        metadata = self._watch.objects.get(namespace)
        return None if metadata is None else metadata.get("labels") or {}
