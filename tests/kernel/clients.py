"""Clients inside a namespace: connections as any user and group, and the program under test."""

from __future__ import annotations

import os
import socket
import time
from typing import Any

from initcontainer.accounts import Image
from initcontainer.applying import BOTH, apply, remove
from initcontainer.arguments import read_arguments
from initcontainer.capture import Capture
from initcontainer.commands import Limits
from initcontainer.facts import gather_facts
from initcontainer.networks import Family
from initcontainer.program import System
from initcontainer.reading import read_capture
from initcontainer.rules import Rule, TableRules
from initcontainer.ruleset import Ruleset, build_ruleset
from tests.initcontainer.golden import ruleset_of
from tests.initcontainer.scenarios import SCENARIOS
from tests.kernel.loads import start_load, stop_load
from tests.kernel.packets import send_invalid
from tests.kernel.wire import serve

PATIENCE = 5.0
"""Seconds until a silent peer counts as silent, where an answer is expected."""


def connect(
    to: str,
    port: int,
    user: int = 0,
    group: int = 0,
    protocol: str = "tcp",
    source: str = "",
    source_port: int = 0,
    patience: float = PATIENCE,
) -> str:
    """Connect as a user and group in a child process; gives the answer or what went wrong."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.setgroups([])
        os.setresgid(group, group, group)
        os.setresuid(user, user, user)
        os.write(writer, attempt(to, port, protocol, (source, source_port), patience).encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as answer:
        text = answer.read()
    os.waitpid(child, 0)
    return text


def attempt(to: str, port: int, protocol: str, source: tuple[str, int], patience: float) -> str:
    """Do one exchange."""
    family = socket.AF_INET6 if ":" in to else socket.AF_INET
    kind = socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM
    with socket.socket(family, kind) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        client.settimeout(patience)
        try:
            if any(source):
                client.bind(source)
            client.connect((to, port))
            if protocol == "udp":
                client.send(b"query")
            return client.recv(4096).decode() or "closed"
        except TimeoutError:
            return "silence"
        except OSError as error:
            return f"error {error.strerror}"


def capture_of(words: list[str]) -> Capture:
    """Read flags."""
    return read_capture(read_arguments(words, {}), {}, Image(root="/nonexistent"))


def without(ruleset: Ruleset, name: str) -> Ruleset:
    """Give a ruleset that lacks the rules of a name."""
    tables = []
    for table in ruleset.tables:
        chains = tuple((c, tuple(r for r in rules if r.name != name)) for c, rules in table.chains)
        tables.append(TableRules(table=table.table, chains=chains, entries=table.entries))
    return Ruleset(families=ruleset.families, tables=tuple(tables), routing=ruleset.routing)


def names(words: list[str]) -> list[str]:
    """Give the names of all rules of a capture."""
    rules: list[Rule] = [
        rule
        for table in build_ruleset(capture_of(words), BOTH).tables
        for _, chain in table.chains
        for rule in chain
    ]
    return sorted({rule.name for rule in rules})


def system() -> System:
    """Open the kernel's interfaces."""
    return System(Limits(deadline=time.monotonic() + 60, command=20))


def write(words: list[str], backend: str, lacking: str = "") -> None:
    """Write a capture's rules without one of them, as the backend's own transaction."""
    capture = capture_of(words)
    families = (Family.V4,) if capture.ipv6 in ("off", "reject") else BOTH
    ruleset = without(build_ruleset(capture, families), lacking)
    with system() as opened:
        opened.routes.add_missing(ruleset.routing, ruleset.families)
        chosen = next(b for b in opened.backends() if b.name == backend)
        chosen.write(ruleset)
        differences = chosen.differences(ruleset)
        if differences:
            raise RuntimeError(differences[0])


def apply_words(words: list[str], backend: str) -> dict[str, Any]:
    """Apply as the program does."""
    with system() as opened:
        outcome = apply(
            capture_of(words),
            backend,
            backends=opened.backends(),
            routes=opened.routes,
            facts=gather_facts(),
        )
    return {"result": outcome.result, "notes": list(outcome.notes)}


def write_scenario(name: str, backend: str) -> list[str]:
    """Write a golden's rules and compare them with what the kernel gives back."""
    ruleset = ruleset_of(SCENARIOS[name])
    with system() as opened:
        chosen = next(b for b in opened.backends() if b.name == backend)
        chosen.write(ruleset)
        return list(chosen.differences(ruleset))


def generation() -> int:
    """Give the number of the last change of nf_tables."""
    with system() as opened:
        return opened.tables.generation()


def clean() -> list[str]:
    """Remove everything of ours."""
    with system() as opened:
        return list(remove(Capture(), backends=opened.backends(), routes=opened.routes).notes)


def reapply_many(first: list[str], second: list[str], backend: str, rounds: int) -> int:
    """Apply two captures in turns; gives how often the kernel was changed."""
    applied = 0
    with system() as opened:
        for turn in range(rounds):
            outcome = apply(
                capture_of((first, second)[turn % 2]),
                backend,
                backends=opened.backends(),
                routes=opened.routes,
                facts=gather_facts(),
            )
            applied += outcome.result == "applied"
    return applied


if __name__ == "__main__":
    serve(
        {
            "connect": connect,
            "names": names,
            "write": write,
            "apply": apply_words,
            "clean": clean,
            "scenario": write_scenario,
            "generation": generation,
            "load": start_load,
            "unload": stop_load,
            "reset": send_invalid,
            "reapply": reapply_many,
        }
    )
