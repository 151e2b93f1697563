"""Real connections through real rules: every rule does what it is for, and is needed."""

from __future__ import annotations

import pytest

from tests.kernel.cases import CASES, Case
from tests.kernel.mutations import BACKENDS, mutants, prepare, surprises, survivors
from tests.kernel.networks import Pair

pytestmark = pytest.mark.kernel
BY_NAME = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
BY_BACKEND = pytest.mark.parametrize("backend", BACKENDS)


@BY_BACKEND
@BY_NAME
def test_traffic_goes_where_the_flags_say(pair: Pair, case: Case, backend: str) -> None:
    """Each connection is answered by whom the flags mean, in IPv4 and IPv6."""
    prepare(pair, case, backend)

    assert [text for family in case.families for text in surprises(pair, case, family)] == []


@BY_BACKEND
@BY_NAME
def test_every_rule_is_noticed_when_it_is_missing(
    pair: Pair, case: Case, backend: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without any one of the rules a case needs, some connection goes elsewhere."""
    alive = survivors(pair, case, backend)

    with capsys.disabled():
        print(f"\n{backend} {case.name}: removed {', '.join(mutants(case, backend)) or 'nothing'}")
    assert alive == []


def test_no_rule_is_without_a_case(pair: Pair) -> None:
    """Every rule that any case's flags produce is removed by some case of the mutation run."""
    needed = {name for case in CASES for name in (*case.needs, *case.only_nft)}
    made = {n for case in CASES for n in pair.pod_clients.ask(op="names", words=list(case.flags))}

    assert made - needed == set()
