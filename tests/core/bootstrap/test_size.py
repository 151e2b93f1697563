"""What does not fit in one argument of Linux is refused, and the message says what is large."""

from __future__ import annotations

import msgspec
import pytest

from tests.envoy.kubelet import expand
from tests.envoy.process import FACTS, TOKEN
from webhook.bootstrap.document import document, prepare
from webhook.bootstrap.facts import ProbeKind, ProbeSlot, ProbeTarget
from webhook.bootstrap.size import LONGEST, check, expanded_size
from webhook.bootstrap.text import Reference, argument
from webhook.model import names
from webhook.model.errors import PodRejected
from webhook.model.settings import Bootstrap, Settings, Stats

MAX_ARG_STRLEN = 131072
"""Bytes of one argument with its final zero (linux/binfmts.h)."""


def probes(count: int) -> tuple[ProbeTarget, ...]:
    """Return HTTPS probes, each with a port of its own."""
    return tuple(
        ProbeTarget(container=f"c{n}", slot=ProbeSlot.LIVENESS, kind=ProbeKind.HTTPS, port=1000 + n)
        for n in range(count)
    )


def test_a_usual_document_is_small() -> None:
    """At most 12 KB without probes, so that thousands of pods stay light in etcd."""
    assert len(argument(document(Settings(), FACTS, (), TOKEN))) <= 12 * 1000


@pytest.mark.parametrize("count", [0, 1, 40])
def test_size_is_an_upper_bound_of_what_envoy_gets(count: int) -> None:
    """With the longest values that kubelet can put in, the argument has exactly this size."""
    made = document(Settings(), FACTS, probes(count), TOKEN)
    longest = {reference.name: "x" * LONGEST[reference] for reference in Reference}
    assert len(expand(argument(made).decode(), longest).encode()) == expanded_size(made)


def test_references_are_no_longer_than_kubernetes_lets_them_be() -> None:
    """The limit leaves an argument's room even with the longest names."""
    assert names.BOOTSTRAP_LIMIT + 4095 < MAX_ARG_STRLEN
    assert set(LONGEST) == set(Reference)


@pytest.mark.parametrize(
    ("settings", "labels", "count", "largest"),
    [
        (Settings(), {"a": "x" * 130000}, 0, "labels 13"),
        (Settings(), {}, 150, "probes 2"),
        (
            Settings(
                bootstrap=Bootstrap(stats=Stats(inclusion_prefixes=("p" * 130000,))),
            ),
            {},
            0,
            "stats 13",
        ),
        (
            Settings(bootstrap=Bootstrap(proxy_config={"a": "x" * 130000})),
            {},
            0,
            "proxy config 13",
        ),
        (
            Settings(bootstrap=Bootstrap(proxy_metadata={"a": "x" * 130000})),
            {},
            0,
            "node metadata 13",
        ),
    ],
    ids=["labels", "probes", "stats", "proxy-config", "metadata"],
)
def test_too_large_a_document_is_refused(
    settings: Settings, labels: dict[str, str], count: int, largest: str
) -> None:
    """The message names the size, the limit and the largest part first."""
    facts = msgspec.structs.replace(FACTS, labels=labels)
    with pytest.raises(PodRejected, match=f"largest parts are {largest}") as caught:
        prepare(settings).fill(facts, probes(count), TOKEN)
    assert str(names.BOOTSTRAP_LIMIT) in str(caught.value)


def test_the_limit_is_exact() -> None:
    """One byte more than the limit is refused, by the quick form too; the limit itself passes."""
    prepared = prepare(Settings())
    empty = expanded_size(
        document(Settings(), msgspec.structs.replace(FACTS, workload=""), (), TOKEN)
    )
    room = names.BOOTSTRAP_LIMIT - empty
    fits = msgspec.structs.replace(FACTS, workload="w" * room)
    check(document(Settings(), fits, (), TOKEN))
    prepared.fill(fits, (), TOKEN)
    over = msgspec.structs.replace(FACTS, workload="w" * (room + 1))
    with pytest.raises(PodRejected):
        prepared.fill(over, (), TOKEN)


@pytest.mark.parametrize("kind", list(ProbeKind))
def test_the_quick_check_misses_nothing(kind: ProbeKind) -> None:
    """However many probes there are, none lets a document pass that the exact check refuses."""
    prepared = prepare(Settings())
    targets = tuple(
        ProbeTarget(container="c", slot=ProbeSlot.LIVENESS, kind=kind, port=n + 1)
        for n in range(110)
    )
    for count in range(100, 110):
        made = document(Settings(), FACTS, targets[:count], TOKEN)
        room = names.BOOTSTRAP_LIMIT - expanded_size(made)
        padded = msgspec.structs.replace(FACTS, workload=FACTS.workload + "w" * (room + 1))
        with pytest.raises(PodRejected):
            prepared.fill(padded, targets[:count], TOKEN)
