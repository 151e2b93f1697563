"""Planning: say what apply would do, and how the kernel differs from it; needs no privilege."""

from __future__ import annotations

from initcontainer.applying import candidates, captured_families
from initcontainer.backends import ruleset_digest
from initcontainer.capture import Mode
from initcontainer.facts import gather_facts
from initcontainer.frozen import value
from initcontainer.mistakes import ExitCode, InitError
from initcontainer.program import System
from initcontainer.reports import say, to_json
from initcontainer.ruleset import Ruleset, build_ruleset

TYPE_CHECKING = False
if TYPE_CHECKING:
    from initcontainer.backends import Backend
    from initcontainer.capture import Capture
    from initcontainer.program import Request
    from initcontainer.reports import Json


@value
class Live:
    """How the kernel compares: equal, differs, or unknown with the reason."""

    state: str
    differences: tuple[str, ...]


def plan(request: Request) -> int:
    """Print the plan; with --check the exit code is 3 unless the kernel equals it."""
    ruleset, notes = planned_ruleset(request.capture)
    with System(request.settings.limits) as system:
        backend = planned_backend(request.settings.backend, system)
        live = compare(ruleset, backend, system)
        notes = (*request.warnings, *notes)
        if request.settings.as_json:
            say(to_json(as_json(ruleset, backend, live, notes)))
        else:
            say(as_text(ruleset, backend, live, notes))
    if request.settings.check and live.state != "equal":
        return ExitCode.DIFFERS
    return ExitCode.DONE


def planned_ruleset(capture: Capture) -> tuple[Ruleset, tuple[str, ...]]:
    """Give the ruleset for this namespace's families, and what is worth knowing about it."""
    families, notes = captured_families(capture, gather_facts())
    if capture.mode is Mode.NONE:
        notes = ("mode NONE: nothing is captured and our rules are removed",)
    return build_ruleset(capture, families), notes


def planned_backend(choice: str, system: System) -> Backend:
    """Give the backend that apply would begin with; without privilege, the preferred one."""
    backends = system.backends()
    try:
        return candidates(choice, backends)[0]
    except OSError:
        return backends[0]


def compare(ruleset: Ruleset, backend: Backend, system: System) -> Live:
    """Compare rules and routing with the kernel, as far as it can be read."""
    try:
        differences = [*backend.differences(ruleset)]
        differences += [
            f"our rules are also in {other.name}"
            for other in system.backends()
            if other.name != backend.name and other.holds_ours()
        ]
        if not system.routes.is_complete(ruleset.routing, ruleset.families):
            differences.append("addresses, policy rules or routes differ")
    except (InitError, OSError) as error:
        return Live(state="unknown", differences=(f"the kernel cannot be read: {error}",))
    return Live(state="differs" if differences else "equal", differences=tuple(differences))


def as_text(ruleset: Ruleset, backend: Backend, live: Live, notes: tuple[str, ...]) -> str:
    """Write the plan for people: comments, the script, the differences."""
    families = ", ".join(ruleset.families) or "no family"
    lines = [
        f"# backend {backend.name}, {families}, {backend.count(ruleset)} rules, "
        f"hash {ruleset_digest(ruleset)}",
        *(f"# {note}" for note in notes),
        backend.script(ruleset).rstrip("\n"),
        *(f"# {step}" for step in routing_steps(ruleset)),
        f"# kernel: {live.state}",
        *(f"#   {difference}" for difference in live.differences),
    ]
    return "\n".join(lines)


def as_json(
    ruleset: Ruleset, backend: Backend, live: Live, notes: tuple[str, ...]
) -> dict[str, Json]:
    """Write the plan for programs."""
    return {
        "backend": backend.name,
        "families": ruleset.families,
        "hash": ruleset_digest(ruleset),
        "count": backend.count(ruleset),
        "notes": notes,
        "rules": [
            {
                "table": table.table,
                "chain": chain,
                "name": rule.name,
                "why": rule.why,
                "family": rule.family or "both",
            }
            for table in ruleset.tables
            for chain, rules in table.chains
            for rule in rules
        ],
        "routing": routing_steps(ruleset),
        "script": backend.script(ruleset),
        "kernel": {"state": live.state, "differences": live.differences},
    }


def routing_steps(ruleset: Ruleset) -> tuple[str, ...]:
    """Say which addresses, rules and routes go with the ruleset."""
    routing = ruleset.routing
    steps = ["address ::6/128 on lo"] if routing.passthrough else []
    if routing.mark is not None:
        steps += [
            f"{family}: fwmark {routing.mark} lookup {routing.table}, local default dev lo"
            for family in ruleset.families
        ]
    return tuple(steps)
