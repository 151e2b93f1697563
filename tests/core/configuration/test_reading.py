"""What a file says becomes settings, and what it leaves out has its default."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from webhook.configuration.reader import read, show
from webhook.model.errors import ConfigurationError
from webhook.model.settings import ResourceList, Resources, Settings


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n", "{}", "null", "\ufeff{}"])
def test_an_empty_file_is_all_defaults(text: str) -> None:
    """A file without members configures nothing."""
    assert read(text, "config.yaml") == Settings()


def test_what_is_shown_is_what_is_read() -> None:
    """Settings shown in the file's spelling read back as themselves."""
    settings = read("proxy: {concurrency: 4}\ntraffic: {excludeOutboundPorts: [443]}", "x")

    assert settings != Settings()
    assert read(msgspec.json.encode(show(settings)).decode(), "x") == settings


def test_one_amount_keeps_the_other_defaults() -> None:
    """An amount that is not given keeps its default; null leaves it out."""
    settings = read(
        "proxy: {resources: {requests: {cpu: 1}, limits: {memory: null}}}\n"
        "redirect: {resources: {}}",
        "x",
    )

    assert settings.proxy.resources == Resources(
        requests=ResourceList(cpu="1", memory="128Mi"), limits=ResourceList(cpu="2", memory=None)
    )
    assert settings.redirect.resources == Settings().redirect.resources


def test_lists_of_traffic_have_one_spelling() -> None:
    """Ports may be numbers, texts or ranges and prefixes may have bits behind their length."""
    settings = read(
        "traffic: {excludeInboundPorts: [80, '80', 8000-8010, '9:10'], "
        "includeOutboundCidrs: [10.1.2.3/8, fd00::1/64], includeInboundPorts: ['*'], "
        "includeOutboundPorts: []}",
        "x",
    )

    assert settings.traffic.exclude_inbound_ports == ("80", "8000-8010", "9-10")
    assert settings.traffic.include_outbound_cidrs == ("10.0.0.0/8", "fd00::/64")
    assert settings.traffic.include_inbound_ports == ("*",)
    assert settings.traffic.include_outbound_ports == ()


def test_selectors_and_patches_are_kept_as_written() -> None:
    """What Kubernetes itself reads stays plain values."""
    selector = {"matchExpressions": [{"key": "a.b/c", "operator": "In", "values": ["x", ""]}]}
    patch = {"env": [{"name": "A", "$patch": "delete"}]}
    document = {
        "policy": {"neverInjectSelector": [selector, {"matchLabels": {"app": "x"}}]},
        "overlays": [{"name": "a", "target": "proxy", "patch": patch}],
        "bootstrap": {
            "proxyConfig": {"tracing": {"sampling": 1}},
            "proxyMetadata": {"HTTP10": "1"},
        },
        "annotations": {"deny": ["proxy.istio.io/config", "traffic.sidecar.istio.io/*"]},
        "extraKinds": [],
    }

    settings = read(msgspec.json.encode(document).decode(), "x")

    assert settings.policy.never_inject_selector == (selector, {"matchLabels": {"app": "x"}})
    assert settings.overlays[0].patch == patch
    assert settings.bootstrap.proxy_config == {"tracing": {"sampling": 1}}


def test_a_sound_file_does_not_load_jsonschema() -> None:
    """Only a file with mistakes pays for the list of all of them."""
    program = (
        "import sys; from webhook.configuration.reader import read;"
        "read('proxy: {concurrency: 3}', 'x'); print('jsonschema' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True, timeout=60
    )

    assert done.stdout == "False\n"


_JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(st.characters())),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(st.characters()), inner, max_size=3)
    ),
    max_leaves=6,
)


def _members(default: Any) -> st.SearchStrategy[Any]:
    """Generate values shaped like the settings, with anything in their places."""
    if not isinstance(default, dict) or not default:
        return st.one_of(st.just(default), _JSON)
    return st.fixed_dictionaries({}, optional={k: _members(v) for k, v in default.items()})


@given(_members(show(Settings())))
def test_any_document_is_settings_or_mistakes(document: dict[str, Any]) -> None:
    """Whatever stands in the file, there are settings that read back, or sentences."""
    try:
        text = msgspec.json.encode(document).decode()
    except UnicodeEncodeError:
        text = repr(document)
    try:
        settings = read(text, "x")
    except ConfigurationError as error:
        mistakes = error.mistakes
        settings = None
        "".join(mistakes).encode()
        assert mistakes

    if settings is not None:
        assert read(msgspec.json.encode(show(settings)).decode(), "x") == settings
