"""What the code of a chapter shows, says and holds.

Evidence for a number of the prose is, in the outputs: text, and the cells of
HTML tables (not row labels 0, 1, 2, ..., and not what the text of a `print`
says by itself). In the code: constants, also worked out (`1 / 5`), and the
texts of titles and labels. Not evidence are indices, seeds, tolerances,
exponents, whole numbers up to twelve inside arithmetic, and how a figure looks
(sizes, colours, widths).

What an assert holds is a pin: an equality, a value within a tolerance, or two
bounds.
"""

import ast
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any, NamedTuple

import numerals

Cell = dict[str, Any]


def source(cell: Cell) -> str:
    """Return the text of a cell."""
    return "".join(cell["source"])


class Value(NamedTuple):
    """A number that an output or the code of a section contains."""

    value: float
    half: float  # half a unit of the last digit printed; 0 if it is exact
    where: str  # "output", "code" or "assert"
    percent: bool = False
    small: bool = False  # a whole number in arithmetic, an index, a seed


class Pin(NamedTuple):
    """What an assert holds: a value within a tolerance, or between bounds."""

    low: float
    high: float
    center: float | None  # the value that it names


PRINTED = re.compile(
    r"(?<![\w.])[-+−]?(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+\.?\d*|\.\d+)"
    r"(?:e[-+]?\d+)?(?![\w])\s?%?"
)
WITH_SPACES = re.compile(r"(?<![\w.,])\d{1,3}(?:[ \u00a0]\d{3})+(?![\w.,]*\d)")


def printed(text: str) -> Iterator[tuple[str, Value]]:
    """Yield the numbers of an output, as they stand there."""
    text = re.sub(r"<[^>\n]*>|\bnp\.\w+(?=\()", " ", text)
    for match in PRINTED.finditer(text):
        token = match[0].replace(",", "").replace("−", "-").strip()
        percent = token.endswith("%")
        token = token.rstrip("% ")
        mantissa, _, power = token.partition("e")
        _, point, decimals = mantissa.partition(".")
        half = numerals.last_digit(point + decimals, power)
        if mantissa.endswith("."):
            half = 0.0  # as NumPy prints what is whole to all its digits
        scale = 0.01 if percent else 1.0
        yield (
            match[0].strip(),
            Value(float(token) * scale, half * scale, "output", percent),
        )
    for match in WITH_SPACES.finditer(text):
        whole = float(re.sub(r"\D", "", match[0]))
        yield match[0], Value(whole, 0.5, "output")


class Table(HTMLParser):
    """The cells of HTML tables, without row labels that only count."""

    def __init__(self) -> None:
        super().__init__()
        self.data: list[str] = []
        self.labels: list[str] = []
        self.inside = ""

    def handle_starttag(self, tag: str, attrs: object) -> None:
        """Enter a cell."""
        if tag in ("td", "th"):
            self.inside = tag

    def handle_endtag(self, tag: str) -> None:
        """Leave a cell."""
        if tag in ("td", "th"):
            self.inside = ""

    def handle_data(self, data: str) -> None:
        """Keep the text of a cell."""
        if self.inside == "td":
            self.data.append(data)
        elif self.inside == "th":
            self.labels.append(data)

    def texts(self) -> list[str]:
        """Return the texts of all cells that say something."""
        counted = [label for label in self.labels if label.strip().isdigit()]
        if counted == [str(k) for k in range(len(counted))]:
            return self.data + [x for x in self.labels if x not in counted]
        return self.data + self.labels


def said_by_itself(tree: ast.AST) -> set[str]:
    """Return the numbers in the fixed texts of the prints of a cell."""
    found = set()
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and getattr(node.func, "id", "") == "print"
        ):
            for part in ast.walk(node):
                if isinstance(part, ast.Constant) and isinstance(
                    part.value, str
                ):
                    found |= {token for token, _ in printed(part.value)}
    return found


def outputs(cell: Cell) -> list[Value]:
    """Return the numbers that a cell shows."""
    found: list[Value] = []
    fixed = said_by_itself(ast.parse(source(cell)))
    for output in cell.get("outputs", []):
        texts = []
        data = output.get("data", {})
        html = "".join(data.get("text/html", ""))
        if output.get("output_type") == "stream":
            texts.append("".join(output["text"]))
        elif "<table" in html:
            table = Table()
            table.feed(html)
            texts.extend(table.texts())
        elif "text/plain" in data:
            texts.append("".join(data["text/plain"]))
        for text in texts:
            found += [
                value for token, value in printed(text) if token not in fixed
            ]
    return found


LOOKS = """figsize alpha linewidth linewidths lw s ms markersize fontsize size
dpi color colors facecolor edgecolor zorder width_ratios height_ratios ncol
ncols nrows pad rotation hspace wspace labelpad capsize elinewidth cmap
markeredgewidth length width"""
TOLERANCES = {"rtol", "atol", "rel_tol", "abs_tol"}
NOT_VALUES = {*LOOKS.split(), *TOLERANCES, "axis", "ddof", "seed", "decimals"}
WITHOUT_VALUES = {"default_rng", "subplots", "reshape", "eye", "figure"}
CLOSE = {"allclose", "isclose", "assert_allclose"}


def name_of(call: ast.Call) -> str:
    """Return the last name of what is called."""
    if isinstance(call.func, ast.Attribute):
        return call.func.attr
    return call.func.id if isinstance(call.func, ast.Name) else ""


def constant(node: ast.AST | None) -> float | None:
    """Return the value of an expression of constants, or None."""
    if isinstance(node, ast.Call) and name_of(node) == "Fraction":
        parts = [constant(part) for part in node.args]
        if len(parts) == 2 and None not in parts and parts[1]:
            return parts[0] / parts[1]  # type: ignore[operator]
    try:
        return numerals.value_of(node) if isinstance(node, ast.expr) else None
    except (ValueError, ArithmeticError):
        return None


def is_tolerance(compare: ast.Compare) -> bool:
    """Whether a comparison asks for a small difference: abs(a - b) < c."""
    left = compare.left
    if isinstance(left, ast.Call) and name_of(left) in ("max", "mean", "min"):
        left = (
            left.func.value if isinstance(left.func, ast.Attribute) else left
        )
    absolute = isinstance(left, ast.Call) and name_of(left) in ("abs", "fabs")
    below = isinstance(compare.ops[-1], ast.Lt | ast.LtE)
    last = constant(compare.comparators[-1])
    tiny = last is not None and abs(last) <= 1e-3
    return below and len(compare.ops) == 1 and (absolute or tiny)


def difference(side: ast.expr) -> ast.BinOp | None:
    """Return the difference in `abs(a - b)`."""
    for node in ast.walk(side):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub):
            return node
    return None


def constants(node: ast.AST, where: str, context: str = "") -> Iterator[Value]:
    """Yield the numbers that code contains, if they are values."""
    if isinstance(node, ast.expr):
        value = constant(node)
        if value is not None:
            whole = float(value).is_integer() and abs(value) <= 12
            yield Value(
                value, 0.0, where, small=whole and context == "arithmetic"
            )
            if not isinstance(node, ast.BinOp | ast.Call):
                return
    match node:
        case ast.Constant(value=str() as text):
            for _, shown in printed(text):
                yield shown._replace(where=where)
        case ast.Subscript(value=inner):
            yield from constants(inner, where)
        case ast.FormattedValue(value=inner):
            yield from constants(inner, where)
        case ast.Expr(value=ast.Constant(value=str())):
            return
        case ast.BinOp(left=left, op=op, right=right):
            yield from constants(left, where, "arithmetic")
            if not isinstance(op, ast.Pow):
                yield from constants(right, where, "arithmetic")
        case ast.Compare() if where == "assert" and is_tolerance(node):
            yield from constants(node.left, where)
        case ast.Call():
            if isinstance(node.func, ast.Attribute):
                yield from constants(node.func.value, where)
            if name_of(node) == "print":
                for part in ast.walk(node):
                    if isinstance(part, ast.FormattedValue):
                        yield from constants(part.value, where)
                return
            if name_of(node) == "round":  # round(x, 2), but x.round(2)
                by_method = isinstance(node.func, ast.Attribute)
                for argument in [] if by_method else node.args[:1]:
                    yield from constants(argument, where)
            elif name_of(node) not in WITHOUT_VALUES:
                for argument in node.args:
                    yield from constants(argument, where)
            for keyword in node.keywords:
                if keyword.arg not in NOT_VALUES:
                    yield from constants(keyword.value, where)
        case ast.Assert(test=test):
            yield from constants(test, "assert")
        case _:
            for child in ast.iter_child_nodes(node):
                yield from constants(child, where)


def keyword(call: ast.Call, *names: str) -> ast.expr | None:
    """Return a keyword argument of a call."""
    return next((k.value for k in call.keywords if k.arg in names), None)


def listed(node: ast.AST) -> list[float]:
    """Return the constants of a (nested) list, or a single one."""
    if isinstance(node, ast.List | ast.Tuple):
        return [value for part in node.elts for value in listed(part)]
    value = constant(node)
    return [] if value is None else [value]


def pins_of_close(call: ast.Call) -> Iterator[Pin]:
    """Yield what allclose(a, b) holds."""
    default = (
        (1e-7, 0.0) if name_of(call) == "assert_allclose" else (1e-5, 1e-8)
    )
    tolerances = []
    for place, names in enumerate((("rtol", "rel_tol"), ("atol", "abs_tol"))):
        node = keyword(call, *names)
        value = default[place] if node is None else constant(node)
        tolerances.append(math.nan if value is None else value)
    for side in call.args[:2]:
        for value in listed(side):
            room = tolerances[1] + tolerances[0] * abs(value)
            room = 0.0 if math.isnan(room) else room
            yield Pin(value - room, value + room, value)


def pins_of_compare(compare: ast.Compare) -> Iterator[Pin]:
    """Yield what a comparison holds."""
    terms = [compare.left, *compare.comparators]
    if is_tolerance(compare):
        room = constant(terms[-1]) or 0.0
        inner = difference(terms[0])
        for side in (inner.left, inner.right) if inner else ():
            for value in listed(side):
                yield Pin(value - room, value + room, value)
        return
    bounds = [constant(term) for term in terms]
    for place, operation in enumerate(compare.ops):
        if isinstance(operation, ast.Eq):
            for side in (terms[place], terms[place + 1]):
                other = (
                    terms[place + 1] if side is terms[place] else terms[place]
                )
                room = 0.0
                if isinstance(other, ast.Call) and name_of(other) == "round":
                    digits = (
                        constant(other.args[-1]) if len(other.args) > 1 else 0
                    )
                    room = 0.5 * 10.0 ** -(digits or 0)
                for value in listed(side):
                    yield Pin(value - room, value + room, value)
    for place in range(1, len(terms) - 1):
        low, high = bounds[place - 1], bounds[place + 1]
        rising = all(
            isinstance(op, ast.Lt | ast.LtE)
            for op in compare.ops[place - 1 : place + 1]
        )
        if low is not None and high is not None and bounds[place] is None:
            if not rising:
                low, high = high, low
            yield Pin(low, high, None)


def pins(tree: ast.AST) -> Iterator[Pin]:
    """Yield all that the asserts of a cell hold."""
    for claim in ast.walk(tree):
        if not isinstance(claim, ast.Assert):
            continue
        for node in ast.walk(claim.test):
            if isinstance(node, ast.Call) and name_of(node) in CLOSE:
                yield from pins_of_close(node)
            elif isinstance(node, ast.Compare):
                yield from pins_of_compare(node)


def agreements(tree: ast.AST) -> Iterator[float]:
    """Yield the tolerances with which asserts compare two results."""
    for claim in ast.walk(tree):
        if not isinstance(claim, ast.Assert):
            continue
        for node in ast.walk(claim.test):
            if isinstance(node, ast.Call) and name_of(node) in CLOSE:
                rtol, atol = (
                    constant(keyword(node, *names))
                    for names in (("rtol", "rel_tol"), ("atol", "abs_tol"))
                )
                if rtol is not None and atol is not None:
                    yield max(rtol, atol)
            elif isinstance(node, ast.Compare) and is_tolerance(node):
                room = constant(node.comparators[-1])
                if room is not None:
                    yield room


@dataclass
class Evidence:
    """All that the code of a section shows, says and holds."""

    values: list[Value] = field(default_factory=list)
    pins: list[Pin] = field(default_factory=list)
    agreements: list[float] = field(default_factory=list)
    sizes: set[float] = field(default_factory=set)

    @classmethod
    def of(cls, cells: list[Cell]) -> "Evidence":
        """Return the evidence of the cells with code."""
        found = cls()
        for cell in cells:
            if cell["cell_type"] == "code":
                found.add(cell)
        return found

    def add(self, cell: Cell) -> None:
        """Add a cell."""
        tree = ast.parse(source(cell))
        self.values += outputs(cell)
        self.values += constants(tree, "code")
        self.pins += pins(tree)
        self.agreements += agreements(tree)
