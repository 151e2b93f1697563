"""Examining: what the container and node offer, which backend will be used and why.

Nothing is changed: nft and iptables-nft are asked to check a ruleset without committing it, legacy
is only looked for, since any question to it creates its tables.
"""

from __future__ import annotations

from initcontainer.backends import AUTOMATIC, BackendName
from initcontainer.capture import Capture, Destinations, Ports
from initcontainer.facts import (
    NET_ADMIN,
    NET_RAW,
    SETGID,
    SETUID,
    can,
    gather_facts,
    legacy_tables,
    read_lines,
    user,
)
from initcontainer.frozen import value
from initcontainer.mistakes import ExitCode, InitError
from initcontainer.networks import Family
from initcontainer.program import System
from initcontainer.reports import say, to_json
from initcontainer.routes import loopback_lacks_ipv6
from initcontainer.ruleset import build_ruleset

TYPE_CHECKING = False
if TYPE_CHECKING:
    from initcontainer.backends import Backend
    from initcontainer.program import Request
    from initcontainer.reports import Json

CAPABILITIES = {"NET_ADMIN": NET_ADMIN, "NET_RAW": NET_RAW, "SETUID": SETUID, "SETGID": SETGID}
MODULES = (
    "nf_tables", "nft_redir", "nft_ct", "nft_tproxy", "nft_compat", "nf_nat", "nf_conntrack",
    "ip_tables", "ip6_tables", "iptable_nat", "ip6table_nat", "iptable_mangle", "iptable_raw",
    "xt_owner", "xt_REDIRECT", "xt_multiport", "xt_conntrack", "xt_CT", "xt_TPROXY",
)  # fmt: skip
"""Modules that some backend or mode uses; loaded on demand where the node allows it."""
PROBE = Capture(
    inbound_ports=Ports(everything=True), outbound_destinations=Destinations(everything=True)
)


@value
class Finding:
    """One backend: whether it can be used, and the reason when it cannot."""

    backend: BackendName
    problem: str


def examine(request: Request) -> int:
    """Print the findings; exit 4 when no backend can be used."""
    with System(request.settings.limits) as system:
        findings = [
            Finding(backend=b.name, problem=problem_of(b, system)) for b in system.backends()
        ]
    choice, why = choose(request.settings.backend, findings)
    report = environment_report(findings)
    report |= {"backend": choice, "why": why}
    say(to_json(report) if request.settings.as_json else as_text(report))
    return ExitCode.DONE if choice else ExitCode.LACKING


def problem_of(backend: Backend, system: System) -> str:
    """Say why a backend cannot be used; empty when it can."""
    legacy = backend.name is BackendName.LEGACY
    if not can(NET_ADMIN) or (legacy and not can(NET_RAW)):
        return f"capability {'NET_RAW' if can(NET_ADMIN) else 'NET_ADMIN'} is missing"
    try:
        if legacy:
            missing = [p for p in legacy_programs() if system.commands.find(p) is None]
            return f"program {missing[0]} is not in the image" if missing else ""
        families = tuple(Family) if gather_facts().has_ipv6 else (Family.V4,)
        ruleset = build_ruleset(PROBE, families)
        if backend.name is BackendName.NFT:
            system.commands.run("nft", "-c", "-f", "-", script=backend.script(ruleset))
            return ""
        for family, program in zip(Family, ("iptables", "ip6tables"), strict=True):
            if family in families:
                script = backend.script(build_ruleset(PROBE, (family,)))
                name = f"{program}-nft-restore"
                system.commands.run(name, "--noflush", "--test", script=script)
    except (InitError, OSError) as error:
        return str(error)
    return ""


def legacy_programs() -> tuple[str, ...]:
    """Name the programs that the legacy backend runs."""
    return tuple(f"{p}-legacy-{a}" for p in ("iptables", "ip6tables") for a in ("save", "restore"))


def choose(choice: str, findings: list[Finding]) -> tuple[str | None, str]:
    """Give the backend that apply would use, and why."""
    asked = [f for f in findings if choice in ("auto", f.backend)]
    tried = [f for f in asked if choice != "auto" or f.backend in AUTOMATIC]
    for finding in tried:
        if not finding.problem:
            reason = "as asked" if choice != "auto" else "the first of nft, iptables-nft that works"
            return finding.backend, reason
    return None, "; ".join(f"{f.backend}: {f.problem}" for f in tried)


def environment_report(findings: list[Finding]) -> dict[str, Json]:
    """Gather everything worth knowing."""
    facts = gather_facts()
    loaded = {line.split()[0] for line in read_lines("/proc/modules") or [] if line}
    return {
        "user": user(),
        "user_namespace": facts.is_mapped,
        "capabilities": [name for name, bit in CAPABILITIES.items() if can(bit)],
        "security_label": " ".join(read_lines("/proc/self/attr/current") or []).strip("\0"),
        "ipv6": facts.has_ipv6,
        "ipv6_addresses": facts.ipv6_addresses,
        "ipv6_on_lo": not loopback_lacks_ipv6(),
        "legacy_tables": {str(f): legacy_tables(f) or "none" for f in Family},
        "modules_loaded": [name for name in MODULES if name in loaded],
        "backends": {finding.backend: finding.problem or "usable" for finding in findings},
    }


def as_text(report: dict[str, Json]) -> str:
    """Write the findings for people, one per line."""
    width = max(map(len, report)) + 2
    return "\n".join(f"{key:{width}}{plain(item)}" for key, item in report.items())


def plain(item: Json) -> str:
    """Spell one finding."""
    if isinstance(item, bool):
        return "yes" if item else "no"
    if isinstance(item, dict):
        return "; ".join(f"{key}: {plain(inner)}" for key, inner in item.items())
    if isinstance(item, list | tuple):
        return ", ".join(map(str, item)) or "none"
    return str(item)
