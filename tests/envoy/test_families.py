"""IPv4 only, IPv6 only, both: a live Envoy in network namespaces, with istio's own ports."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.envoy.network import IPV4, IPV6

pytestmark = pytest.mark.kernel


def answered(case: str, directory: Path) -> dict[str, Any]:
    """Return what happened in a namespace of this case."""
    done = subprocess.run(
        ["unshare", "--net", sys.executable, "-m", "tests.envoy.network", case, str(directory)],
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize(
    ("case", "host", "source", "addresses"),
    [
        ("ipv4-only", IPV4, "127.0.0.6", [IPV4]),
        ("ipv6-only", f"[{IPV6}]", "::6", [IPV6]),
        ("dual-stack", IPV4, "127.0.0.6", [IPV4, IPV6]),
        ("dual-stack-ipv6-first", f"[{IPV6}]", "::6", [IPV4, IPV6]),
        ("kernel-without-ipv6", IPV4, "127.0.0.6", [IPV4]),
    ],
)
def test_probes_and_readiness(
    case: str, host: str, source: str, addresses: list[str], tmp_path: Path
) -> None:
    """Every kind of probe reaches an application on the pod's address, with Host and source."""
    found = answered(case, tmp_path)
    assert found["probes"] == {"http": 200, "https": 200, "tcp": 200, "grpc": 200}
    assert found["seen"]["headers"]["host"] == f"{host}:8080"
    assert found["seen"]["peer"][0] == source
    assert found["closed"] == 503
    assert found["everywhere"] == dict.fromkeys(addresses, 200)


def test_kernel_without_ipv6_needs_the_setting(tmp_path: Path) -> None:
    """Envoy refuses any IPv6 address where the kernel has none; hence `proxy.ipv6: false`."""
    assert answered("kernel-without-ipv6-unset", tmp_path) == {"refused": True}
