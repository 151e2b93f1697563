"""Exit codes, and what a process leaves behind when it is interrupted or nobody listens."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.core.cli.command import ROOT, SECONDS, SHOP, argv, environment
from tests.core.cli.conftest import Pillion
from tests.core.cli.manifests import POD

MEGABYTE = b"# a comment of 32 characters.....\n" * 30_000
"""More than a pipe holds: once it is written, the command is reading."""


def _reading(*arguments: str, cwd: Path, stdout: int = subprocess.PIPE) -> subprocess.Popen[bytes]:
    """Start a command that reads standard input, and return when it does."""
    process = subprocess.Popen(
        argv(*arguments),
        cwd=cwd,
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=stdout,
        stderr=subprocess.PIPE,
    )
    assert process.stdin is not None
    process.stdin.write(MEGABYTE)
    process.stdin.flush()
    return process


@pytest.mark.parametrize("command", ["inject", "uninject", "diff", "explain"])
def test_interrupt_is_130_and_silent(command: str, tmp_path: Path) -> None:
    """Ctrl-C ends a command with 130, without a traceback and without output."""
    with _reading(command, "-f", "-", cwd=tmp_path) as process:
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=SECONDS)
    assert (process.returncode, out, err) == (130, b"", b"")


def test_killed_command_has_written_nothing(tmp_path: Path) -> None:
    """Output starts only when every input was read, so a killed command leaves the old file."""
    target = tmp_path / "out.yaml"
    target.write_text("as it was")
    (tmp_path / "a.yaml").write_text(POD)
    arguments = ("inject", "-f", "a.yaml", "-f", "-", "-o", "out.yaml")
    with _reading(*arguments, cwd=tmp_path) as process:
        process.kill()
        process.communicate(timeout=SECONDS)
    assert process.returncode == -signal.SIGKILL
    assert target.read_text() == "as it was"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.yaml", "out.yaml"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("inject", "-q"),
        ("inject",),
        ("inject", "--patch"),
        ("inject", "--report"),
        ("diff",),
        ("explain",),
    ],
    ids=" ".join,
)
def test_closed_pipe_is_141_and_silent(arguments: tuple[str, ...], tmp_path: Path) -> None:
    """A reader that is gone ends a command with 141 and without a word."""
    reading, writing = os.pipe()
    with _reading(*arguments, "-f", "-", cwd=tmp_path, stdout=writing) as process:
        os.close(writing)
        os.close(reading)
        _, err = process.communicate(f"---\n{POD}".encode(), timeout=SECONDS)
    assert (process.returncode, err) == (141, b"")


def test_done_is_0(pillion: Pillion) -> None:
    """A command that did what was asked ends with 0, skipped pods or not."""
    assert pillion("inject", "-f", SHOP / "left-alone.yaml").code == 0
    assert pillion("diff", "-f", SHOP / "stock.yaml").code == 0


def test_check_is_3_if_anything_would_change(tmp_path: Path, pillion: Pillion) -> None:
    """`diff --check` ends with 3 if inject would change something, and with 0 if not."""
    injected = tmp_path / "stock.yaml"
    pillion("inject", "-f", SHOP / "stock.yaml", "-o", injected)
    assert pillion("diff", "--check", "-f", SHOP / "stock.yaml").code == 3
    assert pillion("diff", "--check", "-f", injected).code == 0
    assert pillion("diff", "--check", "-f", SHOP / "left-alone.yaml").code == 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "the following arguments are required: COMMAND; see pillion --help"),
        (("injct", "-f", "x"), "invalid choice: 'injct'"),
        (("config",), "the following arguments are required: action; see pillion config --help"),
        (("config", "burn"), "invalid choice: 'burn'"),
        (("redirect", "-f", "x"), "the following arguments are required: action"),
        (("explain", "-f", "x", "-o", "xml"), "invalid choice: 'xml'"),
        (("--colour",), "the following arguments are required: COMMAND"),
    ],
)
def test_usage_is_2(arguments: tuple[str, ...], says: str, pillion: Pillion) -> None:
    """A command line that cannot be meant ends with 2 and one sentence that points at the help."""
    run = pillion(*arguments)
    assert (run.code, run.out) == (2, b"")
    assert run.err.startswith("pillion: ")
    assert says in run.err
    assert run.err.count("\n") == 1


@pytest.mark.parametrize("name", ["pillion", "kubectl-pillion"])
def test_console_scripts_are_the_command_line(name: str) -> None:
    """The installed commands are what `python -m webhook` is."""
    script = Path(argv()[0]).with_name(name)
    done = subprocess.run(
        [str(script), "--version"],
        cwd=ROOT, env=environment(), capture_output=True, check=False, timeout=SECONDS,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.startswith(b"pillion 0.")
