"""The scripts of a clone do what the README says of them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests import generated

ROOT = Path(__file__).parents[3]


def test_first_command_injects_an_application(tmp_path: Path) -> None:
    """README's first command writes injected manifests."""
    done = subprocess.run(
        ["scripts/pillion", "inject", "-f", "examples/shop", "-o", f"{tmp_path}/injected/"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "istio-proxy" in (tmp_path / "injected" / "stock.yaml").read_text(encoding="utf-8")


def test_bench_names_its_parts() -> None:
    """A benchmark that does not exist is a usage error that names those that do."""
    done = subprocess.run(
        ["scripts/bench", "nothing"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 2
    assert "engine" in done.stderr


@pytest.mark.parametrize("path", generated.files(), ids=lambda path: path.name)
def test_generated_file_is_current(path: Path) -> None:
    """What is made from the code is what the code makes now."""
    assert path.read_text(encoding="utf-8") == generated.files()[path]
