"""A list that is kept up to date: every object's metadata, from list and watch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec

from webhook.cluster.client import METADATA, METADATA_LIST, Api, ExpiredError
from webhook.model.errors import ClusterError

_SECONDS: Final = 290
"""After that the API server ends the watch, and it is begun anew from the last version."""

Metadata = dict[str, Any]
Notice = Callable[[], None]


class MetadataWatch:
    """Holds the metadata of all objects of a collection, by name."""

    def __init__(
        self,
        api: Api,
        path: str,
        *,
        field_selector: str | None = None,
        notice: Notice | None = None,
    ) -> None:
        """Watch a collection.

        Args:
            api: the API server.
            path: of the collection.
            field_selector: `metadata.name=NAME` for a single object, which RBAC by name permits.
            notice: called after every change.
        """
        self._api = api
        self._path = path
        self._query = {} if field_selector is None else {"fieldSelector": field_selector}
        self._notice = notice or (lambda: None)
        self._version: str | None = None
        self.objects: dict[str, Metadata] = {}
        """Replaced or changed by the watching thread, and read by any."""

    def step(self) -> None:
        """List if need be, then follow changes until the API server ends the watch.

        Raises:
            ClusterError: the API server refuses or cannot be reached; the objects stay.
        """
        try:
            if self._version is None:
                self._list()
            self._follow()
        except ExpiredError:
            self._version = None

    def _list(self) -> None:
        found = self._api.request("GET", self._path, query=self._query, accept=METADATA_LIST)
        self.objects = {
            each["metadata"]["name"]: each["metadata"] for each in found.get("items") or ()
        }
        self._version = found["metadata"]["resourceVersion"]
        self._notice()

    def _follow(self) -> None:
        query = {
            **self._query,
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": self._version or "",
            "timeoutSeconds": str(_SECONDS),
        }
        for line in self._api.lines(self._path, query=query, accept=METADATA):
            if line:
                self._take(msgspec.json.decode(line))

    def _take(self, event: dict[str, Any]) -> None:
        kind, metadata = event["type"], event["object"].get("metadata", {})
        if kind == "ERROR":
            message = event["object"].get("message", "the watch failed")
            gone = event["object"].get("code") == 410
            raise (ExpiredError if gone else ClusterError)(f"watch {self._path}: {message}")
        self._version = metadata["resourceVersion"]
        if kind == "BOOKMARK":
            return
        if kind == "DELETED":
            self.objects.pop(metadata["name"], None)
        else:
            self.objects[metadata["name"]] = metadata
        self._notice()
