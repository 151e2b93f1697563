"""Applying: choose families and backend, reconcile the kernel with the capture, fall back.

Steps of a run: (1) what is there, (2) nothing to do?, (3) routing that the rules rely on,
(4) the rules in one transaction, (5) our rules in other backends, (6) routing left over.
"""

from __future__ import annotations

from initcontainer.backends import AUTOMATIC, BackendName, ruleset_digest
from initcontainer.capture import Capture, Ipv6, Mode
from initcontainer.facts import NET_ADMIN, NET_RAW, Facts, can
from initcontainer.frozen import value
from initcontainer.mistakes import DeadlineError, InitError, LackingError
from initcontainer.networks import Family
from initcontainer.ruleset import Ruleset, build_ruleset

TYPE_CHECKING = False
if TYPE_CHECKING:
    from initcontainer.backends import Backend
    from initcontainer.routes import Routes

BOTH = (Family.V4, Family.V6)


@value
class Outcome:
    """What a run did."""

    result: str
    """applied, unchanged or removed."""
    backend: BackendName | None
    families: tuple[Family, ...]
    rules: int
    digest: str
    notes: tuple[str, ...]
    """One sentence per thing that an operator may want to know."""


@value
class Target:
    """What one attempt shall bring about."""

    ruleset: Ruleset
    notes: tuple[str, ...] = ()


def captured_families(capture: Capture, facts: Facts) -> tuple[tuple[Family, ...], tuple[str, ...]]:
    """Give the families to redirect, and a sentence when it is not both.

    Raises:
        LackingError: when IPv6 is asked for and the kernel has none.
    """
    match capture.ipv6:
        case Ipv6.ON if not facts.has_ipv6:
            raise LackingError("--ipv6=on: the kernel has no IPv6 in this namespace")
        case Ipv6.ON:
            return BOTH, ()
        case Ipv6.AUTO if facts.has_ipv6:
            return BOTH, ()
        case Ipv6.AUTO:
            return (Family.V4,), ("the kernel has no IPv6 in this namespace: IPv4 only",)
        case Ipv6.OFF:
            return (Family.V4,), ("--ipv6=off: IPv6 bypasses the proxy",)
        case Ipv6.REJECT:
            return (Family.V4,), ("--ipv6=reject: IPv6 TCP is reset",)


def candidates(choice: str, backends: tuple[Backend, ...]) -> tuple[Backend, ...]:
    """Give the backends to try: the asked-for one, or auto's, one that holds our rules first.

    Staying with the backend of the last run keeps two runs from taking turns.
    """
    if choice != "auto":
        return tuple(backend for backend in backends if backend.name == choice)
    automatic = [backend for backend in backends if backend.name in AUTOMATIC]
    return tuple(sorted(automatic, key=lambda backend: not backend.holds_ours()))


def require_capabilities(choice: str) -> None:
    """Refuse early, in one sentence, what the kernel would refuse later in many.

    Raises:
        LackingError: naming the capability.
    """
    if not can(NET_ADMIN):
        raise LackingError("capability NET_ADMIN is missing: no rule can be read or written")
    if choice == BackendName.LEGACY and not can(NET_RAW):
        raise LackingError("capability NET_RAW is missing: backend legacy needs it")


def apply(
    capture: Capture, choice: str, *, backends: tuple[Backend, ...], routes: Routes, facts: Facts
) -> Outcome:
    """Bring the kernel to what the capture says.

    Raises:
        InitError: when no backend can; what was there before is then still there, or more.
    """
    require_capabilities(choice)
    if capture.mode is Mode.NONE:
        return remove(capture, backends=backends, routes=routes)
    families, notes = captured_families(capture, facts)
    failures: list[str] = []
    kinds: set[type[Exception]] = set()
    for backend in candidates(choice, backends):
        for target in targets(capture, families, facts, backend):
            try:
                others = tuple(other for other in backends if other is not backend)
                result = reconcile(target.ruleset, backend, others, routes)
            except DeadlineError:
                raise
            except (InitError, OSError) as error:
                failures.append(f"{backend.name} cannot be used: {error}")
                kinds.add(type(error))
                continue
            return Outcome(
                result=result,
                backend=backend.name,
                families=target.ruleset.families,
                rules=backend.count(target.ruleset),
                digest=ruleset_digest(target.ruleset),
                notes=(*failures, *notes, *target.notes),
            )
    failure = LackingError if kinds == {LackingError} else InitError
    raise failure("; ".join(failures))


def targets(
    capture: Capture, families: tuple[Family, ...], facts: Facts, backend: Backend
) -> tuple[Target, ...]:
    """Give what to attempt: with iptables IPv4 alone is the last resort of a pod without IPv6."""
    whole = Target(ruleset=build_ruleset(capture, families))
    optional = capture.ipv6 is Ipv6.AUTO and Family.V6 in families and not facts.ipv6_addresses
    if backend.name is BackendName.NFT or not optional:
        return (whole,)
    note = "ip6tables cannot be used and the pod has no IPv6 address: IPv4 only"
    return whole, Target(ruleset=build_ruleset(capture, (Family.V4,)), notes=(note,))


def reconcile(
    ruleset: Ruleset, backend: Backend, others: tuple[Backend, ...], routes: Routes
) -> str:
    """Make one backend hold the ruleset and the others nothing; gives the result's word."""
    routing, families = ruleset.routing, ruleset.families
    leftovers = [other for other in others if other.holds_ours()]
    is_current = backend.is_current(ruleset)
    if is_current and not leftovers and routes.is_complete(routing, families):
        return "unchanged"
    routes.add_missing(routing, families)
    if not is_current:
        backend.write(ruleset)
    for other in leftovers:
        other.remove()
    routes.remove_stale(routing, families)
    return "applied"


def remove(capture: Capture, *, backends: tuple[Backend, ...], routes: Routes) -> Outcome:
    """Remove everything of ours: rules first, then the routing they relied on."""
    nothing = build_ruleset(Capture(mode=Mode.NONE, tproxy_table=capture.tproxy_table), BOTH)
    held = [backend for backend in backends if backend.holds_ours()]
    for backend in held:
        backend.remove()
    done = routes.remove_stale(nothing.routing, ())
    return Outcome(
        result="removed" if held or done else "unchanged",
        backend=None,
        families=(),
        rules=0,
        digest=ruleset_digest(nothing),
        notes=(*(f"removed our rules from {backend.name}" for backend in held), *done),
    )
