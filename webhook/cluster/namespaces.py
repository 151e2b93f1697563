"""What is known of namespaces, from watches, without ever waiting for it: labels and quotas."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from webhook.admission.quotas import Quota
from webhook.cluster.watch import Watch

PATH: Final = "/api/v1/namespaces"
QUOTAS_PATH: Final = "/api/v1/resourcequotas"


class KnownNamespaces:
    """Answers from a watch's objects; `admission.handler.NamespaceLabels` is what it is for."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch

    def __call__(self, namespace: str) -> Mapping[str, str] | None:
        """Return the labels of a namespace, or None while they are not known."""
        found = self._watch.objects().get(namespace)
        return None if found is None else found["metadata"].get("labels") or {}


class KnownQuotas:
    """Answers from a watch's objects; `admission.handler.NamespaceQuotas` is what it is for."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch

    def __call__(self, namespace: str) -> tuple[Quota, ...]:
        """Return the quotas of a namespace that count every pod; none while they are not known."""
        found = self._watch.objects(namespace)
        return tuple(_quota(each) for each in list(found.values()) if _is_for_all(each))


def _is_for_all(found: Mapping[str, Any]) -> bool:
    spec = found.get("spec") or {}
    return not spec.get("scopes") and not spec.get("scopeSelector")


def _quota(found: Mapping[str, Any]) -> Quota:
    status = found.get("status") or {}
    return Quota(
        name=found["metadata"]["name"],
        hard=status.get("hard") or {},
        used=status.get("used") or {},
    )
