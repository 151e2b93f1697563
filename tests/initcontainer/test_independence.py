"""The program needs nothing but Python, and of Python only what starts fast."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = sorted((ROOT / "initcontainer").glob("*.py"))
SLOW = {"argparse", "dataclasses", "hashlib", "ipaddress", "json", "logging", "re", "socket"}
SLOW |= {"subprocess", "typing"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_only_the_standard_library_is_imported(path: Path) -> None:
    """No import leads outside the standard library and this package."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add((node.module or "").partition(".")[0])

    assert names - sys.stdlib_module_names <= {"initcontainer"}


def test_apply_loads_no_slow_module() -> None:
    """A run of apply imports none of the modules that would double its start-up time."""
    program = "import sys, initcontainer.cli, initcontainer.applying; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-S", "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert SLOW & set(done.stdout.split()) == set()


def test_modules_are_small() -> None:
    """Every module stays within 300 lines."""
    assert [path.name for path in MODULES if len(path.read_text().splitlines()) > 300] == []
