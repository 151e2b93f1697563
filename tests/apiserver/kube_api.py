"""Speaks HTTP from the test's own process to the API server inside the namespace."""

import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.apiserver.certificates import KeyPair
from tests.apiserver.network_namespace import Network

KubeObject = dict[str, Any]
"""Any Kubernetes object as JSON."""

_TIMEOUT_SECONDS = 30.0  # the API server gives a webhook up to 30 s


class KubeApiError(Exception):
    """The API server refused a request; `status` is HTTP's, the message the server's."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status}: {message}")
        self.status = status
        self.message = message


class NamespaceTransport(httpx.BaseTransport):
    """Sends requests from inside a network namespace; connections opened there stay there."""

    def __init__(self, namespace: Network, transport: httpx.BaseTransport) -> None:
        self._namespace = namespace
        self._transport = transport

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request from inside the namespace."""
        with self._namespace.entered():
            return self._transport.handle_request(request)

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()


def namespace_client(
    namespace: Network, base_url: str, *, authority: Path, identity: KeyPair | None = None
) -> httpx.Client:
    """Return an HTTPS client that trusts `authority` and shows `identity`, inside the namespace."""
    context = ssl.create_default_context(cafile=authority)
    if identity is not None:
        context.load_cert_chain(identity.certificate, identity.key)
    return httpx.Client(
        base_url=base_url,
        transport=NamespaceTransport(namespace, httpx.HTTPTransport(verify=context)),
        timeout=_TIMEOUT_SECONDS,
        trust_env=False,  # a proxy of this machine leads nowhere from the namespace
    )


class KubeApi:
    """The verbs that tests need, on API paths such as `/api/v1/namespaces`.

    Every verb returns the object in the answer and raises KubeApiError on any status from 400 on.
    """

    def __init__(self, client: httpx.Client) -> None:
        self.client = client

    def get(self, path: str) -> KubeObject:
        """Read an object or a list."""
        return _object(self.client.get(path))

    def create(self, path: str, kube_object: Mapping[str, Any]) -> KubeObject:
        """Create an object; `path` is that of its collection."""
        return _object(self.client.post(path, json=kube_object))

    def apply(self, path: str, kube_object: Mapping[str, Any]) -> KubeObject:
        """Create or update an object by server-side apply, as field manager `tests`."""
        return _object(
            self.client.patch(
                path,
                json=kube_object,
                params={"fieldManager": "tests", "force": "true"},
                headers={"Content-Type": "application/apply-patch+yaml"},
            )
        )

    def delete(self, path: str) -> KubeObject:
        """Delete an object; one that is gone already is fine."""
        response = self.client.delete(path)
        return {} if response.status_code == httpx.codes.NOT_FOUND else _object(response)

    @contextmanager
    def temporary(self, path: str, kube_object: Mapping[str, Any]) -> Iterator[KubeObject]:
        """Create an object for the length of a block: for what no namespace isolates."""
        created = self.create(path, kube_object)
        try:
            yield created
        finally:
            self.delete(f"{path}/{created['metadata']['name']}")


def _object(response: httpx.Response) -> KubeObject:
    if response.is_error:
        raise KubeApiError(response.status_code, _message(response))
    found: KubeObject = response.json()
    return found


def _message(response: httpx.Response) -> str:
    """Return the message of the Status object, or the text when a proxy or filter answered."""
    try:
        return str(response.json()["message"])
    except (ValueError, KeyError, TypeError):
        return response.text.strip()
