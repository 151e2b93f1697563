"""Builds tools by hand: prints the path of each tool asked for, one a line."""

import argparse
import sys
from collections.abc import Sequence

from tests.tools.builds import built_tool
from tests.tools.pins import ToolError, group_names, read_group


def main(arguments: Sequence[str] | None = None) -> int:
    """Build what `arguments` name; 0 when all are there, 1 when one cannot be built."""
    parser = argparse.ArgumentParser(
        prog="scripts/tools",
        description="Build pinned test programs into the cache; print the path of each.",
    )
    parser.add_argument("--list", action="store_true", help="print every GROUP/TOOL and version")
    parser.add_argument("wanted", nargs="*", metavar="GROUP[/TOOL]", help="whole group, or one")
    options = parser.parse_args(arguments)
    if not options.list and not options.wanted:
        parser.error("got no GROUP[/TOOL], expected at least one, or --list")
    try:
        if options.list:
            _print_pins()
        for wanted in options.wanted:
            for group, tool in _expand(wanted):
                print(built_tool(group, tool), flush=True)
    except ToolError as error:
        print(f"scripts/tools: {error}", file=sys.stderr)
        return 1
    return 0


def _print_pins() -> None:
    for name in group_names():
        for tool in read_group(name).tools:
            print(f"{name}/{tool.name} {tool.version}")


def _expand(wanted: str) -> list[tuple[str, str]]:
    group, _, tool = wanted.partition("/")
    names = [tool] if tool else [each.name for each in read_group(group).tools]
    return [(group, name) for name in names]


if __name__ == "__main__":
    sys.exit(main())
