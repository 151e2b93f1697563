"""Two network namespaces and the wires between them: a pod, and everything outside of it."""

from __future__ import annotations

import itertools
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.kernel.wire import Inside

POD = {"ipv4": "10.77.0.2", "ipv6": "fd77::2"}
OUTSIDE = {"ipv4": "10.77.0.1", "ipv6": "fd77::1"}
REMOTE = {"ipv4": "203.0.113.9", "ipv6": "2001:db8:113::9"}
OTHER_REMOTE = {"ipv4": "198.51.100.7", "ipv6": "2001:db8:51::7"}
VM_POD_SIDE = {"ipv4": "10.78.0.2", "ipv6": "fd78::2"}
VM_SIDE = {"ipv4": "10.78.0.1", "ipv6": "fd78::1"}
LOCALHOST = {"ipv4": "127.0.0.1", "ipv6": "::1"}
PASSTHROUGH = {"ipv4": "127.0.0.6", "ipv6": "::6"}
FAMILIES = ("ipv4", "ipv6")
BEHIND_POD = {"ipv4": "192.0.2.77", "ipv6": "2001:db8:77::77"}
"""Addresses that the outside reaches through the pod, over vm0."""
THROUGH_POD = {"ipv4": "192.0.2.88", "ipv6": "2001:db8:77::88"}
"""Addresses that the outside reaches through the pod, over eth0."""
PROXY_USER = 1337
AS_PROXY = (
    "setpriv", f"--reuid={PROXY_USER}", f"--regid={PROXY_USER}", "--clear-groups",
    "--inh-caps=+net_admin,+net_bind_service", "--ambient-caps=+net_admin,+net_bind_service",
)  # fmt: skip
"""Run as the proxy, allowed to be transparent."""
WIRES = 2
PATIENCE_SECONDS = 20
NUMBERS = itertools.count()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A pod's namespace and the outside's, with servers and clients running in both."""

    pod: str
    outside: str
    pod_servers: Inside
    proxy: Inside
    outside_servers: Inside
    pod_clients: Inside
    pod_clients_second: Inside
    """Another process of clients, for load while the first one works."""
    outside_clients: Inside


def run(*words: str, script: str = "") -> str:
    """Run a command and give its output."""
    done = subprocess.run(
        words, input=script, capture_output=True, text=True, check=False, timeout=60
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(words)} ended with {done.returncode}: {done.stderr}")
    return done.stdout


def in_namespace(name: str, *words: str, script: str = "") -> str:
    """Run a command inside a namespace."""
    return run("nsenter", f"--net=/run/netns/{name}", *words, script=script)


def configure(name: str, *lines: str) -> None:
    """Let `ip` do a series of commands inside a namespace, in one process."""
    run("ip", "-n", name, "-batch", "-", script="\n".join(lines))


@contextmanager
def namespace() -> Iterator[str]:
    """Make an empty network namespace with lo up."""
    name = f"pillion-{os.getpid()}-{next(NUMBERS)}"
    run("ip", "netns", "add", name)
    try:
        configure(name, "link set lo up")
        yield name
    finally:
        run("ip", "netns", "delete", name)


@contextmanager
def wired_pair() -> Iterator[tuple[str, str]]:
    """Make a pod and an outside, wired by eth0 and, as a virtual machine would be, by vm0."""
    wires = (("eth0", POD, OUTSIDE), ("vm0", VM_POD_SIDE, VM_SIDE))
    with namespace() as pod, namespace() as outside:
        configure(pod, *(f"link add {n} type veth peer {n} netns {outside}" for n, _, _ in wires))
        configure(outside, *(line for n, _, side in wires for line in end_of_wire(n, side)))
        configure(pod, *(line for n, side, _ in wires for line in end_of_wire(n, side)))
        configure(pod, *(f"route add default via {OUTSIDE[family]}" for family in FAMILIES))
        configure(outside, *(line for family in FAMILIES for line in far_addresses(family)))
        wait_until_up(pod, outside)
        yield pod, outside


def end_of_wire(name: str, side: dict[str, str]) -> tuple[str, ...]:
    """Configure one end of a wire."""
    return (
        f"addr add {side['ipv4']}/24 dev {name}",
        f"addr add {side['ipv6']}/64 dev {name} nodad",
        f"link set {name} up",
    )


def far_addresses(family: str) -> tuple[str, ...]:
    """Give the outside its addresses far away, and its routes through the pod."""
    length = 32 if family == "ipv4" else 128
    at_once = "" if family == "ipv4" else " nodad"
    return (
        f"route add {BEHIND_POD[family]}/{length} via {VM_POD_SIDE[family]}",
        f"route add {THROUGH_POD[family]}/{length} via {POD[family]}",
        *(
            f"addr add {address[family]}/{length} dev lo{at_once}"
            for address in (REMOTE, OTHER_REMOTE)
        ),
    )


def wait_until_up(*namespaces: str) -> None:
    """Wait for the kernel to notice that the wires are up, which it does in the background."""
    end = time.monotonic() + PATIENCE_SECONDS
    for name in namespaces:
        while (shown := run("ip", "-n", name, "-o", "link")).count(" state UP ") < WIRES:
            assert time.monotonic() < end, f"wires are not up: {shown}"
            time.sleep(0.02)


def serve_everything(pair: Pair) -> None:
    """Start the application, the proxy's listeners, an agent for DNS, and the outside's servers."""
    for address in ("0.0.0.0", "::"):
        for port in (80, 8080, 9090, 15008, 53):
            pair.pod_servers.ask(op="listen", name="app", port=port, address=address)
            pair.outside_servers.ask(op="listen", name="outside", port=port, address=address)
        listen = pair.proxy.ask
        listen(op="listen", name="outbound", port=15001, address=address)
        listen(op="listen", name="inbound", port=15006, address=address)
        listen(op="listen", name="inbound", port=15016, address=address, transparent=True)
    for family in FAMILIES:
        for protocol in ("tcp", "udp"):
            pair.proxy.ask(
                op="listen", name="agent", port=15053, address=LOCALHOST[family], protocol=protocol
            )
        for port in (53, 9999):
            pair.outside_servers.ask(
                op="listen", name="outside", port=port, address=REMOTE[family], protocol="udp"
            )


@contextmanager
def staffed_pair() -> Iterator[Pair]:
    """Make a wired pair with a process for servers and one for clients in each namespace."""
    with wired_pair() as (pod, outside):
        staff = [
            Inside(where, f"tests.kernel.{module}")
            for module in ("listeners", "clients")
            for where in (pod, outside)
        ]
        staff.append(Inside(pod, "tests.kernel.listeners", AS_PROXY))
        staff.append(Inside(pod, "tests.kernel.clients"))
        try:
            yield Pair(
                pod=pod,
                outside=outside,
                pod_servers=staff[0],
                proxy=staff[4],
                outside_servers=staff[1],
                pod_clients=staff[2],
                pod_clients_second=staff[5],
                outside_clients=staff[3],
            )
        finally:
            for process in staff:
                process.close()
