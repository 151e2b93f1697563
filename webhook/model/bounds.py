r"""What single settings may hold: bounds and patterns, each with the words an error uses.

The title of a type is the end of the sentence `expected <title>`, in the file's JSON Schema, its
validation and the reference alike. `$(?!\n)` is the end of the text in Python and in ECMAScript;
Python's plain `$` would let a final line feed pass.
"""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta

_END = r"$(?!\n)"
_HOST = r"(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9]([A-Za-z0-9._-]{0,252}))"

Port = Annotated[int, Meta(ge=1, le=65535, title="a port from 1 to 65535")]
Seconds = Annotated[int, Meta(ge=0, le=2147483647, title="seconds from 0 to 2147483647")]
PositiveSeconds = Annotated[int, Meta(ge=1, le=2147483647, title="seconds from 1 to 2147483647")]
"""Kubernetes reads 0 as its own default, so 0 is refused."""
Threshold = Annotated[int, Meta(ge=1, le=2147483647, title="a number from 1 to 2147483647")]
UserId = Annotated[int, Meta(ge=1, le=4294967294, title="an id from 1 to 4294967294")]
"""Linux' uid_t without 0 and without the id that means `no change`."""
Threads = Annotated[int, Meta(ge=0, le=1024, title="an integer from 0 to 1024")]
DrainSeconds = Annotated[int, Meta(ge=1, le=3600, title="seconds from 1 to 3600")]
TokenSeconds = Annotated[int, Meta(ge=600, le=4294967296, title="seconds from 600 to 4294967296")]
"""The API server's bounds of a projected token (k8s.io/kubernetes validation of volumes)."""

Quantity = Annotated[
    str,
    Meta(
        pattern=rf"^[+]?([0-9]+|[0-9]+\.[0-9]*|\.[0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]{{1,2}})?{_END}",
        max_length=32,
        title="a Kubernetes quantity that is not negative, such as 250m or 1Gi",
    ),
]
"""k8s.io/apimachinery `resource.Quantity`, without a sign."""
Name = Annotated[
    str,
    Meta(
        pattern=rf"^[a-z0-9]([-a-z0-9]*[a-z0-9])?{_END}",
        max_length=63,
        title="a DNS label: at most 63 lower-case letters, digits and -",
    ),
]
"""RFC 1123."""
ObjectName = Annotated[
    str,
    Meta(
        pattern=rf"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?{_END}",
        max_length=253,
        title="the name of a Kubernetes object: lower-case letters, digits, - and .",
    ),
]
DataKey = Annotated[
    str,
    Meta(
        pattern=rf"^[-._a-zA-Z0-9]+{_END}",
        max_length=253,
        title="a key of a ConfigMap: letters, digits, -, _ and .",
    ),
]
Image = Annotated[
    str,
    Meta(
        pattern=rf"^[A-Za-z0-9\[][A-Za-z0-9._:/@\[\]-]*{_END}",
        max_length=1024,
        title="an image reference",
    ),
]
Address = Annotated[str, Meta(pattern=rf"^{_HOST}:[0-9]{{1,5}}{_END}", title="host:port")]
Version = Annotated[
    str, Meta(pattern=rf"^[0-9]+\.[0-9]+\.[0-9]+{_END}", title="a version such as 1.32.0")
]
Text = Annotated[
    str,
    Meta(
        pattern=rf"^[^\x00-\x1f\x7f-\x9f]+{_END}",
        max_length=253,
        title="text of 1 to 253 characters without control characters",
    ),
]
OptionalText = Annotated[
    str,
    Meta(
        pattern=rf"^[^\x00-\x1f\x7f-\x9f]*{_END}",
        max_length=253,
        title="text of at most 253 characters without control characters",
    ),
]
LogLevel = Annotated[
    str,
    Meta(
        pattern=rf"^(trace|debug|info|warning|warn|error|critical|off){_END}",
        title="trace, debug, info, warning, error, critical or off",
    ),
]
ComponentLogLevels = Annotated[
    str,
    Meta(
        pattern=rf"^([a-z0-9_]+:[a-z]+(,[a-z0-9_]+:[a-z]+)*)?{_END}",
        title="component:level pairs of Envoy separated by commas, or nothing",
    ),
]
PortRange = Annotated[
    str,
    Meta(
        pattern=rf"^[0-9]{{1,5}}([-:][0-9]{{1,5}})?{_END}",
        title="a port from 1 to 65535 or a range a-b",
    ),
]
PortRangeOrAll = Annotated[
    str,
    Meta(
        pattern=rf"^(\*|[0-9]{{1,5}}([-:][0-9]{{1,5}})?){_END}",
        title="a port from 1 to 65535, a range a-b, or * alone for all",
    ),
]
Cidr = Annotated[
    str,
    Meta(pattern=rf"^[0-9A-Fa-f:.]+/[0-9]{{1,3}}{_END}", title="a CIDR prefix such as 10.0.0.0/8"),
]
CidrOrAll = Annotated[
    str,
    Meta(
        pattern=rf"^(\*|[0-9A-Fa-f:.]+/[0-9]{{1,3}}){_END}",
        title="a CIDR prefix such as 10.0.0.0/8, or * alone for all",
    ),
]
Interface = Annotated[
    str,
    Meta(
        pattern=rf"^[a-zA-Z][a-zA-Z0-9_.-]{{0,14}}{_END}",
        title="an interface name of at most 15 letters, digits, _, . and -",
    ),
]
StatTag = Annotated[
    str,
    Meta(
        pattern=rf"^[A-Za-z0-9_.-]+{_END}",
        max_length=128,
        title="a tag name of letters, digits, _, . and -",
    ),
]
Member = Annotated[str, Meta(min_length=1, title="the name of a member")]
Selector = dict[str, Any]
"""A Kubernetes LabelSelector: `matchLabels` and `matchExpressions`."""
