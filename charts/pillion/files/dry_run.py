"""Asks the API server what it would make of a pod that opts in, and looks for the sidecar.

Usage: dry_run.py NAMESPACE REVISION DIRECTORY; the last holds `token` and `ca.crt`. Stores nothing.
"""

import json
import os
import ssl
import sys
import urllib.error
import urllib.request
from pathlib import Path

WITHOUT_SIDECAR = "the API server answered without a sidecar; "


def main(namespace: str, revision: str, directory: str) -> str:
    """Return what is wrong, or nothing."""
    host, port = os.environ["KUBERNETES_SERVICE_HOST"], os.environ["KUBERNETES_SERVICE_PORT"]
    host = f"[{host}]" if ":" in host else host
    request = urllib.request.Request(
        f"https://{host}:{port}/api/v1/namespaces/{namespace}/pods?dryRun=All",
        data=json.dumps(pod(revision)).encode(),
        headers={
            "Authorization": "Bearer " + Path(directory, "token").read_text().strip(),
            "Content-Type": "application/json",
        },
    )
    trust = ssl.create_default_context(cafile=Path(directory, "ca.crt"))
    try:
        with urllib.request.urlopen(request, context=trust, timeout=30) as answer:
            spec = json.load(answer)["spec"]
            warnings = answer.headers.get_all("Warning") or []
    except urllib.error.HTTPError as error:
        return f"the API server refused the pod: {message(error.read())}"
    except OSError as error:
        return f"the API server cannot be reached: {error}"
    containers = [each["name"] for each in (*spec.get("initContainers", ()), *spec["containers"])]
    print("containers: " + ", ".join(containers))
    if "istio-proxy" in containers:
        return ""
    return WITHOUT_SIDECAR + (
        " ".join(warnings)
        or f"look at the labels of namespace {namespace} and at the webhook configuration"
    )


def pod(revision: str) -> dict:
    """Return a pod that opts in by itself."""
    labels = {"istio.io/rev": revision}
    metadata = {"name": "pillion-dry-run", "labels": labels}
    return {"metadata": metadata, "spec": {"containers": [{"name": "app", "image": "app:1"}]}}


def message(body: bytes) -> str:
    """Return the message of a Status, or the text."""
    try:
        return json.loads(body)["message"]
    except (ValueError, KeyError, TypeError):
        return body.decode(errors="replace").strip()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]) or 0)
