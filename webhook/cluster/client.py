"""Requests to the API server; the one `import kubernetes`."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, Protocol

import msgspec
import urllib3
from kubernetes.client import ApiClient, Configuration
from kubernetes.client.exceptions import ApiException
from kubernetes.config import ConfigException, load_incluster_config, load_kube_config

from webhook import __version__
from webhook.model.errors import ClusterError

_CONNECT_SECONDS: Final = 5
_READ_SECONDS: Final = 15
"""An answer that takes longer is a failure; the next step tries again."""

MERGE_PATCH: Final = "application/merge-patch+json"
APPLY: Final = "application/apply-patch+yaml"
METADATA: Final = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
METADATA_LIST: Final = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
"""Answers with `metadata` alone: a fraction of the bytes, and nothing that we need not see."""
FIELD_MANAGER: Final = "pillion-webhook"
"""Owns the fields that we write, and those only."""


class ChangedError(ClusterError):
    """The object was changed since it was read (HTTP 409)."""


class AbsentError(ClusterError):
    """There is no such object (HTTP 404)."""


class ExpiredError(ClusterError):
    """The version to watch from is too old (HTTP 410): list again."""


class Api(Protocol):
    """What the other modules of this package need; `Client` is one."""

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        content_type: str = "application/json",
        accept: str = "application/json",
    ) -> dict[str, Any]:
        """Send one request and return the object in its answer."""
        ...

    def lines(self, path: str, *, query: Mapping[str, str], accept: str) -> Iterator[bytes]:
        """Yield the lines of an answer that does not end by itself."""
        ...


class Client:
    """Speaks to the API server as the pod's service account, or as a kubeconfig says."""

    def __init__(self) -> None:
        """Read who and where; ClusterError when neither a pod nor a kubeconfig says it."""
        configuration = Configuration()
        try:
            if "KUBERNETES_SERVICE_HOST" in os.environ:
                load_incluster_config(configuration)  # type: ignore[no-untyped-call]
            else:
                load_kube_config(  # type: ignore[no-untyped-call]
                    client_configuration=configuration, persist_config=False
                )
        except (ConfigException, OSError, TypeError) as error:
            raise ClusterError(f"no way to the API server: {error}") from error
        configuration.retries = False  # the steps repeat themselves
        self._client = ApiClient(configuration)
        self._client.user_agent = f"pillion/{__version__}"

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        content_type: str = "application/json",
        accept: str = "application/json",
    ) -> dict[str, Any]:
        """Send one request and return the object in its answer.

        Raises:
            ChangedError, AbsentError, ExpiredError, ClusterError: it was refused or not answered.
        """
        headers = {"Accept": accept, "Content-Type": content_type}
        with self._answer(method, path, query, body, headers, _READ_SECONDS) as answer:
            return _object(f"{method} {path}", answer.read())

    def lines(self, path: str, *, query: Mapping[str, str], accept: str) -> Iterator[bytes]:
        """Yield the lines of an answer that does not end by itself.

        Raises:
            ClusterError: as `request`, also when the connection breaks.
        """
        # The API server ends a watch after the seconds in the query; a silent break is noticed
        # soon after.
        seconds = int(query["timeoutSeconds"]) + _READ_SECONDS
        with self._answer("GET", path, query, None, {"Accept": accept}, seconds) as answer:
            rest = b""
            for chunk in answer.stream(amt=None, decode_content=True):
                *whole, rest = (rest + chunk).split(b"\n")
                yield from whole

    @contextmanager
    def _answer(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None,
        body: Mapping[str, Any] | None,
        headers: dict[str, str],
        seconds: float,
    ) -> Iterator[urllib3.HTTPResponse]:
        what = f"{method} {path}"
        try:
            request = self._client.param_serialize(
                method,
                path,
                query_params=list((query or {}).items()),
                header_params=headers,
                body=body,
                auth_settings=["BearerToken"],
            )
            answer: urllib3.HTTPResponse = self._client.call_api(
                *request, _request_timeout=(_CONNECT_SECONDS, seconds)
            ).response
            try:
                if answer.status >= 400:
                    raise _refusal(what, answer.status, answer.read())
                yield answer
            finally:
                answer.release_conn() if answer.isclosed() else answer.close()
        except (urllib3.exceptions.HTTPError, ApiException, OSError) as error:
            raise ClusterError(f"{what}: {_reason(error)}") from error


def _object(what: str, body: bytes) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(body)
    except msgspec.DecodeError as error:
        raise ClusterError(f"{what}: got no JSON, expected an object") from error
    if not isinstance(found, dict):
        raise ClusterError(f"{what}: got no object, expected one")
    return found


def _refusal(what: str, status: int, body: bytes) -> ClusterError:
    try:
        message = msgspec.json.decode(body)["message"]
    except (msgspec.DecodeError, KeyError, TypeError):
        message = body[:200].decode("utf-8", "replace").strip()
    kinds = {404: AbsentError, 409: ChangedError, 410: ExpiredError}
    return kinds.get(status, ClusterError)(f"{what}: {status}, {message}")


def _reason(error: Exception) -> str:
    """Return the last cause in words; urllib3 wraps it several times."""
    cause = getattr(error, "reason", None) or error
    return str(cause) or type(cause).__name__
