"""What `pillion explain` says of the example namespace: `python -m tests.goldens.explanations`
compares, `--update` writes.
"""

from __future__ import annotations

import argparse
import sys
from difflib import unified_diff
from pathlib import Path

from tests.core.cli.command import process

DIRECTORY = Path(__file__).parent / "explain"
ARGUMENTS = ("explain", "-f", "examples/namespace", "--config", "examples/configuration.yaml")
FORMS = {"namespace.txt": "text", "namespace.json": "json"}


def made() -> dict[str, str]:
    """Return the texts as they are now, by file name."""
    texts = {}
    for name, form in FORMS.items():
        run = process(*ARGUMENTS, "-o", form)
        assert (run.code, run.err) == (0, ""), run.err
        texts[name] = run.text
    return texts


def written() -> dict[str, str]:
    """Return the texts that were reviewed, by file name."""
    return {path.name: path.read_text(encoding="utf-8") for path in DIRECTORY.iterdir()}


def update() -> None:
    """Write the texts, and remove what no form is made of any more."""
    DIRECTORY.mkdir(exist_ok=True)
    for path in DIRECTORY.iterdir():
        path.unlink()
    for name, text in made().items():
        (DIRECTORY / name).write_text(text, encoding="utf-8")


def main() -> int:
    """Return 0, or 1 when something differs."""
    parser = argparse.ArgumentParser(prog="python -m tests.goldens.explanations")
    parser.add_argument("--update", action="store_true", help="write the goldens")
    if parser.parse_args().update:
        update()
        return 0
    before, now = written(), made()
    for name in sorted(before.keys() | now.keys()):
        old, new = before.get(name, "").splitlines(), now.get(name, "").splitlines()
        sys.stdout.writelines(f"{line}\n" for line in unified_diff(old, new, name, "now", "", ""))
    return 1 if before != now else 0


if __name__ == "__main__":
    sys.exit(main())
