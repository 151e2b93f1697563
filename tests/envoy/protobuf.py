"""Protobuf messages as bytes, as far as a small Pilot needs them: no schema, fields by number."""

from __future__ import annotations

from collections.abc import Iterator

TYPE = "type.googleapis.com/envoy."


def message(*fields: bytes) -> bytes:
    """Return a message of these fields."""
    return b"".join(fields)


def number(field: int, value: int) -> bytes:
    """Return a varint field."""
    return _varint(field << 3) + _varint(value)


def text(field: int, value: str | bytes) -> bytes:
    """Return a length-delimited field: a string, bytes or a message."""
    raw = value.encode() if isinstance(value, str) else value
    return _varint(field << 3 | 2) + _varint(len(raw)) + raw


def any_of(field: int, name: str, value: bytes) -> bytes:
    """Return a field that is a google.protobuf.Any of one of Envoy's messages."""
    return text(field, message(text(1, TYPE + name), text(2, value)))


def fields(raw: bytes) -> Iterator[tuple[int, bytes | int]]:
    """Yield number and value of each field; a nested message stays bytes."""
    at = 0
    while at < len(raw):
        tag, at = _read(raw, at)
        value, at = _read(raw, at)
        if tag & 7 == 2:
            yield tag >> 3, raw[at : at + value]
            at += value
        else:
            yield tag >> 3, value


def _varint(value: int) -> bytes:
    made = bytearray()
    while value > 127:
        made.append(value & 127 | 128)
        value >>= 7
    return bytes([*made, value])


def _read(raw: bytes, at: int) -> tuple[int, int]:
    value, shift = 0, 0
    while True:
        byte = raw[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at
