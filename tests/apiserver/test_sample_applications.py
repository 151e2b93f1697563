"""Whole applications are valid before and after injection, every document of them.

Bookinfo is read from Istio's module; the shops are this project's own examples.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from tests.apiserver.control_plane import ControlPlane
from tests.apiserver.replicas import REPOSITORY
from tests.tools.modules import module_directory

pytestmark = pytest.mark.apiserver

BOOKINFO: Final = Path("samples/bookinfo/platform/kube")
EXAMPLES: Final = REPOSITORY / "examples"
FOREIGN: Final = ("Rollout", "Certificate", "ClusterIssuer")
"""Kinds of the samples that the API server itself does not know."""


def _bookinfo() -> list[Path]:
    files = (module_directory("istio", "istio.io/istio") / BOOKINFO).glob("*.yaml")
    # Services of two address families are refused by a cluster that has one.
    return sorted(each for each in files if "dualstack" not in each.name)


def _example(name: str) -> list[Path]:
    files = (EXAMPLES / name).iterdir()
    return sorted(each for each in files if each.suffix in (".yaml", ".json"))


APPLICATIONS: Final = {
    "bookinfo": (_bookinfo, 50, 20),
    "shop": (lambda: _example("shop"), 20, 10),
}
"""Where its files are, and how many documents and injected ones there are at least."""


@pytest.mark.parametrize("name", APPLICATIONS)
def test_every_document_is_accepted_before_and_after(
    control_plane: ControlPlane, name: str
) -> None:
    """A server-side dry run takes each document as it is and as `pillion inject` leaves it."""
    find, most, least_injected = APPLICATIONS[name]
    files = find()
    namespace = control_plane.create_namespace()
    before = [each for file in files for each in _documents(file.read_text(), namespace)]
    after = _documents(_injected(files), namespace)
    assert len(after) == len(before) >= most
    talk: list[str] = []
    for documents in (before, after):
        done = control_plane.kubectl(
            "create", "--dry-run=server", "--filename=-",
            stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": documents}),
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        talk.append(done.stderr)
        assert len(done.stdout.splitlines()) == len(documents)
    assert talk[0] == talk[1]  # the API server warns of nothing that it did not warn of before
    changed = sum(one != other for one, other in zip(before, after, strict=True))
    print(f"\n{name}: {len(before)} documents, {changed} injected, all accepted")
    assert changed >= least_injected


def _documents(text: str, namespace: str) -> list[dict[str, Any]]:
    """Return every object of a manifest, in the namespace of the test."""
    found: list[dict[str, Any]] = []
    for document in yaml.safe_load_all(text):
        if document is None or document["kind"] in FOREIGN:
            continue
        items = document["items"] if document["kind"] == "List" else [document]
        for each in items:
            if each["kind"] == "Namespace":
                each["metadata"]["name"] = f"{namespace}-{each['metadata']['name']}"
            else:
                each["metadata"]["namespace"] = namespace
            found.append(each)
    return found


def _injected(files: list[Path]) -> str:
    names = [word for file in files for word in ("--filename", str(file))]
    done = subprocess.run(
        [sys.executable, "-m", "webhook", "inject", "--quiet", *names],
        cwd=REPOSITORY, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout
