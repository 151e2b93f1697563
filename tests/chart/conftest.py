"""Says when the tests that need Helm cannot run: it is built with Go."""

import os
import shutil

import pytest


@pytest.fixture(scope="session")
def built_helm() -> None:
    """Skip without Go, but fail in CI, where nothing may be skipped."""
    if shutil.which("go") is None and os.environ.get("CI") != "true":
        pytest.skip("needs the program go, to build Helm")
