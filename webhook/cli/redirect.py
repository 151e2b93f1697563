"""`pillion redirect`: the kernel rules that the init container of a pod puts in place."""

from __future__ import annotations

import argparse
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from webhook.cli import inject, options

if TYPE_CHECKING:
    from collections.abc import Iterator

    from webhook.cli.batch import Result

_SECONDS = 30
"""Planning takes a tenth of a second; more means that something is stuck."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's options."""
    parser.add_argument("action", choices=("plan",), help="plan: print the rules")
    options.add_settings(parser)
    options.add_inputs(parser)
    parser.add_argument("--name", help="only the object of this name")
    parser.add_argument(
        "--arguments", action="store_true", help="print the init container's arguments instead"
    )


def run(arguments: argparse.Namespace) -> int:
    """Print the rules of each injected pod; 1 if there is none."""
    from webhook.cli.outputs import write_stdout
    from webhook.model.errors import ManifestError

    _, _, results = inject.injected(arguments)
    found = [(name, argv) for name, argv in _argvs(results) if arguments.name in (None, name)]
    if not found:
        raise ManifestError(
            f"{', '.join(arguments.filename)}: got no pod whose traffic an init container "
            "redirects, expected one"
        )
    for name, argv in found:
        text = " ".join(argv) + "\n" if arguments.arguments else _rules(argv)
        write_stdout(f"# {name}\n{text}")
    return 0


def _rules(argv: list[str]) -> str:
    """Ask the init program itself; it shares no code with this one."""
    from webhook.model.errors import ManifestError

    command = [sys.executable, "-m", "initcontainer", "plan", *argv[1:]]
    done = subprocess.run(  # noqa: S603 - our own program, with arguments that we made
        command, capture_output=True, text=True, timeout=_SECONDS, check=False
    )
    if done.returncode != 0:
        raise ManifestError(f"pillion-init plan: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def _argvs(results: list[Result]) -> Iterator[tuple[str, list[str]]]:
    from webhook.injection.engine import Injected, apply_stages
    from webhook.model import names

    for result in results:
        if not isinstance(result.outcome, Injected):
            continue
        pod: Any = apply_stages(result.outcome.stages, result.target.workload.pod)
        for container in pod["spec"].get("initContainers") or ():
            if container.get("name") == names.INIT:
                yield result.target.workload.owner.name, container["args"]
