"""`pillion serve`: the webhook."""

from __future__ import annotations

import argparse
import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from webhook.app.options import ClusterNames, Options

MODES = ("self", "cert-manager", "provided", "standalone")
_NAMESPACE_FILE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
"""Where kubelet says which namespace a pod is in."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's options."""
    parser.add_argument(
        "--mode",
        choices=MODES,
        default="self",
        help="where the certificate comes from: our own authority in a Secret, a Secret mounted "
        "for cert-manager, provided files, or an authority in memory without any cluster "
        "(default: self)",
    )
    parser.add_argument(
        "--standalone",
        dest="mode",
        action="store_const",
        const="standalone",
        help="the same as --mode standalone",
    )
    parser.add_argument(
        "--listen",
        metavar="HOST:PORT",
        type=address_of,
        default=("", 9443),
        help="where to serve over TLS; without a host, on all addresses (default: :9443)",
    )
    parser.add_argument(
        "--metrics-listen",
        metavar="HOST:PORT",
        type=address_of,
        help="where to serve /metrics without TLS (default: nowhere)",
    )
    parser.add_argument(
        "--config", metavar="FILE", type=Path, help="configuration file, read again when it changes"
    )
    parser.add_argument(
        "--ca-out",
        metavar="FILE",
        type=Path,
        help="standalone: write the authority's certificate there, for clients",
    )
    parser.add_argument(
        "--certificates",
        metavar="DIR",
        type=Path,
        help="cert-manager, provided: the directory with tls.crt and tls.key",
    )
    _add_cluster(parser)
    _add_numbers(parser)


def _add_cluster(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--namespace", help="the namespace we run in (default: the pod's own, else pillion-system)"
    )
    for option, what in (
        ("service", "the Service by which the API server calls us"),
        ("secret", "the Secret that keeps the authority"),
        ("lease", "the Lease of the replica that writes"),
    ):
        parser.add_argument(f"--{option}", default="pillion", help=f"{what} (default: pillion)")
    parser.add_argument(
        "--webhook-configuration",
        metavar="NAME",
        action="append",
        help="a MutatingWebhookConfiguration of ours; may be given several times "
        "(default: pillion)",
    )
    parser.add_argument(
        "--cluster-domain", default="cluster.local", help="DNS domain (default: cluster.local)"
    )


def _add_numbers(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--log-level", choices=("debug", "info", "warning", "error"), default="info"
    )
    parser.add_argument(
        "--in-flight",
        metavar="N",
        type=_positive,
        default=512,
        help="requests at once; more are answered 503 and tried again (default: 512)",
    )
    parser.add_argument(
        "--quiet-seconds",
        metavar="N",
        type=float,
        help="go on serving that long after SIGTERM (default: 12, standalone 0)",
    )
    parser.add_argument(
        "--renew-seconds",
        metavar="N",
        type=_positive,
        help="how old our serving certificate may get (default: two thirds of its life)",
    )
    for option, default, what in (
        ("leaf", 172_800, "life of the serving certificate"),
        ("authority", 31_536_000, "life of our authority"),
        ("settle", 30, "how long a new authority is trusted before it signs"),
    ):
        parser.add_argument(
            f"--{option}-seconds",
            metavar="N",
            type=_positive,
            default=default,
            help=f"{what}, in seconds (default: {default})",
        )


def run(arguments: argparse.Namespace) -> int:
    """Serve until a signal."""
    from webhook.app.process import serve

    return serve(options_of(arguments))


def options_of(arguments: argparse.Namespace) -> Options:
    """Return the options as a value."""
    from datetime import timedelta

    from webhook.app.options import Lives, Mode, Options
    from webhook.serving.lifecycle import Patience

    mode = Mode(arguments.mode)
    standalone = mode is Mode.STANDALONE
    quiet = arguments.quiet_seconds
    if quiet is None:
        quiet = 0.0 if standalone else 12.0
    return Options(
        mode=mode,
        listen=arguments.listen,
        metrics_listen=arguments.metrics_listen,
        config=arguments.config,
        ca_out=arguments.ca_out,
        certificates=arguments.certificates,
        names=None if standalone else _names(arguments),
        log_level=arguments.log_level,
        in_flight=arguments.in_flight,
        patience=Patience(quiet_seconds=quiet, extra_seconds=0.0 if standalone else 8.0),
        lives=Lives(
            leaf=timedelta(seconds=arguments.leaf_seconds),
            renew=None
            if arguments.renew_seconds is None
            else timedelta(seconds=arguments.renew_seconds),
            authority=timedelta(seconds=arguments.authority_seconds),
            settle=timedelta(seconds=arguments.settle_seconds),
        ),
    )


def _names(arguments: argparse.Namespace) -> ClusterNames:
    from webhook.app.options import ClusterNames

    return ClusterNames(
        namespace=arguments.namespace or _own_namespace(),
        service=arguments.service,
        domain=arguments.cluster_domain,
        secret=arguments.secret,
        lease=arguments.lease,
        webhook_configurations=tuple(arguments.webhook_configuration or ("pillion",)),
        identity=os.environ.get("POD_NAME") or socket.gethostname(),
    )


def _own_namespace() -> str:
    try:
        return _NAMESPACE_FILE.read_text(encoding="ascii").strip()
    except OSError:
        return os.environ.get("POD_NAMESPACE") or "pillion-system"


def address_of(text: str) -> tuple[str, int]:
    """Return host and port of `host:port`, `[host]:port` or `:port`.

    Raises:
        argparse.ArgumentTypeError: it is none of them.
    """
    host, separator, port = text.rpartition(":")
    if not separator or not port.isdigit() or int(port) > 65535:
        raise argparse.ArgumentTypeError(f'got "{text}", expected HOST:PORT')
    return host.removeprefix("[").removesuffix("]"), int(port)


def _positive(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f'got "{text}", expected a whole number from 1 on')
    return int(text)
