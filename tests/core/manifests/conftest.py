"""Readers that the product's own is compared with."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.core.manifests import kubectl


@pytest.fixture(scope="session")
def kubectl_reader() -> Iterator[kubectl.Kubectl]:
    """Kubectl's own parser, built from its pinned source."""
    if not kubectl.is_buildable():
        pytest.skip("needs Go to build kubectl's YAML parser")
    with kubectl.running() as reader:
        yield reader
