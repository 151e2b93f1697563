"""Splits a stream into documents, where kubectl splits it, without parsing them."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from webhook.manifests import jsontext
from webhook.manifests.document import Document, Form
from webhook.manifests.place import Place
from webhook.model.errors import ManifestError

_MARKER: Final = re.compile(
    r"^\ufeff?(?:(?P<start>---)(?P<rest>[^\n]*)|\.\.\.(?=[ \t\r\n]|\Z)[^\n]*)(?:\n|\Z)",
    re.MULTILINE,
)
"""A line that begins with `---`, which kubectl takes for a separator whatever follows, or `...`."""
_LINE: Final = re.compile(r"^[ \t\r\ufeff]*(?P<first>[^\s#\ufeff])", re.MULTILINE)
"""A line that is neither empty nor a comment."""
_GAP: Final = re.compile(r"(?:[ \t\r\n\ufeff]+|#[^\n]*)*")
_KIND: Final = re.compile(
    r"^(?:\?[ \t]+)?(?P<quote>[\"']?)kind(?P=quote)[ \t]*:(?P<value>[^\n]*)", re.MULTILINE
)
_PLAIN: Final = re.compile(r"[ \t]+(?P<kind>[A-Za-z][A-Za-z0-9]*)[ \t]*(?:[ \t]#.*)?\r?")


class _Span(NamedTuple):
    """Offsets into the stream: all of a document, and its content."""

    begin: int
    start: int
    end: int
    finish: int


def decode(data: bytes, source: str) -> str:
    """Read the bytes of a stream as text; a byte order mark stays part of it.

    Raises:
        ManifestError: the bytes are no UTF-8, or hold a NUL, which no text does.
    """
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise ManifestError(f"{source}, document 1, line 1: got UTF-16, expected UTF-8")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ManifestError(
            f"{source}, line {line}: got the byte 0x{data[error.start]:02x}, expected UTF-8 text"
        ) from error
    nul = data.find(b"\0")
    if nul >= 0:
        line = data.count(b"\n", 0, nul) + 1
        raise ManifestError(f"{source}, line {line}: got a NUL byte, expected UTF-8 text")
    return text


def documents(text: str, source: str) -> tuple[Document, ...]:
    """Split a stream; joining the documents' texts gives it back.

    Documents that hold nothing count in the numbering only if something follows them.

    Raises:
        ManifestError: text after `---` on its line, or content after `...` that no `---` precedes.
    """
    found: list[Document] = []
    line, number = 1, 1
    for span in _spans(text, source):
        if span.begin == span.finish:
            continue
        place = Place(source, number, line)
        document = _document(text, span, place)
        found.append(document)
        line += document.text.count("\n")
        number += document.form is not Form.BLANK
    return tuple(found)


def _spans(text: str, source: str) -> Iterator[_Span]:
    for span in _marked(text, source):
        yield from _json_spans(text, span)


def _marked(text: str, source: str) -> Iterator[_Span]:
    """Split at `---`; directives before it belong to the document that it begins."""
    begin, start, end = 0, _after_mark(text, 0), None
    for marker in _MARKER.finditer(text):
        if marker["start"] is None:
            end = marker.start() if end is None else end
            _check_tail(text, marker, source)
            continue
        rest = marker["rest"].strip()
        if rest and not rest.startswith("#"):
            line = text.count("\n", 0, marker.start()) + 1
            raise ManifestError(
                f'{source}, line {line}: got "{rest[:40]}" after `---`, expected nothing, '
                "because kubectl refuses text there"
            )
        content_end = marker.start() if end is None else end
        head = _directives(text, start if end is None else end, marker.start())
        if head is None:
            yield _Span(begin, start, content_end, marker.start())
            begin = marker.start()
        elif head > begin and text[begin:head].strip():
            yield _Span(begin, start, min(content_end, head), head)
            begin = head
        start, end = _after_mark(text, marker.end()), None
    yield _Span(begin, start, len(text) if end is None else end, len(text))


def _after_mark(text: str, at: int) -> int:
    return at + text.startswith("\ufeff", at)


def _directives(text: str, start: int, end: int) -> int | None:
    """Give where the directives begin that stand before the marker at `end`, if only they do."""
    first = None
    for match in _LINE.finditer(text, start, end):
        if match["first"] == "%":
            first = match.start() if first is None else first
        elif match["first"] != "." or first is not None:
            return None
    return first


def _check_tail(text: str, marker: re.Match[str], source: str) -> None:
    """Refuse content between `...` and the next marker: kubectl would not read it."""
    following = _MARKER.search(text, marker.end())
    stop = following.start() if following is not None else len(text)
    for match in _LINE.finditer(text, marker.end(), stop):
        if match["first"] != "%" or following is None:
            line = text.count("\n", 0, match.start("first")) + 1
            raise ManifestError(
                f"{source}, line {line}: got content after `...`, expected `---` before it, "
                "because kubectl reads no further"
            )


def _json_spans(text: str, span: _Span) -> Iterator[_Span]:
    """Split JSON objects that follow each other, as `kubectl get -o json` may be concatenated."""
    begin, start = span.begin, span.start
    while (end := _json_end(text, start, span.end)) is not None:
        if not text.startswith("{", _content(text, end, span.end)):
            break
        yield _Span(begin, start, end, end)
        begin = start = end
    yield _Span(begin, start, span.end, span.finish)


def _json_end(text: str, start: int, end: int) -> int | None:
    """Give the offset after the JSON object that is the first content; None if it is none."""
    first = _content(text, start, end)
    return jsontext.extent(text, first) if text.startswith("{", first, end) else None


def _content(text: str, start: int, end: int) -> int:
    """Give the offset of what is neither white space nor comment; `end` if nothing is."""
    gap = _GAP.match(text, start, end)
    return gap.end() if gap is not None else end


def _document(text: str, span: _Span, place: Place) -> Document:
    whole = text[span.begin : span.finish]
    start, end = span.start - span.begin, span.end - span.begin
    first = _content(whole, start, end)
    if first == end:
        return Document(place, Form.BLANK, whole, start, end)
    if whole.startswith("{", first):
        after = jsontext.extent(whole, first)
        if after is not None and _content(whole, after, end) == end:
            return Document(place, Form.JSON, whole, first, after)
        return Document(place, Form.YAML, whole, start, end)
    return Document(place, Form.YAML, whole, start, end, _kind(whole[start:end]))


def _kind(body: str) -> str | None:
    matches = _KIND.findall(body)
    if len(matches) != 1 or matches[0][0]:
        return None
    plain = _PLAIN.fullmatch(matches[0][1])
    return plain["kind"] if plain is not None else None
