"""What is accepted for Envoy is checked on Envoy itself: expressions, loggers and levels."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webhook.injection.annotation_values import ENVOY_LEVELS, ENVOY_LOGGERS
from webhook.injection.regular_expression import is_accepted

ENVOY = shutil.which("envoy", path=Path(sys.executable).parent.as_posix())

_ATOMS = st.sampled_from(
    [
        "a",
        "é",
        ".",
        r"\d",
        r"\W",
        r"\.",
        r"\-",
        "[a-z]",
        "[^0-9_]",
        "[-a]",
        "[a-]",
        r"[\d.]",
        "[é]",
        "/",
    ]
)
_REPEATS = st.sampled_from(["", "*", "+", "?", "*?", "{2}", "{1,}", "{1,3}?", "{0,1}", "{1000}"])
_EXPRESSIONS = st.recursive(
    st.builds(str.__add__, _ATOMS, _REPEATS),
    lambda inner: st.one_of(
        st.builds("({}){}".format, inner, _REPEATS),
        st.builds("(?:{}){}".format, inner, _REPEATS),
        st.builds("{}|{}".format, inner, inner),
        st.builds("^{}{}$".format, inner, inner),
        st.builds(r"\b{}\B{}".format, inner, inner),
    ),
    max_leaves=6,
)
ACCEPTED = (
    r"vhost\..*\.route\..*",
    "()",
    "a||b",
    "(a|)",
    "^$",
    r"http\.inbound_.*;",
    "[{}]",
    "a-b",
    "&&",
)
REFUSED = (
    "(", ")", "a)", "[", "[]", "[^]", "[z-a]", "*a", "a**", "a++", "^*", "(*)", "a{2,1}", "a{1001}",
    "(?i)a", "(?=a)", "(?<=a)", "(?P<n>a)", r"\1", r"\p{L}", r"\A", "\\", r"\_", "[[:alpha:]]",
    "[a-Z]", "{2}", "a{", "}", "(a{40}){40}", "(" * 30 + ")" * 30, "a" * 513, r"[a\]", "[b-a-]",
)  # fmt: skip


def starts(expressions: list[str], folder: Path) -> str:
    """Start Envoy with these expressions until it answers, and return its complaint, if any."""
    socket = folder / "admin"
    patterns = [{"safe_regex": {"regex": expression}} for expression in expressions]
    document = {
        "admin": {"address": {"pipe": {"path": socket.as_posix()}}},
        "stats_config": {"stats_matcher": {"inclusion_list": {"patterns": patterns}}},
    }
    socket.unlink(missing_ok=True)
    command = [str(ENVOY), "--config-yaml", json.dumps(document, ensure_ascii=False), "-l", "error"]
    command += ["--use-dynamic-base-id", "--concurrency", "1", "--disable-hot-restart"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as envoy:
        deadline = time.monotonic() + 30
        while envoy.poll() is None and not socket.exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        alive = envoy.poll() is None
        envoy.terminate()
        return "" if alive else str(envoy.communicate()[1])


@pytest.mark.parametrize("expression", ACCEPTED)
def test_a_plain_expression_is_accepted(expression: str) -> None:
    """Alternatives, groups, classes and repetition are taken."""
    assert is_accepted(expression)


@pytest.mark.parametrize("expression", REFUSED)
def test_an_expression_that_may_stop_envoy_is_refused(expression: str) -> None:
    """What RE2 cannot read, or another engine reads otherwise, is turned down."""
    assert not is_accepted(expression)


def test_envoy_starts_with_every_accepted_expression(tmp_path: Path) -> None:
    """Envoy compiles all generated expressions that are accepted; a bad one would stop it."""
    found = set(ACCEPTED)

    @settings(max_examples=300, database=None, derandomize=True)
    @given(_EXPRESSIONS)
    def collect(expression: str) -> None:
        if is_accepted(expression):
            found.add(expression)

    collect()

    assert len(found) > 100
    assert starts(sorted(found), tmp_path) == ""
    assert "missing )" in starts([*sorted(found), "a("], tmp_path)


def test_envoy_knows_every_logger_and_level() -> None:
    """Every accepted logger and level is Envoy's; one it does not know would stop it."""
    names = sorted(ENVOY_LOGGERS)
    levels = [ENVOY_LEVELS[index % len(ENVOY_LEVELS)] for index in range(len(names))]
    pairs = ",".join(f"{name}:{level}" for name, level in zip(names, levels, strict=True))

    def check(text: str) -> int:
        command = [str(ENVOY), "--mode", "validate", "--config-yaml", "{}", "-l", "off"]
        return subprocess.run(
            [*command, "--component-log-level", text], check=False, capture_output=True, timeout=60
        ).returncode

    assert check(pairs) == 0
    assert check(f"{pairs},bogus:info") != 0
