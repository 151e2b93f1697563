"""`pillion inject`: injected manifests."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

from webhook.cli import options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from webhook.cli.batch import Batch, Result
    from webhook.cli.inputs import Source


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's options."""
    options.add_settings(parser)
    options.add_inputs(parser)
    parser.add_argument(
        "-o",
        "--output",
        metavar="OUT",
        help="a file for the whole stream, or a directory (an existing one, or with a slash at its "
        "end) for a file per input; default: standard output; a patch or a report needs a file",
    )
    add_token(parser)
    form = parser.add_mutually_exclusive_group()
    form.add_argument(
        "--patch", action="store_true", help="print a JSON Patch for each object, one a line"
    )
    form.add_argument(
        "--report", action="store_true", help="print what becomes of each pod, as JSON"
    )
    parser.add_argument(
        "--verify",
        action="store_true",
        help="with --patch: apply each patch with the jsonpatch library and compare",
    )
    parser.add_argument("-q", "--quiet", action="store_true", help="no summary on standard error")


def add_token(parser: argparse.ArgumentParser) -> None:
    """Add the option that fixes the secret of the proxy's paths."""
    parser.add_argument(
        "--token",
        type=_token,
        help="32 hexadecimal digits that begin the paths the proxy answers for kubelet; default: "
        "derived from each manifest",
    )


def run(arguments: argparse.Namespace) -> int:
    """Inject, and write the result; 0, or 1 with nothing written."""
    from webhook.cli import summary
    from webhook.cli.batch import changes_of

    if arguments.verify and not arguments.patch:
        raise argparse.ArgumentError(None, "argument --verify: got no --patch, expected one")
    sources, batch, results = injected(arguments)
    if arguments.patch:
        write_one(arguments.output, _lines(_patches(results, verify=arguments.verify)))
    elif arguments.report:
        write_one(arguments.output, summary.report(batch, results))
    else:
        texts, notes = batch.texts(changes_of(results))
        batch.warnings += notes
        write(arguments.output, sources, texts)
    if not arguments.quiet:
        summary.write(batch, results)
    return 0


def injected(arguments: argparse.Namespace) -> tuple[tuple[Source, ...], Batch, list[Result]]:
    """Read the inputs and put them through the engine.

    Raises:
        ManifestError: an input cannot be read.
        RefusedError: pods must not be injected as they are.
    """
    from webhook.cli.batch import RefusedError, denials

    sources, batch = batch_of(arguments)
    results = list(batch.inject())
    refused = denials(results)
    if refused:
        raise RefusedError(refused)
    return sources, batch, results


def batch_of(arguments: argparse.Namespace) -> tuple[tuple[Source, ...], Batch]:
    """Read the inputs and find their pods.

    Raises:
        ManifestError: an input cannot be read.
    """
    from webhook.cli.batch import Batch
    from webhook.cli.inputs import read

    engine = options.engine_of(arguments)
    sources = read(arguments.filename, recursive=arguments.recursive)
    batch = Batch(
        sources,
        engine,
        namespace=arguments.namespace,
        namespace_labels=arguments.namespace_labels,
        token=getattr(arguments, "token", None),
        strict=arguments.strict,
    )
    return sources, batch


def write(target: str | None, sources: Sequence[Source], texts: Sequence[str]) -> None:
    """Write the new texts where the user wants them.

    Raises:
        ManifestError: a file cannot be written; then none was.
    """
    from webhook.cli.outputs import joined

    if target and target != "-":
        from webhook.cli.files import is_directory

        if is_directory(target):
            _write_each(target, sources, texts)
            return
    write_one(target, joined(texts))


def _write_each(target: str, sources: Sequence[Source], texts: Sequence[str]) -> None:
    """Write each input's new text to its place below a directory."""
    from pathlib import Path

    from webhook.cli.files import write_files
    from webhook.model.errors import ManifestError

    files: dict[Path, str] = {}
    for source, text in zip(sources, texts, strict=True):
        path = Path(target) / (source.relative or "stdin.yaml")
        if path in files:
            raise ManifestError(f"{path}: got two inputs of that name, expected one")
        files[path] = text
    write_files(files.items())


def write_one(target: str | None, text: str) -> None:
    """Write a text to a file, or to standard output.

    Raises:
        ManifestError: the file cannot be written.
    """
    if target is None or target == "-":
        from webhook.cli.outputs import write_stdout

        write_stdout(text)
    else:
        from pathlib import Path

        from webhook.cli.files import write_files

        write_files([(Path(target), text)])


def _lines(values: Sequence[Any]) -> str:
    import msgspec

    return "".join(msgspec.json.encode(value).decode() + "\n" for value in values)


def _patches(results: Sequence[Result], *, verify: bool) -> list[Any]:
    import msgspec

    from webhook.injection.engine import Injected
    from webhook.injection.patch import render
    from webhook.injection.record import pointer

    lines: list[Any] = []
    for result in results:
        outcome, target = result.outcome, result.target
        if not isinstance(outcome, Injected) or not outcome.stages:
            continue
        operations = msgspec.json.decode(render(outcome.stages))
        path = target.workload.path
        if verify:
            # From the text: what aliases share in YAML is one object here, but not in JSON.
            _check(msgspec.json.decode(target.text), operations, outcome, target.label)
        start = pointer(tuple(str(part) for part in path))
        place = target.document.inner
        lines.append(
            {
                "source": place.source,
                "document": place.number,
                "kind": target.workload.owner.kind,
                "namespace": target.context.namespace,
                "name": target.workload.owner.name,
                "patch": [{**step, "path": start + step["path"]} for step in operations],
            }
        )
    return lines


def _check(pod: Any, operations: list[Any], outcome: Any, label: str) -> None:
    import jsonpatch

    from webhook.injection.apply import decoded
    from webhook.injection.engine import apply_stages
    from webhook.model.errors import ManifestError

    wanted = decoded(apply_stages(outcome.stages, pod))
    if jsonpatch.apply_patch(pod, operations) != wanted:
        raise ManifestError(
            f"{label}: the patch does not lead to the injected pod; please report this"
        )
    print(f"{label}: the patch was applied and gives the injected pod", file=sys.stderr)


def _token(text: str) -> str:
    if len(text) != 32 or not set(text) <= set("0123456789abcdef"):
        raise argparse.ArgumentTypeError(f'got "{text}", expected 32 hexadecimal digits')
    return text
