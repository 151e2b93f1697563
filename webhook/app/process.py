"""Builds the server for a mode, and runs it until a signal."""

from __future__ import annotations

import gc
import secrets
from collections.abc import Mapping
from contextlib import ExitStack

import uvloop

from webhook import __version__
from webhook.admission.handler import Handler
from webhook.app.certificates import standalone
from webhook.app.options import Options
from webhook.injection.engine import Engine
from webhook.manifests.value import read_yaml
from webhook.model.settings import Settings
from webhook.serving.admissions import Admissions
from webhook.serving.background import Background
from webhook.serving.draining import Draining
from webhook.serving.health import Finding, Readiness
from webhook.serving.http import Webhook, health_application
from webhook.serving.inject import InjectEndpoint
from webhook.serving.lifecycle import Lifecycle
from webhook.serving.listener import Listener, bind
from webhook.serving.load import Load
from webhook.serving.log import configure_logging
from webhook.serving.metrics import Metrics
from webhook.serving.reload import Configuration
from webhook.serving.scrape import Scrape

_LOOK_SECONDS = 1.0
"""Between two looks at mounted files and certificates' ages."""

_WARM_UP = (
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
    """
    gc.enable()  # the command line switched it off
    configure_logging(options.log_level)
    uvloop.run(_serve(options))
    return 0


async def _serve(options: Options) -> None:
    metrics, draining, load = Metrics(), Draining(), Load()
    admissions = Admissions(metrics)

    def adopt(settings: Settings) -> None:
        handler = _handler(settings)
        handler.handle(_WARM_UP)  # the first pod pays for what all others find prepared
        admissions.replace_handler(handler)

    configuration = Configuration(options.config, adopt, metrics)
    certificates = standalone(options, metrics)
    readiness = Readiness(
        {
            "serving": lambda: Finding("shutting down") if draining.begun else None,
            "certificate": certificates.condition,
            "configuration": configuration.condition,
        }
    )

    def version() -> Mapping[str, str]:
        return {"version": __version__, "configurationHash": configuration.hash}

    endpoint = InjectEndpoint(admissions, metrics, draining, load, pending_limit=options.in_flight)
    listeners = [
        Listener(
            Webhook(endpoint, health_application(readiness, version)),
            bind(*options.listen),
            metrics=metrics,
            load=load,
            context=certificates.context.front,
        )
    ]
    if options.metrics_listen is not None:
        listeners.append(
            Listener(
                Scrape(metrics.registry),
                bind(*options.metrics_listen),
                metrics=metrics,
                load=Load(),
            )
        )
    with ExitStack() as stack:
        for name, step in (("certificates", certificates.step), ("settings", configuration.step)):
            background = Background(name, step, _LOOK_SECONDS)
            stack.callback(background.stop)
            background.start()
        await Lifecycle(listeners, endpoint, draining, options.patience).run()


def _handler(settings: Settings) -> Handler:
    return Handler(Engine(settings, read_yaml), lambda: secrets.token_hex(16), lambda _: None)
