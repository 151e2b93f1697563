"""Wires what explains a live cluster: the client, and the engine of what is installed there."""

from __future__ import annotations

from webhook.cluster.client import Client
from webhook.configuration.reader import read
from webhook.injection.engine import Engine
from webhook.manifests.value import read_yaml
from webhook.operate.live import Live


def live(engine: Engine | None) -> Live:
    """Return what explains the pods of the cluster that the environment names.

    Args:
        engine: of a configuration that was given; None: of the one that is installed.

    Raises:
        ClusterError: neither a pod's environment nor a kubeconfig says where the API server is.
    """
    return Live(Client(), _engine, engine)


def _engine(text: str, source: str) -> Engine:
    return Engine(read(text, source), read_yaml)
