"""Whatever a flag says, it is refused by name or becomes rules that hold none of its text."""

from __future__ import annotations

import re

from hypothesis import example, given

from initcontainer import iptables, nftables
from initcontainer.accounts import Image
from initcontainer.arguments import read_arguments
from initcontainer.mistakes import UsageError
from initcontainer.networks import Family
from initcontainer.program import read_request
from initcontainer.ruleset import Ruleset, build_ruleset
from tests.initcontainer.flags import ARBITRARY, VALID

NO_FILES = Image(root="/nonexistent")
NFT_LINE = re.compile(
    r'\t\t(type [a-z]+ hook [a-z]+ priority -?\d+; policy accept;|[A-Za-z0-9 "{}!=,./:*_@+-]+)'
)
RESTORE_LINE = re.compile(r'(\*[a-z]+|:[A-Z_]+ - \[0:0\]|-A [A-Za-z0-9 "!,./:_@+-]+|COMMIT)')


def rulesets(words: list[str]) -> list[Ruleset]:
    """Give what a command line becomes; nothing when it is refused with a reason for each flag."""
    try:
        capture = read_request(read_arguments(words, {}), {}, NO_FILES).capture
    except UsageError as error:
        return refused(error)
    return [build_ruleset(capture, tuple(Family)), build_ruleset(capture, (Family.V4,))]


def refused(error: UsageError) -> list[Ruleset]:
    """Check that every reason says what was expected; nothing was made."""
    assert error.mistakes
    assert all(", expected " in text for text in error.mistakes)
    return []


def assert_scripts_are_clean(ruleset: Ruleset) -> None:
    """Check every line of every script against the grammar of what we write."""
    for line in nftables.replacement_script(ruleset, "0" * 16).splitlines()[3:]:
        assert NFT_LINE.fullmatch(line) or re.fullmatch(r"\tchain [a-z-]+ \{|\t?\}", line), line
    for family in Family:
        state = iptables.expected_state(ruleset, family, "0" * 16)
        for line in iptables.restore_script({}, state).splitlines():
            assert RESTORE_LINE.fullmatch(line), line


@given(ARBITRARY)
@example(['--exclude-interfaces=a"b'])
@example(["--exclude-outbound-for-uids=tcp:80:0;*:1"])
def test_arbitrary_text_is_refused_or_harmless(words: list[str]) -> None:
    """No text of a flag reaches a script but as numbers, prefixes and plain interface names."""
    for ruleset in rulesets(words):
        assert_scripts_are_clean(ruleset)


@given(VALID)
def test_valid_flags_become_clean_scripts(words: list[str]) -> None:
    """Valid command lines are accepted and their scripts keep to the grammar too."""
    made = rulesets(words)

    assert made
    for ruleset in made:
        assert_scripts_are_clean(ruleset)
