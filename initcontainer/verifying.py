"""Verifying: the kernel holds exactly the rules that apply would make, in the same order."""

from __future__ import annotations

from initcontainer.applying import require_capabilities
from initcontainer.backends import ruleset_digest
from initcontainer.mistakes import DifferenceError, InitError
from initcontainer.planning import compare, planned_backend, planned_ruleset
from initcontainer.program import System
from initcontainer.reports import say, to_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from initcontainer.program import Request


def verify(request: Request) -> int:
    """Compare and report.

    Raises:
        DifferenceError: with every difference.
        LackingError: without the capability to look.
    """
    require_capabilities(request.settings.backend)
    ruleset, _ = planned_ruleset(request.capture)
    with System(request.settings.limits) as system:
        backend = planned_backend(request.settings.backend, system)
        live = compare(ruleset, backend, system)
    report = {
        "result": live.state,
        "backend": backend.name,
        "families": ruleset.families,
        "hash": ruleset_digest(ruleset),
        "differences": live.differences,
    }
    say(to_json(report))
    if live.state == "unknown":
        raise InitError(live.differences[0])
    if live.state == "differs":
        count = len(live.differences)
        raise DifferenceError(f"{backend.name} differs in {count} places: {live.differences[0]}")
    return 0
