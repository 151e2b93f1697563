"""A list that is kept up to date: the objects of a collection, from list and watch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, Final

import msgspec

from webhook.cluster.client import METADATA, METADATA_LIST, Api, ExpiredError
from webhook.model.errors import ClusterError

_SECONDS: Final = 290
"""After that the API server ends the watch, and it is begun anew from the last version."""

KubeObject = dict[str, Any]
Notice = Callable[[], None]


class Form(Enum):
    """How much of each object is asked for: what to accept for a list, and for an event."""

    METADATA = (METADATA_LIST, METADATA)
    WHOLE = ("application/json", "application/json")


class Watch:
    """Holds the objects of a collection, by namespace and name."""

    def __init__(
        self,
        api: Api,
        path: str,
        *,
        form: Form = Form.METADATA,
        field_selector: str | None = None,
        notice: Notice | None = None,
    ) -> None:
        """Watch a collection.

        Args:
            api: the API server.
            path: of the collection.
            form: how much of each object is needed.
            field_selector: `metadata.name=NAME` for a single object, which RBAC by name permits.
            notice: called after every change.
        """
        self._api = api
        self._path = path
        self._list_form, self._event_form = form.value
        self._query = {} if field_selector is None else {"fieldSelector": field_selector}
        self._notice = notice or (lambda: None)
        self._version: str | None = None
        self._objects: dict[str, dict[str, KubeObject]] = {}

    def objects(self, namespace: str = "") -> Mapping[str, KubeObject]:
        """Return the objects of a namespace by name, or those that are in none.

        They are changed by the watching thread, and read by any: copy before iterating.
        """
        return self._objects.get(namespace, {})

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
        found = self._api.request("GET", self._path, query=self._query, accept=self._list_form)
        objects: dict[str, dict[str, KubeObject]] = {}
        for each in found.get("items") or ():
            metadata = each["metadata"]
            objects.setdefault(metadata.get("namespace", ""), {})[metadata["name"]] = _lean(each)
        self._objects = objects
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
        for line in self._api.lines(self._path, query=query, accept=self._event_form):
            if line:
                self._take(msgspec.json.decode(line))

    def _take(self, event: dict[str, Any]) -> None:
        kind, found = event["type"], event["object"]
        if kind == "ERROR":
            message = found.get("message", "the watch failed")
            gone = found.get("code") == 410
            raise (ExpiredError if gone else ClusterError)(f"watch {self._path}: {message}")
        metadata = found["metadata"]
        self._version = metadata["resourceVersion"]
        if kind == "BOOKMARK":
            return
        namespace, name = metadata.get("namespace", ""), metadata["name"]
        if kind != "DELETED":
            self._objects.setdefault(namespace, {})[name] = _lean(found)
        elif namespace in self._objects:
            self._objects[namespace].pop(name, None)
        self._notice()


def _lean(found: KubeObject) -> KubeObject:
    """Drop who manages which field: it is as large as the rest."""
    found["metadata"].pop("managedFields", None)
    return found
