"""The libraries of every command, loaded without the parts of them that commands do not use.

Whoever waits for a command pays for its imports. Loaded whole, these two take longer than
everything of ours.
"""

from __future__ import annotations

import importlib
import sys
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType, SimpleNamespace
from typing import Any

_LEFT_OUT = {
    "reader": "ReaderError",
    "scanner": "ScannerError",
    "parser": "ParserError",
    "composer": "ComposerError",
    "constructor": "ConstructorError",
    "emitter": "EmitterError",
    "serializer": "SerializerError",
    "representer": "RepresenterError",
}
"""PyYAML's modules of which its binding of libyaml takes the error and nothing else."""


def load_msgspec() -> None:
    """Load msgspec without `typing_extensions`, a sixth of a start.

    It takes that for newer syntax than this project uses, and does without where it is not
    installed.
    """
    sys.modules["typing_extensions"] = None  # type: ignore[assignment]
    importlib.import_module("msgspec.json")
    del sys.modules["typing_extensions"]


def load_libyaml() -> None:
    """Load PyYAML's binding of libyaml without its reader and writer in Python, a sixth of a start.

    These follow as soon as something asks the package for another name, as the Kubernetes client
    does.
    """
    spec = PathFinder.find_spec("yaml")
    if spec is None or "yaml" in sys.modules:
        return
    package = _unread(spec)
    sys.modules["yaml"] = package
    try:
        _bind(package)
    except (ImportError, AttributeError):
        # A binding that takes more than the one we know: the whole package has it.
        for name in [name for name in sys.modules if name.partition(".")[0] == "yaml"]:
            del sys.modules[name]


def _unread(spec: ModuleSpec) -> ModuleType:
    """Return a package whose own code runs when it is asked for a name that it does not have."""
    package = ModuleType(spec.name)
    package.__spec__ = spec
    package.__path__ = spec.submodule_search_locations or []

    def complete(name: str) -> Any:
        del package.__dict__["__getattr__"]
        if spec.loader is not None:
            spec.loader.exec_module(package)
        binding = sys.modules["yaml._yaml"]
        for part, error in _LEFT_OUT.items():
            setattr(binding, error, getattr(sys.modules[f"yaml.{part}"], error))
        return getattr(package, name)

    package.__dict__["__getattr__"] = complete
    return package


def _bind(package: ModuleType) -> None:
    """Load the binding, with stand-ins for the errors of what is left out."""
    for part in ("error", "events", "nodes", "tokens"):
        importlib.import_module(f"yaml.{part}")
    from yaml.error import MarkedYAMLError, YAMLError

    class ReaderError(YAMLError):
        """Is made as the one of `yaml.reader` is."""

        def __init__(self, _name: str, position: int, _got: object, _of: str, reason: str) -> None:
            super().__init__(reason)
            self.position, self.reason = position, reason

    for part, error in _LEFT_OUT.items():
        stand_in = ReaderError if part == "reader" else MarkedYAMLError
        package.__dict__[part] = SimpleNamespace(**{error: stand_in})
    importlib.import_module("yaml._yaml")
    for part in _LEFT_OUT:
        del package.__dict__[part]
