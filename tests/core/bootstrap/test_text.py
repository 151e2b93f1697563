"""The document as text: three readers, and no text that means something to any of them."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.bootstrap import strategies
from tests.envoy.kubelet import expand
from tests.envoy.process import FACTS
from tests.envoy.validate import ENVIRONMENT
from webhook.bootstrap.document import document, prepare
from webhook.bootstrap.facts import Facts, ProbeKind, ProbeSlot, ProbeTarget
from webhook.bootstrap.text import (
    Reference,
    argument,
    encode,
    escaped,
    formatted,
    inside,
    literal,
    quoted,
)
from webhook.model.errors import PodRejected
from webhook.model.settings import Settings


def resolved(value: Any) -> Any:
    """Return a document with kubelet's values in place of the references."""
    if isinstance(value, Reference):
        return ENVIRONMENT[value.name]
    if isinstance(value, dict):
        return {key: resolved(member) for key, member in value.items()}
    if isinstance(value, list):
        return [resolved(item) for item in value]
    return value


@given(strategies.settings, strategies.facts, strategies.targets, strategies.tokens)
def test_filled_text_is_the_rendered_document(
    settings: Settings, facts: Facts, targets: tuple[ProbeTarget, ...], token: str
) -> None:
    """`document` is the only builder: the quick form gives the same bytes."""
    rendered = quoted(argument(document(settings, facts, targets, token)))
    assert prepare(settings).fill(facts, targets, token) == rendered


@given(strategies.settings, strategies.facts, strategies.targets, strategies.tokens)
def test_three_readers_read_back_the_document(
    settings: Settings, facts: Facts, targets: tuple[ProbeTarget, ...], token: str
) -> None:
    """API server, kubelet and Envoy in turn get exactly what was meant, whatever the texts hold."""
    filled = prepare(settings).fill(facts, targets, token).decode()
    standing: str = json.loads(f'"{filled}"')
    assert json.loads(expand(standing, ENVIRONMENT)) == resolved(
        document(settings, facts, targets, token)
    )


@given(strategies.texts)
def test_plain_text_survives_kubelet(text: str) -> None:
    """An argument of plain text is the same after the expansion."""
    assert expand(literal(text), ENVIRONMENT) == text


@given(strategies.texts)
def test_text_inside_a_string_is_escaped_as_a_whole(text: str) -> None:
    """The short cut for harmless text gives what the long way gives."""
    assert inside(text) == escaped(encode(text))[2:-2]


def test_no_argument_holds_an_escape_above_ascii() -> None:
    """Envoy's YAML reader refuses surrogate escapes, so the text itself stands there."""
    facts = msgspec.structs.replace(FACTS, labels={"ü": "😀"})
    text = argument(document(Settings(), facts, (), "t"))
    assert '"ü":"😀"'.encode() in text
    assert b"\\ud" not in text


HALF = "a\ud83d"
HALF_PROBE = ProbeTarget(
    container="c", slot=ProbeSlot.LIVENESS, kind=ProbeKind.HTTP, port=1, path=HALF
)


@pytest.mark.parametrize(
    ("facts", "targets", "token"),
    [
        (msgspec.structs.replace(FACTS, labels={HALF: "x"}), (), "t"),
        (msgspec.structs.replace(FACTS, owner=HALF), (), "t"),
        (FACTS, (HALF_PROBE,), "t"),
        (FACTS, (), HALF),
    ],
    ids=["label", "owner", "path", "token"],
)
def test_half_of_a_surrogate_pair_is_refused(
    facts: Facts, targets: tuple[ProbeTarget, ...], token: str
) -> None:
    """JSON can carry it, Envoy cannot read it, wherever it stands."""
    with pytest.raises(PodRejected, match="half of a surrogate pair"):
        prepare(Settings()).fill(facts, targets, token)
    with pytest.raises(PodRejected, match="half of a surrogate pair"):
        argument(document(Settings(), facts, targets, token))


@pytest.mark.parametrize("levels", [61, 5000])
def test_too_deep_a_value_is_refused(levels: int) -> None:
    """Envoy's reader has a limit, and so has Python's stack."""
    value: Any = "x"
    for _ in range(levels):
        value = [value]
    with pytest.raises(PodRejected, match="more than 64 levels"):
        argument({"a": {"b": {"c": value}}})


@given(st.text())
def test_formatted_text_holds_no_command(text: str) -> None:
    """Every `%` stands twice where Envoy formats, which makes it one again."""
    assert "%" not in formatted(text).replace("%%", "")
    assert formatted(text).replace("%%", "%") == text
