"""Every annotation: each form that is taken, warned about and refused."""

from __future__ import annotations

import msgspec
import pytest

from tests.core.annotations.cases import CONTRADICTIONS, REFUSED, TAKEN, WARNED, Taken, Warned
from webhook.injection.annotations import CATALOGUE, RELEVANT, effective
from webhook.injection.effective import Effective, at
from webhook.manifests.value import read_yaml
from webhook.model.errors import InvalidAnnotations
from webhook.model.settings import AnnotationRules, OnInvalid, Redirect, RedirectMode, Settings

_ROWS = [(key, text) for key, texts in REFUSED.items() for text in texts]


@pytest.mark.parametrize("row", TAKEN, ids=lambda row: f"{row.key}={row.text[:40]!a}")
def test_a_text_is_taken_and_changes_one_value(row: Taken) -> None:
    """An accepted text puts its value in its place and leaves the other settings as they are."""
    found = effective(Settings(), {row.key: row.text}, read_yaml)

    assert at(found, row.path) == row.value
    assert found.warnings == () or "raised" in found.warnings[0] or "lowered" in found.warnings[0]


@pytest.mark.parametrize("row", WARNED, ids=lambda row: f"{row.key}={row.text[:40]!a}")
def test_what_cannot_be_honoured_warns_with_an_alternative(row: Warned) -> None:
    """A text without (full) effect is taken with one warning that names the key and a way out."""
    settings = Settings(redirect=Redirect(mode=RedirectMode.CNI))

    found = effective(settings, {row.key: row.text}, read_yaml)

    assert found.settings == settings
    (warning,) = found.warnings
    assert row.key in warning
    assert row.words in warning


@pytest.mark.parametrize(("key", "text"), _ROWS, ids=lambda part: f"{part[:40]!a}")
def test_a_text_is_refused_with_what_is_accepted(key: str, text: str) -> None:
    """A refused text is named with its key, what was got and what the catalogue accepts."""
    accepted = {entry.key: entry.accepted for entry in CATALOGUE}[key]

    with pytest.raises(InvalidAnnotations) as caught:
        effective(Settings(), {key: text}, read_yaml)

    (mistake,) = caught.value.mistakes
    assert mistake.key == key
    assert mistake.expected.startswith(accepted) is ((key, text) not in CONTRADICTIONS)
    assert len(str(mistake)) < 2000
    str(mistake).encode()


@pytest.mark.parametrize("key", REFUSED)
def test_a_refused_text_may_count_as_absent(key: str) -> None:
    """Where the administrator asks for warnings, a refused text warns and keeps the default."""
    settings = Settings(on_invalid_annotation=OnInvalid.WARN)

    for text in REFUSED[key]:
        found = effective(settings, {key: text}, read_yaml)

        assert msgspec.structs.replace(found, warnings=()) == Effective(settings=settings)
        assert any(key in warning and "ignored" in warning for warning in found.warnings)


@pytest.mark.parametrize("key", sorted({row.key for row in WARNED} - set(REFUSED)))
def test_what_is_ignored_may_hold_anything(key: str) -> None:
    """A key that nothing here reads, which may be another product's, never denies a pod."""
    settings = Settings(annotations=AnnotationRules(allow=(), deny=("*",)))

    for text in ("", "[\n  {}\n]", "\x00", "$(POD_IP)"):
        assert effective(settings, {key: text}, read_yaml).settings == settings


def test_a_huge_text_is_cut_in_the_message() -> None:
    """What is wrong inside a text of any size is said in a message of bounded size."""
    with pytest.raises(InvalidAnnotations) as caught:
        effective(Settings(), {"sidecar.istio.io/statsInclusionRegexps": "(" * 200_000}, read_yaml)

    assert len(str(caught.value)) < 2000


def test_every_annotation_has_rows() -> None:
    """Each annotation that is read has a row that is taken and one that is refused."""
    assert {row.key for row in TAKEN} | {row.key for row in WARNED} == RELEVANT
    ignored = {row.key for row in WARNED} - {row.key for row in TAKEN}
    assert set(REFUSED) == RELEVANT - ignored - {"k8s.v1.cni.cncf.io/networks"}
