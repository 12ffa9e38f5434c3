"""What can be changed in code so that a test should notice, for `mutants.py`.

An operator, a comparison, a constant, a default, a function beside its opposite, two arguments in
the wrong order; a sign, a statement, a check or a keyword that is left out. Wording, types and
docstrings stay as they are.
"""

import ast
import copy
import functools


def pairs(text):
    """Return what stands for what."""
    return dict(pair.split() for pair in text.split(","))


BECOMES = pairs(
    "Add Sub, Sub Add, Mult Div, Div Mult, Pow Mult, FloorDiv Div, Mod FloorDiv, MatMult Mult,"
    "BitAnd BitOr, BitOr BitAnd, And Or, Or And, Lt LtE, LtE Lt, Gt GtE, GtE Gt, Eq NotEq,"
    "NotEq Eq, In NotIn, NotIn In, Is IsNot, IsNot Is"
)
FUNCTIONS = pairs(
    "any all, min max, sum mean, argmin argmax, minimum maximum, log log1p, exp expm1, floor ceil,"
    "isnan isinf, zeros ones, zeros_like ones_like, nanmin nanmax, nansum nanmean"
)
FUNCTIONS |= {new: old for old, new in FUNCTIONS.items()}
UNWRAPPED = {"sqrt", "abs", "cumsum", "sort", "square", "reversed", "sorted"}
SYMMETRIC = {"maximum", "minimum", "hypot", "logaddexp", "max", "min", "isinstance", "issubclass"}
ALONE = {"warn", "TypeVar", "cast", "NewType"}  # calls that are left alone, but may be left out
IDLE = {"strict", "stacklevel", "title", "description", "label", "desc", "hint"}  # keywords
SKIPPED = {"annotation", "returns", "op", "ops", "ctx"}  # fields


def slots(node, scope=(), place=""):
    """Yield (holder, key, child, names of arguments, where) of all that may be replaced."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        place = f"{place}.{node.name}".lstrip(".")
    if isinstance(node, ast.FunctionDef):
        scope = (*scope, *(a.arg for a in node.args.args + node.args.kwonlyargs))
    for field, value in ast.iter_fields(node):
        many = isinstance(value, list)
        for key, child in enumerate(value) if many else [(field, value)]:
            if field in SKIPPED or not isinstance(child, ast.AST) or is_idle(child):
                continue
            if field == "args" and isinstance(node, ast.Call) and is_sentence(child):
                continue
            yield value if many else node.__dict__, key, child, scope, place
            if not (isinstance(child, ast.Raise) or name_of(child) in ALONE):
                yield from slots(child, scope, place)


def is_sentence(node):
    """Whether a part is wording."""
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value


def is_idle(node):
    """Whether a part says nothing that a test could notice."""
    match node:
        case ast.Import() | ast.ImportFrom() | ast.JoinedStr() | ast.AnnAssign(value=None):
            return True
        case ast.Expr(value=ast.Constant()):  # docstring, or ...
            return True
        case ast.If(test=ast.Name("TYPE_CHECKING")) | ast.Subscript(value=ast.Name("Literal")):
            return True
        case ast.FunctionDef(decorator_list=[ast.Name("overload"), *_]):
            return True
    return isinstance(node, ast.keyword) and node.arg in IDLE


def name_of(node):
    """Name of the function that is called, without what stands before the dot."""
    function = getattr(node, "func", None)
    return getattr(function, "attr", getattr(function, "id", None))


def changed(node, **fields):
    """Return the node with other fields."""
    new = copy.copy(node)
    new.__dict__ |= fields
    return new


def opposite(op):
    """Return the operator that takes its place."""
    return getattr(ast, BECOMES[type(op).__name__])()


def constants(value, scope):
    """Yield other values of a constant."""
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        yield from (2 * value, value // 2) if value > 20 else (value + 1, value - 1)
    elif isinstance(value, float) and 0 < abs(value) < 1e-3:
        yield from (1e4 * value, 0.0)  # a tolerance: what twice of it changes, nobody sees
    elif isinstance(value, float):
        yield from (value + 1 if abs(value) < 1e9 else 2 * value, value / 2 or -1.0)
    elif isinstance(value, str) and not set(" \n") & set(value) and value not in scope:
        yield value + "x"  # a sentence, or the name of an argument, is wording


def replacements(node, scope):
    """Yield (kind, new node) of what could stand in a node's place."""
    match node:
        case ast.BinOp(op=op) | ast.AugAssign(op=op) | ast.BoolOp(op=op):
            if type(op).__name__ in BECOMES:
                yield "operator", changed(node, op=opposite(op))
        case ast.Compare(ops=ops):
            for k, op in enumerate(ops):
                yield "compare", changed(node, ops=[*ops[:k], opposite(op), *ops[k + 1 :]])
        case ast.UnaryOp(op=ast.USub() | ast.Not(), operand=operand):
            yield "sign", operand
        case ast.If(test=test) | ast.IfExp(test=test) | ast.While(test=test):
            if not isinstance(test, ast.UnaryOp):
                yield "condition", changed(node, test=ast.UnaryOp(ast.Not(), test))
        case ast.Constant(value=value):
            yield from (("constant", ast.Constant(other)) for other in constants(value, scope))
        case ast.Attribute(attr="T", value=value):
            yield "transpose", value
        case ast.Call():
            yield from calls(node)
    match node:
        case ast.Raise() | ast.Continue() | ast.Break() | ast.Expr() | ast.AugAssign():
            yield "statement", ast.Pass()
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript()]):
            yield "statement", ast.Pass()
        case ast.Assign(targets=[ast.Name(name)], value=value):
            if any(isinstance(n, ast.Name) and n.id == name for n in ast.walk(value)):
                yield "statement", ast.Pass()  # x = f(x): without it, x is still there


def calls(node):
    """Yield what could stand in the place of a call."""
    name, args, builtin = name_of(node), node.args, isinstance(node.func, ast.Name)
    if name in ALONE:
        return
    if name in FUNCTIONS and (not builtin or name in ("any", "all", "min", "max")):
        other = {"id" if builtin else "attr": FUNCTIONS[name]}
        yield "function", changed(node, func=changed(node.func, **other))
    if name in UNWRAPPED and len(args) == 1:
        yield "function", args[0]
    if args and ast.unparse(node.func).startswith("_check."):
        numpy = ast.parse("__import__('numpy').asarray(x)[()]", mode="eval").body
        yield "check", changed(numpy, value=changed(numpy.value, args=args[:1]))
    if len(args) > 1 and name not in SYMMETRIC and ast.dump(args[0]) != ast.dump(args[1]):
        yield "order", changed(node, args=[args[1], args[0], *args[2:]])
    for keyword in node.keywords:
        if keyword.arg not in IDLE:
            rest = [other for other in node.keywords if other is not keyword]
            yield "keyword", changed(node, keywords=rest)


def mutants(source):
    """Yield what is changed, and a function that writes the changed source."""
    tree, lines = ast.parse(source), source.splitlines()

    def write(holder, key, child, new):
        holder[key] = new
        try:
            return ast.unparse(ast.fix_missing_locations(tree))
        finally:
            holder[key] = child

    line = 1
    for holder, key, child, scope, place in slots(tree):
        line = getattr(child, "lineno", line)
        for kind, new in replacements(child, scope):
            before, after = (ast.unparse(node).splitlines()[0][:160] for node in (child, new))
            what = {"line": line, "in": place, "text": lines[line - 1].strip(), "kind": kind}
            what["change"] = f"{before} => {after}"
            yield what, functools.partial(write, holder, key, child, new)
