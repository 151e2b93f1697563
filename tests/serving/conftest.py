"""Fixtures of the serving tests."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.serving.local_server import LocalServer, local_server


@pytest.fixture(scope="module")
def server() -> Iterator[LocalServer]:
    """Yield a webhook with the defaults, one for the module."""
    with local_server() as running:
        yield running


@pytest.fixture
def client(server: LocalServer) -> Iterator[httpx.Client]:
    """Yield a client of that webhook."""
    with server.client() as connected:
        yield connected
