"""`python -m tests.kernel.usernamespace IDS COMMAND…`: run as root of new namespaces, as in a pod.

User, network, process and mount namespaces are new, and /proc is mounted afresh.
The parent, which is root outside, writes the maps; so no set-id helper program is needed.
"""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

NEW_NAMESPACES = 0x10000000 | 0x40000000 | 0x20000000 | 0x00020000
"""CLONE_NEWUSER, NEWNET, NEWPID, NEWNS."""
FIRST_OUTSIDE = 100000


def main() -> None:
    """Unshare in a child, map, then become root there and run the command."""
    ids, command = sys.argv[1], sys.argv[2:]
    ready, written = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        library = ctypes.CDLL(None)
        if library.unshare(NEW_NAMESPACES):
            os._exit(99)
        os.write(ready[1], b"x")
        os.read(written[0], 1)
        os.setresgid(0, 0, 0)
        os.setresuid(0, 0, 0)
        inner = os.fork()
        if inner == 0:
            if library.mount(b"proc", b"/proc", b"proc", 0, None):
                os._exit(98)
            os.execvp(command[0], command)
        os._exit(os.waitstatus_to_exitcode(os.waitpid(inner, 0)[1]))
    os.read(ready[0], 1)
    for name in ("uid_map", "gid_map"):
        Path(f"/proc/{child}/{name}").write_text(f"0 {FIRST_OUTSIDE} {ids}\n")
    os.write(written[1], b"x")
    _, status = os.waitpid(child, 0)
    sys.exit(os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main()
