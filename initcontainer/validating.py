"""Validating: real connections inside the pod prove that they are redirected.

`--self` needs no capability: run as the proxy's user it makes a self-call, which only the rules
can bring to the inbound port: the check of a pod whose rules someone else (a CNI plugin) sets.
"""

from __future__ import annotations

import os
import time

from initcontainer.capture import Capture, Ipv6, Mode
from initcontainer.checks import Check, whole_checks
from initcontainer.facts import Facts, gather_facts
from initcontainer.mistakes import LackingError, ValidationError
from initcontainer.networks import Family
from initcontainer.probes import ANY, Identity, Target, listen, redirected_to
from initcontainer.reports import milliseconds, say, to_json, write_termination_message

TYPE_CHECKING = False
if TYPE_CHECKING:
    from initcontainer.program import Request

PASSTHROUGH = "127.0.0.6"
"""Reached over lo, not localhost, in every pod: the address istio-iptables' validator uses."""


def validate(request: Request, started: float) -> int:
    """Run the checks and report.

    Raises:
        ValidationError: naming every check that failed.
        LackingError: when a check cannot be made at all.
    """
    settings, capture = request.settings, request.capture
    if capture.mode is Mode.NONE:
        raise LackingError("mode NONE redirects nothing: there is nothing to validate")
    facts = gather_facts()
    if settings.only_self or settings.run_validation:
        checks = self_checks(capture, facts, settings.probe_port, settings.probe_seconds)
    else:
        checks = whole_checks(capture, facts, settings.probe_port, settings.probe_seconds)
    failed = [check for check in checks if check.state == "failed"]
    report = to_json(
        {
            "result": "failed" if failed else "validated",
            "checks": [
                {"check": c.name, "family": c.family, "state": c.state, "detail": c.detail}
                for c in checks
            ],
            "milliseconds": milliseconds(started),
        }
    )
    say(report)
    if failed:
        raise ValidationError("; ".join(f"{c.name} ({c.family}): {c.detail}" for c in failed))
    write_termination_message(settings.termination_log, report)
    return 0


def self_checks(capture: Capture, facts: Facts, port: int, seconds: float) -> tuple[Check, ...]:
    """Make a self-call in every family the pod has.

    Raises:
        LackingError: when this process is not the proxy's user or group.
    """
    who = Identity(user=os.geteuid(), group=os.getegid())
    if who.user not in capture.proxy_users and who.group not in capture.proxy_groups:
        wanted = f"one of the proxy's users ({capture.proxy_users})"
        raise LackingError(f"validate --self: running as user {who.user}, expected {wanted}")
    until = time.monotonic() + seconds
    return tuple(
        self_call(capture, target, who, max(0.1, until - time.monotonic()))
        for target in self_targets(capture, facts, port)
    )


def self_targets(capture: Capture, facts: Facts, port: int) -> tuple[Target, ...]:
    """Give an address of this pod, not localhost, per family that shall be captured."""
    targets = [Target(family=Family.V4, address=PASSTHROUGH, port=port)]
    own = [a.partition("%")[0] for a in facts.ipv6_addresses if not a.startswith("fe80")]
    if own and capture.ipv6 in (Ipv6.AUTO, Ipv6.ON):
        targets.append(Target(family=Family.V6, address=canonical(own[0]), port=port))
    return tuple(targets)


def canonical(address: str) -> str:
    """Spell an IPv6 address as the kernel's socket calls do."""
    import socket

    return socket.inet_ntop(socket.AF_INET6, socket.inet_pton(socket.AF_INET6, address))


def self_call(capture: Capture, target: Target, who: Identity, seconds: float) -> Check:
    """Expect a self-call at the inbound port."""
    with listen(target.family, ANY[target.family], capture.inbound_port) as listener:
        problem = redirected_to(listener, target, who, seconds)
    state = "failed" if problem else "passed"
    return Check(name="self-call", family=target.family, state=state, detail=problem)
