"""Every value is written so that every reader gives it back."""

# ruff: noqa: E501 - a row of a table is a line

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.manifests import reading
from tests.core.manifests.kubectl import Kubectl
from tests.core.manifests.pods import HOSTILE, VALUES
from webhook.manifests import emit
from webhook.manifests.emit import Style

TRAPS = (
    "y",
    "n",
    "Y",
    "N",
    "1e3",
    "1E3",
    "5e10",
    "12e4",
    "6e4",
    "0e0",
    "08",
    "0o17",
    "1e-3",
    "+.5e3",
)
"""Strings that PyYAML writes without quotes and kubectl reads as something else."""
STYLES = st.builds(Style, st.integers(2, 4), st.integers(0, 3), st.sampled_from(["\n", "\r\n"]))
NUMBERS = st.one_of(
    st.integers(-(2**63), 2**64 - 1), st.floats(allow_nan=False, allow_infinity=False)
)
ALL = st.recursive(
    st.one_of(VALUES, NUMBERS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=9), inner, max_size=3)),
    max_leaves=5,
)  # fmt: skip


def forms(value: Any, style: Style) -> tuple[str, ...]:
    """Write a value in each way there is."""
    return (
        emit.block(value, 0, style) + style.newline,
        emit.inline(value),
        emit.item(value, 0, style) + style.newline,
        emit.member("key", value, 0, style) + style.newline,
    )


def unwrapped(read: tuple[Any, ...]) -> list[Any]:
    """Take the value out of the list and the mapping it was written in."""
    return [read[0], read[1], read[2][0], read[3]["key"]]


@given(ALL, STYLES)
def test_value_reads_back(value: Any, style: Style) -> None:
    """Block, flow, as an item and as a member, in any indentation and with either line break."""
    for got in unwrapped(tuple(map(reading.value, forms(value, style)))):
        assert reading.same(got, value)


@pytest.mark.parametrize("text", [*TRAPS, *HOSTILE])
def test_hostile_string_reads_back_everywhere(text: str) -> None:
    """As value and as key, in YAML 1.1, YAML 1.2 and by our own reader."""
    for value in (text, {text: text}, [text, {"a": text}]):
        for read in (reading.value, reading.yaml_1_1, reading.yaml_1_2):
            for got in unwrapped(tuple(map(read, forms(value, Style())))):
                assert got == value


@given(st.text(max_size=20), STYLES)
def test_string_reads_back_in_yaml_1_1(text: str, style: Style) -> None:
    """PyYAML in pure Python gives back any string."""
    for got in unwrapped(tuple(map(reading.yaml_1_1, forms(text, style)))):
        assert got == text


@given(ALL, STYLES)
def test_value_reads_back_in_kubectl(kubectl_reader: Kubectl, value: Any, style: Style) -> None:
    """Kubectl's own parser gives back any value."""
    for got in unwrapped(tuple(map(kubectl_reader.read, forms(value, style)))):
        assert reading.same(got, value)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("100m", "100m"), ("128Mi", "128Mi"), ("--concurrency", "--concurrency"), ("a/b:1.2", "a/b:1.2"),
        ("15001", '"15001"'), ("true", '"true"'), ("1.2.3.4", '"1.2.3.4"'), ("", '""'), ("a: b", '"a: b"'),
        ('{"a":1}', "'{\"a\":1}'"), ("it's", "it's"), ("\\d", "\\d"), ("a\tb", '"a\\tb"'), (None, "null"),
        (1e30, "1.0e+30"), (1e-7, "1.0e-07"), (0.5, "0.5"), (True, "true"), ([], "[]"), ({}, "{}"),
        ("$(POD_IP)", "$(POD_IP)"), ("é", '"é"'), ("\ufeff", '"\\ufeff"'), ("😀", '"😀"'),
    ],
)  # fmt: skip
def test_scalar_is_written_as_people_do(value: Any, written: str) -> None:
    """Quoted only where some reader needs it, and then in the quotes that need no escape."""
    assert written == emit.inline(value, flow=False)


def test_long_document_stays_on_one_line() -> None:
    """A bootstrap of 12 KB in a container's arguments is one quoted line."""
    bootstrap = '{"admin":{"address":"127.0.0.1"},"it":"it\'s"}' * 300
    written = emit.item(bootstrap, 0, Style())

    assert "\n" not in written
    assert [bootstrap] == reading.value(written) == reading.yaml_1_1(written)


@pytest.mark.parametrize("text", ["a\nb\n", "a\n\n  b", "a\n# b\n- c", "a: b\n---\n"])
def test_several_lines_become_a_block_scalar(text: str) -> None:
    """Where no reader can take its white space otherwise."""
    written = emit.member("key", text, 0, Style()) + "\n"

    assert written.startswith("key: |")
    assert text == reading.value(written)["key"] == reading.yaml_1_2(written)["key"]


@pytest.mark.parametrize("length", [999, 1000, 1001, 1022, 1023, 1024, 1025, 5000])
def test_long_key_reads_back(length: int) -> None:
    """Readers look ahead 1024 characters for a colon; a longer key gets a question mark."""
    value = {"k" * length: ["a", {"k" * length: None}], "b": {"k" * length: {"c": "d"}}}
    for got in unwrapped(tuple(map(reading.value, forms(value, Style())))):
        assert got == value


@pytest.mark.parametrize(
    ("value", "error"), [(float("nan"), ValueError), (float("inf"), ValueError), (b"", TypeError)]
)
def test_what_is_no_json_cannot_be_written(value: Any, error: type[Exception]) -> None:
    """Numbers that JSON lacks, and values of other types."""
    with pytest.raises(error):
        emit.inline(value)


def test_half_a_surrogate_pair_cannot_be_written() -> None:
    """YAML has no way to say it."""
    with pytest.raises(ValueError, match="half of a surrogate pair"):
        emit.inline("\ud800")
