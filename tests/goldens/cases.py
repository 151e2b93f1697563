"""The cases on disk: their inputs, and the files that were written for them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from webhook.configuration.reader import read
from webhook.model.settings import Settings

DIRECTORY = Path(__file__).with_name("injection")
REFERENCE = "reference.envoy.json"
"""The Envoy document that the others are compared with; belongs to no case."""

NAMESPACE = "demo"
"""Of objects that name none, as by `pillion inject -n`."""
TOKEN = "0123456789abcdef0123456789abcdef"
"""Of every pod, as by `pillion inject --token`."""

_INPUT, _SETTINGS = ".input.yaml", ".settings.yaml"
_LABELS = "# namespace-labels:"


class Case(Struct, frozen=True):
    """One input."""

    name: str
    text: str
    settings: Settings
    namespace_labels: Mapping[str, str] | None

    @property
    def fact(self) -> str:
        """The sentence that the input's first comment holds."""
        first = self.text.split("\n", 1)[0]
        return first.removeprefix("# ") if first.startswith("# ") else ""

    @property
    def path(self) -> Path:
        """The input's file."""
        return DIRECTORY / f"{self.name}{_INPUT}"


def names() -> tuple[str, ...]:
    """Return the names of all cases, sorted."""
    return tuple(sorted(path.name.removesuffix(_INPUT) for path in DIRECTORY.glob(f"*{_INPUT}")))


def case(name: str) -> Case:
    """Return a case."""
    text = (DIRECTORY / f"{name}{_INPUT}").read_text(encoding="utf-8")
    path = DIRECTORY / f"{name}{_SETTINGS}"
    settings = read(path.read_text(encoding="utf-8"), path.name) if path.exists() else Settings()
    return Case(name, text, settings, _namespace_labels(text))


def written(name: str) -> dict[str, str]:
    """Return the files that were written for a case, by their suffix."""
    return {
        path.name.removeprefix(name): path.read_text(encoding="utf-8")
        for path in DIRECTORY.glob(f"{name}.*")
        if not path.name.endswith((_INPUT, _SETTINGS))
    }


def write(name: str, files: Mapping[str, str]) -> None:
    """Replace the files of a case."""
    for suffix in written(name).keys() - files.keys():
        (DIRECTORY / f"{name}{suffix}").unlink()
    for suffix, text in files.items():
        (DIRECTORY / f"{name}{suffix}").write_text(text, encoding="utf-8")


def strays() -> tuple[str, ...]:
    """Return the files that belong to no case."""
    known = set(names())
    return tuple(
        sorted(
            path.name
            for path in DIRECTORY.iterdir()
            if path.name != REFERENCE and path.name.split(".", 1)[0] not in known
        )
    )


def _namespace_labels(text: str) -> Mapping[str, str] | None:
    for line in text.split("\n"):
        if not line.startswith("#"):
            break
        if line.startswith(_LABELS):
            pairs = line.removeprefix(_LABELS).strip().split(",")
            return dict(pair.split("=", 1) for pair in pairs)
    return None
