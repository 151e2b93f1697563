"""Owns a network namespace: the process that holds it, its addresses, and entering it."""

import ctypes
import os
import subprocess
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol, Self

NODE_ADDRESS = "10.250.0.1"
"""The bridge's address: an Endpoint may not be a loopback address, so webhooks listen here."""

ENDPOINT_NETWORK = "10.250.0.0/24"
"""All of it is local, so that replicas can listen on one port at 10.250.0.2, .3 and so on."""

# No default route: a look-up that asks this machine's resolver fails at once instead of waiting.
_SETUP = f"""
set -eu
ip link set lo up
ip link add br0 type bridge
ip address add {NODE_ADDRESS}/24 dev br0
ip link set br0 up
ip route add local {ENDPOINT_NETWORK} dev lo
echo ready
exec sleep infinity
"""

_CLONE_NEWNET = 0x40000000  # linux/sched.h


class NetworkNamespaceError(Exception):
    """The namespace cannot be made or entered; the message says which step failed."""


class Network(Protocol):
    """Where programs and sockets are made: a NetworkNamespace, or another one that exists."""

    def entered(self) -> AbstractContextManager[None]:
        """Put the calling thread, and the sockets and processes it makes, there."""
        ...


class NetworkNamespace:
    """A namespace without a name: it exists as long as its processes, and leaves no mount.

    Its holder dies with the thread that made it (`setpriv --pdeathsig`), so that even a killed
    test run leaves nothing. Make it in the main thread.
    """

    def __init__(self) -> None:
        self._holder = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "unshare", "--net", "sh", "-c", _SETUP],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,  # a Ctrl-C is the owner's to handle, in its own order
        )
        try:
            self._wait_until_ready()
            self._descriptor = os.open(self.path, os.O_RDONLY)
        except BaseException:
            self._stop_holder()
            raise

    def __enter__(self) -> Self:
        """Return itself; leaving the block closes it."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    @property
    def path(self) -> str:
        """Return the file that stands for the namespace, for `nsenter --net=PATH`."""
        return f"/proc/{self._holder.pid}/ns/net"

    @property
    def holder(self) -> int:
        """Return the process id of the holder."""
        return self._holder.pid

    @property
    def inode(self) -> int:
        """Return the number that identifies the namespace in the kernel."""
        return os.fstat(self._descriptor).st_ino

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Put the calling thread, and the sockets and processes it makes, into the namespace."""
        with entered_namespace(self._descriptor):
            yield

    def close(self) -> None:
        """Let go of the namespace and stop its holder; it ends with the last process in it."""
        os.close(self._descriptor)
        self._stop_holder()

    def _wait_until_ready(self) -> None:
        assert self._holder.stdout is not None
        assert self._holder.stderr is not None
        if self._holder.stdout.readline() != "ready\n":
            complaint = self._holder.stderr.read().strip()
            raise NetworkNamespaceError(f"network namespace: {complaint} (needs root)")

    def _stop_holder(self) -> None:
        self._holder.kill()
        self._holder.wait()
        for stream in (self._holder.stdout, self._holder.stderr):
            if stream is not None:
                stream.close()


@contextmanager
def entered_namespace(descriptor: int) -> Iterator[None]:
    """Put the calling thread into the namespace open at `descriptor` for the length of a block."""
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    try:
        set_thread_namespace(descriptor)
        try:
            yield
        finally:
            set_thread_namespace(home)
    finally:
        os.close(home)


def set_thread_namespace(descriptor: int) -> None:
    """Move the calling thread to the network namespace open at `descriptor`.

    `os.setns` exists from Python 3.12 on only, hence the C library's function.
    """
    library = ctypes.CDLL(None, use_errno=True)
    if library.setns(descriptor, _CLONE_NEWNET) != 0:
        number = ctypes.get_errno()
        raise NetworkNamespaceError(f"network namespace: setns: {os.strerror(number)}")
