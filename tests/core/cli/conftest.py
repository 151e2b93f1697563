"""The command line, inside the test's own process and in forked ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.core.cli.command import Run
from tests.core.cli.forks import Forks
from webhook.cli.main import main

Pillion = Callable[..., Run]


@pytest.fixture(scope="session")
def forks() -> Iterator[Forks]:
    """Give processes that share one start."""
    with Forks() as running:
        yield running


@pytest.fixture
def pillion(capsysbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch) -> Pillion:
    """Run a command and return what it left behind."""
    monkeypatch.delenv("PILLION_CONFIG", raising=False)

    def run(*arguments: str) -> Run:
        try:
            code = main([str(each) for each in arguments])
        except SystemExit as left:
            code = int(left.code or 0)
        out, err = capsysbinary.readouterr()
        return Run(code, out, err.decode())

    return run
