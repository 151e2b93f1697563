"""`pillion bootstrap`: the Envoy configuration of the pods in manifests."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from webhook.cli import inject, options

if TYPE_CHECKING:
    from collections.abc import Iterator

    from webhook.cli.batch import Result


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's options."""
    options.add_settings(parser)
    options.add_inputs(parser)
    inject.add_token(parser)
    parser.add_argument("--name", help="only the object of this name")
    parser.add_argument(
        "--arguments",
        action="store_true",
        help="print all of Envoy's arguments, one a line as JSON text, instead of the document",
    )


def run(arguments: argparse.Namespace) -> int:
    """Print the document of each injected pod, as kubelet is given it; 1 if there is none."""
    import msgspec

    from webhook.cli.outputs import write_stdout
    from webhook.model.errors import ManifestError

    _, _, results = inject.injected(arguments)
    found = [argv for name, argv in _argvs(results) if arguments.name in (None, name)]
    if not found:
        wanted = f"an injected pod named {arguments.name}" if arguments.name else "an injected pod"
        raise ManifestError(f"{', '.join(arguments.filename)}: got no such pod, expected {wanted}")
    for argv in found:
        if arguments.arguments:
            text = "".join(msgspec.json.encode(argument).decode() + "\n" for argument in argv)
        else:
            document = argv[argv.index("--config-yaml") + 1]
            text = msgspec.json.format(document, indent=2) + "\n"
        write_stdout(text)
    return 0


def _argvs(results: list[Result]) -> Iterator[tuple[str, list[str]]]:
    from webhook.injection.engine import Injected, apply_stages
    from webhook.model import names

    for result in results:
        if not isinstance(result.outcome, Injected):
            continue
        pod: Any = apply_stages(result.outcome.stages, result.target.workload.pod)
        for containers in (pod["spec"].get("initContainers"), pod["spec"].get("containers")):
            for container in containers or ():
                if container.get("name") == names.PROXY:
                    yield result.target.workload.owner.name, container["args"]
