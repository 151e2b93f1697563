"""What the repository holds that is made from its code: reference pages and completion scripts.

`python -m tests.generated` writes it, `--check` says what is out of date.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import shtab

from webhook.cli import main as command_line
from webhook.cli.completion import DIRECTORY, SHELLS
from webhook.configuration.schema import schema
from webhook.injection.annotations import CATALOGUE
from webhook.injection.catalogue.entry import Entry, Place

ROOT = Path(__file__).parent.parent
_REFERENCE = ROOT / "docs" / "reference"


def files() -> dict[Path, str]:
    """Return every generated file with the text that it should hold."""
    made = {
        _REFERENCE / "annotations.md": annotations_page(),
        _REFERENCE / "configuration.md": configuration_page(),
        _REFERENCE / "command-line.md": command_line_page(),
    }
    parser = command_line.parser()
    for shell in SHELLS:
        made[DIRECTORY / f"pillion.{shell}"] = completion(parser, shell)
    return made


def annotations_page() -> str:
    """Return the page of annotations and labels."""
    lines = [
        "# Annotations and labels",
        "",
        "Made from the catalogue that validates them. "
        "A pod with one that cannot be read is denied, unless `onInvalidAnnotation` is `warn`.",
    ]
    for place in Place:
        entries = [entry for entry in CATALOGUE if entry.place is place]
        if entries:
            lines += ["", f"## {place.value[:1].upper()}{place.value[1:]}s", ""]
            lines += ["| key | accepted | default | effect |", "|---|---|---|---|"]
            lines += (_row(entry) for entry in entries)
    return "\n".join(lines) + "\n"


def _row(entry: Entry) -> str:
    effect = entry.effect
    if entry.instead:
        effect += f". **{entry.support.value}**: {entry.instead}"
    cells = (f"`{entry.key}`", entry.accepted, entry.default, effect)
    return f"| {' | '.join(_cell(cell) for cell in cells)} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def configuration_page() -> str:
    """Return the page of the configuration file."""
    document = schema()
    lines = [
        "# Configuration",
        "",
        "One YAML file; every field has a default, and `pillion config show` prints them all. "
        "`pillion config validate` names every mistake, `pillion config schema` prints the JSON "
        "Schema.",
        "",
        "| field | type | default | meaning |",
        "|---|---|---|---|",
        *_fields(document, document["$defs"]["Settings"], ""),
    ]
    return "\n".join(lines) + "\n"


def _fields(document: dict[str, Any], found: dict[str, Any], prefix: str) -> Iterator[str]:
    for name, field in found["properties"].items():
        path = f"{prefix}{name}"
        inner = _definition(document, field)
        if inner is not None and "properties" in inner:
            yield f"| `{path}` | object | | {_cell(inner.get('description', ''))} |"
            yield from _fields(document, inner, f"{path}.")
            continue
        default = field.get("default")
        shown = "" if default is None else f"`{_json(default)}`"
        yield f"| `{path}` | {_type(document, field)} | {_cell(shown)} | {_meaning(field, inner)} |"


def _definition(document: dict[str, Any], field: dict[str, Any]) -> dict[str, Any] | None:
    for choice in (field, *field.get("anyOf", ()), *field.get("allOf", ())):
        if "$ref" in choice:
            definition: dict[str, Any] = document["$defs"][choice["$ref"].rsplit("/", 1)[1]]
            return definition
    return None


def _type(document: dict[str, Any], field: dict[str, Any]) -> str:
    inner = _definition(document, field)
    found = inner if inner is not None else field
    if "enum" in found:
        return " \\| ".join(f"`{value}`" for value in found["enum"])
    kinds = found.get("type") or [choice.get("type", "object") for choice in found.get("anyOf", ())]
    text = ", ".join(kinds) if isinstance(kinds, list) else str(kinds)
    bounds = [str(found[key]) for key in ("minimum", "maximum") if key in found]
    return f"{text} {' to '.join(bounds)}".strip()


def _meaning(field: dict[str, Any], inner: dict[str, Any] | None) -> str:
    text = field.get("description") or (inner or {}).get("description", "")
    return _cell(text)


def _json(value: Any) -> str:

    return msgspec.json.encode(value).decode()


def command_line_page() -> str:
    """Return the page of commands and options."""
    parser = command_line.parser()
    lines = ["# Command line", "", "| command | does |", "|---|---|"]
    lines += (f"| `pillion {name}` | {does} |" for name, does in command_line.COMMANDS.items())
    commands = next(
        action for action in parser._actions if isinstance(action, argparse._SubParsersAction)
    )
    for name, command in commands.choices.items():
        lines += ["", f"## pillion {name}", "", f"```text\n{_help(command)}\n```"]
    documentation = command_line.__doc__ or ""
    codes = documentation[documentation.index("Exit codes") :]
    return "\n".join([*lines, "", "## Exit codes", "", " ".join(codes.split())]) + "\n"


def _help(parser: argparse.ArgumentParser) -> str:
    """Return the help text, the same whatever the terminal and the Python version."""
    parser.formatter_class = _Formatter
    return parser.format_help().rstrip()


class _Formatter(argparse.HelpFormatter):
    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=98, max_help_position=28)

    def _format_usage(self, *_: Any) -> str:
        """Leave the usage lines out: how they are broken differs between Python versions."""
        return ""

    def _format_action_invocation(self, action: argparse.Action) -> str:
        if not action.option_strings or action.nargs == 0:
            return super()._format_action_invocation(action)
        argument = self._format_args(action, self._get_default_metavar_for_optional(action))
        return f"{', '.join(action.option_strings)} {argument}"


def completion(parser: argparse.ArgumentParser, shell: str) -> str:
    """Return the completion script of a shell."""
    text: str = shtab.complete(parser, shell=shell)
    # The generator's own version must not make the file differ.
    return re.sub(r"(?m)^# AUTOMATICALLY GENERATED by.*$", "# Made from the parser.", text)


def main(argv: list[str]) -> int:
    """Write the files, or with `--check` name those that are out of date; 0 or 1."""
    stale = [
        path
        for path, text in files().items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    ]
    if argv == ["--check"]:
        for path in stale:
            print(f"{path.relative_to(ROOT)}: out of date; run scripts/goldens", file=sys.stderr)
        return 1 if stale else 0
    for path in stale:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(files()[path], encoding="utf-8")
        print(f"wrote {path.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
