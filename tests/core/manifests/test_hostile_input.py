"""No input crashes, hangs or fills memory: it is read, or refused in one sentence."""

# ruff: noqa: E501 - a row of a table is a line

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webhook.manifests import kinds, stream
from webhook.model.errors import ManifestError

MANY = 100_000
BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{name}: &{name} [{','.join([f'*{before}'] * 9)}]\n"
    for before, name in zip("abcdefghi", "bcdefghij", strict=True)
)
REFUSED = {
    "deep-flow": ("[" * MANY, r"line 1: got .*nest"),
    "deep-flow-closed": ("[" * MANY + "]" * MANY, r"line 1: got .*nest"),
    "deep-flow-mappings": ("{a: " * MANY, "line 1: got more than 200 nested collections"),
    "deep-block": ("- " * MANY, "line 1: got more than 200 nested collections, expected fewer"),
    "deep-lines": ("".join(" " * i + "a:\n" for i in range(300)), "line 201: got more than 200"),
    "deep-json": ('{"a":' * MANY, "line 1: got more than 200 nested collections"),
    "deep-json-closed": ('{"a":' * MANY + "1" + "}" * MANY, "line 1: got more than 200 nested"),
    "deep-keys": ("? " * MANY, "line 1: got a collection as a key, expected a string"),
    "alias-bomb": (BOMB, "line 4: got aliases that expand without measure"),
    "alias-text-bomb": (
        'a: &a "' + "x" * 200_000 + '"\nb: [' + ",".join(["*a"] * 90) + "]",
        "line 2: got aliases that expand without measure",
    ),
    "recursive-alias": ("a: &a [*a]", r"line 1: got the alias \*a inside its own anchor"),
    "recursive-merge": ("a: &a\n  <<: *a", r"line 2: got the alias \*a inside its own anchor"),
    "unknown-alias": ("a: *b", r"line 1: got the alias \*b, expected an anchor of that name above it"),
    "nul": ("a: 1\nb: \0", "line 2: got no YAML"),
    "control": ("a: 1\nb: \x07", "line 2: got no YAML"),
    "tab": ("a:\n\tb: 1", "line 2: got no YAML"),
    "unclosed": ("a: [1", "line 2: got no YAML"),
    "lone-surrogate": ("a: 1\nb: \ud800", "line 2: got half of a surrogate pair"),
    "hidden-behind-separator": (
        "a: 1\u2028---\u2028b: 2", "got a second document without `---` on a line of its own"
    ),
    "hidden-behind-carriage-return": ("a: 1\r---\rb: 2", "got a second document without `---`"),
    "inner-mark": ("a:\n\ufeff  b: 1", "line 2: got a byte order mark inside the document"),
    "tag-and-comma": ("a: [!x, 1]", "line 1: got a tag that a bracket or comma follows"),
    "list-at-root": ("- a", "line 1: got a list, expected an object with apiVersion and kind"),
    "text-at-root": ("hello", 'line 1: got the text "hello", expected an object'),
    "json-twice": ('{"a": 1, "a": 2}', 'line 1: got no JSON .the key "a" twice in one object'),
    "json-surrogate": ('{"a": "\\ud800"}', "line 1: got half of a surrogate pair"),
    "json-infinite": ('{"a": 1e999}', "line 1: got no JSON .the number 1e999 is out of range"),
    "json-nan": ('{"a": NaN}', "line 1: got no JSON .NaN is no number of JSON"),
    "json-unclosed": ('{"a": 1,\n"b": [}', "line 2: got no JSON"),
    "merge-of-a-list": ("a: &a [1]\nb:\n  <<: *a", "line 3: got a merge key `<<` without mappings"),
    "tag-mismatch": ("a: !!int x", 'line 1: got "x" under the tag !!int, expected a value that JSON'),
    "collection-alias-as-a-key": ("a: &a [1]\n*a : b", "line 2: got a collection as a key"),
    "json-of-300-levels": ('{"a":' * 300 + "1" + "}" * 300, "line 1: got more than 200 nested"),
    "null-key": ("~: 1", "line 1: got the key null, expected a string"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_hostile_document_is_refused_in_a_sentence(text: str, message: str) -> None:
    """The message names file, document and line, got and expected."""
    with pytest.raises(ManifestError, match=message) as caught:
        survey(text)
    said = str(caught.value)

    assert said.startswith("app.yaml, document 1, line ")
    assert ", expected " in said
    assert "\n" not in said
    assert len(said) < 300


@pytest.mark.parametrize(
    "text",
    ['kind: Pod\na: "' + "x" * 5_000_000 + '"', "kind: List\n" + "# x\n" * 1_000_000, "---\n" * 20_000, "\n" * 5_000_000,
     "kind:" + " " * 1_000_000 + "x", "a" + " " * 1_000_000 + ": 1", "{}" * 5_000, "[" * 10 + "]" * 10 + "\n" + "{}{" * 5_000],
    ids=["one-long-scalar", "comments", "separators", "empty-lines", "spaces-after-kind", "spaces-before-colon",
         "json-objects", "half-json"],
)  # fmt: skip
def test_large_input_ends(text: str) -> None:
    """Work grows with the size of the input and no faster; these would take hours otherwise."""
    documents = stream.documents(text, "app.yaml")

    assert "".join(document.text for document in documents) == text


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Nothing but a ManifestError comes out."""
    check(text)


@given(
    st.lists(
        st.sampled_from(
            (
                "---",
                "...",
                "\n",
                "\r\n",
                " ",
                "  ",
                "- ",
                ": ",
                "a",
                "kind: Pod",
                "kind: List",
                "items:",
                "{",
                "}",
                "[",
                "]",
                ",",
                '"',
                "'",
                "#",
                "&x ",
                "*x",
                "!!str ",
                "<<: ",
                "|",
                ">",
                "?",
                "%YAML 1.1",
                "\ufeff",
                "\u2028",
                "apiVersion: v1",
                "spec:",
                '{"a":1}',
                "\t",
                "\x00",
                "1",
                "~",
                "\\",
            )
        ),
        max_size=25,
    ).map("".join)
)
def test_any_pieces_of_yaml_are_read_or_refused(text: str) -> None:
    """The same for text that looks more like YAML."""
    check(text)


@given(st.binary(max_size=40))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    """Bytes that are no UTF-8 text are refused with their line."""
    try:
        text = stream.decode(data, "app.yaml")
    except ManifestError:
        return
    assert text.encode() == data
    check(text)


def check(text: str) -> None:
    """Read all there is in a text."""
    try:
        documents = stream.documents(text, "app.yaml")
        assert "".join(document.text for document in documents) == text
        survey(text)
        kinds.namespace_labels(documents)
    except ManifestError as error:
        assert "app.yaml, " in str(error)  # noqa: PT017 - most texts raise nothing


def survey(text: str) -> None:
    """Look for pods in every document."""
    for document in stream.documents(text, "app.yaml"):
        kinds.survey(document, strict=True)
