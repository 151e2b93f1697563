"""The API server's audit log: its policy, and reading it back."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

UNRECORDED_USER: Final = "storm"
"""Creates thousands of pods whose events nobody reads, and which cost the API server as much as
the pods do."""

POLICY: Final[dict[str, Any]] = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [
        {"level": "None", "users": [UNRECORDED_USER]},
        # Level Request is the lowest at which the patch of a mutating webhook is recorded.
        {"level": "Request", "resources": [{"group": "", "resources": ["pods"]}]},
        {"level": "None", "resources": [{"group": "coordination.k8s.io"}]},
        {"level": "None", "nonResourceURLs": ["/readyz*", "/livez*", "/metrics"]},
        {"level": "Metadata"},
    ],
}
"""JSON is YAML, so this is the policy file's content too."""


class AuditLog:
    """The log file of an API server that writes each event before it answers the request."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def events(
        self, *, namespace: str | None = None, resource: str | None = None, verb: str | None = None
    ) -> Iterator[dict[str, Any]]:
        """Yield the events, oldest first, whose object and verb match what is given."""
        with self.path.open() as log:
            for line in log:
                # The log is long, and most lines are seen to be others' without being parsed.
                if namespace is not None and f'"{namespace}"' not in line:
                    continue
                if verb is not None and f'"verb":"{verb}"' not in line:
                    continue
                event = json.loads(line)
                about = event.get("objectRef", {})
                if (
                    namespace in (None, about.get("namespace"))
                    and resource in (None, about.get("resource"))
                    and verb in (None, event["verb"])
                ):
                    yield event
