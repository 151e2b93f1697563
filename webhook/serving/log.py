"""Log lines as JSON: a constant message and fields, one line each."""

from __future__ import annotations

import json
import logging
import sys
import time
from typing import Any, Final

import msgspec

_PLAIN: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
"""Attributes that every record has; all others are fields that a caller gave."""
_TEXT_LIMIT: Final = 1024
"""Characters of a field: what clients send is repeated only so far."""

_ENCODER = msgspec.json.Encoder()


class JsonFormatter(logging.Formatter):
    """Writes time, level, logger, message and the record's `extra` fields."""

    def format(self, record: logging.LogRecord) -> str:
        """Return one line without its end."""
        line: dict[str, Any] = {
            "time": _time(record.created),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        for key, value in record.__dict__.items():
            if key not in _PLAIN:
                line[key] = _shown(value)
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return _encoded(line)


def configure_logging(level: str) -> None:
    """Send the whole process's log to standard error, as JSON from `level` on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    # One line for each malformed request would be a gift to whoever sends them; they are counted.
    logging.getLogger("uvicorn").setLevel(logging.ERROR)


def _shown(value: object) -> object:
    """Return a field as JSON can show it; anything else by its repr, which hides keys."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, list | tuple):
        return [_shown(item) for item in value]
    return (value if isinstance(value, str) else repr(value))[:_TEXT_LIMIT]


def _time(seconds: float) -> str:
    whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
    return f"{whole}.{int(seconds * 1000) % 1000:03d}Z"


def _encoded(line: dict[str, Any]) -> str:
    try:
        return _ENCODER.encode(line).decode()
    except UnicodeEncodeError:  # a lone surrogate in what a client sent
        return json.dumps(line, separators=(",", ":"))
