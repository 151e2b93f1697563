"""Errors and exit codes: what can go wrong, said in one sentence each.

InitError                  exit 1, the rules could not be put in place
├── UsageError             exit 2, every mistake of the command line and environment
├── DifferenceError           exit 3, asked-for condition not met
├── LackingError     exit 4, a capability, kernel feature or program is missing
├── DeadlineError       exit 5
├── CommandError          a program said no; carries what it said
└── ValidationError       exit 126, traffic is not redirected (Istio's code)
"""

from __future__ import annotations


class ExitCode:
    """What the process says to kubelet."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    DIFFERS = 3
    LACKING = 4
    DEADLINE = 5
    NOT_REDIRECTED = 126
    INTERRUPTED = 130


class InitError(Exception):
    """Anything this program reports as a sentence instead of a traceback."""

    exit_code = ExitCode.FAILED


class UsageError(InitError):
    """The command line or environment is wrong; one line per mistake."""

    exit_code = ExitCode.USAGE

    def __init__(self, mistakes: tuple[str, ...]) -> None:
        self.mistakes = tuple(dict.fromkeys(mistakes))
        super().__init__("; ".join(self.mistakes))


class DifferenceError(InitError):
    """The kernel does not hold what was asked about."""

    exit_code = ExitCode.DIFFERS


class LackingError(InitError):
    """The container or the node lacks something that no retry brings."""

    exit_code = ExitCode.LACKING


class DeadlineError(InitError):
    """The overall time is up."""

    exit_code = ExitCode.DEADLINE


class CommandError(InitError):
    """A program ended with an error."""

    def __init__(self, program: str, code: int, said: str) -> None:
        sentence = " ".join(said.split()) or "nothing on standard error"
        super().__init__(f"{program} ended with {code}: {sentence}")
        self.program = program
        self.code = code
        self.said = said


class ValidationError(InitError):
    """Traffic is not redirected as it should be."""

    exit_code = ExitCode.NOT_REDIRECTED
