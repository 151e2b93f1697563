"""Each scenario's scripts are the ones that were reviewed."""

from __future__ import annotations

import pytest

from initcontainer import iptables
from initcontainer.networks import Family
from tests.initcontainer.golden import DIRECTORY, golden_text, ruleset_of
from tests.initcontainer.scenarios import SCENARIOS

ISTIO_SCENARIOS = 28
"""27 of istio-iptables, and one more of istio-nftables."""


@pytest.mark.parametrize("name", SCENARIOS)
def test_scenario_gives_its_golden(name: str) -> None:
    """The scripts of every backend equal the golden, byte for byte."""
    assert golden_text(SCENARIOS[name]) == (DIRECTORY / f"{name}.golden").read_text()


def test_every_golden_has_a_scenario() -> None:
    """No golden is left over from a scenario that is gone."""
    assert {path.stem for path in DIRECTORY.glob("*")} == set(SCENARIOS)


def test_istio_scenarios_come_first() -> None:
    """Istio's 28 situations are all there, ours follow."""
    assert list(SCENARIOS).index("as-injected") == ISTIO_SCENARIOS


@pytest.mark.parametrize("name", SCENARIOS)
def test_restore_text_parses_to_the_state_it_means(name: str) -> None:
    """Reading a script as if iptables-save had printed it gives the expected state back."""
    ruleset = ruleset_of(SCENARIOS[name])
    for family in Family:
        state = iptables.expected_state(ruleset, family, "0" * 16)
        assert iptables.parse_save(iptables.restore_script({}, state)) == state


@pytest.mark.parametrize("name", SCENARIOS)
def test_comments_fit_every_backend(name: str) -> None:
    """Comments are plain ASCII without quotes or backslashes, within nft's 128 bytes."""
    comments = [
        rule.comment
        for table in ruleset_of(SCENARIOS[name]).tables
        for _, rules in table.chains
        for rule in rules
    ]

    assert all(text.isascii() and text.isprintable() for text in comments)
    assert not [text for text in comments if set(text) & set("\"'\\") or len(text) > 127]
