"""Reads the kernel's table of processes: who is whose child, and who is in a namespace."""

from collections.abc import Iterator
from pathlib import Path


def running_processes() -> Iterator[int]:
    """Yield the ids of all processes that run, zombies not counted."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and _state_and_parent(int(entry.name))[0] not in ("", "Z"):
            yield int(entry.name)


def descendants(process: int) -> set[int]:
    """Return the ids of the children of `process`, their children, and so on."""
    children = {each for each in running_processes() if _state_and_parent(each)[1] == process}
    return children.union(*(descendants(child) for child in children))


def network_of(process: int) -> int | None:
    """Return the inode number of the network namespace of a process; None when it has ended.

    For the calling process this is its first thread's.
    """
    try:
        return Path(f"/proc/{process}/ns/net").stat().st_ino
    except OSError:
        return None


def processes_in_network(inode: int) -> set[int]:
    """Return the ids of the processes in the network namespace of that inode number."""
    return {process for process in running_processes() if network_of(process) == inode}


def _state_and_parent(process: int) -> tuple[str, int]:
    """Return the state's letter and the parent's id; nothing and 0 when the process has ended."""
    try:
        # The name in parentheses may hold anything: what follows its last one is regular.
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return "", 0
    return fields[0], int(fields[1])
