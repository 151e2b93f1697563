"""The help and version texts, made from the option table."""

from __future__ import annotations

from initcontainer import VERSION
from initcontainer.options import CAPTURE_OPTIONS, RUN_OPTIONS, Option

COMMAND_HELP = (
    ("apply", "put the rules in place; an equal state is left alone"),
    ("plan", "print what apply would do and how the kernel differs; needs no privilege"),
    ("verify", "compare the kernel with the flags, order included; exit 3 when it differs"),
    ("validate", "send real connections; --self needs no capability; exit 126 on failure"),
    ("cleanup", "remove every rule, route and address of ours"),
    ("doctor", "say what the container and node offer and which backend will be used"),
    ("version", "print the version"),
)


def help_text() -> str:
    """Give the whole help."""
    commands = (f"  {name:10}{text}" for name, text in COMMAND_HELP)
    return "\n".join(
        (
            "usage: pillion-init [COMMAND] [FLAGS]      (without a command: apply)",
            "",
            *commands,
            "",
            "what is captured:",
            *(line(option) for option in CAPTURE_OPTIONS),
            "",
            "how it is done:",
            *(line(option) for option in RUN_OPTIONS),
            "",
            "exit: 0 done, 1 failed, 2 usage, 3 differs, 4 something is missing, "
            "5 out of time, 126 not redirected",
        )
    )


def version_text() -> str:
    """Give the version line."""
    return f"pillion-init {VERSION}"


def line(option: Option) -> str:
    """Describe one option: its flags, default, environment names and effect."""
    flags = ", ".join(f"--{flag}" for flag in option.flags)
    short = f", -{option.short}" if option.short else ""
    extras = [f"default {option.default}"] if option.default and not option.switch else []
    extras += [f"${name}" for name in option.environment]
    tail = f" ({', '.join(extras)})" if extras else ""
    return f"  {flags}{short}\n      {option.help}{tail}"
