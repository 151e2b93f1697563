"""Every scenario loads on every backend, and the kernel gives back exactly the plan."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from initcontainer import iptables, nftables
from initcontainer.networks import Family
from tests.initcontainer.flags import VALID
from tests.initcontainer.golden import DIRECTORY
from tests.initcontainer.scenarios import SCENARIOS
from tests.kernel.mutations import BACKENDS
from tests.kernel.networks import in_namespace, namespace
from tests.kernel.wire import Inside

pytestmark = pytest.mark.kernel
SAVE = {Family.V4: "iptables", Family.V6: "ip6tables"}


@pytest.fixture(scope="module")
def inside(root: None) -> Iterator[tuple[str, Inside]]:
    """Give an empty namespace and a process that writes rules in it."""
    with namespace() as name:
        process = Inside(name, "tests.kernel.clients")
        try:
            yield name, process
        finally:
            process.close()


def golden_section(name: str, title: str) -> str:
    """Give one script of a golden."""
    sections = (DIRECTORY / f"{name}.golden").read_text().split("\n# ")
    return next(text.partition("\n")[2] for text in sections if text.startswith(title))


@pytest.mark.parametrize("name", SCENARIOS)
def test_nft_gives_back_the_golden(inside: tuple[str, Inside], name: str) -> None:
    """What nft lists is the golden's table, chain by chain and line by line."""
    where, process = inside
    process.ask(op="clean")
    differences = process.ask(op="scenario", name=name, backend="nft")
    listed = nftables.parse_listing(
        in_namespace(where, "nft", "-s", "-y", "list", "table", "inet", "pillion")
    )
    golden = nftables.parse_listing(golden_section(name, "nft"))

    assert differences == []
    assert {k: v for k, v in listed.items() if not k.startswith("is-")} == golden


@pytest.mark.parametrize("kind", ["nft", "legacy"])
@pytest.mark.parametrize("name", SCENARIOS)
def test_iptables_gives_back_the_golden(inside: tuple[str, Inside], name: str, kind: str) -> None:
    """What iptables-save prints are the golden's rules, in the order of each chain."""
    where, process = inside
    process.ask(op="clean")
    backend = "iptables-nft" if kind == "nft" else kind
    assert process.ask(op="scenario", name=name, backend=backend) == []
    for family, program in SAVE.items():
        saved = iptables.parse_save(in_namespace(where, f"{program}-{kind}-save"))
        golden = iptables.parse_save(golden_section(name, f"iptables-nft and legacy, {family}"))
        assert iptables.rules_only(saved) == golden


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(VALID, st.sampled_from(BACKENDS))
def test_any_valid_flags_load(inside: tuple[str, Inside], words: list[str], backend: str) -> None:
    """Whatever valid flags say, the rules load and read back equal (`write` compares them)."""
    _, process = inside
    process.ask(op="clean")
    process.ask(op="write", words=words, backend=backend)
