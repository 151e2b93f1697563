"""YAML is read as kubectl reads it."""

# ruff: noqa: E501 - a row of a table is a line

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.manifests import reading, styled
from tests.core.manifests.kubectl import Kubectl, Unreadable
from webhook.manifests import scalars
from webhook.model.errors import ManifestError

WORDS = (
    *[
        "y",
        "Y",
        "n",
        "N",
        "yes",
        "Yes",
        "YES",
        "no",
        "No",
        "NO",
        "on",
        "On",
        "ON",
        "off",
        "OFF",
        "true",
        "True",
        "TRUE",
        "tRUE",
        "false",
        "FALSE",
    ],
    *[
        "~",
        "null",
        "Null",
        "NULL",
        "nUll",
        ".",
        "..",
        "-",
        "--",
        "+",
        "=",
        "<<",
        "<<<",
        "_",
        "_1",
        "1_",
        "1_000",
        "1__0",
        "0_1",
        "+_1",
        "-_1",
    ],
    *[
        "0",
        "00",
        "01",
        "08",
        "09",
        "010",
        "017",
        "-017",
        "+017",
        "0o17",
        "0O17",
        "-0o17",
        "0o8",
        "0o",
        "0b11",
        "0B11",
        "0b12",
        "-0b11",
        "+0b11",
        "0b",
        "0b1_0",
    ],
    *[
        "0x1F",
        "0X1f",
        "0x",
        "-0x1F",
        "+0x1f",
        "0x_1f",
        "0x1_F",
        "0x1p4",
        "0x1.8p1",
        "0xffffffffffffffffff",
    ],
    *[
        "1e3",
        "1E3",
        "1e+3",
        "1e-3",
        "+1e3",
        "-1e3",
        "1.e3",
        ".5",
        "+.5",
        "-.5",
        ".5e3",
        ".e3",
        "1.",
        "+1.",
        "1.5.5",
        "0.",
        "00.5",
        "08.5",
        "0e0",
        "0.0",
        "-0",
        "-0.0",
        "+0",
    ],
    *[
        "1e400",
        "-1e400",
        "1e-400",
        "5e-324",
        "1e18",
        "1.2345678901234567e18",
        "9.3e18",
        "1e19",
        "1e20",
        "1e21",
        "1e22",
        "1e1000",
    ],
    *[
        ".inf",
        "+.inf",
        "-.inf",
        ".INF",
        ".Inf",
        ".iNF",
        ".nan",
        ".NaN",
        "+.nan",
        "inf",
        "nan",
        "Infinity",
    ],
    *["9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809"],
    *[
        "18446744073709551615",
        "18446744073709551616",
        "+18446744073709551615",
        "+9223372036854775808",
    ],
    *["0x8000000000000000", "-0x8000000000000000", "123456789012345678901234567890"],
    *[
        "1:30",
        "12:30:45",
        "2001-01-01",
        "2001-1-1",
        "2001-12-14t21:59:43.10-05:00",
        "0.1",
        "0.10",
        "100m",
        "1Ki",
        "1,000",
        "1.5f",
    ],
)
TAGS = ("str", "int", "float", "bool", "null", "timestamp", "binary", "foo", "merge")
DOCUMENTS = (
    *("a: 1\n<<: {a: 2, b: 3}", "<<: {a: 2, b: 3}\na: 1", "<<: [{a: 1, c: 5}, {a: 2}]\nb: 1"),
    *(
        "x: &x {a: 1}\ny:\n  a: 5\n  <<: *x\n  b: 2",
        "x: &x {<<: {q: 1}, a: 1}\ny:\n  <<: [*x, {a: 9}]",
    ),
    *(
        "x: &x [1]\ny:\n  <<: *x",
        "<<: ",
        "<<: [1]",
        "'<<': {a: 1}",
        "!!merge '<<': {a: 1}",
        "<<: [[{a: 1}]]",
    ),
    *(
        "x: &x [{a: 1}]\n<<: *x",
        "&a a: *a",
        "a: &a b\n*a : c",
        "a: &a [*a]",
        "a: &a {<<: *a}",
        "a: *b",
    ),
    *(
        "a: &x 1\nb: &x 2\nc: *x",
        "? [a]\n: b",
        "? {a: b}\n: c",
        "~: 1",
        ": 1",
        "? a\n? b",
        "!!int '1': 1",
    ),
    *(
        "a:\tb",
        "a:\n\t- b",
        "\ta: b",
        "a: 1\u2028b: 2",
        "a: 1\u0085b: 2",
        "a: 'x\u2028y'",
        'a: "x\u2028  y"',
    ),
    *("a: b\ufeff", "a: \x00b", "a: \x07", "a: \x7f", "a: \x85", "a: \U0001f600", "a: \ufffe"),
    *(
        'a: "\\ud800"',
        'a: "\\ud83d\\ude00"',
        'a: "\\U0001F600"',
        'a: "\\q"',
        'a: "\\x4"',
        'a: "\\e\\0\\_"',
    ),
    *(
        "a: b: c",
        "a: [b, c",
        "a: {b",
        "a: 'b",
        "a: @b",
        "a: `b",
        "a: %b",
        "- a\nb",
        "a: - b",
        "a: ?b",
    ),
    *(
        "a: [b:c]",
        "a: {b:c}",
        "a: {x,y: 1}",
        "a: {'x':1}",
        "a: ['x':1]",
        'a: {"x":1}',
        "a: [1,2,]",
        "a: [,]",
    ),
    *(
        "a: !foo b",
        "a: !foo {x: 1}",
        "a: !!set {x, y}",
        "a: !!str",
        "a: ! ",
        "a: !!omap [x: 1]",
        "a: &x",
    ),
    *(
        "",
        "# c",
        "a",
        "[]",
        "- - a\n  - b",
        "a: |\n x\n\n",
        "a: >\n x\n y\n\n z\n",
        "a: |+\n x\n\n",
    ),
    *(
        "a: |-\n x\n",
        "a: |2\n   x\n",
        "a: >-\n  x\n   y\n  z\n",
        "a: b\n c\n\n d",
        "a: 'b\n c\n\n d'",
    ),
    *(
        "a: !!binary aGVsbG8=",
        "a: !!binary |\n  aGVs\n  bG8=",
        "a: !!binary ###",
        "a: !!binary /w==/v8=",
    ),
    *(
        "a:\n- b\n-\n- c",
        "a:\n  - b\n -c",
        "a: 1\n a: 2",
        "0x10: a",
        "010: b",
        "1e3: c",
        "true: d",
        "1.5: f",
    ),
    *(
        ".inf: h",
        ".nan: i",
        "1.5e-5: j",
        "1e6: k",
        "123456.7: l",
        "1e300: m",
        "18446744073709551615: n",
    ),
    *(
        "a: !<tag:yaml.org,2002:int> 5",
        "a: 1#c",
        "a: [\n1\n]\nb: 2",
        "\r\na: 1\r\nb: |\r\n  x\r\n",
        "a: 1\rb: 2",
    ),
)
DUPLICATES = (
    "a: 1\na: 2",
    "1: a\n'1': b",
    "{a: 1, a: 2}",
    "a: 1\nb: {c: 1, c: 2}",
    "true: 1\nyes: 2",
)


def agree(text: str, reader: Kubectl) -> None:
    """Check that both read the same, or that both refuse."""
    theirs = reader.read(text)
    try:
        ours = reading.value(text)
    except ManifestError:
        assert isinstance(theirs, Unreadable), f"{text!r}: only we refuse, kubectl reads {theirs!r}"
    else:
        assert not isinstance(theirs, Unreadable), f"{text!r}: only kubectl refuses: {theirs}"
        assert reading.same(ours, theirs), f"{text!r}: {ours!r}, kubectl {theirs!r}"


@pytest.mark.parametrize("word", WORDS)
def test_scalar_means_what_it_means_to_kubectl(word: str, kubectl_reader: Kubectl) -> None:
    """Every spelling, as value, key and item, quoted and under each tag."""
    for text in (
        f"a: {word}",
        f"{word}: 1",
        f"- {word}",
        f"a: '{word}'",
        f"a: ! {word}",
        f"a: ! '{word}'",
    ):
        agree(text, kubectl_reader)
    for tag in TAGS:
        agree(f"a: !!{tag} {word}", kubectl_reader)
        agree(f"a: !!{tag} '{word}'", kubectl_reader)


@pytest.mark.parametrize("text", DOCUMENTS)
def test_document_means_what_it_means_to_kubectl(text: str, kubectl_reader: Kubectl) -> None:
    """Merge keys, aliases, tags, line breaks, block scalars, and what is refused."""
    agree(text, kubectl_reader)


@given(st.floats(allow_nan=False, allow_infinity=False), st.booleans())
def test_number_means_what_it_means_to_kubectl(
    kubectl_reader: Kubectl, number: float, is_key: bool
) -> None:
    """Any float, as value and as key, after Go's shortest writing of 32 and 64 bits."""
    agree(f"{number!r}: 1" if is_key else f"- {number!r}", kubectl_reader)


@given(st.integers(0, 2**32), st.data())
def test_mutated_document_never_means_something_else(
    kubectl_reader: Kubectl, seed: int, data: st.DataObject
) -> None:
    """After random damage, what both accept has the same value in both."""
    text = styled.Writer(seed).document({"a": {"b": ["c", 1, None, {"d": "e f"}]}, "g": "h\ni\n"})
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(text)))
        cut = data.draw(st.integers(0, 3))
        text = (
            text[:at]
            + data.draw(st.text(alphabet=" \n\r-:?#&*!|>'\"{}[],0a.<\\~\ufeff\u2028", max_size=3))
            + text[at + cut :]
        )
    try:
        ours = reading.value(text)
    except ManifestError:
        return
    theirs = kubectl_reader.read(text)
    assert isinstance(theirs, Unreadable) or reading.same(ours, theirs)


@pytest.mark.parametrize("text", DUPLICATES)
def test_key_given_twice_is_refused(text: str) -> None:
    """Unlike kubectl, which takes the last one silently; also when keys only become equal as strings."""
    with pytest.raises(ManifestError, match="twice in one mapping, expected each key once"):
        reading.value(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: yes", True), ("a: 0o17", 15), ("a: 017", 15), ("a: 1e3", 1000), ("a: 08", 8),
        ("a: 2001-01-01", "2001-01-01"), ("a: 1:30", "1:30"), ("a: 1_000", 1000), ("a: =", "="), ("a:", None),
    ],
)  # fmt: skip
def test_rules_hold_without_go(text: str, expected: Any) -> None:
    """The rules that surprise people, stated once where no Go is needed."""
    got = reading.value(text)["a"]

    assert (expected, type(expected)) == (got, type(got))


@pytest.mark.parametrize(("value", "name"), [("a", "a"), (True, "true"), (5, "5"), (1e6, "1e+06")])
def test_key_becomes_a_member_name(value: Any, name: str) -> None:
    """As sigs.k8s.io/yaml writes it."""
    assert name == scalars.key(value)


def test_number_that_json_cannot_hold_is_refused() -> None:
    """Infinity and NaN have no JSON, so kubectl fails on them."""
    with pytest.raises(ManifestError, match="line 11: got the number inf, which JSON cannot hold"):
        reading.value("a: 1\nb: .inf")
    with pytest.raises(ValueError, match="nan"):
        scalars.number(math.nan)
