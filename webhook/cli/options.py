"""Options that several commands share, and what is made of them."""

from __future__ import annotations

import argparse
import os
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from webhook.injection.engine import Engine
    from webhook.model.settings import Settings

CONFIG_VARIABLE = "PILLION_CONFIG"


def add_settings(parser: argparse.ArgumentParser) -> None:
    """Add the options that decide on the settings."""
    parser.add_argument(
        "--config",
        metavar="FILE",
        help=f"configuration file (default: ${CONFIG_VARIABLE}, else the built-in defaults)",
    )
    parser.add_argument(
        "-r",
        "--revision",
        type=_label,
        help="the injecting revision, instead of the configured one",
    )


def add_inputs(parser: argparse.ArgumentParser, *, required: bool = True) -> None:
    """Add the options that name manifests and the namespace they are meant for."""
    parser.add_argument(
        "-f",
        "--filename",
        metavar="FILE",
        action="append",
        required=required,
        help="a manifest, a directory of them, or - for standard input; may be given several times",
    )
    parser.add_argument(
        "-R", "--recursive", action="store_true", help="read the folders of a directory too"
    )
    parser.add_argument(
        "-n",
        "--namespace",
        type=_label,
        default="default",
        help="namespace of objects that name none (default: default)",
    )
    parser.add_argument(
        "--namespace-labels",
        metavar="KEY=VALUE,…",
        type=labels_of,
        help="labels of that namespace; without them, and without a Namespace among the manifests, "
        "it is taken as opted in",
    )
    parser.add_argument(
        "--strict",
        action="store_true",
        help="parse documents that cannot hold a pod too, and fail on what is wrong in them",
    )


def settings_of(arguments: argparse.Namespace) -> Settings:
    """Return the settings that the options name.

    Raises:
        ConfigurationError: the file cannot be read or holds mistakes.
    """
    import msgspec

    from webhook.model.errors import ConfigurationError
    from webhook.model.settings import Settings

    name = arguments.config or os.environ.get(CONFIG_VARIABLE)
    settings = Settings()
    if name:
        from pathlib import Path

        from webhook.configuration.reader import read

        try:
            text = Path(name).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError((f"{name}: {reason(error)}",)) from error
        settings = read(text, name)
    if arguments.revision:
        settings = msgspec.structs.replace(settings, revision=arguments.revision)
    return settings


def engine_of(arguments: argparse.Namespace) -> Engine:
    """Return the engine for the settings that the options name.

    Raises:
        ConfigurationError: as `settings_of`.
    """
    from webhook.injection.engine import Engine
    from webhook.manifests.value import read_yaml

    return Engine(settings_of(arguments), read_yaml)


def reason(error: OSError | UnicodeDecodeError) -> str:
    """Return why a file could not be used, in a few lower-case words."""
    if isinstance(error, OSError):
        text = error.strerror or str(error)
        return text[:1].lower() + text[1:]
    return f"got a byte that is no UTF-8 at position {error.start}, expected text"


def labels_of(text: str | None) -> dict[str, str] | None:
    """Return the labels of `key=value,key=value`.

    Raises:
        argparse.ArgumentTypeError: a part has no `=`.
    """
    if text is None:
        return None
    labels: dict[str, str] = {}
    for part in filter(None, text.split(",")):
        key, separator, value = (word.strip() for word in part.partition("="))
        if not separator or not key:
            raise argparse.ArgumentTypeError(f'got "{part}", expected KEY=VALUE')
        if labels.setdefault(key, value) != value:
            raise argparse.ArgumentTypeError(f'got "{key}" twice, expected each label once')
    return labels


def _label(text: str) -> str:
    """Read the name of a namespace or revision, which is a DNS label (RFC 1123)."""
    if len(text) > 63 or not re.fullmatch("[a-z0-9]([-a-z0-9]*[a-z0-9])?", text):
        raise argparse.ArgumentTypeError(
            f'got "{text[:80]}", expected at most 63 lower-case letters, digits and -'
        )
    return text
