"""Read the master notebooks: what a question is, what its checks and points are, what is secret.

A master is a notebook in the format of Otter Assign. Whatever Otter would pass over in silence, or
take for something else, is refused here with one sentence that names the cell.
"""

import ast
import re
from pathlib import Path
from typing import Any

import nbformat
import yaml
from nbformat import NotebookNode

MARKERS = re.compile(r"# (ASSIGNMENT CONFIG|(BEGIN|END) (QUESTION|SOLUTION|TESTS))")
HIDDEN = "# HIDDEN"
KEYS = {"name", "points", "manual", "all_or_nothing"}


class MasterError(Exception):
    """A master notebook breaks a rule; the message names the cell."""


# ------------------------------------------------------------------------- reading a master


def read_master(path: Path) -> NotebookNode:
    """Read a master notebook and check what Otter Assign would pass over in silence.

    Raises `MasterError` for a raw cell that is no known marker, markers that do not pair, a comment
    that looks like a misspelt marker, saved outputs, cells that carry tags or other metadata, and
    questions that could not be graded, see `questions`.
    """
    master = nbformat.read(path, as_version=4)
    inside: list[str] = []
    for number, cell in enumerate(master.cells):
        place = f"{path.name}, cell {number}"
        if cell.metadata:
            raise MasterError(f"{place}: has metadata {dict(cell.metadata)}; a master has none")
        if cell.get("outputs"):
            raise MasterError(f"{place}: has saved outputs")
        if cell.cell_type == "raw":
            found = MARKERS.fullmatch(cell.source.split("\n")[0])
            if not found:
                raise MasterError(f"{place}: unknown marker {cell.source!r}")
            _, edge, what = found.groups()
            if edge == "BEGIN":
                inside.append(what)
            elif edge == "END" and (not inside or inside.pop() != what):
                raise MasterError(f"{place}: {cell.source!r} ends what was not begun")
        elif "TESTS" in inside:
            _is_one_function(cell, place)
        elif cell.cell_type == "code":
            _has_proper_markers(cell, place, "SOLUTION" in inside)
    if inside:
        raise MasterError(f"{path.name}: {inside} is never ended")
    questions(master, path.name)
    return master


def _is_one_function(cell: NotebookNode, place: str) -> None:
    """Check that a check is one function, at most after the mark that hides it."""
    body = ast.parse(cell.source).body if cell.cell_type == "code" else []
    if len(body) != 1 or not isinstance(body[0], ast.FunctionDef):
        raise MasterError(f"{place}: a check is a code cell with exactly one function")
    comments = [line for line in cell.source.split("\n") if line.startswith("#")]
    if comments not in ([], [HIDDEN]):
        raise MasterError(f"{place}: {comments[0]!r}; the mark of a hidden check is {HIDDEN!r}")


def _has_proper_markers(cell: NotebookNode, place: str, answer: bool) -> None:
    """Check that every line that looks like a solution's marker is one, and that they pair."""
    depth = 0
    for line in cell.source.split("\n"):
        if re.search(r"#.*(sol|begi?n\b|\bend\b)", line, re.IGNORECASE):
            if line.strip() not in ("# BEGIN SOLUTION", "# END SOLUTION"):
                raise MasterError(f"{place}: looks like a misspelt marker: {line.strip()!r}")
            depth += 1 if "BEGIN" in line else -1
            if depth not in (0, 1):
                raise MasterError(f"{place}: markers do not pair at {line.strip()!r}")
    if depth or ("# BEGIN SOLUTION" in cell.source) != answer:
        raise MasterError(f"{place}: a solution is marked between raw cells and in the cell itself")


def questions(master: NotebookNode, where: str = "master") -> list[dict[str, Any]]:
    """Return the questions in their order, with what each check is worth and, by hand, the rubric.

    Raises `MasterError` for a question that could not be graded: without a name, points or checks,
    with a name that another question has, with a key that means nothing.
    """
    found: list[dict[str, Any]] = []
    question: dict[str, Any] = {}
    inside: list[str] = []
    for number, cell in enumerate(master.cells):
        place = f"{where}, cell {number}"
        if cell.cell_type == "raw":
            _, edge, what = MARKERS.fullmatch(cell.source.split("\n")[0]).groups()  # type: ignore
            if edge == "BEGIN":
                if (what == "QUESTION") == bool(inside) or len(inside) > 1:
                    raise MasterError(f"{place}: {what} begins in the wrong place")
                inside.append(what)
            elif edge == "END":
                inside.pop()
            if edge == "BEGIN" and what == "QUESTION":
                question = _configuration(cell.source, place)
                if question["name"] in [q["name"] for q in found]:
                    raise MasterError(f"{place}: a second question is named {question['name']}")
                found.append(question)
        elif inside == ["QUESTION"] and cell.cell_type == "markdown" and "title" not in question:
            question["title"] = cell.source.split("\n")[0].lstrip("# ")
        elif inside[1:] == ["SOLUTION"] and cell.cell_type == "markdown":
            question["rubric"] = f"{question['rubric']}\n\n{cell.source}".strip()
        elif inside[1:] == ["TESTS"]:
            (function,) = ast.parse(cell.source).body
            hidden = cell.source.startswith(HIDDEN)
            question["checks"].append({"name": function.name, "hidden": hidden})  # type: ignore
    for question in found:
        _share_out(question, where)
    return found


def _configuration(source: str, place: str) -> dict[str, Any]:
    """Read what a question says of itself."""
    try:
        said = yaml.safe_load(source)
    except yaml.YAMLError as error:
        raise MasterError(f"{place}: {str(error).splitlines()[0]} in {source!r}") from None
    if not isinstance(said, dict) or not isinstance(said.get("name"), str):
        raise MasterError(f"{place}: the question has no name")
    if not re.fullmatch(r"[a-z]\w*", said["name"]):
        raise MasterError(f"{place}: {said['name']!r} is no name: letters, digits, _")
    unknown = sorted(set(said) - KEYS)
    if unknown:
        raise MasterError(f"{place}: {unknown} mean nothing; known are {sorted(KEYS)}")
    if "points" not in said:
        raise MasterError(f"{place}: the question {said['name']} has no points")
    return {"manual": False, "all_or_nothing": False, "checks": [], "rubric": "", **said}


def _share_out(question: dict[str, Any], where: str) -> None:
    """Say what each check is worth: `points` is their sum, a list, or so many for each."""
    place, points, checks = f"{where}, {question['name']}", question["points"], question["checks"]
    if question["manual"] == bool(checks):
        what = "checks, but is marked by hand" if checks else "no checks and is not `manual: true`"
        raise MasterError(f"{place}: the question has {what}")
    names = [check["name"] for check in checks]
    if len(set(names)) < len(names):
        raise MasterError(f"{place}: two checks have one name: the second replaces the first")
    many = len(checks) or 1
    if isinstance(points, dict):
        points = [points.get("each")] * many
    elif not isinstance(points, list):
        points = [points / many if _is_positive(points) else points] * many
    if len(points) != many:
        raise MasterError(f"{place}: {len(points)} points for {many} checks")
    if not all(_is_positive(p) for p in points):
        raise MasterError(f"{place}: points are positive numbers, not {question['points']!r}")
    question["points"] = round(sum(points), 9)
    if question["points"] == int(question["points"]):
        question["points"] = int(question["points"])
    for check, worth in zip(checks, points, strict=False):
        check["points"] = worth


def _is_positive(number: Any) -> bool:
    """Whether this is a positive number; True is none."""
    return isinstance(number, int | float) and not isinstance(number, bool) and number > 0


# ------------------------------------------------------------------------- what is secret


def solution_lines(master: NotebookNode) -> set[str]:
    """Return the lines of solutions and rubrics that are long enough to give something away."""
    lines: set[str] = set()
    answer = in_block = False
    for cell in master.cells:
        if cell.cell_type == "raw":
            answer = cell.source.startswith("# BEGIN SOLUTION") or (
                answer and not cell.source.startswith("# END SOLUTION")
            )
            continue
        for line in cell.source.split("\n"):
            if line.strip() in ("# BEGIN SOLUTION", "# END SOLUTION"):
                in_block = "BEGIN" in line
            elif in_block or (answer and cell.cell_type == "markdown"):
                lines.add(line.strip())
    return {line for line in lines if len(line) >= 12}


def hidden_checks(master: NotebookNode) -> list[str]:
    """Return the source of every hidden check, as it would appear in a built notebook."""
    cells = [c.source for c in master.cells if c.source.startswith(HIDDEN)]
    return [ast.unparse(ast.parse(source)) for source in cells]


def _shape(node: ast.AST, names: dict[str, str]) -> str:
    """Write an expression down without its names and without conversions, which change nothing."""
    if isinstance(node, ast.Call):
        function = ast.unparse(node.func).rpartition(".")[2]
        if function in ("asarray", "array", "float") and node.args:
            return _shape(node.args[0], names)
        parts = [*node.args, *(k.value for k in node.keywords)]
        if isinstance(node.func, ast.Attribute) and not _is_module(node.func.value):
            parts = [node.func.value, *parts]
        return f"{function}({','.join(_shape(p, names) for p in parts)})"
    if isinstance(node, ast.Name):
        return names.setdefault(node.id, f"v{len(names)}")
    if isinstance(node, ast.BinOp):
        kind = type(node.op).__name__
        return f"{kind}({_shape(node.left, names)},{_shape(node.right, names)})"
    inner = [_shape(child, names) for child in ast.iter_child_nodes(node)]
    text = repr(node.value) if isinstance(node, ast.Constant) else ""
    return f"{type(node).__name__}{text}({','.join(inner)})" if inner or text else ""


def _is_module(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id in ("np", "norm", "stats", "special")


def expressions(source: str, at_least: int = 4) -> set[str]:
    """Return the expressions of a piece of code, up to names, with at least so many operations."""
    return {
        _shape(node, {})
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.expr) and _operations(node) >= at_least
    }


def _operations(node: ast.AST) -> int:
    """Count the operations and calls in an expression."""
    return sum(isinstance(n, ast.BinOp | ast.Call | ast.Compare) for n in ast.walk(node))


def solutions(master: NotebookNode) -> dict[str, str]:
    """Return the code of each question's solution."""
    found: dict[str, str] = {}
    name, answer = "", False
    for cell in master.cells:
        if cell.cell_type == "raw":
            if cell.source.startswith("# BEGIN QUESTION"):
                name = yaml.safe_load(cell.source)["name"]
            answer = "SOLUTION" in cell.source and "BEGIN" in cell.source
        elif answer and cell.cell_type == "code":
            found[name] = f"{found.get(name, '')}\n{cell.source}"
    return found
