"""The libraries that a command loads in part: they work, and the rest of them still can be had."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.core.cli.command import ROOT, SECONDS, SHOP, environment

WHOLE = """
from webhook.cli.libraries import load_libyaml

load_libyaml()
import sys
assert "yaml.reader" not in sys.modules and "yaml._yaml" in sys.modules
import yaml
assert yaml.safe_load("a: [1]") == {"a": [1]}
assert yaml.load("a: [1]", Loader=yaml.CSafeLoader) == {"a": [1]}
assert yaml.dump({"a": [1]}, Dumper=yaml.CSafeDumper) == "a:\\n- 1\\n"
for text, error in ("a: [", yaml.parser.ParserError), ("a: \\0", yaml.reader.ReaderError):
    try:
        yaml.load(text, Loader=yaml.CSafeLoader)
    except error as raised:
        print(str(raised).splitlines()[0])
"""
ASKING = """
import yaml
CParser = yaml.cyaml.CSafeLoader  # what no binding of today asks for
ORIGIN = "another binding"
"""
FALLEN_BACK = """
from webhook.cli.libraries import load_libyaml

load_libyaml()
import yaml
print(yaml.ORIGIN)
"""
NONE = """
import sys
from importlib.machinery import PathFinder
sys.path = [entry for entry in sys.path if PathFinder.find_spec("yaml", [entry]) is None]
from webhook.cli.libraries import load_libyaml

load_libyaml()
print("yaml" in sys.modules)
"""


def _python(program: str, *path: Path) -> str:
    """Run a program with folders before those of the installed packages."""
    places = ":".join(map(str, (*path, ROOT)))
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment(PYTHONPATH=places), capture_output=True, timeout=SECONDS, check=False,
    )  # fmt: skip
    assert done.stderr == b""
    return done.stdout.decode()


def test_the_rest_of_yaml_follows_when_it_is_asked_for() -> None:
    """After the binding alone was loaded, the whole package reads, writes and raises as ever."""
    assert _python(WHOLE).splitlines() == [
        "while parsing a flow node",
        "unacceptable character #x0000: control characters are not allowed",
    ]


def test_another_binding_gets_the_whole_package(tmp_path: Path) -> None:
    """A binding that asks for more than the one we know is loaded with the package around it."""
    package = tmp_path / "yaml"
    package.mkdir()
    for part in ("error", "events", "nodes", "tokens"):
        (package / f"{part}.py").write_text("class YAMLError(Exception): ...\n")
    (package / "error.py").write_text(
        "class YAMLError(Exception): ...\nMarkedYAMLError = YAMLError"
    )
    (package / "cyaml.py").write_text("CSafeLoader = object\n")
    (package / "_yaml.py").write_text(ASKING)
    (package / "__init__.py").write_text("from . import cyaml\nfrom ._yaml import ORIGIN\n")
    assert _python(FALLEN_BACK, tmp_path) == "another binding\n"


def test_no_library_is_no_business_of_the_loader() -> None:
    """Where PyYAML is not installed, the import that needs it says so, not the loader."""
    assert _python(NONE) == "False\n"


LEFT_OUT = {
    "shutil", "typing_extensions", "yaml.constructor", "yaml.reader", "yaml.resolver",
}  # fmt: skip
"""What takes a start longer than it is worth: each of them stood in its profile."""
START = f"""
import sys
from webhook.cli import libraries, main
libraries.load_msgspec()
libraries.load_libyaml()
assert main.main(["inject", "-q", "-o", "/dev/null", "-f", {str(SHOP / "stock.yaml")!r}]) == 0
print(*sys.modules)
"""


def test_a_start_leaves_out_what_it_does_not_need() -> None:
    """Injecting a file loads none of the modules that were found to make a start slow."""
    loaded = set(_python(START).split())
    assert {"yaml._yaml", "webhook.manifests.splice", "msgspec._core"} <= loaded
    assert loaded & LEFT_OUT == set()
