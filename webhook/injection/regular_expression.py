"""Which regular expressions Envoy surely starts with.

Envoy compiles the expressions of its statistics matcher with RE2 at start and exits on one that it
cannot read; `--mode validate` does not notice [run: Envoy 1.40, `a(`, `a(?=b)`, `a++`]. Accepted is
a plain subset: alternatives, groups, classes, the escapes below, repetition with counts that stay
small together.
"""

from __future__ import annotations

import re
from typing import Final

LONGEST: Final = 512
DEEPEST: Final = 20
LARGEST_PROGRAM: Final = 1000
"""RE2 refuses a count over 1000, and nested counts multiply."""

_ESCAPE = r"\\[dDsSwW]|\\[!-/:-@\[-^`{-~]"
_RANGE = r"[A-Za-z](?=-[A-Za-z])-[A-Za-z]|[0-9](?=-[0-9])-[0-9]"
_CLASS = rf"\[\^?-?(?:{_ESCAPE}|[^\\\[\]^-]|{_RANGE})+-?\]"
_LITERAL = r"[^\\\[\](){}*+?|^$.]"
_TOKEN = re.compile(
    rf"(?P<open>\((?:\?:)?(?!\?))|(?P<close>\))|(?P<alternative>\|)|(?P<anchor>[\^$]|\\[bB])"
    r"|(?P<repeat>[*+?]\??|\{(?P<least>[0-9]{1,4})(?:,(?P<most>[0-9]{0,4}))?\}\??)"
    rf"|(?P<atom>{_ESCAPE}|\.|{_CLASS}|{_LITERAL})"
)


def is_accepted(expression: str) -> bool:
    """Tell whether RE2 can read the expression; some that it could are turned down."""
    if len(expression) > LONGEST:
        return False
    position, depth, program = 0, 0, 1
    repeatable = False
    while position < len(expression):
        token = _TOKEN.match(expression, position)
        if not token:
            return False
        match token.lastgroup:
            case "open":
                depth += 1
                repeatable = False
            case "close":
                depth -= 1
                repeatable = True
            case "atom":
                repeatable = not _is_backward(token[0])
                if not repeatable:
                    return False
            case "repeat" | "least" | "most":
                if not repeatable or not _counts_upwards(token):
                    return False
                program *= max(1, int(token["most"] or token["least"] or 1))
                repeatable = False
            case _:
                repeatable = False
        if not 0 <= depth <= DEEPEST or program > LARGEST_PROGRAM:
            return False
        position = token.end()
    return depth == 0


def _is_backward(atom: str) -> bool:
    """Tell whether a class holds a range such as `z-a`."""
    return atom.startswith("[") and any(
        first > last for first, last in re.findall(r"([A-Za-z0-9])-([A-Za-z0-9])", atom)
    )


def _counts_upwards(token: re.Match[str]) -> bool:
    least, most = token["least"], token["most"]
    return not least or not most or int(least) <= int(most)
