"""Puts a node into namespaces of its own, and finds the sandboxes that run.

A sandbox is a process tree: `unshare`, below it the node's first process (a shell, which reaps what
others leave behind), below it the program that runs the node. Whichever of the three is killed,
the kernel kills every process of the sandbox.
"""

import os
from collections.abc import Sequence
from pathlib import Path

from tests.apiserver.process_table import running_processes

NODE_FOLDER = Path("/run/node")
"""The node's folder as seen in its sandbox."""

_MARK = "pillion-node"
"""The shell's own name for itself, with the node's folder after it: how a sandbox is recognised."""

# The kubelet sets how the whole machine treats memory and panics: here it writes to copies.
# A socket's name holds 107 bytes at most, so the node's folder has a short name too.
# Pods find the node's /run and logs where they are everywhere, and the machine's own are hidden.
_SCRIPT = r"""
set -eu
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p "$1/log" /run/lock /run/netns /run/node
mount --bind "$1" /run/node
mount --bind "$1/log" /var/log
[ ! -e /etc/resolv.conf ] || mount --bind "$1/resolv.conf" /etc/resolv.conf
for setting in vm/overcommit_memory vm/panic_on_oom kernel/panic kernel/panic_on_oops \
  kernel/keys/root_maxkeys kernel/keys/root_maxbytes
do
  copy=$(mktemp -p /run)
  cat "/proc/sys/$setting" > "$copy"
  mount --bind "$copy" "/proc/sys/$setting"
done
mount --make-rshared /
ip link set lo up
shift
"$@" &
wait $!
"""


def sandbox_command(folder: Path, command: Sequence[str]) -> list[str]:
    """Return the command line that runs `command` as a node whose files are in `folder`.

    `folder` must hold a `resolv.conf`. Needs root.
    """
    return [
        *("unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"),
        *("sh", "-c", _SCRIPT, _MARK, str(folder)),
        *command,
    ]


def first_processes(folder: Path) -> list[int]:
    """Return the first processes of all sandboxes of that folder: one, or none when it is down."""
    return [each for each in running_processes() if _is_first(each, folder)]


def network_path(first_process: int) -> str:
    """Return the file that stands for a sandbox's network namespace."""
    return f"/proc/{first_process}/ns/net"


def _is_first(process: int, folder: Path) -> bool:
    try:
        words = Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0")
        # Not `unshare`, whose command line holds the same words.
        return words[0] == b"sh" and [_MARK, str(folder)] == [os.fsdecode(w) for w in words[3:5]]
    except OSError:
        return False
