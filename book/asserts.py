"""Asserts that cannot fail: move what they claim by ten per cent, and see.

Each chapter runs once, outside of Jupyter. Beside every assert that passes its
mutants are evaluated, in the same place and with the same random numbers: the
generators are put back before each and at the end.

The claims of an assert are its comparisons (each of `a < b < c` is two) and
its calls of `allclose` and `isclose`; if it has none, it is the claim. A claim
is mutated at one place at a time:

- each of its numeric constants, up and down by ten per cent (by one, where
  only a whole number makes sense). No such constants are tolerances (`atol`,
  what `abs(a - b)` is compared with, an ordering against at most 0.001, a term
  of at most 0.001), indices, the digits of `round`, and 0;
- where there is none, what is said to be close, and the terms of the
  difference in `abs(a - b) < c`, ten per cent up;
- where there is nothing of that sort (`x > y`, `abs(x) < 1e-9`, "close to 0",
  a p-value above its level, anything under `not`), the comparison is turned.

A claim is alive if one of its mutants makes the assert fail. A mutant that
raises another error says nothing. An assert that fails when it is evaluated a
second time cannot be judged, and is listed too.

What was found is kept in `_build/claims`, until the code of the chapter, the
companion or this script changes.
"""

import ast
import contextlib
import copy
import hashlib
import io
import json
import os
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from evidence import (
    CLOSE,
    NOT_VALUES,
    constant,
    difference,
    is_tolerance,
    name_of,
    source,
)

ROOT = Path(__file__).resolve().parents[1]
Namespace = dict[str, Any]
Thunk = Callable[[], Any]
Thunks = tuple[list[Thunk], list[Thunk]]
KEPT = ROOT / "_build" / "claims"
TURNED: dict[type, type] = {
    ast.Lt: ast.GtE,
    ast.LtE: ast.Gt,
    ast.Gt: ast.LtE,
    ast.GtE: ast.Lt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}


# ------------------------------------------------------- what can be moved


def claims_of(test: ast.expr) -> list[tuple[ast.expr, int]]:
    """Return the claims of an assert: a node, and which of its comparisons."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return [(test, 0)]
    match test:
        case ast.Compare(ops=ops):
            every: list[tuple[ast.expr, int]] = [
                (test, place) for place in range(len(ops))
            ]
            return [
                (test, place)
                for _, place in every
                if None in [constant(side) for side in pair(test, place)]
            ] or every
        case ast.Call() if name_of(test) in CLOSE:
            return [(test, 0)]
    parts = [
        part
        for child in ast.iter_child_nodes(test)
        if isinstance(child, ast.expr)
        for part in claims_of(child)
        if isinstance(part[0], ast.Compare | ast.Call)
    ]
    return parts or [(test, 0)]


def movable(node: ast.AST) -> Iterator[ast.Constant]:
    """Yield the numeric constants below a node that are part of a claim."""
    match node:
        case ast.Constant(value=bool()):
            return
        case ast.Constant(value=int() | float() as number):
            if number:
                yield node
        case ast.Subscript(value=inner):
            yield from movable(inner)
        case ast.BinOp(left=left, right=right):
            for side in (left, right):
                value = constant(side)
                sum_ = isinstance(node.op, ast.Add | ast.Sub)
                if not (sum_ and value is not None and abs(value) <= 1e-3):
                    yield from movable(side)
        case ast.Call(args=args) if name_of(node) == "round":
            if isinstance(node.func, ast.Attribute):
                yield from movable(node.func.value)
            else:
                yield from movable(args[0])
        case ast.Call(keywords=keywords):
            yield from movable(node.func)
            yield from (c for part in node.args for c in movable(part))
            for keyword in keywords:
                if keyword.arg not in NOT_VALUES:
                    yield from movable(keyword.value)
        case _:
            for child in ast.iter_child_nodes(node):
                yield from movable(child)


def pair(compare: ast.Compare, place: int) -> list[ast.expr]:
    """Return the two sides of one comparison of a chain."""
    return [compare.left, *compare.comparators][place : place + 2]


def places(claim: ast.expr, place: int) -> list[ast.AST]:
    """Return the parts of a claim whose constants are claimed."""
    match claim:
        case ast.Compare():
            left, right = pair(claim, place)
            if "pvalue" in ast.unparse(left):
                return []
            single = ast.Compare(left, [claim.ops[place]], [right])
            if is_tolerance(single):
                inner = difference(left)
                return [] if inner is None else [inner]
            order = not isinstance(claim.ops[place], ast.Eq | ast.NotEq)
            return [
                side
                for side in (left, right)
                if not (order and abs(constant(side) or 1) <= 1e-3)
            ]
        case ast.Call():
            return [claim]
    return []


Change = Callable[
    [], Callable[[], None]
]  # changes the tree, returns the undoing


def changes(claim: ast.expr, place: int) -> tuple[list[Change], list[Change]]:
    """Return how a claim can be moved, and how if that makes no sense."""
    leaves = [leaf for side in places(claim, place) for leaf in movable(side)]
    if leaves:
        by_a_tenth: list[Change] = []
        by_one: list[Change] = []
        for leaf in leaves:
            value: Any = leaf.value
            by_a_tenth += [put(leaf, "value", value * f) for f in (1.1, 0.9)]
            if isinstance(value, int):
                by_one += [put(leaf, "value", value + d) for d in (1, -1)]
        return by_a_tenth, by_one
    if isinstance(claim, ast.Call) and name_of(claim) in CLOSE:
        if any(isinstance(arg, ast.Starred) for arg in claim.args[:2]):
            text = ast.unparse(claim)
            raise ValueError(f"{text}: a star hides what is compared")
        first, second, *rest = claim.args
        if 0 in (constant(first), constant(second)):
            return [], []
        return [
            put(claim, "args", [first, product(second), *rest]),
            put(claim, "args", [product(first), second, *rest]),
        ], []
    if isinstance(claim, ast.Compare):
        for inner in places(claim, place):
            if is_tolerance(claim) and isinstance(inner, ast.BinOp):
                return [
                    put(inner, "right", product(inner.right)),
                    put(inner, "left", product(inner.left)),
                ], []
        turned = list(claim.ops)
        turned[place] = TURNED[type(turned[place])]()
        return [put(claim, "ops", turned)], []
    return [], []


def put(node: ast.AST, name: str, new: Any) -> Change:
    """Return the change of one field of a node."""

    def do() -> Callable[[], None]:
        old = getattr(node, name)
        setattr(node, name, new)
        return lambda: setattr(node, name, old)

    return do


def product(node: ast.expr) -> ast.expr:
    """Return 1.1 times an expression, lists too."""
    return ast.Call(ast.Name("__scaled__", ast.Load()), [node], [])


Mutants = tuple[list[ast.expr], list[ast.expr]]


def mutants(test: ast.expr) -> dict[str, Mutants]:
    """Return the claims of an assert, and for each the mutants of the test."""
    if not any(isinstance(n, ast.Name | ast.Compare) for n in ast.walk(test)):
        return {ast.unparse(test): ([test], [])}  # assert True
    found: dict[str, Mutants] = {}
    for claim, place in claims_of(test):
        if isinstance(claim, ast.Compare):
            left, right = pair(claim, place)
            name = ast.unparse(ast.Compare(left, [claim.ops[place]], [right]))
        else:
            name = ast.unparse(claim)
        versions: Mutants = ([], [])
        for changed, group in zip(
            changes(claim, place), versions, strict=True
        ):
            for change in changed:
                undo = change()
                group.append(copy.deepcopy(test))
                undo()
        if not versions[0]:
            versions[0].append(ast.UnaryOp(ast.Not(), copy.deepcopy(test)))
        found[name] = versions
    return found


# ----------------------------------------------------------------- running


def scale_up(value: Any) -> Any:
    """Return 1.1 times a number, an array, or a list of numbers."""
    import numpy as np

    return 1.1 * np.asarray(value, dtype=float)


class Watch:
    """What the instrumented asserts of a chapter report."""

    def __init__(self) -> None:
        self.seen: dict[tuple[str, str], bool] = {}
        self.states: list[tuple[Any, Any]] = []

    def before(self, *spaces: Namespace) -> None:
        """Remember the state of every random generator."""
        import numpy as np

        self.states = [
            (value, copy.deepcopy(value.bit_generator.state))
            for space in spaces
            for value in list(space.values())
            if isinstance(value, np.random.Generator)
        ]

    def back(self) -> None:
        """Put the generators back."""
        for generator, state in self.states:
            generator.bit_generator.state = copy.deepcopy(state)

    def holds(self, version: Callable[[], Any]) -> bool | None:
        """Evaluate a mutant: None if it raises something else."""
        self.back()
        try:
            with (
                warnings.catch_warnings(),
                contextlib.redirect_stdout(io.StringIO()),
            ):
                warnings.simplefilter("ignore")
                return bool(version())
        except AssertionError:
            return False
        except Exception:  # a mutant may do anything
            return None

    def after(
        self, cell: str, again: Thunk, claims: dict[str, Thunks]
    ) -> None:
        """Evaluate the mutants of an assert that has passed."""
        now = [
            (g, copy.deepcopy(g.bit_generator.state)) for g, _ in self.states
        ]
        repeats = self.holds(again) is True
        for name, (versions, otherwise) in claims.items():
            answers = [self.holds(version) for version in versions]
            if not any(answer is not None for answer in answers):
                answers = [self.holds(version) for version in otherwise]
            alive = repeats and False in answers
            # In a loop an assert needs to be able to fail once.
            self.seen[cell, name] = self.seen.get((cell, name), False) or alive
        for generator, state in now:
            generator.bit_generator.state = state


class Instrument(ast.NodeTransformer):
    """Put a watch about every assert."""

    def __init__(self, cell: str) -> None:
        self.cell = cell

    def visit_Assert(self, node: ast.Assert) -> list[ast.stmt]:
        """Wrap an assert."""
        claims = ast.Dict(
            [ast.Constant(name) for name in mutants(node.test)],
            [
                ast.Tuple(
                    [
                        ast.List([thunk(v) for v in group], ast.Load())
                        for group in groups
                    ],
                    ast.Load(),
                )
                for groups in mutants(node.test).values()
            ],
        )
        before = ast.parse("__watch__.before(globals(), locals())").body[0]
        watch = ast.Attribute(
            ast.Name("__watch__", ast.Load()), "after", ast.Load()
        )
        again = thunk(copy.deepcopy(node.test))
        after = ast.Expr(
            ast.Call(watch, [ast.Constant(self.cell), again, claims], [])
        )
        return [before, node, after]


def thunk(node: ast.expr) -> ast.Lambda:
    """Return `lambda: node`."""
    none = ast.arguments([], [], None, [], [], None, [])
    return ast.Lambda(none, node)


def run(cells: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Run a chapter; return cell and text of the claims that cannot fail."""
    import matplotlib.pyplot as plt

    plt.switch_backend("Agg")

    watch = Watch()
    space: Namespace = {
        "__name__": "__main__",
        "__watch__": watch,
        "__scaled__": scale_up,
        "display": lambda *_: None,
    }
    for cell in cells:
        if cell["cell_type"] != "code":
            continue
        tree = Instrument(cell["id"]).visit(ast.parse(source(cell)))
        code = compile(
            ast.fix_missing_locations(tree), f"cell {cell['id']}", "exec"
        )
        with contextlib.redirect_stdout(io.StringIO()):
            exec(code, space)
        plt.close("all")
    return [key for key, alive in watch.seen.items() if not alive]


def run_file(path: Path) -> list[tuple[str, str, str]]:
    """Run a chapter in a folder of its own."""
    sys.path.insert(0, str(ROOT))  # the companion that stands beside the book
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    with tempfile.TemporaryDirectory() as folder:
        here = os.getcwd()
        os.chdir(folder)
        try:
            return [(path.stem, cell, text) for cell, text in run(cells)]
        finally:
            os.chdir(here)


def fingerprint(path: Path) -> str:
    """Return a name for all that the answer depends on."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    code = [[c["id"], source(c)] for c in cells if c["cell_type"] == "code"]
    digest = hashlib.sha256(json.dumps(code).encode())
    scripts = [Path(__file__), Path(__file__).with_name("evidence.py")]
    for file in [*scripts, *sorted((ROOT / "companion").rglob("*.*"))]:
        if "__pycache__" not in file.parts:
            digest.update(file.read_bytes())
    return digest.hexdigest()


def survivors(paths: list[Path]) -> list[tuple[str, str, str]]:
    """Return chapter, cell and text of all claims that cannot fail."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    found: dict[Path, list[list[str]]] = {}
    for path in paths:
        file = KEPT / f"{path.stem}.json"
        kept = (
            json.loads(file.read_text(encoding="utf-8"))
            if file.exists()
            else {}
        )
        if kept.get("of") == fingerprint(path):
            found[path] = kept["survivors"]
    new = [path for path in paths if path not in found]
    KEPT.mkdir(parents=True, exist_ok=True)
    workers = min(os.cpu_count() or 1, len(new)) or 1
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        for path, rows in zip(new, pool.map(run_file, new), strict=True):
            found[path] = [list(row) for row in rows]
            kept = {"of": fingerprint(path), "survivors": found[path]}
            file = KEPT / f"{path.stem}.json"
            file.write_text(json.dumps(kept, indent=1), encoding="utf-8")
    return [(row[0], row[1], row[2]) for path in paths for row in found[path]]


if __name__ == "__main__":
    for survivor in survivors([Path(name).resolve() for name in sys.argv[1:]]):
        print(*survivor)
