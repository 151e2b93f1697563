"""The text under each field of the values, and the field names as the chart spells them."""

from __future__ import annotations

import ast
import inspect
from functools import cache

import msgspec

from tests.chart import values


def of(section: str, member: str) -> str:
    """Return the text of a member of a section, lines as written; empty for an unknown one."""
    return _texts().get((section, member), "")


@cache
def _texts() -> dict[tuple[str, str], str]:
    found: dict[tuple[str, str], str] = {}
    for section in ast.parse(inspect.getsource(values)).body:
        if not isinstance(section, ast.ClassDef):
            continue
        struct = getattr(values, section.name)
        if not issubclass(struct, msgspec.Struct):
            continue
        spelt = dict(zip(struct.__struct_fields__, struct.__struct_encode_fields__, strict=True))
        for field, text in zip(section.body, section.body[1:], strict=False):
            if (
                isinstance(field, ast.AnnAssign)
                and isinstance(field.target, ast.Name)
                and isinstance(text, ast.Expr)
                and isinstance(text.value, ast.Constant)
            ):
                written = inspect.cleandoc(str(text.value.value))
                found[section.name, spelt[field.target.id]] = written
    return found
