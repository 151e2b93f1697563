"""The Secret that the chart renders without data, read and written as texts."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from webhook.cluster.client import FIELD_MANAGER, MERGE_PATCH, Api


@dataclass(frozen=True, slots=True)
class SecretData:
    """The data of one version of the Secret."""

    data: Mapping[str, str] = field(repr=False)
    version: str


class Secret:
    """One Secret by name; it must exist."""

    def __init__(self, api: Api, namespace: str, name: str) -> None:
        self._api = api
        self._path = f"/api/v1/namespaces/{namespace}/secrets/{name}"

    def read(self) -> SecretData:
        """Return the data; a value that is no text reads as an empty one.

        Raises:
            ClusterError: it cannot be read.
        """
        found = self._api.request("GET", self._path)
        data = {key: _text(value) for key, value in (found.get("data") or {}).items()}
        return SecretData(data, found["metadata"]["resourceVersion"])

    def write(self, data: Mapping[str, str], version: str, keys: Collection[str]) -> None:
        """Replace the values of `keys`, of which those not in `data` are removed.

        Raises:
            ChangedError: that version is not the newest any more.
            ClusterError: it cannot be written.
        """
        values: dict[str, str | None] = dict.fromkeys(keys)
        values |= {key: base64.b64encode(text.encode()).decode() for key, text in data.items()}
        self._api.request(
            "PATCH",
            self._path,
            query={"fieldManager": FIELD_MANAGER},
            body={"metadata": {"resourceVersion": version}, "data": values},
            content_type=MERGE_PATCH,
        )


def _text(value: str) -> str:
    try:
        return base64.b64decode(value).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""
