"""Entering a network namespace by path, for istio-iptables' --network-namespace."""

from __future__ import annotations

import ctypes
import os

from initcontainer.mistakes import LackingError

CLONE_NEWNET = 0x40000000


def enter_namespace(path: str) -> None:
    """Move this process into a network namespace.

    Raises:
        LackingError: when the path cannot be opened, or CAP_SYS_ADMIN is missing.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        library = ctypes.CDLL(None, use_errno=True)
        failed = library.setns(descriptor, CLONE_NEWNET)
        number = ctypes.get_errno()
        os.close(descriptor)
        if failed:
            raise OSError(number, os.strerror(number))
    except (OSError, ValueError) as error:
        reason = f"network namespace {path!r} cannot be entered: {error}"
        raise LackingError(reason) from error
