"""kubelet's expansion of a container's args.

The rules of k8s.io/kubernetes third_party/forked/golang/expansion:

`$(NAME)` becomes the variable's value, or stays as it is when there is none; `$$` becomes `$`; any
other `$` stays. Values are not expanded again.
"""

from __future__ import annotations

from collections.abc import Mapping


def expand(text: str, environment: Mapping[str, str]) -> str:
    """Return what kubelet hands to the container runtime for one argument."""
    made: list[str] = []
    rest = text
    while rest:
        before, dollar, rest = rest.partition("$")
        made.append(before)
        if not dollar:
            break
        if not rest:
            made.append("$")
            break
        taken, rest = _after_dollar(rest, environment)
        made.append(taken)
    return "".join(made)


def expanded(argv: list[str], environment: Mapping[str, str]) -> list[str]:
    """Return the argument list that kubelet hands to the container runtime."""
    return [expand(argument, environment) for argument in argv]


def _after_dollar(rest: str, environment: Mapping[str, str]) -> tuple[str, str]:
    """Return what `$` and the start of `rest` become, and what is left of `rest`."""
    if rest[0] == "$":
        return "$", rest[1:]
    if rest[0] != "(":
        return "$" + rest[0], rest[1:]
    name, closing, after = rest[1:].partition(")")
    if not closing:
        return "$(", rest[1:]
    return environment.get(name, f"$({name})"), after
