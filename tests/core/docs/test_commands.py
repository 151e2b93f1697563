"""Every command that the documentation shows does what it shows."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.core.docs.pages import ROOT, matches, pages, steps

SECONDS = 120
"""A command takes a second; only a hang takes this long."""
PAGES = [page for page in pages() if list(steps(page.read_text(encoding="utf-8")))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_do_what_the_page_shows(page: Path, tmp_path: Path) -> None:
    """Each command of a page ends with 0 and prints what the page shows, one after the other."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    for step in steps(page.read_text(encoding="utf-8")):
        done = subprocess.run(
            ["sh", "-c", step.command],
            cwd=tmp_path,
            env=_environment(tmp_path),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        where = f"{page.name}, line {step.line}: {step.command}"
        assert done.returncode == 0, f"{where}\n{done.stdout}"
        assert matches(step.shown, done.stdout), f"{where}\n{done.stdout}"


def test_there_are_commands() -> None:
    """The how-to of the dry run has commands that are run, so the pages are really read."""
    how_to = ROOT / "docs" / "how-to" / "inject-manifests.md"
    assert how_to in PAGES
    assert len(list(steps(how_to.read_text(encoding="utf-8")))) > 10


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        (("a", "b"), "a\nb\n", True),
        (("a",), "a\nb\n", False),
        (("a", "..."), "a\nb\nc\n", True),
        (("...", "c"), "a\nb\n", False),
        ((), "", True),
        ((), "a\n", False),
        (("a.c",), "abc\n", False),
    ],
)
def test_comparison_can_fail(shown: tuple[str, ...], printed: str, same: bool) -> None:
    """Lines are compared as a whole; only `...` stands for others."""
    assert matches(shown, printed) is same


@pytest.mark.parametrize(
    ("text", "commands"),
    [
        ("```console\n$ a\nb\n$ c\n```\n", ["a", "c"]),
        ("```console\n# not run: needs b\n$ a\n```\n", []),
        ("```sh\n$ a\n```\n", []),
    ],
)
def test_blocks_are_read(text: str, commands: list[str]) -> None:
    """Commands of console blocks are found, unless the block says why it is not run."""
    assert [step.command for step in steps(text)] == commands


def test_block_without_command_is_a_mistake() -> None:
    """A block that neither is run nor says why is refused."""
    with pytest.raises(ValueError, match="line 2: got no command"):
        list(steps("```console\npillion inject\n```\n"))


def _environment(home: Path) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PILLION_")}
    scripts = Path(sys.executable).parent
    path = f"{scripts}{os.pathsep}{kept['PATH']}"
    return {**kept, "PATH": path, "HOME": str(home), "PYTHONPATH": str(ROOT)}
