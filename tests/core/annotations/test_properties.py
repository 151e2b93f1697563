"""Whatever an annotation holds: settings within their bounds, or a mistake, and nothing else."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import example, given
from hypothesis import strategies as st

from tests.core.annotations.cases import REFUSED, TAKEN
from webhook.injection.annotations import RELEVANT, effective, relevant
from webhook.injection.effective import Effective
from webhook.injection.proxy_config import KEY
from webhook.manifests.value import read_yaml
from webhook.model.errors import InvalidAnnotations
from webhook.model.settings import OnInvalid, Settings

_HOSTILE = st.sampled_from(
    [
        "$(POD_IP)",
        "$$(",
        "%REQ(x)%",
        '"',
        "'",
        "\n- x",
        "{{",
        "\ud800",
        "\U0001f600",
        "\x00",
        "\u2028",
    ]
)
_FRAGMENTS = st.sampled_from(
    sorted(
        {row.text for row in TAKEN}
        | {t for texts in REFUSED.values() for t in texts if len(t) < 99}
    )
)
_TEXTS = st.one_of(
    st.text(st.characters()),
    st.lists(st.one_of(_HOSTILE, _FRAGMENTS, st.text(st.characters())), max_size=4).map("".join),
    _FRAGMENTS,
)
_ANNOTATIONS = st.dictionaries(st.sampled_from(sorted(RELEVANT)), _TEXTS, max_size=6)
_JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(st.characters())),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(_TEXTS, inner, max_size=3)
    ),
    max_leaves=8,
)


def outcome(annotations: dict[str, str], settings: Settings) -> Effective | None:
    """Return what applies, or None after a mistake that can be written anywhere."""
    try:
        return effective(settings, annotations, read_yaml)
    except InvalidAnnotations as error:
        caught = error
    str(caught).encode()
    assert {mistake.key for mistake in caught.mistakes} <= set(annotations)
    return None


@given(_ANNOTATIONS)
@example({KEY: "a: 0x" + "f" * 5000})
@example({KEY: "concurrency: " + "9" * 5000})
def test_any_text_gives_settings_in_bounds_or_a_mistake(annotations: dict[str, str]) -> None:
    """Settings that come of annotations are settings that a configuration file could hold."""
    found = outcome(annotations, Settings())

    if found is not None:
        assert msgspec.convert(msgspec.to_builtins(found.settings), Settings) == found.settings
        "".join(found.warnings).encode()
        msgspec.json.encode(found)


@given(_ANNOTATIONS)
def test_warnings_never_deny(annotations: dict[str, str]) -> None:
    """With `warn` there is always a result, within the same bounds."""
    found = effective(Settings(on_invalid_annotation=OnInvalid.WARN), annotations, read_yaml)

    assert msgspec.convert(msgspec.to_builtins(found.settings), Settings) == found.settings


@given(_ANNOTATIONS, st.dictionaries(st.text(), st.text(), max_size=3))
def test_the_result_depends_on_relevant_annotations_only(
    annotations: dict[str, str], others: dict[str, str]
) -> None:
    """What applies is the same for the cache key alone and for all annotations."""
    everything = {**others, **annotations}
    key = relevant(everything)

    assert dict(key) == annotations
    assert outcome(everything, Settings()) == outcome(dict(reversed(key)), Settings())


@given(
    st.dictionaries(st.sampled_from(["tracing", "proxyMetadata", "concurrency", "image"]), _JSON)
)
def test_any_value_of_a_member_is_taken_or_refused(config: dict[str, Any]) -> None:
    """A ProxyConfig of any shape is settings or a mistake."""
    try:
        text = msgspec.json.encode(config).decode()
    except UnicodeEncodeError:
        return
    outcome({KEY: text}, Settings())
