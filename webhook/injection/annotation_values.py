"""The texts an annotation may hold, each read into a value or refused.

As strict as Istio's own admission (pkg/kube/inject/validate.go), and stricter where that lets a
text through which breaks the pod later: port 0, a probe period of 0, fields it never checks.
"""

from __future__ import annotations

import re
from typing import Final

from webhook.injection import regular_expression

TRUE: Final = frozenset({"1", "t", "T", "TRUE", "true", "True"})
FALSE: Final = frozenset({"0", "f", "F", "FALSE", "false", "False"})
"""What Go's strconv.ParseBool takes."""

INT32: Final = 2147483647
"""Upper bound of the numbers in a probe (they are int32 in the Kubernetes API)."""

ENVOY_LEVELS: Final = ("trace", "debug", "info", "warning", "warn", "error", "critical", "off")
"""Envoy 1.40 exits at start on any other level."""

ENVOY_LOGGERS: Final = frozenset(
    (
        "a2a",
        "admin",
        "ai_protocol_manager",
        "alternate_protocols_cache",
        "assert",
        "aws",
        "backtrace",
        "basic_auth",
        "cache_filter",
        "client",
        "compression",
        "config",
        "conn_handler",
        "connection",
        "credential_injector",
        "decompression",
        "dns",
        "dubbo",
        "dynamic_modules",
        "envoy_bug",
        "ext_authz",
        "ext_proc",
        "file",
        "filter",
        "forward_proxy",
        "geolocation",
        "golang",
        "grpc",
        "happy_eyeballs",
        "hc",
        "health_checker",
        "http",
        "http2",
        "hystrix",
        "init",
        "io",
        "ip_tagging",
        "json_rpc",
        "jwt",
        "kafka",
        "key_value_store",
        "local_rate_limit",
        "lua",
        "main",
        "matcher",
        "mcp",
        "misc",
        "mongo",
        "multi_connection",
        "notification",
        "oauth2",
        "pool",
        "quic",
        "quic_stream",
        "rate_limit_quota",
        "rbac",
        "rds",
        "redis",
        "rocketmq",
        "router",
        "runtime",
        "secret",
        "sse",
        "stats",
        "stats_sinks",
        "tap",
        "testing",
        "thrift",
        "tracing",
        "udp",
        "upstream",
        "wasm",
        "websocket",
    )
)
"""Every logger that Envoy 1.40 lists on POST /logging; it exits at start on any other name."""

_NUMBER = re.compile(r"[0-9]{1,10}")
_QUANTITY = re.compile(
    r"\+?([0-9]+|[0-9]+\.[0-9]*|\.[0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]{1,2})?"
)
_IMAGE = re.compile(r"[A-Za-z0-9\[][A-Za-z0-9._:/@\[\]-]{0,1023}")
_DNS_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")
_DURATION = re.compile(r"([0-9]{1,9}h)?([0-9]{1,9}m)?([0-9]{1,9}s)?")
_STAT_TAG = re.compile(r"[A-Za-z0-9_.\-]{1,128}")


class Refused(ValueError):
    """The text is not acceptable; the message, if any, names the part at fault."""


def is_plain(text: str) -> bool:
    """Tell whether a text has neither control characters nor lone surrogates."""
    return not any(
        ord(c) < 0x20 or 0x7F <= ord(c) <= 0x9F or 0xD800 <= ord(c) <= 0xDFFF for c in text
    )


def shown(text: str) -> str:
    """Return a text as a message may hold it: control characters and lone surrogates escaped."""
    if is_plain(text):
        return text
    return "".join(
        c if is_plain(c) else c.encode("unicode_escape", "surrogatepass").decode() for c in text
    )


def plain(text: str) -> str:
    """Accept any text without control characters and lone surrogates."""
    if not is_plain(text):
        raise Refused("control characters and lone surrogates are refused")
    return text


def boolean(text: str) -> bool:
    """Read what Go's ParseBool reads."""
    if text in TRUE:
        return True
    if text in FALSE:
        return False
    raise Refused


def true_or_false(text: str) -> bool:
    """Read exactly `true` or `false`."""
    if text not in ("true", "false"):
        raise Refused
    return text == "true"


def number(text: str, lowest: int, highest: int) -> int:
    """Read a decimal number without sign within bounds."""
    if not _NUMBER.fullmatch(text) or not lowest <= int(text) <= highest:
        raise Refused
    return int(text)


def seconds(text: str) -> int:
    """Read a probe's number that may be 0."""
    return number(text, 0, INT32)


def positive(text: str) -> int:
    """Read a probe's number that 0 would turn back into Kubernetes' own default."""
    return number(text, 1, INT32)


def quantity(text: str) -> str:
    """Read a Kubernetes resource quantity that is not negative."""
    if len(text) > 32 or not _QUANTITY.fullmatch(text):
        raise Refused
    return text


def image(text: str) -> str:
    """Read an image reference; the registry has the last word on it."""
    if not _IMAGE.fullmatch(text):
        raise Refused
    return text


def object_name(text: str) -> str:
    """Read the name of a Kubernetes object (RFC 1123 subdomain)."""
    if not _DNS_SUBDOMAIN.fullmatch(text):
        raise Refused
    return text


def log_level(text: str) -> str:
    """Read a level of Envoy's log."""
    if text not in ENVOY_LEVELS:
        raise Refused
    return text


def component_log_levels(text: str) -> str:
    """Read `component:level` pairs separated by commas; empty is none."""
    for pair in text.split(",") if text else ():
        name, _, level = pair.partition(":")
        if name not in ENVOY_LOGGERS or level not in ENVOY_LEVELS:
            raise Refused(f'"{pair}" is none')
    return text


def whole_seconds(text: str) -> int:
    """Read a Go duration of whole seconds, at least one: `90s`, `1m30s`, `1h`."""
    found = _DURATION.fullmatch(text)
    if not found or not text:
        raise Refused
    hours, minutes, rest = (int(part[:-1]) if part else 0 for part in found.groups())
    total = hours * 3600 + minutes * 60 + rest
    if not 1 <= total <= INT32:
        raise Refused
    return total


def texts(text: str) -> tuple[str, ...]:
    """Read texts separated by commas; empty is none, an empty item is refused."""
    return tuple(dict.fromkeys(_filled(plain(item)) for item in text.split(","))) if text else ()


def regular_expressions(text: str) -> tuple[str, ...]:
    """Read expressions separated by commas, each as `expression` does; empty is none."""
    return tuple(dict.fromkeys(expression(item) for item in texts(text)))


def expression(text: str) -> str:
    """Read an expression of the part of RE2's syntax that Envoy surely starts with."""
    if not regular_expression.is_accepted(plain(text)):
        raise Refused(f'"{text}" is none')
    return text


def stat_tags(text: str) -> tuple[str, ...]:
    """Read tag names separated by commas; empty items are passed over, as Istio's agent does."""
    return tuple(dict.fromkeys(stat_tag(item) for item in text.split(",") if item))


def stat_tag(text: str) -> str:
    """Read the name of a statistics tag; it becomes part of an expression, so few characters."""
    if not _STAT_TAG.fullmatch(text):
        raise Refused(f'"{text}" is none')
    return text


def _filled(text: str) -> str:
    if not text:
        raise Refused("an item is empty")
    return text
