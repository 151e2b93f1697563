"""Reports: what a run did, as one JSON line, on standard output and as termination message."""

from __future__ import annotations

import os
import sys
import time

MAXIMUM_TERMINATION_BYTES = 4096
"""Kubelet cuts a container's termination message here."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Json = str | int | bool | None | Sequence["Json"] | Mapping[str, "Json"]

ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def to_json(item: Json) -> str:
    """Write compact ASCII JSON (the `json` module costs 5 ms to import)."""
    if item is None or isinstance(item, bool):
        return {None: "null", True: "true", False: "false"}[item]
    if isinstance(item, int):
        return str(int(item))
    if isinstance(item, str):
        return f'"{"".join(map(escape, item))}"'
    if hasattr(item, "items"):
        return "{" + ",".join(f"{to_json(k)}:{to_json(v)}" for k, v in item.items()) + "}"
    return "[" + ",".join(map(to_json, item)) + "]"


def say(text: str) -> None:
    """Write one text to standard output."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def milliseconds(started: float) -> int:
    """Give the time since a point on the monotonic clock."""
    return round((time.monotonic() - started) * 1000)


def escape(letter: str) -> str:
    """Escape one character of a JSON string."""
    code = ord(letter)
    if letter in ESCAPES:
        return ESCAPES[letter]
    if 32 <= code < 127:
        return letter
    if code > 0xFFFF:
        high, low = divmod(code - 0x10000, 0x400)
        return f"\\u{0xD800 + high:04x}\\u{0xDC00 + low:04x}"
    return f"\\u{code:04x}"


def write_termination_message(path: str, report: str) -> None:
    """Overwrite kubelet's message file; one that is absent or read-only is not an error."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_TRUNC | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return
    try:
        os.write(descriptor, report.encode("ascii")[:MAXIMUM_TERMINATION_BYTES])
    except OSError:
        return
    finally:
        os.close(descriptor)
