"""Every bad input: an exit code, one sentence, nothing on standard output, nothing written."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.core.cli.bad_inputs import ANNOTATIONS, GOOD, MANIFESTS, PLACES, PODS, ROWS, Bad
from tests.core.cli.command import Run, listing
from tests.core.cli.conftest import Pillion
from tests.core.cli.forks import Forks
from tests.core.cli.manifests import POD

ALONE = (*MANIFESTS, *PLACES)
"""What might crash or hang an interpreter, or depends on the process, is run as one of its own."""


def _named(rows: Iterable[Bad]) -> list[object]:
    return [pytest.param(row, id=f"{index:02}-{row.name}") for index, row in enumerate(rows)]


def _prepare(row: Bad, folder: Path) -> dict[str, bytes | None]:
    for name, data in {GOOD: POD.encode(), **row.files}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return listing(folder)


def _is_as_promised(row: Bad, run: Run) -> None:
    lines = run.err.splitlines()
    assert run.code == row.code, run.err
    assert [line[:9] for line in lines] == ["pillion: "] * row.sentences, run.err
    assert [part for part in row.says if part not in run.err] == [], run.err
    assert not any(line.endswith(".") for line in lines)
    assert run.out == b""


@pytest.mark.parametrize("row", _named(ALONE))
def test_bad_input_of_a_process(row: Bad, tmp_path: Path, forks: Forks) -> None:
    """A process that reads a bad input leaves a code and a sentence: where, got and expected."""
    before = _prepare(row, tmp_path)
    _is_as_promised(row, forks.run("inject", *row.arguments, cwd=tmp_path, stdin=row.stdin))
    assert listing(tmp_path) == before


@pytest.mark.parametrize("row", _named(row for row in ROWS if row not in ALONE))
def test_bad_input(
    row: Bad, tmp_path: Path, pillion: Pillion, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bad pod, annotation, configuration or option leaves a code, and a sentence each."""
    before = _prepare(row, tmp_path)
    monkeypatch.chdir(tmp_path)
    _is_as_promised(row, pillion("inject", *row.arguments))
    assert listing(tmp_path) == before


@pytest.mark.parametrize("row", _named((*MANIFESTS, *PODS, *ANNOTATIONS)))
def test_bad_manifest_writes_no_file(
    row: Bad, tmp_path: Path, pillion: Pillion, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bad manifest beside a good one leaves no new folder, and an existing file as it is."""
    before = _prepare(row, tmp_path)
    monkeypatch.chdir(tmp_path)
    assert pillion("inject", *row.arguments, "-o", GOOD).code == 1
    assert pillion("inject", *row.arguments, "-o", "out/").code == 1
    assert listing(tmp_path) == before


@pytest.mark.parametrize("row", _named((*MANIFESTS, *PODS)))
def test_other_commands_survive_it_too(
    row: Bad, tmp_path: Path, pillion: Pillion, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No bad manifest gives another command of the command line a traceback."""
    _prepare(row, tmp_path)
    monkeypatch.chdir(tmp_path)
    for command in (("uninject",), ("explain",), ("bootstrap",), ("redirect", "plan")):
        run = pillion(*command, *row.arguments)
        assert run.code in (0, 1)
        assert run.code == 0 or (run.out == b"" and run.err.startswith("pillion: ")), run.err


def test_explain_tells_of_a_pod_that_is_denied(
    tmp_path: Path, pillion: Pillion, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What makes inject fail is what explain is asked about, so there it is an answer."""
    monkeypatch.chdir(tmp_path)
    for row in ANNOTATIONS:
        _prepare(row, tmp_path)
        run = pillion("explain", "-f", "bad.yaml")
        assert run.code == 0
        assert row.says[2] in run.text


def test_the_table_is_as_long_as_it_claims() -> None:
    """The table has at least 35 rows, each of its own."""
    assert len({(row.name, row.arguments, tuple(row.files.values())) for row in ROWS}) >= 35
