"""`python -m tests.goldens [--update]`: compare the goldens with the engine, or write them."""

from __future__ import annotations

import argparse
import sys
from difflib import unified_diff

from tests.goldens import cases, explanations, render

REFERENCE_CASE = "deployment"
"""The case whose Envoy document the others are compared with."""


def main() -> int:
    """Return 0, or 1 when something differs."""
    parser = argparse.ArgumentParser(prog="python -m tests.goldens", description=__doc__)
    parser.add_argument("--update", action="store_true", help="write the goldens")
    if parser.parse_args().update:
        return _update()
    different = [name for name in cases.names() if _compare(name)]
    print(f"{len(cases.names())} cases, {len(different)} different: {' '.join(different)}")
    return 1 if different else 0


def _update() -> int:
    (result,) = render.results(cases.case(REFERENCE_CASE))
    reference = cases.DIRECTORY / cases.REFERENCE
    reference.write_text(render.envoy_document(result.after), encoding="utf-8")
    for stray in cases.strays():
        (cases.DIRECTORY / stray).unlink()
    for name in cases.names():
        cases.write(name, render.files(cases.case(name)))
    explanations.update()
    print(f"{len(cases.names())} cases written")
    return 0


def _compare(name: str) -> bool:
    written, made = cases.written(name), render.files(cases.case(name))
    for suffix in sorted(written.keys() | made.keys()):
        before, after = written.get(suffix, ""), made.get(suffix, "")
        sys.stdout.writelines(
            unified_diff(
                before.splitlines(keepends=True),
                after.splitlines(keepends=True),
                f"{name}{suffix}",
                "now",
            )
        )
    return written != made


if __name__ == "__main__":
    sys.exit(main())
