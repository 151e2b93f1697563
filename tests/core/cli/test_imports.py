"""What a command loads: every import is paid for by everyone who waits for it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.core.cli.command import EXAMPLES, ROOT, SECONDS, SHOP, environment

NEVER = {
    "asyncio", "cryptography", "fastapi", "jsonpatch", "jsonschema", "kubernetes", "pydantic",
    "ssl", "starlette", "uvicorn",
}  # fmt: skip
INSTALLED = {"msgspec", "yaml"}
"""What `inject` loads beside the standard library. Whoever adds one measures what it costs."""
THEIRS = {"cython_runtime", "typing_extensions"}
"""What those load themselves, if it is there: PyYAML's binding and msgspec, in this order."""
PROBE = """
import sys
before = set(sys.modules)
from webhook.cli.main import main
code = main(sys.argv[1:])
import json
print(json.dumps([code, sorted({name.partition(".")[0] for name in set(sys.modules) - before})]),
      file=sys.stderr)
"""
PATH = str(SHOP / "stock.yaml")
COMMANDS = [
    ("inject", "-q", "-f", PATH),
    ("inject", "-q", "-f", str(SHOP)),
    ("inject", "-q", "--report", "-f", PATH),
    ("inject", "-q", "--patch", "-f", PATH),
    ("uninject", "-q", "-f", PATH),
    ("diff", "-q", "-f", PATH),
    ("explain", "-f", PATH),
    ("explain", "-o", "json", "-f", PATH),
    ("bootstrap", "-f", PATH),
    ("redirect", "plan", "--arguments", "-f", PATH),
    ("config", "show"),
    ("config", "schema"),
    ("completion", "bash"),
]


def _loaded(*arguments: str) -> tuple[int, set[str]]:
    """Return the exit code of a command, and the top-level names that it has loaded."""
    done = subprocess.run(
        [sys.executable, "-c", PROBE, *arguments],
        cwd=ROOT, env=environment(), capture_output=True, check=True, timeout=SECONDS,
    )  # fmt: skip
    code, modules = json.loads(done.stderr.splitlines()[-1])
    return code, set(modules)


@pytest.mark.parametrize("arguments", COMMANDS, ids=lambda words: " ".join(words[:2]))
def test_offline_command_loads_nothing_heavy(arguments: tuple[str, ...]) -> None:
    """No offline command loads a web framework, a cluster client, TLS or a checker of schemas."""
    code, modules = _loaded(*arguments)
    assert code == 0
    assert modules & NEVER == set()


def test_configuration_is_read_without_its_checker() -> None:
    """A configuration file without mistakes needs no library that would list them."""
    config = str(EXAMPLES / "configuration.yaml")
    code, modules = _loaded("inject", "-q", "-f", PATH, "--config", config)
    assert code == 0
    assert modules & NEVER == set()


def test_inject_loads_exactly_these() -> None:
    """The libraries that `inject` loads are listed, so that a new one is added on purpose."""
    _, modules = _loaded("inject", "-q", "-f", PATH)
    others = {name for name in modules if not _is_standard(name)}
    assert others - THEIRS == {*INSTALLED, "webhook"}


def _is_standard(name: str) -> bool:
    return name in sys.stdlib_module_names or name.startswith(("_", "__editable__"))


def test_the_list_would_notice() -> None:
    """The probe sees what a command loads: `--verify` does load the patch library."""
    code, modules = _loaded("inject", "-q", "--patch", "--verify", "-f", PATH)
    assert code == 0
    assert "jsonpatch" in modules


def test_help_loads_no_engine() -> None:
    """`--help` and `--version` answer without the engine."""
    for option in ("--version", "--help"):
        done = subprocess.run(
            [sys.executable, "-X", "importtime", "-m", "webhook", option],
            cwd=ROOT, env=environment(), capture_output=True, check=True, timeout=SECONDS,
        )  # fmt: skip
        assert b"webhook.cli.main" in done.stderr
        assert b"webhook.injection" not in done.stderr
        assert b"msgspec" not in done.stderr


def test_console_script_is_where_the_product_is_installed() -> None:
    """The environment of the tests has the product installed, or console scripts prove nothing."""
    assert Path(sys.executable).with_name("pillion").exists()
