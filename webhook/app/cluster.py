"""What the modes with a cluster add: certificates the API server trusts, namespaces, Events."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from webhook.admission.handler import NamespaceLabels, NamespaceQuotas
from webhook.app.certificates import Certificates, now, placeholder
from webhook.app.cluster_edges import LeaseUntilDraining, RecordInSecret, Registered
from webhook.app.options import ClusterNames, Mode, Options
from webhook.app.owner_events import OwnerEvents
from webhook.app.verdict import verdict
from webhook.cluster.client import Client
from webhook.cluster.events import Events, Notice, Subject
from webhook.cluster.lease import Lease
from webhook.cluster.namespaces import PATH, QUOTAS_PATH, KnownNamespaces, KnownQuotas
from webhook.cluster.registration import COLLECTION, CaBundles
from webhook.cluster.secret import Secret
from webhook.cluster.watch import Form, Watch
from webhook.pki import trust
from webhook.pki.keeper import Keeper
from webhook.pki.leaf import service_names
from webhook.pki.rotation import Schedule
from webhook.pki.serving_leaf import ServingLeaf
from webhook.serving.background import Background
from webhook.serving.draining import Draining
from webhook.serving.health import Condition, Finding
from webhook.serving.metrics import Metrics
from webhook.serving.mounted_pair import MountedPair
from webhook.serving.tls import SwappableContext

_STEP_SECONDS = 10.0
"""Between two looks at Secret, Lease and caBundle; a watch brings changes of the latter at once."""
_FILE_SECONDS = 1.0
_SHORT_SECONDS = 0.5


class Cluster:
    """One connection to the API server, and everything that runs on it."""

    def __init__(self, options: Options, names: ClusterNames, metrics: Metrics) -> None:
        """Prepare; nothing is sent before the backgrounds start.

        Raises:
            ClusterError: neither a pod's environment nor a kubeconfig says where the API server is.
        """
        self._options = options
        self._names = names
        self._metrics = metrics
        self._api = Client()
        self._events = Events(self._api, names.identity, now)
        watch = Watch(self._api, PATH)
        quotas = Watch(self._api, QUOTAS_PATH, form=Form.WHOLE)
        self.namespace_labels: NamespaceLabels = KnownNamespaces(watch)
        self.quotas: NamespaceQuotas = KnownQuotas(quotas)
        self.observe = OwnerEvents(self._events)
        self.backgrounds = [
            Background("namespaces", watch.step, _SHORT_SECONDS),
            Background("quotas", quotas.step, _SHORT_SECONDS),
            Background("events", self._events.step, _SHORT_SECONDS),
        ]

    def announce(self, reason: str, message: str) -> None:
        """Send an Event about ourselves, on our own pod."""
        names = self._names
        subject = Subject(
            api_version="v1", kind="Pod", namespace=names.namespace, name=names.identity
        )
        self._events.tell(Notice(subject=subject, reason=reason, message=message))

    def certificates(self, draining: Draining) -> Certificates:
        """Return the certificates of the mode, and let what renews them run."""
        context = placeholder(self._dns_names(), self._options.lives)
        registered = CaBundles(self._api, self._names.webhook_configurations)
        if self._options.mode is Mode.SELF:
            return self._self_made(context, registered, draining)
        directory = self._options.certificates or Path("/etc/pillion-certificates")
        return self._mounted(context, registered, directory)

    def _dns_names(self) -> tuple[str, ...]:
        names = self._names
        return service_names(names.service, names.namespace, names.domain)

    def _self_made(
        self, context: SwappableContext, registered: CaBundles, draining: Draining
    ) -> Certificates:
        names, lives = self._names, self._options.lives
        leaf = ServingLeaf(
            names=self._dns_names(),
            life=lives.leaf,
            renew=lives.renew,
            clock=now,
            random_bits=secrets.randbits,
            serve=context.swap,
        )
        lease = Lease(self._api, names.namespace, names.lease, names.identity, now)
        keeper = Keeper(
            RecordInSecret(Secret(self._api, names.namespace, names.secret)),
            Registered(registered),
            LeaseUntilDraining(lease, draining),
            leaf,
            Schedule(authority=lives.authority, leaf=lives.leaf, settle=lives.settle),
            clock=now,
            random_bits=secrets.randbits,
            report=self._metrics,
        )
        interval = min(_STEP_SECONDS, lives.attention.total_seconds())
        background = Background("certificates", partial(self._keep, keeper), interval)
        draining.listen(background.wake)
        self._run(background)
        return self._judged(
            context,
            lambda: None if leaf.leaf is None else leaf.leaf.chain,
            lambda: keeper.bundles,
            lambda: background.failure,
        )

    def _keep(self, keeper: Keeper) -> float | None:
        had_competitor = keeper.has_competitor
        soon = keeper.step()
        if keeper.has_competitor and not had_competitor:
            self.announce(
                "CompetingWriter", "another writer keeps changing our caBundle; we have stopped"
            )
        return None if soon is None else soon.total_seconds()

    def _mounted(
        self, context: SwappableContext, registered: CaBundles, directory: Path
    ) -> Certificates:
        bundles: dict[str, str | None] = {}
        pair = MountedPair(directory, context.swap, self._show)

        def observe() -> None:
            bundles.update(registered.bundles())

        background = Background("caBundle", observe, _STEP_SECONDS)
        self._run(background)
        self.backgrounds.append(Background("certificates", pair.step, _FILE_SECONDS))
        return self._judged(
            context,
            lambda: pair.chain,
            lambda: bundles,
            lambda: pair.failure or background.failure,
        )

    def _run(self, background: Background) -> None:
        """Run a background, and wake it whenever one of our configurations changes."""
        self.backgrounds.append(background)
        for name in self._names.webhook_configurations:
            watch = Watch(
                self._api,
                COLLECTION,
                field_selector=f"metadata.name={name}",
                notice=background.wake,
            )
            self.backgrounds.append(Background(f"watch {name}", watch.step, _SHORT_SECONDS))

    def _show(self, chain: str) -> None:
        leaf, *_ = trust.certificates(chain)
        self._metrics.certificate("leaf", leaf.not_valid_after_utc)

    def _judged(
        self,
        context: SwappableContext,
        chain: Callable[[], str | None],
        bundles: Callable[[], Mapping[str, str | None]],
        failure: Callable[[], str | None],
    ) -> Certificates:
        names = self._names
        called = f"{names.service}.{names.namespace}.svc"

        def condition() -> Finding | None:
            return verdict(chain(), bundles(), name=called, now=now(), failure=failure())

        checked: Condition = condition
        return Certificates(context=context, step=None, condition=checked)
