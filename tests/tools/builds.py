"""Builds pinned tools, once per set of pins, into a cache outside the checkout."""

import fcntl
import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.tools.pins import GROUPS_DIRECTORY, Group, Tool, ToolError, read_group

BUILD_SECONDS = 3600
"""Longest build of one tool: a cold kube-apiserver takes 6 minutes on two free cores."""


def cache_directory() -> Path:
    """Return the folder of built tools: below `PILLION_CACHE`, else `~/.cache/pillion`."""
    root = os.environ.get("PILLION_CACHE") or Path.home() / ".cache" / "pillion"
    return Path(root).resolve() / "tools"


def built_tool(group_name: str, tool_name: str, groups: Path = GROUPS_DIRECTORY) -> Path:
    """Return the path of the tool's program, building it first when the cache lacks it.

    Processes that ask for the same group at once wait for each other; a program appears under
    its final name only when it is complete. Nothing is fetched when it is cached.

    Raises:
        ToolError: unknown group or tool, no Go, or a failed build (its output is in the message).
    """
    group = read_group(group_name, groups)
    tool = group.tool(tool_name)
    program = _entry(group) / tool.name
    if program.exists():
        return program
    with _locked(program.parent.with_suffix(".lock")):
        if not program.exists():
            _build(group, tool, program)
    return program


def _entry(group: Group) -> Path:
    """Return the folder whose name changes with the pins and with the compiler."""
    key = hashlib.sha256(f"{group.digest}\0{_go_version()}".encode()).hexdigest()
    return cache_directory() / f"{group.name}-{key[:16]}"


def _go_version() -> str:
    try:
        # Outside any module, so that no go.mod can make this command fetch another toolchain.
        done = subprocess.run(
            ["go", "version"], capture_output=True, text=True, check=True, timeout=60, cwd="/"
        )
    except FileNotFoundError as error:
        raise ToolError('program "go" is not installed, expected Go 1.26 or newer') from error
    except subprocess.CalledProcessError as error:
        raise ToolError(f"go version failed: {error.stderr.strip()}") from error
    return done.stdout.strip()


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the lock file at `path`; the kernel frees it however this process ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _build(group: Group, tool: Tool, program: Path) -> None:
    program.parent.mkdir(parents=True, exist_ok=True)
    print(f"building {group.name}/{tool.name} {tool.version}", file=sys.stderr, flush=True)
    with tempfile.TemporaryDirectory(dir=program.parent, prefix=".build-") as scratch:
        fresh = Path(scratch) / tool.name
        _run_go(group, tool, fresh)
        fresh.replace(program)


def _run_go(group: Group, tool: Tool, output: Path) -> None:
    try:
        done = subprocess.run(
            _build_command(tool, output),
            cwd=group.directory,
            env=_build_environment(),
            capture_output=True,
            text=True,
            check=False,
            timeout=BUILD_SECONDS,
        )
    except subprocess.TimeoutExpired as error:
        raise ToolError(f"build of {group.name}/{tool.name} took over {BUILD_SECONDS} s") from error
    if done.returncode != 0:
        raise ToolError(f"build of {group.name}/{tool.name} failed:\n{done.stderr.strip()}")


def _build_command(tool: Tool, output: Path) -> list[str]:
    ldflags = f"-s -w {tool.ldflags}".strip()
    # Niced: a cold build takes both cores for minutes, and nobody waits only for it.
    return [
        *("nice", "-n", "10"),
        *("go", "build", "-trimpath", "-mod=readonly", "-buildvcs=false"),
        *("-ldflags", ldflags, "-o", str(output), tool.package),
    ]


def _build_environment() -> dict[str, str]:
    # Static programs run in any image; a work file above the checkout must not change the pins.
    return {**os.environ, "CGO_ENABLED": "0", "GOWORK": "off", "GOFLAGS": ""}
