"""What the documentation names is there: annotations, settings, metrics, alerts, files."""

from __future__ import annotations

import re

import pytest

from tests.core.docs.anchors import anchors
from tests.core.docs.pages import ROOT, linking_pages

_CODE = re.compile(r"`([^`\n]+)`")
_KEY = re.compile(r"[a-z0-9.-]*istio\.io/[A-Za-z][A-Za-z.-]*")
_SECTIONS = "proxy|redirect|pilot|policy|traffic|probes|bootstrap|annotations"
_SETTING = re.compile(rf"(?:{_SECTIONS})(?:\.[a-z][A-Za-z]*)+")
_METRIC = re.compile(r"pillion_[a-z_]+")
_PATH = re.compile(r"(?:webhook|initcontainer|charts|tests|scripts)/[\w./-]*")
_MADE_OF = {"_total", "_bucket", "_count", "_sum"}
"""What Prometheus adds to the name of a counter or histogram."""


def _named(pattern: re.Pattern[str]) -> set[str]:
    """Return the code words of all hand-written pages that are of this form as a whole."""
    return {
        word
        for page in linking_pages()
        if "reference" not in page.parts and page.name != "CHANGELOG.md"
        for code in _CODE.findall(page.read_text(encoding="utf-8"))
        for word in (re.split(r"[=:]", code)[0].strip(),)
        if pattern.fullmatch(word)
    }


def _reference(page: str) -> str:
    return (ROOT / "docs" / "reference" / page).read_text(encoding="utf-8")


def test_annotations_and_labels_are_in_the_reference() -> None:
    """Each of Istio's keys that a page names is in the catalogue."""
    found = _named(_KEY)
    text = _reference("annotations.md")
    assert {key for key in found if f"`{key}`" not in text} == set()
    assert len(found) > 10


def test_settings_are_in_the_reference() -> None:
    """Each setting that a page names is a field of the configuration file."""
    found = _named(_SETTING)
    text = _reference("configuration.md")
    assert {name for name in found if f"| `{name}` |" not in text} == set()
    assert len(found) > 10


def test_metrics_are_exported() -> None:
    """Each metric that a page names is one of the webhook's."""
    text = (ROOT / "webhook" / "serving" / "metrics.py").read_text(encoding="utf-8")
    found = _named(_METRIC)
    plain = {re.sub("(?:" + "|".join(_MADE_OF) + ")$", "", name) for name in found}
    assert {name for name in plain if f'"{name}"' not in text} == set()
    assert found


def test_files_are_there() -> None:
    """Each file or folder of the code that a page names exists."""
    found = _named(_PATH)
    assert {path for path in found if not (ROOT / path).exists()} == set()
    assert len(found) > 30


def test_each_alert_has_its_place() -> None:
    """The runbook address of an alert ends in its name, in lower case; that is a heading."""
    alerts = (ROOT / "charts" / "pillion" / "files" / "alerts.yaml").read_text(encoding="utf-8")
    names = re.findall(r"^- alert: (\w+)$", alerts, re.MULTILINE)
    page = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
    assert {name for name in names if name.lower() not in anchors(page)} == set()
    assert names


@pytest.mark.parametrize(
    ("pattern", "word", "whole"),
    [
        (_KEY, "sidecar.istio.io/inject", True),
        (_KEY, "istio.io/rev", True),
        (_KEY, "inject", False),
        (_SETTING, "redirect.mode", True),
        (_SETTING, "proxy.py", True),
        (_SETTING, "proxy", False),
        (_PATH, "webhook/injection/plan.py", True),
        (_PATH, "plan.py", False),
    ],
)
def test_words_are_told_apart(pattern: re.Pattern[str], word: str, whole: bool) -> None:
    """A name is looked up when its form says what it is."""
    assert (pattern.fullmatch(word) is not None) is whole
