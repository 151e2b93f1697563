"""Live pods are compared with what registration, labels and configuration say of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from webhook.cluster.client import AbsentError
from webhook.configuration.reader import read
from webhook.injection.engine import Engine, Injected, apply_stages
from webhook.injection.plan import Context
from webhook.manifests.value import read_yaml
from webhook.model import names
from webhook.operate.live import Live
from webhook.operate.standing import Account, Standing

OPTED_IN = {"istio.io/rev": "main"}
PODS = "/api/v1/namespaces/shop/pods"


def engine(text: str, source: str) -> Engine:
    """Return the engine of a configuration."""
    return Engine(read(text, source), read_yaml)


def pod(name: str = "web", *, labels: Any = None, annotations: Any = None, **spec: Any) -> Any:
    """Return a pod as the API server lists it."""
    return {
        "metadata": {
            "name": name,
            "namespace": "shop",
            "labels": labels or {},
            "annotations": annotations or {},
        },
        "spec": {"containers": [{"name": "app"}], **spec},
    }


def injected() -> Any:
    """Return the pod as the webhook leaves it."""
    outcome = engine("revision: main", "").inject(
        msgspec.json.encode(pod()), Context(namespace="shop", token="0" * 32)
    )
    assert isinstance(outcome, Injected)
    return apply_stages(outcome.stages, pod())


INJECTED = injected()
STATUS = {names.STATUS: INJECTED["metadata"]["annotations"][names.STATUS]}


def webhook(policy: str = "Ignore") -> dict[str, Any]:
    """Return a webhook of ours for namespaces that name the revision."""
    return {
        "name": "rev.namespace.pillion.istio.io",
        "failurePolicy": policy,
        "clientConfig": {"service": {"namespace": "pillion-system", "name": "pillion"}},
        "namespaceSelector": {
            "matchExpressions": [{"key": "istio.io/rev", "operator": "In", "values": ["main"]}]
        },
        "objectSelector": {
            "matchExpressions": [
                {"key": "sidecar.istio.io/inject", "operator": "NotIn", "values": ["false"]}
            ]
        },
        "matchConditions": [{"name": "not-host-network"}, {"name": "not-mirror-pod"}],
    }


class Cluster:
    """Answers as an API server that holds a few objects, pods in pages of one."""

    def __init__(
        self,
        *pods: dict[str, Any],
        labels: Mapping[str, str],
        webhooks: list[dict[str, Any]] | None = None,
        config: str | None = "revision: main",
    ) -> None:
        self._pods = pods
        found = [webhook()] if webhooks is None else webhooks
        foreign = {"metadata": {"name": "a"}, "webhooks": [{**webhook(), "name": "x.istio.io"}]}
        self._objects: dict[str, dict[str, Any]] = {
            "/api/v1/namespaces/shop": {"metadata": {"name": "shop", "labels": labels}},
            "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations": {
                "items": [{"metadata": {"name": "pillion"}, "webhooks": found}, foreign]
            },
            **{f"{PODS}/{each['metadata']['name']}": each for each in pods},
        }
        if config is not None:
            path = "/api/v1/namespaces/pillion-system/configmaps/pillion"
            self._objects[path] = {"data": {"config.yaml": config}}

    def request(
        self, method: str, path: str, *, query: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """Return the object at a path."""
        assert method == "GET"
        if path == PODS:
            place = int((query or {}).get("continue", "0"))
            rest = str(place + 1) if place + 1 < len(self._pods) else ""
            items = list(self._pods[place : place + 1])
            return {"metadata": {"continue": rest}, "items": items}
        if path not in self._objects:
            raise AbsentError(f"{path}: 404")
        found: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(self._objects[path]))
        return found


def accounts(cluster: Cluster, *pods: str) -> list[Account]:
    """Return what is told of the pods."""
    return list(Live(cluster, engine).explain("shop", pods))


ROWS: dict[str, tuple[dict[str, Any], Mapping[str, str], Standing, str]] = {
    "injected": (INJECTED, OPTED_IN, Standing.INJECTED, "inject"),
    "slipped-through": (pod(), OPTED_IN, Standing.MISSING, "inject"),
    "label-came-off": (INJECTED, {}, Standing.KEPT, "inject"),
    "opted-out": (
        pod(labels={"sidecar.istio.io/inject": "false"}), OPTED_IN, Standing.LEFT_ALONE, "skip",
    ),
    "never-asked": (pod(), {}, Standing.LEFT_ALONE, "inject"),
    "host-network": (pod(hostNetwork=True), OPTED_IN, Standing.LEFT_ALONE, "skip"),
    "static": (
        pod(annotations={names.MIRROR_POD: "x"}), OPTED_IN, Standing.LEFT_ALONE, "skip",
    ),
    "foreign": (
        pod(containers=[{"name": "app"}, {"name": "linkerd-proxy"}]),
        OPTED_IN, Standing.FOREIGN, "skip",
    ),
    "bad-annotation": (
        pod(annotations={"sidecar.istio.io/proxyCPU": "lots"}), OPTED_IN, Standing.REFUSED, "deny",
    ),
    "status-without-proxy": (pod(annotations=STATUS), OPTED_IN, Standing.MISSING, "inject"),
}  # fmt: skip


@pytest.mark.parametrize(("found", "labels", "standing", "decision"), ROWS.values(), ids=ROWS)
def test_standing(
    found: dict[str, Any], labels: Mapping[str, str], standing: Standing, decision: str
) -> None:
    """What a pod has and what it should have are two things, and both are told."""
    (account,) = accounts(Cluster(found, labels=labels))
    assert (account.standing, account.decision) == (standing, decision)
    assert (account.remedy is not None) == (standing in (Standing.MISSING, Standing.KEPT))


@pytest.mark.parametrize(
    ("policy", "cause"),
    [
        ("Fail", "it was created before it was opted in; "),
        ("Ignore", "or while no replica answered (failurePolicy Ignore); "),
    ],
)
def test_remedy_says_how_it_came(policy: str, cause: str) -> None:
    """Only where the API server may go on without us can an outage be the cause."""
    owned = pod("web-x")
    owned["metadata"]["ownerReferences"] = [
        {"kind": "ReplicaSet", "name": "web", "controller": True}
    ]
    (account,) = accounts(Cluster(owned, labels=OPTED_IN, webhooks=[webhook(policy)]))
    assert account.remedy is not None
    assert cause in account.remedy
    assert account.remedy.endswith(
        "let ReplicaSet web make it anew: kubectl delete pod web-x -n shop"
    )
    (account,) = accounts(Cluster(pod(), labels=OPTED_IN))
    assert account.remedy is not None
    assert account.remedy.endswith("nobody makes it anew: delete it and create it again")


def test_pages_and_names() -> None:
    """All pods of all pages are told, or those that are named, in that order."""
    cluster = Cluster(pod("a"), pod("b"), pod("c"), labels={})
    assert [each.name for each in accounts(cluster)] == ["a", "b", "c"]
    assert [each.name for each in accounts(cluster, "c", "a")] == ["c", "a"]
    with pytest.raises(AbsentError):
        accounts(cluster, "nobody")


def test_configuration_is_the_installations() -> None:
    """The decision is that of the configuration in the cluster; without one, of the defaults."""
    policy = 'revision: main\npolicy: {neverInjectSelector: [{matchLabels: {app: "no"}}]}'
    found = pod(labels={"app": "no"})
    (account,) = accounts(Cluster(found, labels=OPTED_IN, config=policy))
    assert (account.standing, account.reason) == (Standing.LEFT_ALONE, "never-selector")
    (account,) = accounts(Cluster(found, labels=OPTED_IN, config=None))
    assert account.standing is Standing.MISSING


def test_missing_registration_is_told() -> None:
    """A namespace that opts in while nothing is registered gets no sidecar, and hears why."""
    own = {"istio.io/rev": "pillion"}
    (account,) = accounts(Cluster(pod(), labels=own, webhooks=[], config=None))
    assert account.standing is Standing.LEFT_ALONE
    assert account.called.endswith(", but no webhook of ours is registered")
