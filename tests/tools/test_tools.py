"""Tools are built once per set of pins, whoever asks and how many at once."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.tools.builds import built_tool
from tests.tools.pins import ToolError, group_names, read_group

pytestmark = pytest.mark.apiserver

REPOSITORY = Path(__file__).parents[2]
SOURCE = """package main

import "fmt"

var version = "unstamped"

func main() { fmt.Println(version) }
"""
ASK = """
import sys
from pathlib import Path
from tests.tools.builds import built_tool
print(built_tool("hello", "greeter", Path(sys.argv[1])))
"""


@pytest.fixture
def groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with one group, whose tool is a Go program of this test."""
    monkeypatch.setenv("PILLION_CACHE", str(tmp_path / "cache"))
    group = tmp_path / "groups" / "hello"
    (group / "source").mkdir(parents=True)
    (group / "source" / "go.mod").write_text("module pillion.invalid/hello/v2\n\ngo 1.24\n")
    (group / "source" / "main.go").write_text(SOURCE)
    (group / "ldflags").write_text("-X main.version={version}/{major}/{minor}\n")
    (group / "go.mod").write_text(
        "module pillion.invalid/tests/tools/hello\n\ngo 1.24\n\n"
        "tool pillion.invalid/hello/v2 // greeter\n\n"
        "require pillion.invalid/hello/v2 v2.5.1 // indirect\n\n"
        "replace pillion.invalid/hello/v2 => ./source\n"
    )
    return group.parent


def test_tool_is_built_with_its_version(groups: Path) -> None:
    """The program has the name of the tool line's comment and the stamp of the ldflags file."""
    program = built_tool("hello", "greeter", groups)
    assert program.name == "greeter"
    said = subprocess.run([program], capture_output=True, text=True, check=True, timeout=10)
    assert said.stdout == "v2.5.1/2/5\n"


def test_built_tool_is_not_built_again(groups: Path) -> None:
    """A cached program is returned even when its source can no longer be had."""
    program = built_tool("hello", "greeter", groups)
    (groups / "hello" / "source" / "main.go").write_text("this does not compile")
    assert built_tool("hello", "greeter", groups) == program


def test_changed_pin_is_built_anew(groups: Path) -> None:
    """Another version in go.mod is another program, and the old one stays for who still pins it."""
    before = built_tool("hello", "greeter", groups)
    go_mod = groups / "hello" / "go.mod"
    go_mod.write_text(go_mod.read_text().replace("v2.5.1", "v2.6.0"))
    after = built_tool("hello", "greeter", groups)
    assert after != before
    said = subprocess.run([after], capture_output=True, text=True, check=True, timeout=10)
    assert said.stdout == "v2.6.0/2/6\n"
    assert before.exists()


def test_askers_at_once_share_one_build(groups: Path) -> None:
    """Of three processes that ask together one builds; all get the same complete program."""
    askers = [
        subprocess.Popen(
            [sys.executable, "-c", ASK, str(groups)],
            cwd=REPOSITORY,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    answers = [asker.communicate(timeout=300) for asker in askers]
    assert len({path for path, _ in answers}) == 1
    assert sum("building hello/greeter" in talk for _, talk in answers) == 1
    assert Path(answers[0][0].strip()).exists()


def test_failed_build_shows_the_compiler_and_leaves_nothing(groups: Path) -> None:
    """A build that fails says so in Go's words, and no half-made program stays in the cache."""
    (groups / "hello" / "source" / "main.go").write_text("package main\nfunc main() { absent() }\n")
    with pytest.raises(ToolError, match="undefined: absent"):
        built_tool("hello", "greeter", groups)
    left = [path for path in (groups.parent / "cache").rglob("*") if path.is_file()]
    assert [path.suffix for path in left] == [".lock"]


@pytest.mark.parametrize("name", group_names())
def test_every_group_names_its_tools(name: str) -> None:
    """Every committed group pins at least one tool, at the version of the module it is from."""
    tools = read_group(name).tools
    assert tools
    assert all(tool.version.startswith("v") and "{" not in tool.ldflags for tool in tools)


def test_unknown_names_are_answered_with_the_known_ones() -> None:
    """A misspelt group or tool is refused with the list of what there is."""
    with pytest.raises(ToolError, match=r'got "kub", expected one of .*kube, kube133'):
        read_group("kub")
    with pytest.raises(ToolError, match=r'got tool "kubctl", expected one of .*kubectl'):
        read_group("kube").tool("kubctl")
