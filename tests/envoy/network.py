"""Runs in a network namespace of its own: an application, an Envoy, and kubelet's questions.

`python -m tests.envoy.network CASE DIRECTORY` prints what was answered, as JSON.
"""

from __future__ import annotations

import ctypes
import json
import os
import platform
import struct
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import msgspec

from tests.envoy.certificates import self_signed
from tests.envoy.process import TOKEN, answers, eventually, running_app, running_envoy
from webhook.bootstrap.facts import ProbeKind, ProbeSlot, ProbeTarget, probe_path
from webhook.model.settings import Pilot, PilotConnection, Proxy, Settings

IPV4, IPV6 = "10.99.0.7", "fd99::7"
CASES = {
    # The pod's addresses (the first is status.podIP), whether the kernel has IPv6, the setting.
    "ipv4-only": ((IPV4,), "off", True),
    "ipv6-only": ((IPV6,), "on", True),
    "dual-stack": ((IPV4, IPV6), "on", True),
    "dual-stack-ipv6-first": ((IPV6, IPV4), "on", True),
    "kernel-without-ipv6": ((IPV4,), "absent", False),
    "kernel-without-ipv6-unset": ((IPV4,), "absent", True),
}
_APPS = {ProbeKind.HTTP: 8080, ProbeKind.HTTPS: 8443, ProbeKind.TCP: 5432, ProbeKind.GRPC: 50051}


def _set_up(addresses: tuple[str, ...], ipv6: str) -> None:
    """Give the namespace its addresses; `::6` is what the init container adds."""
    for name in ("all", "default"):
        Path(f"/proc/sys/net/ipv6/conf/{name}/disable_ipv6").write_text(
            "0" if ipv6 == "on" else "1"
        )
    _ip("link", "set", "lo", "up")
    _ip("link", "add", "eth0", "type", "veth", "peer", "name", "node")
    _ip("link", "set", "eth0", "up")
    for address in addresses:
        suffix = "/128" if ":" in address else "/32"
        _ip("addr", "add", address + suffix, "dev", "eth0", *(["nodad"] if ":" in address else []))
    if ipv6 == "on":
        _ip("-6", "addr", "add", "::6/128", "dev", "lo")


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, timeout=10)


def _targets() -> tuple[ProbeTarget, ...]:
    return tuple(
        ProbeTarget(
            container=kind.value, slot=ProbeSlot.READINESS, kind=kind, port=port, path="/echo"
        )
        for kind, port in _APPS.items()
    )


def _answers(case: str, directory: Path) -> dict[str, object]:
    addresses, ipv6, setting = CASES[case]
    _set_up(addresses, ipv6)
    settings = Settings(
        proxy=msgspec.structs.replace(Proxy(), ipv6=setting, concurrency=1),
        pilot=Pilot(connection=PilotConnection.PLAINTEXT, address="127.0.0.1:1"),
    )
    certificate = str(self_signed(directory / "app.pem", "app.test"))
    without = (sys.executable, "-m", "tests.envoy.network") if ipv6 == "absent" else ()
    first = addresses[0]
    with ExitStack() as stack:
        for kind, port in _APPS.items():
            # As an application that listens on the pod's address alone.
            stack.enter_context(running_app(kind.value, port, certificate, first))
        envoy = stack.enter_context(
            running_envoy(settings, directory, _targets(), address=first, wrapper=without)
        )
        if setting and ipv6 == "absent":
            envoy.process.wait(30)
            return {"refused": "malformed IP address" in envoy.log.read_text()}
        answers(envoy)
        probes = {
            kind.value: envoy.probe(probe_path(TOKEN, kind.value, ProbeSlot.READINESS))
            for kind in _APPS
        }
        closed = envoy.readiness()
        ports = settings.proxy.ports
        for port in (ports.inbound, ports.outbound):
            stack.enter_context(
                running_app("tcp", port, address="::" if ":" in first else "0.0.0.0")
            )
        eventually(lambda: envoy.readiness() == 200, "the gate opens")
        everywhere = {
            address: envoy._replace(address=address)
            .get(ports.prometheus, "/stats/prometheus")
            .status
            for address in addresses
        }
        return {
            "probes": {kind: answer.status for kind, answer in probes.items()},
            "seen": json.loads(probes["http"].body),
            "closed": closed,
            "everywhere": everywhere,
        }


def _without_ipv6(argv: list[str]) -> None:
    """Become another program for which the kernel has no IPv6, as with `ipv6.disable=1`.

    A seccomp filter answers `socket(AF_INET6, …)` with EAFNOSUPPORT, as such a kernel does.
    """
    system_call = {"x86_64": 41, "aarch64": 198}[platform.machine()]
    program = b"".join(
        struct.pack("HBBI", *instruction)
        for instruction in (
            (0x20, 0, 0, 0),  # the system call's number
            (0x15, 0, 3, system_call),
            (0x20, 0, 0, 16),  # its first argument
            (0x15, 0, 1, 10),  # AF_INET6
            (0x06, 0, 0, 0x00050000 | 97),  # EAFNOSUPPORT
            (0x06, 0, 0, 0x7FFF0000),  # allow
        )
    )
    libc = ctypes.CDLL(None, use_errno=True)
    text = ctypes.create_string_buffer(program, len(program))
    header = struct.pack("HxxxxxxQ", len(program) // 8, ctypes.addressof(text))
    assert libc.prctl(38, 1, 0, 0, 0) == 0, "PR_SET_NO_NEW_PRIVS"
    assert libc.prctl(22, 2, header, 0, 0) == 0, "PR_SET_SECCOMP"
    os.execv(argv[0], argv)


if __name__ == "__main__":
    if sys.argv[1] in CASES:
        print(json.dumps(_answers(sys.argv[1], Path(sys.argv[2]))))
    else:
        _without_ipv6(sys.argv[1:])
