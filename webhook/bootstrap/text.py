"""The Envoy document as text: an argument that kubelet expands, standing inside a JSON string.

Three readers take the text one after the other: the API server reads the pod (a JSON string),
kubelet expands the argument (`$(NAME)` becomes a variable's value, `$$` becomes `$`;
k8s.io/kubernetes `third_party/forked/golang/expansion`), and Envoy parses what is left. Text from
a pod may mean something to none of them, so it is escaped for all three, here and nowhere else.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Any, Final

import msgspec

from webhook.model.errors import PodRejected

_HARMLESS: Final = re.compile(r"[A-Za-z0-9 !#%&'()*+,./:;<=>?@\[\]^_`{|}~-]*")
"""Text in which no reader sees anything but text: printable ASCII without `"`, `\\` and `$`."""


_ENCODER = msgspec.json.Encoder()

DEEPEST: Final = 64
"""Levels of JSON in one another. Envoy's JSON reader stops at about 100."""


class Reference(StrEnum):
    """What only kubelet knows; the whole of a string in the document, never a part of one.

    Each is a variable that `bootstrap.arguments.environment` declares.
    """

    POD_NAME = "$(POD_NAME)"
    POD_NAMESPACE = "$(POD_NAMESPACE)"
    POD_IP = "$(POD_IP)"
    POD_IPS = "$(POD_IPS)"
    NODE_NAME = "$(NODE_NAME)"
    SERVICE_ACCOUNT = "$(SERVICE_ACCOUNT)"


def encode(value: Any) -> bytes:
    """Render a value as compact JSON in raw UTF-8, members in their own order.

    Envoy's YAML reader refuses surrogate escapes, so nothing above ASCII is written as an escape.

    Raises:
        PodRejected: a text holds half of a surrogate pair, which is no Unicode.
    """
    try:
        return _ENCODER.encode(value)
    except UnicodeEncodeError as error:
        raise PodRejected(
            "the Envoy configuration: got text with half of a surrogate pair, expected Unicode"
        ) from error


def argument(document: Any) -> bytes:
    """Render a document as the argument that kubelet expands to it: each `$` of text doubled.

    Raises:
        PodRejected: as `encode`; or a value nests more deeply than Envoy reads.
    """
    return encode(_doubled(document, DEEPEST))


def quoted(text: bytes) -> bytes:
    """Escape JSON text so that it may stand between the quotes of a JSON string."""
    # JSON text has no control characters, so an encoder escapes nothing but `\\` and `"`.
    return _ENCODER.encode(text.decode())[1:-1]


def escaped(text: bytes) -> bytes:
    """Escape JSON text without references for kubelet and for a JSON string at once."""
    made = quoted(text)
    return made.replace(b"$", b"$$") if b"$" in made else made


def inside(text: str) -> bytes:
    """Escape plain text for a JSON string of the document, for kubelet and for the manifest."""
    if _HARMLESS.fullmatch(text):
        return text.encode()
    return escaped(encode(text))[2:-2]


def literal(text: str) -> str:
    """Escape plain text so that kubelet's expansion gives it back."""
    return text.replace("$", "$$")


def formatted(text: str) -> str:
    """Escape plain text for a field that Envoy formats, where `%` begins a command."""
    return text.replace("%", "%%")


def _doubled(value: Any, levels: int) -> Any:
    if levels == 0:
        raise PodRejected(
            f"the Envoy configuration: got more than {DEEPEST} levels, expected fewer"
        )
    if isinstance(value, Reference):
        return value
    if isinstance(value, str):
        return literal(value)
    if isinstance(value, dict):
        return {literal(key): _doubled(member, levels - 1) for key, member in value.items()}
    if isinstance(value, (list, tuple)):
        return [_doubled(item, levels - 1) for item in value]
    return value
