"""The caBundles of our MutatingWebhookConfigurations: observed whole, written alone."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any, Final

from webhook.cluster.client import APPLY, FIELD_MANAGER, AbsentError, Api

COLLECTION: Final = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations"


class CaBundles:
    """Reads and writes the caBundle of every webhook of some configurations.

    Server-side apply owns `webhooks[name].clientConfig.caBundle` and nothing beside it, so that
    Helm, a GitOps controller or a cloud's enforcer may own, and change, all the rest.
    """

    def __init__(self, api: Api, configurations: Sequence[str]) -> None:
        self._api = api
        self._names = tuple(configurations)

    def bundles(self) -> Mapping[str, str | None]:
        """Return what all webhooks of each configuration trust in common, in PEM.

        Empty when one of them trusts nobody, or another than its sisters: what we serve must
        satisfy all. None for a configuration that is not there.

        Raises:
            ClusterError: the API server refuses, or does not answer.
        """
        return {name: self._bundle(name) for name in self._names}

    def register(self, configuration: str, bundle: str) -> None:
        """Write the caBundle to every webhook of a configuration.

        The version that was read goes along: an entry that disappears in the meantime would come
        back as one without rules, which the API server refuses.

        Raises:
            ChangedError: the configuration was changed since it was read.
            ClusterError: it cannot be written.
        """
        found = self._read(configuration)
        if found is None:
            return
        encoded = base64.b64encode(bundle.encode()).decode()
        self._api.request(
            "PATCH",
            f"{COLLECTION}/{configuration}",
            query={"fieldManager": FIELD_MANAGER, "force": "true"},
            body={
                "apiVersion": "admissionregistration.k8s.io/v1",
                "kind": "MutatingWebhookConfiguration",
                "metadata": {
                    "name": configuration,
                    "resourceVersion": found["metadata"]["resourceVersion"],
                },
                "webhooks": [
                    {"name": each["name"], "clientConfig": {"caBundle": encoded}}
                    for each in found.get("webhooks") or ()
                ],
            },
            content_type=APPLY,
        )

    def _read(self, configuration: str) -> dict[str, Any] | None:
        try:
            return self._api.request("GET", f"{COLLECTION}/{configuration}")
        except AbsentError:
            return None

    def _bundle(self, configuration: str) -> str | None:
        found = self._read(configuration)
        if found is None:
            return None
        bundles = {
            each.get("clientConfig", {}).get("caBundle", "") for each in found.get("webhooks") or ()
        }
        return _text(bundles.pop()) if len(bundles) == 1 else ""


def _text(encoded: str) -> str:
    try:
        return base64.b64decode(encoded).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""
