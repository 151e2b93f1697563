"""`pillion diff`: a difference that other programs can read and apply."""

from __future__ import annotations

import os
import pty
import subprocess
from pathlib import Path

import pytest

from tests.core.cli.command import EXAMPLES, SECONDS, SHOP, argv, environment
from tests.core.cli.conftest import Pillion
from tests.core.cli.manifests import POD, SERVICE

FILES = sorted([*SHOP.iterdir(), EXAMPLES / "anchors" / "shared-probe.yaml"])


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.name))
def test_git_applies_it(
    path: Path, tmp_path: Path, pillion: Pillion, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`git apply` makes of the input, by the difference, what inject writes."""
    monkeypatch.chdir(tmp_path)
    copy = tmp_path / path.name
    copy.write_bytes(path.read_bytes())
    wanted = pillion("inject", "-q", "-f", path.name).out
    difference = pillion("diff", "-q", "-f", path.name).out
    if difference:
        subprocess.run(
            ["git", "apply", "--whitespace=nowarn", "-"],
            input=difference, check=True, capture_output=True, timeout=SECONDS,
        )  # fmt: skip
    assert copy.read_bytes() == wanted
    assert (difference == b"") is (path.name in ("00-namespace.yaml", "left-alone.yaml"))


def test_file_without_a_last_line_end(
    tmp_path: Path, pillion: Pillion, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A missing last line end is shown as every diff shows it, and can be applied."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "x.yaml"
    path.write_text(POD.rstrip("\n"))
    wanted = pillion("inject", "-q", "-f", "x.yaml").out
    difference = pillion("diff", "-q", "-f", "x.yaml").out
    assert b"\n\\ No newline at end of file\n" in difference
    subprocess.run(["git", "apply", "-"], input=difference, check=True, timeout=SECONDS)
    assert path.read_bytes() == wanted


@pytest.mark.parametrize("letter", ["\u2028", "\x85", "\u2029"], ids=ascii)
def test_only_line_feeds_end_lines(letter: str, tmp_path: Path, pillion: Pillion) -> None:
    """What some readers take for a line end inside a scalar does not tear a line apart."""
    path = tmp_path / "x.yaml"
    line = f'  generateName: "a{letter}b"'
    path.write_text(POD.replace("  namespace: demo", f"  namespace: demo\n{line}"))
    text = pillion("diff", "-q", "-f", path).text
    assert f"\n {line}\n" in text
    assert "No newline" not in text


def test_absolute_path_has_one_slash(pillion: Pillion) -> None:
    """The header of an absolute path is one that patch programs can strip."""
    text = pillion("diff", "-q", "-f", SHOP / "stock.yaml").text
    assert text.startswith(f"--- a{SHOP}/stock.yaml\n+++ b{SHOP}/stock.yaml\n@@ ")


def test_unchanged_inputs_are_not_mentioned(tmp_path: Path, pillion: Pillion) -> None:
    """Nothing is printed for an input that would not change."""
    path = tmp_path / "x.yaml"
    path.write_text(SERVICE)
    run = pillion("diff", "-f", path)
    assert (run.code, run.out, run.err) == (0, b"", "no pods; 1 document without pods\n")


def _on_a_terminal(cwd: Path, **variables: str) -> bytes:
    """Run `diff` on a pseudo-terminal of its own."""
    terminal, stdout = pty.openpty()
    with subprocess.Popen(
        argv("diff", "-q", "-f", "x.yaml"), cwd=cwd, stdout=stdout, env=environment(**variables)
    ) as process:
        os.close(stdout)
        data = b""
        while True:
            try:
                part = os.read(terminal, 65536)
            except OSError:  # Linux' end of a terminal
                break
            data += part
            if not part:
                break
        os.close(terminal)
        assert process.wait(SECONDS) == 0
    return data


def test_colours_are_for_terminals(tmp_path: Path) -> None:
    """A terminal gets colours unless NO_COLOR is set; a file or pipe never does."""
    (tmp_path / "x.yaml").write_text(POD)
    assert b"\033[32m+" in _on_a_terminal(tmp_path, NO_COLOR="")
    assert b"\033" not in _on_a_terminal(tmp_path, NO_COLOR="1")


def test_no_colours_in_a_pipe(pillion: Pillion) -> None:
    """A pipe gets none."""
    assert b"\033" not in pillion("diff", "-f", SHOP).out
