"""The chart's files that are made from its types: values.yaml, values.schema.json, two pages.

`python -m tests.chart.generate` writes them, `--check` says what is out of date.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Final

from tests.chart import pages
from tests.chart.schema import schema

ROOT: Final = Path(__file__).parents[2]
CHART: Final = ROOT / "charts" / "pillion"


def files() -> dict[Path, str]:
    """Return every generated file with the text that it should hold."""
    introduction = (CHART / "README.md.in").read_text(encoding="utf-8")
    return {
        CHART / "values.yaml": pages.values_file(),
        CHART / "values.schema.json": json.dumps(schema(), indent=2, ensure_ascii=False) + "\n",
        CHART / "README.md": pages.readme(introduction),
        ROOT / "docs" / "reference" / "values.md": pages.reference(),
    }


def main(argv: list[str]) -> int:
    """Write the files, or with `--check` name those that are out of date; 0 or 1."""
    stale = {
        path: text
        for path, text in files().items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    }
    for path, text in stale.items():
        name = path.relative_to(ROOT)
        if argv == ["--check"]:
            print(f"{name}: out of date; run python -m tests.chart.generate", file=sys.stderr)
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        print(f"wrote {name}")
    return 1 if stale and argv == ["--check"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
