"""Fixtures of the kernel level: it needs root, and says so in one line otherwise."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.kernel.networks import Pair, namespace, serve_everything, staffed_pair


@pytest.fixture(scope="session", autouse=True)
def root() -> None:
    """Skip the level when namespaces cannot be made."""
    if os.geteuid() != 0:
        pytest.skip("the kernel level needs root to make network namespaces")


@pytest.fixture(scope="session")
def pair(root: None) -> Iterator[Pair]:
    """Give a pod and an outside with all servers running."""
    with staffed_pair() as made:
        serve_everything(made)
        yield made


@pytest.fixture
def empty(root: None) -> Iterator[str]:
    """Give the name of an empty network namespace."""
    with namespace() as name:
        yield name
