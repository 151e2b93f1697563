"""One mutant's trial: the tests in a process of their own, in which the module is the mutant."""

from __future__ import annotations

import ast
import importlib.abc
import importlib.machinery
import importlib.util
import os
import signal
import sys
from collections.abc import Sequence
from enum import StrEnum
from types import ModuleType

import pytest

from tests.mutation.mutants import Mutant


class Verdict(StrEnum):
    """What became of a mutant."""

    KILLED = "killed"
    SURVIVED = "survived"
    HUNG = "hung"
    """The tests did not end in time, which counts as noticed."""


class _Mutated(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds and loads one module as its mutant."""

    def __init__(self, module: str, tree: ast.Module) -> None:
        self._module = module
        self._tree = tree

    def find_spec(self, fullname: str, *_: object) -> importlib.machinery.ModuleSpec | None:
        if fullname != self._module:
            return None
        return importlib.util.spec_from_loader(fullname, self)

    def exec_module(self, module: ModuleType) -> None:
        exec(compile(self._tree, f"<mutant of {self._module}>", "exec"), module.__dict__)


def start(mutant: Mutant, tests: Sequence[str], seconds: int) -> int:
    """Start a trial and return its process id; its exit status is for `verdict`.

    The parent must not have imported the module.
    """
    pid = os.fork()
    if pid:
        return pid
    # A hanging mutant ends its own process.
    signal.alarm(seconds)
    status = 1
    try:
        null = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(null, descriptor)
        sys.meta_path.insert(0, _Mutated(mutant.module, mutant.tree))
        arguments = ["-x", "-q", "-p", "no:cacheprovider", "--no-header", *tests]
        status = int(pytest.main(arguments))
    except BaseException:  # whatever the mutant did, it was noticed
        status = 1
    finally:
        os._exit(status)


def verdict(status: int) -> Verdict:
    """Return what the wait status of a trial means."""
    if os.WIFSIGNALED(status):
        return Verdict.HUNG
    return Verdict.SURVIVED if os.WEXITSTATUS(status) == 0 else Verdict.KILLED
