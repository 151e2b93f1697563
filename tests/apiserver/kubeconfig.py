"""Writes kubeconfig files: who speaks to the API server, and how it is recognised."""

import json
from pathlib import Path
from typing import Any

from tests.apiserver.certificates import KeyPair


def certificate_user(identity: KeyPair) -> dict[str, str]:
    """Return the user entry that authenticates by client certificate."""
    return {"client-certificate": str(identity.certificate), "client-key": str(identity.key)}


def token_user(token: str) -> dict[str, str]:
    """Return the user entry that authenticates by bearer token."""
    return {"token": token}


def write_kubeconfig(path: Path, *, server: str, authority: Path, user: dict[str, str]) -> Path:
    """Write a kubeconfig with one context, as JSON (which is YAML), for its owner only."""
    cluster = {"server": server, "certificate-authority": str(authority)}
    config: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "pillion", "cluster": cluster}],
        "users": [{"name": "pillion", "user": user}],
        "contexts": [{"name": "pillion", "context": {"cluster": "pillion", "user": "pillion"}}],
        "current-context": "pillion",
    }
    path.touch(mode=0o600)
    path.write_text(json.dumps(config, indent=1))
    return path
