"""The tool that judges the tests is judged too."""

from __future__ import annotations

import ast

import pytest

from tests.mutation.mutants import mutants


def _changes(source: str) -> list[tuple[str, str]]:
    return [(each.before, each.after) for each in mutants("package.module", source)]


@pytest.mark.parametrize(
    ("source", "changes"),
    [
        ("a == b", [("a == b", "a != b")]),
        ("a < b", [("a < b", "a <= b"), ("a < b", "a > b")]),
        ("a and b", [("a and b", "a or b"), ("a and b", "b"), ("a and b", "a")]),
        ("not a", [("not a", "a")]),
        ("a + b", [("a + b", "a - b")]),
        ("a = 1", [("1", "2")]),
        ("a = True", [("True", "False")]),
        ("a = 'x'", [("'x'", "'x?'")]),
        ("a = 'a sentence'", []),
        ("'docstring'", []),
        ("a: Final = b", []),
        ("a = f'{b}c'", []),
        ("f()", [("f()", "pass")]),
        ("a if b else c", [("a if b else c", "a if not b else c")]),
        ("raise a", [("raise a", "pass")]),
        (
            "[a for a in b if c]",
            [("for a in b if c", "for a in b if not c"), ("for a in b if c", "for a in b")],
        ),
    ],
)
def test_changes(source: str, changes: list[tuple[str, str]]) -> None:
    """Each kind of place is changed in the ways that its kind has."""
    assert [(before.strip(), after.strip()) for before, after in _changes(source)] == changes


def test_statements() -> None:
    """Returned values become None and conditions their opposite."""
    changes = _changes("def f():\n    if a:\n        return b\n    return None\n")
    assert changes == [("if a:", "if not a:"), ("return b", "return None")]


def test_name_tells_the_place() -> None:
    """A mutant is known by its function and statement, not by its line."""
    (mutant,) = mutants("package.module", "class A:\n    def f(self):\n        return b\n")
    assert mutant.name == "module.A.f: `return b` → `return None` in `return b`"
    assert mutant.line == 3


def test_mutant_is_the_program_but_for_one_place() -> None:
    """The rest of the tree is as it was, and compiles."""
    (first, second) = mutants("package.module", "a = 1\nb = 2")
    assert ast.unparse(first.tree) == "a = 2\nb = 2"
    assert ast.unparse(second.tree) == "a = 1\nb = 3"
    compile(first.tree, "mutant", "exec")
