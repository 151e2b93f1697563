"""Explains pods of a live cluster: reads them and what is registered, and compares."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, Protocol

import msgspec

from webhook.cluster.client import AbsentError
from webhook.cluster.registration import COLLECTION
from webhook.injection.engine import Engine
from webhook.injection.plan import Context
from webhook.injection.selection import select
from webhook.model.settings import Settings
from webhook.operate.calls import Labels, Registered, calling, registered
from webhook.operate.standing import Account, account_of

_PAGE: Final = 500
"""Pods in one answer: a namespace may have thousands, of 20 KB each."""
_TOKEN: Final = "0" * 32
"""Stands for the secret of a proxy's paths; what would be injected is not shown."""
CONFIGURATION_KEY: Final = "config.yaml"
"""Of the chart's ConfigMap."""


class Api(Protocol):
    """Reads objects; `cluster.client.Client` is one."""

    def request(
        self, method: str, path: str, *, query: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """Send one request; AbsentError when there is no such object, ClusterError otherwise."""
        ...


class MakeEngine(Protocol):
    """Makes the engine of an installation from its configuration file's text."""

    def __call__(self, text: str, source: str, /) -> Engine:
        """Return the engine; ConfigurationError when the text has mistakes."""
        ...


class Live:
    """Answers for one namespace at a time; what it has read of installations it keeps."""

    def __init__(self, api: Api, make_engine: MakeEngine, engine: Engine | None = None) -> None:
        """Prepare.

        Args:
            api: the cluster.
            make_engine: for the configuration that an installation has in the cluster.
            engine: to be used instead, whatever is installed.
        """
        self._api = api
        self._make_engine = make_engine
        self._given = engine
        self._engines: dict[tuple[str, str], Engine] = {}

    def explain(self, namespace: str, pods: Iterable[str] = ()) -> Iterator[Account]:
        """Yield the account of these pods, or of all in the namespace.

        Raises:
            ClusterError: the API server refuses or cannot be reached, or there is no such object.
            ConfigurationError: an installation's configuration has mistakes.
        """
        found = self._api.request("GET", f"/api/v1/namespaces/{namespace}")
        labels: Labels = found["metadata"].get("labels") or {}
        webhooks = registered(self._api.request("GET", COLLECTION).get("items") or ())
        for pod in self._pods(namespace, tuple(pods)):
            yield self._account(pod, labels, webhooks)

    def _pods(self, namespace: str, wanted: tuple[str, ...]) -> Iterator[dict[str, Any]]:
        path = f"/api/v1/namespaces/{namespace}/pods"
        if wanted:
            yield from (self._api.request("GET", f"{path}/{name}") for name in wanted)
            return
        query = {"limit": str(_PAGE)}
        while True:
            page = self._api.request("GET", path, query=query)
            yield from page.get("items") or ()
            rest = page["metadata"].get("continue")
            if not rest:
                return
            query["continue"] = rest

    def _account(
        self, pod: dict[str, Any], labels: Labels, webhooks: tuple[Registered, ...]
    ) -> Account:
        found = next(calling(webhooks, labels, pod), None)
        engine = self._engine(found or next(iter(webhooks), None))
        context = Context(
            namespace=pod["metadata"]["namespace"], token=_TOKEN, namespace_labels=labels
        )
        explanation = engine.explain(msgspec.json.encode(pod), context)
        pod_labels: Labels = pod["metadata"].get("labels") or {}
        why = _why(engine.settings, labels, pod_labels, found, is_installed=bool(webhooks))
        return account_of(pod, found, why, explanation)

    def _engine(self, webhook: Registered | None) -> Engine:
        """Return the engine of the installation behind a webhook; of the defaults without one."""
        if self._given is not None:
            return self._given
        place = ("", "") if webhook is None else webhook.service
        if place not in self._engines:
            self._engines[place] = self._make_engine(*self._configuration(*place))
        return self._engines[place]

    def _configuration(self, namespace: str, name: str) -> tuple[str, str]:
        """Return the text of an installation's configuration, and where it is from.

        The chart calls its ConfigMap and its Service the same; without one the defaults hold.
        """
        source = f"ConfigMap {namespace}/{name}"
        if not name:
            return "", source
        path = f"/api/v1/namespaces/{namespace}/configmaps/{name}"
        try:
            data = self._api.request("GET", path).get("data") or {}
        except AbsentError:
            return "", source
        return data.get(CONFIGURATION_KEY, ""), f"{source}, {CONFIGURATION_KEY}"


def _why(
    settings: Settings,
    namespace: Labels,
    pod: Labels,
    found: Registered | None,
    *,
    is_installed: bool,
) -> str:
    """Return why a webhook is called or not, in words."""
    expected = select(
        namespace, pod, revision=settings.revision, is_default=settings.default_revision
    )
    if found is not None and expected.webhook is None:
        return f"{found.configuration} selects it, as for a revision's tag"
    if found is not None or expected.webhook is None:
        return expected.why
    if not is_installed:
        return f"{expected.why}, but no webhook of ours is registered"
    return f"{expected.why}, but no registered webhook selects the pod"
