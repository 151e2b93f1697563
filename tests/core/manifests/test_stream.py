"""Streams are split where kubectl splits them, and the pieces joined are the input."""

# ruff: noqa: E501 - a row of a table is a line

from __future__ import annotations

import codecs

import pytest

from webhook.manifests import stream
from webhook.model.errors import ManifestError

STREAMS: dict[str, tuple[str, list[tuple[str, int, int, str]]]] = {
    "empty": ("", []),
    "one": ("a: 1\n", [("yaml", 1, 1, "a: 1\n")]),
    "no-last-break": ("a: 1\n---\nb: 2", [("yaml", 1, 1, "a: 1\n"), ("yaml", 2, 2, "b: 2")]),
    "comment-after-separator": ("--- # x\na: 1\n---#y\nb: 2\n", [("yaml", 1, 1, "a: 1\n"), ("yaml", 2, 3, "b: 2\n")]),
    "comments-between": (
        "# top\n---\n# own\na: 1\n---\n# end\n",
        [("blank", 1, 1, "# top\n"), ("yaml", 1, 2, "# own\na: 1\n"), ("blank", 2, 5, "# end\n")],
    ),
    "crlf-and-marks": (
        "\ufeff---\r\na: 1\r\n\ufeff---\r\nb: 2\r\n",
        [("yaml", 1, 1, "a: 1\r\n"), ("yaml", 2, 3, "b: 2\r\n")],
    ),
    "mark-then-content": ("\ufeffa: 1\n---\n\ufeffb: 2\n", [("yaml", 1, 1, "a: 1\n"), ("yaml", 2, 2, "b: 2\n")]),
    "directives": (
        "%YAML 1.1\n---\na: 1\n...\n# c\n%YAML 1.1\n---\nb: 2\n",
        [("yaml", 1, 1, "a: 1\n"), ("yaml", 2, 6, "b: 2\n")],
    ),
    "end-marker": ("a: 1\n...\n---\nb: 2\n...\n", [("yaml", 1, 1, "a: 1\n"), ("yaml", 2, 3, "b: 2\n")]),
    "separator-in-a-block-scalar": ("a: |\n  x\n---\nb: 2\n", [("yaml", 1, 1, "a: |\n  x\n"), ("yaml", 2, 3, "b: 2\n")]),
    "indented-separator-is-text": ("a: |\n  ---\n  x\n", [("yaml", 1, 1, "a: |\n  ---\n  x\n")]),
    "json": ('# c\n {"a": 1}\n---\n{"b": 2}', [("json", 1, 1, '{"a": 1}'), ("json", 2, 3, '{"b": 2}')]),
    "joined-json": ('{"a": 1}{"b": 2}\n{"c": 3}\n', [("json", 1, 1, '{"a": 1}'), ("json", 2, 1, '{"b": 2}'), ("json", 3, 1, '{"c": 3}')]),
    "braces-of-yaml": ("{a: 1}\n", [("yaml", 1, 1, "{a: 1}\n")]),
    "json-with-a-last-comma-is-yaml": ('{"a": 1,}\n', [("yaml", 1, 1, '{"a": 1,}\n')]),
}  # fmt: skip
REFUSED = {
    "text-after-separator": ("a: 1\n--- b\n", 'line 2: got "b" after `---`, expected nothing'),
    "four-dashes": ("a: 1\n----\n", 'line 2: got "-" after `---`'),
    "certificate": (
        "a: 'x\n-----BEGIN CERTIFICATE-----\n'\n",
        'line 2: got "--BEGIN CERTIFICATE-----" after',
    ),
    "content-after-end": (
        "a: 1\n...\nb: 2\n",
        "line 3: got content after `...`, expected `---` before it",
    ),
    "directive-at-the-end": ("a: 1\n...\n%YAML 1.1\n", "line 3: got content after `...`"),
}
BYTES = {
    "utf-16": (
        codecs.BOM_UTF16_LE + "a: 1".encode("utf-16-le"),
        "line 1: got UTF-16, expected UTF-8",
    ),
    "latin-1": (b"a: 1\nb: \xe9\n", "line 2: got the byte 0xe9, expected UTF-8 text"),
    "nul": (b"a: 1\n\0", "line 2: got a NUL byte, expected UTF-8 text"),
}
KINDS = {
    "kind: ConfigMap\n": "ConfigMap",
    "a: 1\nkind:   Pod # c\n": "Pod",
    "kind: Pod\r\n": "Pod",
    "kind: 'Pod'\n": None,
    '"kind": Pod\n': None,
    "kind: &a Pod\n": None,
    "kind: *a\n": None,
    "kind: Pod\nkind: Job\n": None,
    "kind: Pod\n? kind\n: Job\n": "Pod",
    "kind: ConfigMap\n'kind': Job\n": None,
    " kind: Pod\n": None,
    "kind:\n  Pod\n": None,
    "- kind: Pod\n": None,
}


@pytest.mark.parametrize(("text", "expected"), STREAMS.values(), ids=STREAMS.keys())
def test_stream_is_split_into_documents(
    text: str, expected: list[tuple[str, int, int, str]]
) -> None:
    """Each has its form, its number, its first line and its content; nothing is lost between them."""
    documents = stream.documents(text, "app.yaml")
    got = [(each.form.value, each.place.number, each.place.line, each.body) for each in documents]

    assert expected == got
    assert text == "".join(each.text for each in documents)


@pytest.mark.parametrize(("text", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_what_kubectl_would_not_read_is_refused(text: str, message: str) -> None:
    """Text on a separator's line, and content that kubectl silently skips."""
    with pytest.raises(ManifestError, match=message):
        stream.documents(text, "app.yaml")


@pytest.mark.parametrize(("data", "message"), BYTES.values(), ids=BYTES.keys())
def test_other_encodings_are_refused(data: bytes, message: str) -> None:
    """The message says which byte on which line."""
    with pytest.raises(ManifestError, match=message):
        stream.decode(data, "app.yaml")


@pytest.mark.parametrize(("text", "kind"), KINDS.items())
def test_kind_is_told_without_parsing_only_when_it_is_plain(text: str, kind: str | None) -> None:
    """A document passes unparsed only if its one top-level kind cannot be read otherwise."""
    assert kind == stream.documents(text, "app.yaml")[0].kind


def test_byte_order_mark_stays_part_of_the_text() -> None:
    """Bytes decoded, split, joined and encoded are the same bytes."""
    data = "\ufeffkind: Pod\r\n".encode()
    documents = stream.documents(stream.decode(data, "app.yaml"), "app.yaml")

    assert data == "".join(each.text for each in documents).encode()
    assert documents[0].value == {"kind": "Pod"}
