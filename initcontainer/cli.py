"""The command line: apply, plan, verify, validate, cleanup, doctor, version."""

from __future__ import annotations

import os
import sys
import time

from initcontainer.accounts import Image
from initcontainer.arguments import read_arguments
from initcontainer.mistakes import ExitCode, InitError, UsageError
from initcontainer.program import Request, System, read_request
from initcontainer.reports import milliseconds, say, to_json, write_termination_message

TYPE_CHECKING = False
if TYPE_CHECKING:
    from initcontainer.applying import Outcome
    from initcontainer.reports import Json

DEFAULT_TERMINATION_LOG = "/dev/termination-log"


def main() -> int:
    """Run the command line of this process and give its exit code."""
    started = time.monotonic()
    log = DEFAULT_TERMINATION_LOG
    try:
        arguments = read_arguments(sys.argv[1:], os.environ)
        log = arguments["termination-log"].text
        if arguments.command in ("help", "version"):
            from initcontainer.helptext import help_text, version_text

            say(help_text() if arguments.command == "help" else version_text())
            return ExitCode.DONE
        request = read_request(arguments, os.environ, Image())
        return perform(request, started)
    except InitError as error:
        return fail(error, log, started)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.FAILED
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    except OSError as error:
        return fail(InitError(f"the kernel refused: {error}"), log, started)


run = main
"""The console script's entry point."""


def perform(request: Request, started: float) -> int:
    """Run one command."""
    settings = request.settings
    if settings.network_namespace:
        from initcontainer.namespaces import enter_namespace

        enter_namespace(settings.network_namespace)
    match settings.command:
        case "apply" | "cleanup":
            return change(request, started)
        case "plan":
            from initcontainer.planning import plan

            return plan(request)
        case "verify":
            from initcontainer.verifying import verify

            return verify(request)
        case "validate":
            from initcontainer.validating import validate

            return validate(request, started)
        case _:
            from initcontainer.doctor import examine

            return examine(request)


def change(request: Request, started: float) -> int:
    """Apply or clean up, then report; with Istio's flags, validate instead or too."""
    settings = request.settings
    if not settings.skip_apply:
        from initcontainer.applying import apply, remove
        from initcontainer.facts import gather_facts

        with System(settings.limits) as system:
            backends, routes = system.backends(), system.routes
            if settings.command == "cleanup":
                outcome = remove(request.capture, backends=backends, routes=routes)
            else:
                outcome = apply(
                    request.capture,
                    settings.backend,
                    backends=backends,
                    routes=routes,
                    facts=gather_facts(),
                )
        publish(describe(outcome, request.warnings, started), settings.termination_log)
    if settings.run_validation:
        from initcontainer.validating import validate

        return validate(request, started)
    return ExitCode.DONE


def describe(outcome: Outcome, warnings: tuple[str, ...], started: float) -> dict[str, Json]:
    """Give the machine-readable result."""
    return {
        "result": outcome.result,
        "backend": outcome.backend,
        "families": outcome.families,
        "rules": outcome.rules,
        "hash": outcome.digest,
        "milliseconds": milliseconds(started),
        "notes": (*warnings, *outcome.notes),
    }


def publish(report: dict[str, Json], termination_log: str) -> None:
    """Write the result to standard output and to kubelet's file."""
    line = to_json(report)
    say(line)
    write_termination_message(termination_log, line)


def fail(error: InitError, termination_log: str, started: float) -> int:
    """Say what went wrong on standard error and in kubelet's file."""
    lines = error.mistakes if isinstance(error, UsageError) else (str(error),)
    sys.stderr.writelines(f"pillion-init: {line}\n" for line in lines)
    code = error.exit_code
    report: dict[str, Json] = {
        "result": "failed",
        "error": str(error),
        "exit": int(code),
        "milliseconds": milliseconds(started),
    }
    write_termination_message(termination_log, to_json(report))
    return code
