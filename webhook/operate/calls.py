"""Gate A as it is registered: which webhook of ours the API server calls for a pod.

Unlike `injection.selection`, which knows what the chart renders, this reads what is really there:
somebody may have edited, forgotten or removed it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from msgspec import Struct

from webhook.injection.selectors import matches
from webhook.model import names

SUFFIX: Final = ".pillion.istio.io"
"""Ends the name of each webhook of ours, and of nobody else's."""

Labels = Mapping[str, str | None]
KubeObject = Mapping[str, Any]


class Registered(Struct, frozen=True):
    """One webhook of ours, as the API server has it."""

    name: str
    configuration: str
    failure_policy: str
    service: tuple[str, str]
    """Namespace and name of the Service behind it; empty where a URL is called."""
    namespace_selector: dict[str, Any]
    object_selector: dict[str, Any]
    conditions: tuple[str, ...]
    """Names of its matchConditions."""


def registered(configurations: Iterable[KubeObject]) -> tuple[Registered, ...]:
    """Return our webhooks of some MutatingWebhookConfigurations, in the order of calling."""
    return tuple(
        _registered(configuration["metadata"]["name"], webhook)
        for configuration in sorted(configurations, key=lambda each: str(each["metadata"]["name"]))
        for webhook in configuration.get("webhooks") or ()
        if webhook["name"].endswith(SUFFIX)
    )


def _registered(configuration: str, webhook: KubeObject) -> Registered:
    service = webhook.get("clientConfig", {}).get("service") or {}
    return Registered(
        name=webhook["name"],
        configuration=configuration,
        failure_policy=webhook.get("failurePolicy", "Fail"),
        service=(service.get("namespace", ""), service.get("name", "")),
        namespace_selector=webhook.get("namespaceSelector") or {},
        object_selector=webhook.get("objectSelector") or {},
        conditions=tuple(each["name"] for each in webhook.get("matchConditions") or ()),
    )


def calling(
    webhooks: Iterable[Registered], namespace_labels: Labels, pod: KubeObject
) -> Iterator[Registered]:
    """Yield the webhooks that the API server calls for a pod that is created like this one."""
    labels = pod["metadata"].get("labels") or {}
    for webhook in webhooks:
        if (
            matches(webhook.namespace_selector, namespace_labels)
            and matches(webhook.object_selector, labels)
            and all(_meets(name, pod) for name in webhook.conditions)
        ):
            yield webhook


def _meets(condition: str, pod: KubeObject) -> bool:
    """Tell whether a pod meets one of the chart's matchConditions; others are taken as met."""
    metadata = pod["metadata"]
    match condition:
        case "not-host-network":
            asks = (metadata.get("labels") or {}).get(names.INJECT) == "true"
            return asks or not pod["spec"].get("hostNetwork", False)
        case "not-mirror-pod":
            return names.MIRROR_POD not in (metadata.get("annotations") or {})
        case _:
            return True
