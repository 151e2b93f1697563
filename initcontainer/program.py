"""The composition root: builds what a command needs and wires it together."""

from __future__ import annotations

import time

from initcontainer.accounts import Image
from initcontainer.arguments import Arguments, read_switch
from initcontainer.backends import BackendName
from initcontainer.capture import Capture
from initcontainer.commands import SEARCH_PATH, Commands, Limits
from initcontainer.frozen import value
from initcontainer.iptablesbackend import IptablesBackend
from initcontainer.mistakes import LackingError, UsageError
from initcontainer.netfilter import NfTables
from initcontainer.nftbackend import NftBackend
from initcontainer.reading import read_capture
from initcontainer.routes import Routes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from initcontainer.backends import Backend

MAXIMUM_SECONDS = 3600.0
FORCED_BINARIES = {"nft": BackendName.IPTABLES_NFT, "legacy": BackendName.LEGACY}
"""istio-iptables' --force-iptables-binary chooses between the two iptables programs."""


@value
class Settings:
    """How a command runs."""

    command: str
    backend: str
    """A backend's name, or auto."""
    as_json: bool
    limits: Limits
    probe_port: int
    probe_seconds: float
    termination_log: str
    network_namespace: str
    only_self: bool
    check: bool
    skip_apply: bool
    run_validation: bool


@value
class Request:
    """A whole command line, typed."""

    settings: Settings
    capture: Capture
    warnings: tuple[str, ...]


def read_request(arguments: Arguments, environment: Mapping[str, str], image: Image) -> Request:
    """Read everything, so that every mistake is said at once.

    Raises:
        UsageError: with all mistakes of capture and settings.
    """
    mistakes = list(arguments.mistakes)
    settings = read_settings(arguments, mistakes)
    try:
        capture = read_capture(arguments, environment, image)
    except UsageError as error:
        raise UsageError((*mistakes, *error.mistakes)) from None
    if mistakes:
        raise UsageError(tuple(mistakes))
    warnings: tuple[str, ...] = ()
    if read_switch(arguments["redirect-dns"], mistakes) and not capture.redirect_dns:
        warnings = (
            "DNS is not captured: resolv.conf names no server and --capture-all-dns is off",
        )
    return Request(settings=settings, capture=capture, warnings=warnings)


def read_settings(arguments: Arguments, mistakes: list[str]) -> Settings:
    """Read the options that are not about rules."""

    def on(flag: str) -> bool:
        return read_switch(arguments[flag], mistakes)

    def seconds(flag: str) -> float:
        return read_seconds(arguments, flag, mistakes)

    command = arguments.command
    if command == "apply":
        command = "cleanup" if on("cleanup-only") else "plan" if on("dry-run") else "apply"
    now = time.monotonic()
    return Settings(
        command=command,
        backend=read_backend(arguments, mistakes),
        as_json=read_choice(arguments, "output", ("text", "json"), mistakes) == "json",
        limits=Limits(deadline=now + seconds("deadline"), command=seconds("command-timeout")),
        probe_port=read_probe_port(arguments, mistakes),
        probe_seconds=seconds("probe-timeout"),
        termination_log=arguments["termination-log"].text,
        network_namespace=arguments["network-namespace"].text,
        only_self=on("self"),
        check=on("check"),
        skip_apply=on("skip-rule-apply"),
        run_validation=on("run-validation"),
    )


def read_backend(arguments: Arguments, mistakes: list[str]) -> str:
    """Read the backend; istio-iptables' own flags count while ours is auto."""
    chosen = read_choice(arguments, "backend", ("auto", *BackendName), mistakes)
    forced = read_choice(arguments, "force-iptables-binary", ("", *FORCED_BINARIES), mistakes)
    native = read_switch(arguments["native-nftables"], mistakes)
    if chosen != "auto":
        return chosen
    return BackendName.NFT if native else FORCED_BINARIES.get(forced, "auto")


def read_choice(
    arguments: Arguments, flag: str, choices: tuple[str, ...], mistakes: list[str]
) -> str:
    """Read one of several words."""
    given = arguments[flag]
    if given.text not in choices:
        expected = ", ".join(choice for choice in choices if choice)
        mistakes.append(f'{given.origin}: got "{given.text}", expected {expected}')
    return given.text


def read_probe_port(arguments: Arguments, mistakes: list[str]) -> int:
    """Read the port that validation connects to."""
    given = arguments["probe-port"]
    text = given.text
    if not (text.isascii() and text.isdigit() and len(text) < 6 and 0 < int(text) < 65536):
        mistakes.append(f'{given.origin}: got "{text}", expected a port')
        return 1
    return int(text)


def read_seconds(arguments: Arguments, flag: str, mistakes: list[str]) -> float:
    """Read a span of time: `5`, `0.5`, `5s`, `500ms` or `1m`."""
    given = arguments[flag]
    text, factor = given.text, 1.0
    for unit, worth in (("ms", 0.001), ("s", 1.0), ("m", 60.0)):
        if text.endswith(unit):
            text, factor = text.removesuffix(unit), worth
            break
    plain = text.replace(".", "", 1)
    number = float(text) * factor if plain.isascii() and plain.isdigit() else 0.0
    if not 0 < number <= MAXIMUM_SECONDS:
        expected = f"more than 0 and at most {MAXIMUM_SECONDS:g} seconds, as 5s"
        mistakes.append(f'{given.origin}: got "{given.text}", expected {expected}')
        return 1.0
    return number


class System:
    """The kernel's interfaces, open for one run; use as a context."""

    def __init__(self, limits: Limits, search_path: str = SEARCH_PATH) -> None:
        self.commands = Commands(limits, search_path)
        self.tables = NfTables()
        self.routes = Routes()

    def __enter__(self) -> System:
        """Give itself."""
        return self

    def __exit__(self, *_error: object) -> None:
        """Close the sockets."""
        self.tables.close()
        self.routes.close()

    def backends(self) -> tuple[Backend, ...]:
        """Give every backend, in order of preference.

        Raises:
            LackingError: when the kernel has no nf_tables and thus cannot be asked.
        """
        iptables = (BackendName.IPTABLES_NFT, BackendName.LEGACY)
        return (
            NftBackend(self.commands, self.tables),
            *(IptablesBackend(name, self.commands, self.tables) for name in iptables),
        )


def no_namespace(path: str, error: OSError) -> LackingError:
    """Say why a network namespace cannot be entered."""
    return LackingError(f"network namespace {path} cannot be entered: {error.strerror}")
