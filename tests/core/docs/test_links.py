"""Every relative link of the documentation leads somewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.core.docs.anchors import Link, anchors, links
from tests.core.docs.pages import ROOT, linking_pages

PAGES = linking_pages()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    """Each relative link of a page names a file or folder, and its anchor a heading there."""
    broken = [link for link in links(page.read_text(encoding="utf-8")) if not _leads(page, link)]
    assert broken == []


def test_all_places_are_read() -> None:
    """The pages that link include the README, every folder of the documentation and the chart's."""
    found = {str(page.relative_to(ROOT)) for page in PAGES}
    assert found >= {
        "CONTRIBUTING.md",
        "README.md",
        "SECURITY.md",
        "charts/pillion/README.md",
        "docs/README.md",
        "docs/concepts/certificates.md",
        "docs/how-to/inject-manifests.md",
        "docs/reference/annotations.md",
        "examples/README.md",
    }


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("[a](b.md)", [Link("b.md", "")]),
        ("[a](../b.md#c-d), [e](#f)", [Link("../b.md", "c-d"), Link("", "f")]),
        ("[a](https://example.org/#b) [c](mailto:d)", []),
        ("`[a](b.md)` and\n```\n[c](d.md)\n```\n[e](f)", [Link("f", "")]),
    ],
)
def test_links_are_read(text: str, found: list[Link]) -> None:
    """Links outside code are found, with their anchors; addresses with a scheme are left out."""
    assert list(links(text)) == found


def test_anchors_are_those_of_repository_hosts() -> None:
    """An anchor is the heading in lower case, without punctuation, blanks as hyphens, numbered."""
    text = "# A b, c\n\n## `d/e` (f): g_h-i\n\n## A b, c\n\n```sh\n# none\n```\n\n### [k](l) m\n"
    assert anchors(text) == {"a-b-c", "de-f-g_h-i", "a-b-c-1", "k-m"}


@pytest.mark.parametrize(
    ("link", "leads"),
    [
        (Link("docs", ""), True),
        (Link("docs/README.md", "commands-in-these-pages"), True),
        (Link("docs/README.md", "nowhere"), False),
        (Link("docs/nothing.md", ""), False),
        (Link("docs", "anchor"), False),
        (Link("", "documentation"), True),
        (Link("../outside.md", ""), False),
    ],
)
def test_a_broken_link_is_found(link: Link, leads: bool) -> None:
    """A missing file, a missing heading and a way out of the project are told from good links."""
    assert _leads(ROOT / "README.md", link) is leads


def _leads(page: Path, link: Link) -> bool:
    target = (page.parent / link.path).resolve() if link.path else page
    if not target.is_relative_to(ROOT) or not target.exists():
        return False
    if not link.anchor:
        return True
    return target.suffix == ".md" and link.anchor in anchors(target.read_text(encoding="utf-8"))
