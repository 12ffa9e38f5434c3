"""Change a right answer in one place: a machine's wrong answers, of which nobody has thought."""

import ast
import copy
from collections.abc import Iterator

OTHER = {
    ast.Add: [ast.Sub], ast.Sub: [ast.Add], ast.Mult: [ast.Div], ast.Div: [ast.Mult],
    ast.Pow: [ast.Mult], ast.MatMult: [], ast.FloorDiv: [],
    ast.Lt: [ast.LtE, ast.Gt], ast.Gt: [ast.GtE, ast.Lt], ast.GtE: [ast.Gt, ast.LtE],
    ast.LtE: [ast.Lt, ast.GtE], ast.Eq: [ast.NotEq], ast.NotEq: [ast.Eq],
}  # fmt: skip
FUNCTIONS = {"sum": "mean", "log": "exp", "exp": "log", "sqrt": "square", "all": "any",
             "gammaln": "betaln", "mean": "sum", "var": "std", "zeros": "ones"}  # fmt: skip


def mutants(source: str) -> Iterator[tuple[str, str]]:
    """Yield what was changed, and the code with this change."""
    tree = ast.parse(source)
    nodes = list(ast.walk(tree))
    for at, node in enumerate(nodes):
        for what, change in changes(node):
            changed = copy.deepcopy(tree)
            twin = list(ast.walk(changed))[at]
            change(twin)
            yield (
                f"line {getattr(node, 'lineno', 0)}: {what}",
                ast.unparse(ast.fix_missing_locations(changed)),
            )
    yield from without_a_statement(tree)


def changes(node: ast.AST) -> Iterator:
    """Yield the changes that one node allows."""
    if isinstance(node, ast.BinOp):
        for other in OTHER.get(type(node.op), []):
            yield f"{ast.unparse(node)}: {other.__name__}", lambda n, o=other: setattr(n, "op", o())
        for side in ("left", "right"):
            yield f"{ast.unparse(node)}: only {side}", lambda n, s=side: replace(n, getattr(n, s))
    if isinstance(node, ast.Compare):
        for other in OTHER.get(type(node.ops[0]), []):
            yield (
                f"{ast.unparse(node)}: {other.__name__}",
                lambda n, o=other: n.ops.__setitem__(0, o()),
            )
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        for new in {node.value + 1, node.value - 1, -node.value} - {node.value}:
            yield f"{node.value} -> {new}", lambda n, v=new: setattr(n, "value", v)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield f"{ast.unparse(node)}: sign dropped", lambda n: replace(n, n.operand)
    if isinstance(node, ast.Call):
        if len(node.args) > 1 and not any(isinstance(a, ast.Starred) for a in node.args):
            yield f"{ast.unparse(node)}: exchanged", lambda n: n.args.reverse()
        if node.args and not isinstance(node.args[0], ast.GeneratorExp | ast.Starred):
            yield f"{ast.unparse(node)}: call dropped", lambda n: replace(n, n.args[0])
        name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        if name in FUNCTIONS:
            new = FUNCTIONS[name]
            yield f"{name} -> {new}", lambda n, f=new: setattr(n.func, "attr", f)
        if node.keywords:
            yield f"{ast.unparse(node)}: keywords dropped", lambda n: n.keywords.clear()


def replace(node: ast.AST, other: ast.AST) -> None:
    """Let a node become another."""
    node.__class__ = other.__class__
    node.__dict__ = dict(other.__dict__)


def without_a_statement(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Yield the code with one statement left out."""
    for at, node in enumerate(ast.walk(tree)):
        for place in range(len(getattr(node, "body", []) or [])):
            if isinstance(node, ast.Module | ast.Lambda | ast.IfExp):
                continue
            changed = copy.deepcopy(tree)
            twin = list(ast.walk(changed))[at]
            gone = twin.body.pop(place)
            twin.body = twin.body or [ast.Pass()]
            yield f"without `{ast.unparse(gone)[:60]}`", ast.unparse(changed)
