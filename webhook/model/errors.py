"""Every error that this product raises on purpose.

PillionError
├── ConfigurationError     the configuration file; carries every mistake
├── ManifestError          a document that cannot be read
├── PodRejected            a pod that must not be admitted as it is
│   └── InvalidAnnotations   every annotation that cannot be read, with what is accepted
├── RequestError           an AdmissionReview that is none (an HTTP status of 4xx)
└── ClusterError           the API server refused or could not be reached

Each message is one sentence: what, where, got, expected; lower case, without a full stop.
"""

from __future__ import annotations


class PillionError(Exception):
    """The root; caught once per edge: the HTTP route, the command line, a background loop."""


class ConfigurationError(PillionError):
    """The configuration is wrong; `mistakes` holds a sentence for each place."""

    def __init__(self, mistakes: tuple[str, ...]) -> None:
        self.mistakes = mistakes
        super().__init__("\n".join(mistakes))


class ManifestError(PillionError):
    """A document could not be read or written; the message names file, document and line."""


class PodRejected(PillionError):
    """The pod would not work, or not be safe, when injected; the message says what to change."""


class InvalidAnnotation(PillionError):
    """One annotation: `key`, what was `got`, and what is `expected`."""

    def __init__(self, key: str, got: str, expected: str) -> None:
        self.key = key
        self.got = got
        self.expected = expected
        shown = got if len(got) <= 80 else f"{got[:77]}..."
        super().__init__(f'annotation "{key}": got "{shown}", expected {expected}')


class InvalidAnnotations(PodRejected):
    """All annotations of a pod that cannot be honoured as written."""

    def __init__(self, mistakes: tuple[InvalidAnnotation, ...]) -> None:
        self.mistakes = mistakes
        super().__init__("; ".join(str(mistake) for mistake in mistakes))


class RequestError(PillionError):
    """The HTTP request is not an AdmissionReview we can answer; `status` is the HTTP status."""

    def __init__(self, status: int, message: str) -> None:
        self.status = status
        super().__init__(message)


class ClusterError(PillionError):
    """The API server refused, or could not be reached; the message says which request."""
