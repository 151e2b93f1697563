"""Reading the command line and environment into text values, as Go's flag parser would.

Accepted: `--flag value`, `--flag=value`, `-f value`, `-fvalue`, `-f=value`, switches bare or with
`=true`/`=false`.
"""

from __future__ import annotations

from initcontainer.frozen import value
from initcontainer.options import OPTIONS, Option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

COMMANDS = ("apply", "plan", "verify", "validate", "cleanup", "doctor", "version", "help")
TRUE = ("1", "t", "T", "TRUE", "true", "True")
FALSE = ("0", "f", "F", "FALSE", "false", "False")
BY_LONG = {flag: option for option in OPTIONS for flag in option.flags}
BY_SHORT = {option.short: option for option in OPTIONS if option.short}


@value
class Given:
    """One option's text and where it came from, for messages."""

    text: str
    origin: str


@value
class Arguments:
    """The command, and every option by its own flag name."""

    command: str
    given: tuple[tuple[str, Given], ...]
    mistakes: tuple[str, ...] = ()

    def __getitem__(self, flag: str) -> Given:
        """Give one option, from the command line, the environment or its default."""
        return dict(self.given)[flag]


def read_arguments(words: Sequence[str], environment: Mapping[str, str]) -> Arguments:
    """Read a whole command line; unknown flags, missing values and stray words are mistakes."""
    mistakes: list[str] = []
    command, rest = split_command(list(words), mistakes)
    given = from_environment(environment)
    while rest:
        word = rest.pop(0)
        option, flag, text = find_option(word)
        if option is None:
            mistakes.append(f'got "{word}", expected a flag such as --include-inbound-ports')
            continue
        if text is None and not option.switch:
            text = rest.pop(0) if rest else None
        if text is None and not option.switch:
            mistakes.append(f"{flag}: got nothing, expected a value")
            continue
        new = Given(text="true" if text is None else text, origin=flag)
        given[option.flags[0]] = joined(given, option, new)
    return Arguments(command=command, given=tuple(given.items()), mistakes=tuple(mistakes))


def joined(given: dict[str, Given], option: Option, new: Given) -> Given:
    """Add to an option that repeats; for the others the last one wins."""
    before = given[option.flags[0]]
    if option.repeats and before.text:
        return Given(text=f"{before.text};{new.text}", origin=new.origin)
    return new


def split_command(words: list[str], mistakes: list[str]) -> tuple[str, list[str]]:
    """Take the command; without one, or after Istio's name, it is apply."""
    if words and words[0] == "istio-iptables":
        words = words[1:]
    if not words or words[0].startswith("-"):
        asked = any(word in ("-h", "--help") for word in words)
        return ("help" if asked else "apply"), words
    if words[0] not in COMMANDS:
        mistakes.append(f'command: got "{words[0]}", expected one of {", ".join(COMMANDS)}')
        return "apply", words[1:]
    return (
        ("help", []) if any(word in ("-h", "--help") for word in words) else (words[0], words[1:])
    )


def from_environment(environment: Mapping[str, str]) -> dict[str, Given]:
    """Give every option its default, or what the environment says."""
    given: dict[str, Given] = {}
    for option in OPTIONS:
        name = option.flags[0]
        given[name] = Given(text=option.default, origin=f"--{name}")
        for variable in option.environment:
            if variable in environment:
                given[name] = Given(text=environment[variable], origin=variable)
    return given


def find_option(word: str) -> tuple[Option | None, str, str | None]:
    """Find the option a word names: the option, the flag as written, and a value after `=`."""
    if word.startswith("--"):
        flag, equals, text = word[2:].partition("=")
        return BY_LONG.get(flag), f"--{flag}", text if equals else None
    if not word.startswith("-") or len(word) < 2:
        return None, word, None
    option = BY_SHORT.get(word[1])
    text = word[2:].removeprefix("=")
    has_value = len(word) > 2
    if option is not None and option.switch and has_value and not word[2:].startswith("="):
        return None, word, None
    return option, f"-{word[1]}", text if has_value else None


def read_switch(given: Given, mistakes: list[str]) -> bool:
    """Read Go's spellings of a truth value; an empty one is false, as with no flag."""
    if given.text not in (*TRUE, *FALSE, ""):
        mistakes.append(f'{given.origin}: got "{given.text}", expected true or false')
    return given.text in TRUE
