"""Builds the server for a mode, and runs it until a signal."""

from __future__ import annotations

import gc
import resource
import secrets
from collections.abc import Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING, Final

import uvloop

from webhook import __version__
from webhook.admission.handler import Handler, NamespaceLabels, NamespaceQuotas, no_quotas
from webhook.app.certificates import standalone
from webhook.app.options import Options
from webhook.injection.engine import Engine
from webhook.manifests.value import read_yaml
from webhook.model.settings import Settings
from webhook.serving.admissions import Admissions
from webhook.serving.background import Background
from webhook.serving.draining import Draining
from webhook.serving.health import Condition, Finding, Readiness
from webhook.serving.http import Webhook, health_application
from webhook.serving.inject import InjectEndpoint
from webhook.serving.lifecycle import Lifecycle
from webhook.serving.listener import Listener, bind
from webhook.serving.load import Load
from webhook.serving.log import configure_logging
from webhook.serving.metrics import Metrics
from webhook.serving.reload import Configuration
from webhook.serving.scrape import Scrape
from webhook.serving.tls import SwappableContext

if TYPE_CHECKING:
    from webhook.app.cluster import Cluster

_LOOK_SECONDS: Final = 1.0
"""Between two looks at the configuration file, and at the age of a certificate in memory."""
_WARM_UP: Final = (
    b'{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"warm-up",'
    b'"kind":{"group":"","version":"v1","kind":"Pod"},"operation":"CREATE","namespace":"warm-up",'
    b'"object":{"spec":{"containers":[{"name":"app"}]}}}}'
)


def serve(options: Options) -> int:
    """Run the webhook until a signal, and return the exit code.

    Raises:
        ConfigurationError: the configuration is wrong; every mistake is named.
        ListenError: an address cannot be listened on.
        FileError: the authority's certificate cannot be written.
        ClusterError: nothing says where the API server is.
    """
    gc.enable()  # the command line switched it off
    _allow_files()
    configure_logging(options.log_level)
    uvloop.run(_serve(options))
    return 0


def _allow_files() -> None:
    """Allow as many open files as the system permits: every connection is one."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


async def _serve(options: Options) -> None:
    metrics, draining, load = Metrics(), Draining(), Load()
    cluster = _cluster(options, metrics)
    admissions = Admissions(metrics, None if cluster is None else cluster.observe)
    configuration = Configuration(
        options.config,
        _adopter(admissions, cluster),
        metrics,
        None if cluster is None else lambda text: cluster.announce("ConfigurationRefused", text),
    )
    backgrounds = [Background("settings", configuration.step, _LOOK_SECONDS)]
    if cluster is None:
        certificates = standalone(options, metrics)
    else:
        certificates = cluster.certificates(draining)
        backgrounds += cluster.backgrounds
    if certificates.step is not None:
        often = min(_LOOK_SECONDS, options.lives.attention.total_seconds())
        backgrounds.append(Background("certificates", certificates.step, often))
    endpoint = InjectEndpoint(admissions, metrics, draining, load, pending_limit=options.in_flight)
    readiness = _readiness(draining, certificates.condition, configuration.condition)

    def version() -> Mapping[str, str]:
        return {"version": __version__, "configurationHash": configuration.hash}

    application = Webhook(endpoint, health_application(readiness, version))
    listeners = _listeners(options, application, metrics, load, certificates.context)
    with ExitStack() as stack:
        for background in backgrounds:
            stack.callback(background.stop)
            background.start()
        await Lifecycle(listeners, endpoint, draining, options.patience).run()


def _cluster(options: Options, metrics: Metrics) -> Cluster | None:
    if options.names is None:
        return None
    # The Kubernetes client costs more time and memory than all the rest together.
    from webhook.app.cluster import Cluster  # noqa: PLC0415

    return Cluster(options, options.names, metrics)


class _Adopter:
    """Makes an engine of settings, prepares it, and lets it answer."""

    def __init__(
        self, admissions: Admissions, namespace_labels: NamespaceLabels, quotas: NamespaceQuotas
    ) -> None:
        self._admissions = admissions
        self._namespace_labels = namespace_labels
        self._quotas = quotas

    def __call__(self, settings: Settings) -> None:
        engine = Engine(settings, read_yaml)
        handler = Handler(
            engine, lambda: secrets.token_hex(16), self._namespace_labels, self._quotas
        )
        handler.handle(_WARM_UP)  # the first pod pays for what all others find prepared
        self._admissions.replace_handler(handler)


def _adopter(admissions: Admissions, cluster: Cluster | None) -> _Adopter:
    if cluster is None:
        return _Adopter(admissions, _nothing_known, no_quotas)
    return _Adopter(admissions, cluster.namespace_labels, cluster.quotas)


def _nothing_known(_namespace: str) -> None:
    """Know no namespace's labels."""


def _readiness(draining: Draining, certificate: Condition, configuration: Condition) -> Readiness:
    return Readiness(
        {
            "serving": lambda: Finding("shutting down") if draining.begun else None,
            "certificate": certificate,
            "configuration": configuration,
        }
    )


def _listeners(
    options: Options,
    application: Webhook,
    metrics: Metrics,
    load: Load,
    context: SwappableContext,
) -> list[Listener]:
    bound = bind(*options.listen)
    listeners = [Listener(application, bound, metrics=metrics, load=load, context=context.front)]
    if options.metrics_listen is not None:
        scrape = Scrape(metrics.registry)
        bound = bind(*options.metrics_listen)
        listeners.append(Listener(scrape, bound, metrics=metrics, load=Load()))
    return listeners
