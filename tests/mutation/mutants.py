"""The mutants of a module: its syntax tree with one place changed."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator

from msgspec import Struct


class Mutant(Struct, frozen=True):
    """One change of a module."""

    module: str
    line: int
    scope: str
    """The function or class, dotted."""
    statement: str
    """The first line of the statement that holds the place."""
    before: str
    after: str
    tree: ast.Module

    @property
    def name(self) -> str:
        """The change, in words that stay the same while the code around it moves."""
        module = self.module.rpartition(".")[2]
        where = f"{module}.{self.scope}".rstrip(".")
        return f"{where}: `{self.before}` → `{self.after}` in `{self.statement}`"


_COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Lt: (ast.LtE, ast.Gt),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt, ast.Lt),
}
_ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}


def mutants(module: str, source: str) -> Iterator[Mutant]:
    """Yield every mutant of a module's source."""
    tree = ast.parse(source)
    skipped = _prose(tree)
    scopes, statements = _places(tree)
    for index, node in enumerate(ast.walk(tree)):
        if id(node) in skipped:
            continue
        for replacement in _replacements(node):
            changed = copy.deepcopy(tree)
            place = next(each for at, each in enumerate(ast.walk(changed)) if at == index)
            _replace(changed, place, replacement)
            ast.fix_missing_locations(changed)
            line = getattr(node, "lineno", 0)
            scope, statement = scopes.get(id(node), ""), statements.get(id(node), node)
            before, after = _shown(node), _shown(replacement)
            yield Mutant(module, line, scope, _shown(statement), before, after, changed)


def _places(tree: ast.Module) -> tuple[dict[int, str], dict[int, ast.AST]]:
    """Return for each node the function or class that holds it, and its statement."""
    scopes: dict[int, str] = {}
    statements: dict[int, ast.AST] = {}
    todo: list[tuple[ast.AST, str, ast.AST]] = [(tree, "", tree)]
    while todo:
        node, scope, statement = todo.pop()
        if isinstance(node, ast.stmt):
            statement = node
        scopes[id(node)], statements[id(node)] = scope, statement
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            scope = f"{scope}.{node.name}".lstrip(".")
        todo += ((child, scope, statement) for child in ast.iter_child_nodes(node))
    return scopes, statements


def _shown(node: ast.AST) -> str:
    return " ".join(ast.unparse(node).split("\n", 1)[0].split())[:110]


def _prose(tree: ast.Module) -> set[int]:
    """Return the nodes that are no program: annotations, docstrings and parts of sentences.

    So are `frozen` and `kw_only` of a class, which only mypy looks at.
    """
    found: set[int] = set()
    for node in ast.walk(tree):
        prose: list[ast.AST | None] = []
        if isinstance(node, ast.AnnAssign | ast.arg):
            prose = [node.annotation]
        elif isinstance(node, ast.FunctionDef):
            prose = [node.returns, *node.decorator_list]
        elif isinstance(node, ast.ClassDef):
            prose = [each for each in node.keywords if each.arg in ("frozen", "kw_only")]
        elif isinstance(node, ast.JoinedStr | ast.ImportFrom | ast.Import) or _is_text(node):
            prose = [node]
        for each in prose:
            found |= {id(inner) for inner in ast.walk(each)} if each is not None else set()
    return found


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _replacements(node: ast.AST) -> Iterator[ast.AST]:
    match node:
        case ast.Compare(ops=[operator], left=left, comparators=comparators):
            for other in _COMPARISONS[type(operator)]:
                yield ast.Compare(left, [other()], comparators)
        case ast.BoolOp(op=operator, values=values):
            yield ast.BoolOp(ast.Or() if isinstance(operator, ast.And) else ast.And(), values)
            for index in range(len(values)):
                kept = [*values[:index], *values[index + 1 :]]
                yield kept[0] if len(kept) == 1 else ast.BoolOp(operator, kept)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield operand
        case ast.BinOp(left=left, op=operator, right=right) if type(operator) in _ARITHMETIC:
            yield ast.BinOp(left, _ARITHMETIC[type(operator)](), right)
        case ast.Constant(value=value):
            yield from _constants(value)
        case _:
            yield from _control(node)


def _constants(value: object) -> Iterator[ast.AST]:
    if isinstance(value, bool):
        yield ast.Constant(not value)
    elif isinstance(value, int):
        yield ast.Constant(value + 1)
    elif isinstance(value, str) and " " not in value:
        yield ast.Constant(f"{value}?")


def _control(node: ast.AST) -> Iterator[ast.AST]:
    match node:
        case ast.IfExp(test=test, body=body, orelse=orelse):
            yield ast.IfExp(ast.UnaryOp(ast.Not(), test), body, orelse)
        case ast.If(test=test, body=body, orelse=orelse):
            yield ast.If(ast.UnaryOp(ast.Not(), test), body, orelse)
        case ast.comprehension(ifs=[condition], target=target, iter=iterated):
            negated = ast.UnaryOp(ast.Not(), condition)
            yield ast.comprehension(target, iterated, [negated], 0)
            yield ast.comprehension(target, iterated, [], 0)
        case ast.Return(value=value) if value is not None and not _is_none(value):
            yield ast.Return(ast.Constant(None))
        case ast.Expr(value=ast.Call() | ast.Yield() | ast.YieldFrom()):
            yield ast.Pass()
        case ast.AugAssign() | ast.Raise() | ast.Continue():
            yield ast.Pass()
        case _:
            pass


def _is_none(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value is None


def _replace(tree: ast.AST, place: ast.AST, replacement: ast.AST) -> None:
    for parent in ast.walk(tree):
        for name, value in ast.iter_fields(parent):
            if value is place:
                setattr(parent, name, replacement)
                return
            if isinstance(value, list):
                for index, item in enumerate(value):
                    if item is place:
                        value[index] = replacement
                        return
