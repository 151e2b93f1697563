"""Finds the Envoy of a pod among the machine's processes."""

from contextlib import suppress
from pathlib import Path

from tests.apiserver.process_table import running_processes


def envoy_processes(pod: str, namespace: str) -> list[int]:
    """Return the process ids of the Envoys that call themselves that pod's proxy.

    The name stands in their command line: `--service-node sidecar~ADDRESS~POD.NAMESPACE~…`.
    """
    mark = f"~{pod}.{namespace}~".encode()
    return [each for each in running_processes() if _is_envoy(each, mark)]


def _is_envoy(process: int, mark: bytes) -> bool:
    with suppress(OSError):
        words = Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0")
        return words[0].endswith(b"envoy") and any(
            word.startswith(b"sidecar~") and mark in word for word in words
        )
    return False
