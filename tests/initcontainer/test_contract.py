"""What the webhook writes into pods is what this program reads."""

from __future__ import annotations

import itertools
import tomllib
from pathlib import Path

import pytest
from msgspec.structs import replace

from initcontainer import VERSION
from initcontainer.accounts import Image
from initcontainer.arguments import read_arguments
from initcontainer.program import read_request
from webhook.injection.initcontainer import redirect_arguments
from webhook.model.settings import Backend, InterceptionMode, Settings

ROOT = Path(__file__).parents[2]


def variations() -> list[Settings]:
    """Give settings that use every argument the engine can write."""
    default = Settings()
    traffic = replace(
        default.traffic,
        include_outbound_cidrs=("10.0.0.0/8", "fd00::/8"),
        exclude_outbound_cidrs=("10.1.0.0/16",),
        include_inbound_ports=("80", "8000-8100"),
        exclude_inbound_ports=("9000",),
        include_outbound_ports=("5432",),
        exclude_outbound_ports=("25", "100-200"),
        exclude_interfaces=("net1",),
        virtual_interfaces=("vm0", "tap+"),
    )
    modes = (InterceptionMode.REDIRECT, InterceptionMode.TPROXY)
    return [
        replace(
            default,
            traffic=replace(chosen, interception_mode=mode),
            redirect=replace(default.redirect, backend=backend),
        )
        for chosen, mode, backend in itertools.product((default.traffic, traffic), modes, Backend)
    ]


@pytest.mark.parametrize("settings", variations())
def test_every_argv_of_the_webhook_is_understood(settings: Settings) -> None:
    """The arguments parse without a mistake and mean what the settings say."""
    words = redirect_arguments(settings, (8443,))
    read = read_request(read_arguments(words, {}), {}, Image(root="/nonexistent"))

    assert read.settings.command == "apply"
    assert read.settings.backend == settings.redirect.backend.value
    assert read.capture.mode.value == settings.traffic.interception_mode.value
    assert 8443 in read.capture.inbound_excluded_ports
    assert read.capture.outbound_port == settings.proxy.ports.outbound
    assert settings.proxy.uid in read.capture.proxy_users


def test_validation_argv_is_understood() -> None:
    """The unprivileged validation container's arguments parse."""
    read = read_request(read_arguments(["validate", "--self"], {}), {}, Image(root="/nonexistent"))

    assert read.settings.only_self


def test_version_is_the_distribution_version() -> None:
    """The program and the distribution have one version."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())

    assert project["project"]["version"] == VERSION
