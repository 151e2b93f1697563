"""The configuration hash names what can reach a pod, and nothing else."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from webhook.configuration.reader import read
from webhook.injection.fingerprint import REACHING_PODS, configuration_hash
from webhook.model.settings import Settings

OF_DEFAULTS = configuration_hash(Settings())


@pytest.mark.parametrize(
    "text",
    [
        "revision: other",
        "proxy: {image: a}",
        "redirect: {backend: nft}",
        "pilot: {network: west}",
        "traffic: {excludeInboundPorts: [1]}",
        "probes: {rewrite: false}",
        "bootstrap: {proxyMetadata: {A: b}}",
        "overlays: [{name: a, target: pod, patch: {}}]",
    ],
)
def test_what_reaches_a_pod_changes_the_hash(text: str) -> None:
    """Each part that decides what is injected gives another hash."""
    assert configuration_hash(read(text, "x")) != OF_DEFAULTS


@pytest.mark.parametrize(
    "text",
    [
        "defaultRevision: true",
        "namespace: other",
        "policy: {default: disabled}",
        "extraKinds: []",
        "annotations: {allow: []}",
        "onInvalidAnnotation: warn",
    ],
)
def test_what_stays_outside_does_not(text: str) -> None:
    """Each part that decides only whether gives the same hash."""
    assert configuration_hash(read(text, "x")) == OF_DEFAULTS


def test_every_part_is_one_or_the_other() -> None:
    """A part that is added to the settings must be put in one of the two tables above."""
    assert {*REACHING_PODS} | {
        "default_revision",
        "namespace",
        "policy",
        "extra_kinds",
        "annotations",
        "on_invalid_annotation",
    } == set(Settings.__struct_fields__)


def test_the_hash_is_short_and_the_same_in_every_process() -> None:
    """Another process with another hash seed and the members in another order agrees."""
    first = "bootstrap: {proxyMetadata: {A: a, B: b}}"
    second = "bootstrap: {proxyMetadata: {B: b, A: a}}"
    program = (
        "import sys; from webhook.configuration.reader import read;"
        "from webhook.injection.fingerprint import configuration_hash;"
        "print(configuration_hash(read(sys.argv[1], 'x')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, second],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PYTHONHASHSEED": "12345"},
    )

    assert done.stdout.strip() == configuration_hash(read(first, "x"))
    assert len(OF_DEFAULTS) == 16
    assert int(OF_DEFAULTS, 16) >= 0
