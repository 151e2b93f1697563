"""The API server's audit log: its policy, and reading it back."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

POLICY = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [
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
        for line in self.path.read_text().splitlines():
            event = json.loads(line)
            about = event.get("objectRef", {})
            if (
                namespace in (None, about.get("namespace"))
                and resource in (None, about.get("resource"))
                and verb in (None, event["verb"])
            ):
                yield event
