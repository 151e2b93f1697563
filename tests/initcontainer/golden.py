"""Goldens: each scenario on each backend; `python -m tests.initcontainer.golden` rewrites."""

from __future__ import annotations

import tempfile
from pathlib import Path

from initcontainer import iptables, nftables
from initcontainer.accounts import Image
from initcontainer.arguments import read_arguments
from initcontainer.backends import ruleset_digest
from initcontainer.capture import Capture, Ipv6
from initcontainer.networks import Family
from initcontainer.reading import read_capture
from initcontainer.ruleset import Ruleset, build_ruleset
from tests.initcontainer.scenarios import SCENARIOS, Scenario

DIRECTORY = Path(__file__).parent / "goldens"


def capture_of(scenario: Scenario) -> Capture:
    """Read a scenario as the program reads its command line."""
    with tempfile.TemporaryDirectory() as root:
        for path, text in scenario.files.items():
            target = Path(root + path)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
        arguments = read_arguments(scenario.flags, scenario.environment)
        assert arguments.mistakes == ()
        return read_capture(arguments, scenario.environment, Image(root=root))


def ruleset_of(scenario: Scenario) -> Ruleset:
    """Give the rules of a scenario on a kernel with IPv6."""
    capture = capture_of(scenario)
    only = capture.ipv6 in (Ipv6.OFF, Ipv6.REJECT)
    return build_ruleset(capture, (Family.V4,) if only else tuple(Family))


def golden_text(scenario: Scenario) -> str:
    """Give every backend's script."""
    ruleset = ruleset_of(scenario)
    digest = ruleset_digest(ruleset)
    parts = [f"# flags: {' '.join(scenario.flags)}\n# environment: {scenario.environment}\n"]
    parts.append(f"\n# nft\n{nftables.replacement_script(ruleset, digest)}")
    for family in Family:
        state = iptables.expected_state(ruleset, family, digest)
        script = iptables.restore_script({}, state)
        parts.append(f"\n# iptables-nft and legacy, {family}\n{script}")
    parts.append(f"\n# {ruleset.routing!r}\n")
    return "".join(parts)


def main() -> None:
    """Rewrite all goldens and remove those without a scenario."""
    DIRECTORY.mkdir(exist_ok=True)
    for stale in DIRECTORY.glob("*.golden"):
        stale.unlink()
    for name, scenario in SCENARIOS.items():
        (DIRECTORY / f"{name}.golden").write_text(golden_text(scenario))


if __name__ == "__main__":
    main()
