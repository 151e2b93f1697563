"""Reads what a group of tools pins: its programs, their versions and the version stamp."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

GROUPS_DIRECTORY = Path(__file__).parent
"""Each folder here whose `go.mod` names tools is a group; the graphs of two groups may clash."""

_TOOL_LINE = re.compile(r"^(?:tool\s+|\t)(?P<package>[^\s()]+)(?:\s*//\s*(?P<name>\S+))?\s*$")
_REQUIRE_LINE = re.compile(r"^(?:require\s+|\t)(?P<module>[^\s()]+) (?P<version>v\S+)")
_MODULE_LINE = re.compile(r"^module (?P<module>\S+)$", re.MULTILINE)
_MAJOR_SUFFIX = re.compile(r"^v\d+$")


class ToolError(Exception):
    """A pin cannot be read or a tool cannot be built; the message says which and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """One program: its file name, its Go package, and the linker flags that stamp its version."""

    name: str
    package: str
    version: str
    ldflags: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A folder with one `go.mod`; `digest` changes when any pin, flag or source in it does."""

    name: str
    directory: Path
    digest: str
    tools: tuple[Tool, ...]

    def tool(self, name: str) -> Tool:
        """Return the tool of that file name, or raise ToolError naming those there are."""
        for tool in self.tools:
            if tool.name == name:
                return tool
        known = ", ".join(tool.name for tool in self.tools)
        raise ToolError(f'tool group "{self.name}": got tool "{name}", expected one of {known}')


def group_names(directory: Path = GROUPS_DIRECTORY) -> tuple[str, ...]:
    """Return the names of all groups, sorted."""
    modules = directory.glob("*/go.mod")
    return tuple(sorted(m.parent.name for m in modules if _directive(m.read_text(), "tool")))


def read_group(name: str, directory: Path = GROUPS_DIRECTORY) -> Group:
    """Read `go.mod`, `go.sum` and the optional `ldflags` file of the group `name`.

    `ldflags` holds linker flags with the placeholders `{version}` (as pinned, with its `v`),
    `{major}` and `{minor}`.

    Raises:
        ToolError: there is no such group, or its tool directive names nothing that it requires.
    """
    if name not in group_names(directory):
        known = ", ".join(group_names(directory))
        raise ToolError(f'tool group: got "{name}", expected one of {known}')
    folder = directory / name
    pins = (folder / "go.mod", folder / "go.sum", folder / "ldflags")
    parts = [path.read_bytes() if path.exists() else b"" for path in pins]
    parts += [path.read_bytes() for path in sorted(folder.glob("*.go"))]
    go_mod, ldflags = parts[0].decode(), parts[2].decode()
    return Group(
        name=name,
        directory=folder,
        digest=hashlib.sha256(b"\0".join(parts)).hexdigest(),
        tools=_read_tools(name, go_mod, ldflags),
    )


def _read_tools(group: str, go_mod: str, ldflags: str) -> tuple[Tool, ...]:
    versions = {
        found["module"]: found["version"]
        for line in _directive(go_mod, "require")
        if (found := _REQUIRE_LINE.match(line))
    }
    own = _MODULE_LINE.search(go_mod)
    if own is not None and versions:
        # A program whose source lies here is a driver of the module that is required first.
        versions[own["module"]] = next(iter(versions.values()))
    return tuple(
        _tool(group, found["package"], found["name"], versions, ldflags)
        for line in _directive(go_mod, "tool")
        if (found := _TOOL_LINE.match(line))
    )


def _tool(
    group: str, package: str, name: str | None, versions: dict[str, str], ldflags: str
) -> Tool:
    modules = [m for m in versions if package == m or package.startswith(f"{m}/")]
    if not modules:
        raise ToolError(f'tool group "{group}": no require line provides the tool "{package}"')
    version = versions[max(modules, key=len)]
    major, minor = version.removeprefix("v").split(".")[:2]
    stamp = ldflags.format(version=version, major=major, minor=minor)
    return Tool(
        name=name or _file_name(package),
        package=package,
        version=version,
        ldflags=" ".join(stamp.split()),
    )


def _file_name(package: str) -> str:
    """Name the program as Go does: the last element that is not a major version."""
    last = package.rsplit("/", 1)[-1]
    return package.split("/")[-2] if _MAJOR_SUFFIX.match(last) else last


def _directive(go_mod: str, keyword: str) -> list[str]:
    """Return the lines of one directive, of its one-line and its block form."""
    lines, inside = [], False
    for line in go_mod.splitlines():
        if line.startswith(f"{keyword} ("):
            inside = True
        elif line.startswith(")"):
            inside = False
        elif inside or line.startswith(f"{keyword} "):
            lines.append(line)
    return lines
