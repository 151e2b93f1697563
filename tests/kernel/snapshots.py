"""Everything a network namespace holds that a redirect tool could touch, as comparable text."""

from __future__ import annotations

from tests.kernel.networks import in_namespace

COMMANDS = (
    ("nft", "-s", "list", "ruleset"),
    ("ip", "rule"),
    ("ip", "-6", "rule"),
    ("ip", "route", "show", "table", "all"),
    ("ip", "-6", "route", "show", "table", "all"),
    ("ip", "-o", "addr"),
)
LEGACY = ("iptables-legacy-save", "ip6tables-legacy-save")


def snapshot(namespace: str) -> dict[str, str]:
    """Give the output of every command; legacy tables without a rule count as absent.

    A legacy table, once asked for, cannot be removed from a namespace by anyone.
    """
    taken = {" ".join(words): in_namespace(namespace, *words) for words in COMMANDS}
    for program in LEGACY:
        lines = in_namespace(namespace, program).splitlines()
        taken[program] = "\n".join(
            line
            for line in lines
            if line.startswith("-") or (line.startswith(":") and " - " in line)
        )
    return taken
