"""Build the homework: `make homework` turns each master notebook into three editions.

    _build/homework/course/      for students: public checks; hidden ones wait for the grader
    _build/homework/study/       for readers on their own: every check is public
    _build/homework/autograder/  for instructors: the solutions with their rubrics, the points,
                                 and the zip that `make grade` and Gradescope read

A master holds everything that belongs to a question in one place, between raw cells in the format
of Otter Assign: text, solution and checks. All is built in a temporary folder and replaces the old
editions only when every solution has passed every check and nothing has leaked.
"""

import argparse
import ast
import contextlib
import copy
import io
import json
import os
import re
import shutil
import sys
import tempfile
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import psutil
import yaml
from nbformat import NotebookNode
from otter.assign import main as otter_assign
from otter.test_files import TestFile
from otter.test_files.exception_test import ExceptionTestFile

from masters import (
    HIDDEN,
    MasterError,
    expressions,
    hidden_checks,
    questions,
    read_master,
    solution_lines,
    solutions,
)

__all__ = ["MasterError", "build", "check_for_leaks", "checks", "grade", "questions", "run"]

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
MASTERS = sorted((HERE / "masters").glob("hw*.ipynb"))
OTTER = {"OK_FORMAT", "assignment_name", "tests"}
NOT_FOR_STUDENTS = re.compile(r"solution|rubric|#\s*hidden", re.IGNORECASE)


# ------------------------------------------------------------------------- what students may see


def check_for_leaks(student: NotebookNode, master: NotebookNode, hide: bool) -> None:
    """Raise `MasterError` if a student's notebook holds an answer, a rubric or a hidden check."""
    cells = "\n".join(cell.source for cell in student.cells)
    everything = cells + "\n".join(student.metadata.otter.tests.values())
    for line in solution_lines(master):
        if line in cells:
            raise MasterError(f"the student's notebook holds a line of a solution: {line!r}")
    known = {"kernelspec", "language_info", "otter"}
    if set(student.metadata) - known or set(student.metadata.otter) - OTTER:
        raise MasterError(
            f"unknown metadata: {sorted({*student.metadata, *student.metadata.otter})}"
        )
    _checks_keep_the_secrets_of_others(student, master)
    for check in hidden_checks(master):
        if hide and (check in everything or check.split("(")[0] in everything):
            raise MasterError(f"the student's notebook holds a hidden check: {check[:60]!r}")
    for cell in student.cells:
        if NOT_FOR_STUDENTS.search(cell.source):
            raise MasterError(f"not for students: {cell.source[:200]!r}")
        extra = set(cell.metadata) - {"deletable", "editable", "tags"}
        extra |= set(cell.get("attachments", {}))
        if extra or cell.get("outputs"):
            raise MasterError(f"metadata {extra} or outputs in {cell.source[:60]!r}")
        if cell.cell_type == "code" and "otter_answer_cell" in cell.metadata.get("tags", []):
            _is_a_stub(cell)


def _checks_keep_the_secrets_of_others(student: NotebookNode, master: NotebookNode) -> None:
    """Raise `MasterError` if the check of one question computes the answer to another."""
    secrets = {name: expressions(code) for name, code in solutions(master).items()}
    for check, source in student.metadata.otter.tests.items():
        told = expressions(source)
        for name, secret in secrets.items():
            if name != check and secret & told:
                raise MasterError(f"the check of {check} computes the answer to {name}")
        for name in secrets:
            lines = [line.strip() for line in solutions(master)[name].split("\n")]
            lines = [line for line in lines if len(line) >= 25 and "def " not in line]
            if name != check and any(line in source for line in lines):
                raise MasterError(f"the check of {check} holds a line of the answer to {name}")
    told = {x for c in student.cells if c.cell_type == "code" for x in expressions(c.source)}
    for name, secret in secrets.items():
        if secret & told:
            raise MasterError(f"a cell of the student's notebook computes the answer to {name}")


def _is_a_stub(cell: NotebookNode) -> None:
    """Check that an answer cell holds nothing but empty functions: a helper may give too much."""
    for node in ast.parse(cell.source).body:
        body = node.body if isinstance(node, ast.FunctionDef) else None
        if body is None or any(
            not (isinstance(part, ast.Expr) and isinstance(part.value, ast.Constant))
            for part in body
        ):
            raise MasterError(f"an answer cell is more than a stub: {cell.source[:200]!r}")


# ------------------------------------------------------------------------- running a notebook


def run(notebook: NotebookNode, ignore_errors: bool = False) -> dict[str, Any]:
    """Execute the code cells in this process, without Otter's own cells, and return their names.

    This is how solutions are proved and wrong answers tried, a hundred times faster than with a
    kernel for each. Submissions of students are never run this way, see `grade.py`.
    """
    import matplotlib as mpl
    import matplotlib.pyplot as plt

    mpl.use("Agg")
    names: dict[str, Any] = {"__name__": "__main__"}
    for cell in notebook.cells:
        if cell.cell_type == "code" and not re.search(r"\bgrader\b", cell.source):
            try:
                with contextlib.redirect_stdout(io.StringIO()):
                    exec(compile(cell.source, "<cell>", "exec"), names)
            except Exception as error:
                if not ignore_errors:
                    raise MasterError(f"a cell fails: {error!r} in {cell.source[:200]}") from error
    plt.close("all")
    return names


def checks(notebook: NotebookNode) -> dict[str, str]:
    """Return the source of the checks that a built notebook carries, by question."""
    return dict(notebook.metadata.otter.tests)


def grade(names: dict[str, Any], sources: dict[str, str]) -> Iterator[TestFile]:
    """Run checks against the names that a notebook has defined."""
    for source in sources.values():
        result = ExceptionTestFile.from_string(source)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a wrong answer may well divide by zero
            result.run(names)
        yield result


# ------------------------------------------------------------------------- writing the editions


def build(out: Path, masters: list[Path] = MASTERS) -> None:
    """Build all editions of the masters into `out`; on any error `out` stays as it was."""
    out.parent.mkdir(parents=True, exist_ok=True)
    for old in out.parent.glob(".homework-*"):  # of builds that were killed
        if not psutil.pid_exists(int(old.name.split("-")[1])):
            shutil.rmtree(old, ignore_errors=True)
    prefix = f".homework-{os.getpid()}-"
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=prefix) as name, _temporary(name):
        fresh = Path(name) / "homework"
        for edition in ("course", "study", "autograder"):
            (fresh / edition).mkdir(parents=True)
        for path in masters:
            build_one(path, fresh, Path(name) / path.stem)
        shutil.rmtree(out, ignore_errors=True)
        fresh.rename(out)


@contextlib.contextmanager
def _temporary(folder: str) -> Iterator[None]:
    """Let Otter put what it needs for a while, hidden checks among it, into a folder of ours."""
    before, tempfile.tempdir = tempfile.tempdir, folder
    try:
        yield
    finally:
        tempfile.tempdir = before


def build_one(path: Path, out: Path, work: Path) -> None:
    """Build the editions of one master, in the folder `work`, and put them into `out`."""
    master = read_master(path)
    stem = path.stem
    # Gradescope makes an environment of its own; the companion travels as source.
    for_gradescope = {"requirements": requirements(), "overwrite_requirements": True,
                      "python_version": "3.11", "autograder_files": ["companion"]}  # fmt: skip
    course = assign(master, work / "course", stem, for_gradescope)
    asked = questions(master)
    student = with_points(tidy(course / "student" / path.name), asked, handed_in=True)
    solved = with_points(tidy(course / "autograder" / path.name), asked, handed_in=True)
    everything = copy.deepcopy(master)
    for cell in everything.cells:
        cell.source = cell.source.removeprefix(HIDDEN + "\n")
    nothing_to_hand_in = {"export_cell": False, "generate": False}
    study = assign(everything, work / "study", stem, nothing_to_hand_in)
    study = with_points(tidy(study / "student" / path.name), asked, handed_in=False)
    check_for_leaks(student, master, hide=True)
    check_for_leaks(study, master, hide=False)
    for result in grade(run(solved), checks(solved)):
        if not result.passed_all:
            raise MasterError(f"{path.name}: the solution fails a check\n{result.summary()}")
    nbformat.write(student, out / "course" / path.name)
    nbformat.write(study, out / "study" / path.name)
    nbformat.write(solved, out / "autograder" / f"{stem}_solutions.ipynb")
    points = json.dumps(asked, indent=1) + "\n"
    (out / "autograder" / f"{stem}_points.json").write_text(points, encoding="utf-8")
    (archive,) = (course / "autograder").glob("*.zip")
    repack(archive, out / "autograder" / f"{stem}.zip")


def assign(master: NotebookNode, folder: Path, stem: str, config: dict[str, Any]) -> Path:
    """Let Otter Assign take a master apart, with its configuration changed.

    Otter's own run of the solution is left out (see `run`).
    """
    shutil.copytree(
        ROOT / "companion", folder / "companion", ignore=shutil.ignore_patterns("__pycache__")
    )
    master = copy.deepcopy(master)
    (cell,) = (c for c in master.cells if c.source.startswith("# ASSIGNMENT CONFIG"))
    cell.source = f"# ASSIGNMENT CONFIG\n{yaml.safe_dump(yaml.safe_load(cell.source) | config)}"
    nbformat.write(master, folder / f"{stem}.ipynb")
    otter_assign(
        str(folder / f"{stem}.ipynb"),
        str(folder / "built"),
        no_pdfs=True,
        no_run_tests=True,
    )
    return folder / "built"


def requirements() -> list[str]:
    """Return the locked versions of what a submission may import, and of what runs it."""
    wanted = "ipykernel|matplotlib|nbconvert|numpy|otter-grader|pandas|scipy|tqdm"
    locked = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    return re.findall(rf"^(?:{wanted})==.+", locked, re.MULTILINE)


def with_helpers(source: str) -> str:
    """Put what every check begins with, without its comments, in front of a question's checks."""
    helpers = ast.parse((HERE / "checking.py").read_text(encoding="utf-8"))
    for node in ast.walk(helpers):
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Module) and ast.get_docstring(
            node
        ):
            node.body = node.body[1:]
    mark = "OK_FORMAT = False\n"
    return source.replace(mark, f"{mark}\n{ast.unparse(helpers)}\n", 1)


def tidy(path: Path) -> NotebookNode:
    """Read a built notebook, complete its checks, and number its cells: two builds are equal."""
    notebook = nbformat.read(path, as_version=4)
    tests = notebook.metadata.otter.tests
    for name in tests:
        tests[name] = with_helpers(tests[name])
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number}"
    return notebook


def with_points(
    notebook: NotebookNode, asked: list[dict[str, Any]], handed_in: bool
) -> NotebookNode:
    """Say below the title of each question what it is worth, and who decides."""
    for question in asked:
        if question["manual"]:
            who = "marked by a person" if handed_in else "answered in the book's back matter"
        elif question["all_or_nothing"]:
            who = "all checks must pass"
        else:
            shares = [f"{check['points']:g}" for check in question["checks"]]
            who = f"the checks are worth {', '.join(shares)}"
        if handed_in and any(check["hidden"] for check in question["checks"]):
            who += "; some of them wait for the grader"
        many = "1 point" if question["points"] == 1 else f"{question['points']:g} points"
        title = f"## {question['title']}"
        cells = [c for c in notebook.cells if title in c.source.split("\n")]
        if len(cells) != 1:
            raise MasterError(f"{question['name']}: {len(cells)} cells have the title {title!r}")
        cells[0].source = cells[0].source.replace(title, f"{title}\n\n*{many}: {who}.*", 1)
    return notebook


def repack(archive: Path, target: Path) -> None:
    """Copy a zip archive with its files in order and without dates, so that two builds agree."""
    with zipfile.ZipFile(archive) as old, zipfile.ZipFile(target, "w") as new:
        for name in sorted(old.namelist()):
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.external_attr = 0o755 << 16 if name == "run_autograder" else 0o644 << 16
            content = old.read(name)
            if name.startswith("tests/"):
                content = with_helpers(content.decode("utf-8")).encode("utf-8")
            new.writestr(entry, content, zipfile.ZIP_DEFLATED)


PAGE = ROOT / "book" / "derivations.md"
INTRODUCTION = """# Derivations and open questions

Two questions of each [homework](homework.md) are not for a machine. Here is what a good answer to \
them holds, folded: try first. A derivation can be told in other words and in another order; an \
open question has more than one good answer, so for these there is only what any of them needs.
"""


def solutions_page(masters: list[Path] = MASTERS) -> str:
    """Return the page of the book with the answers to the questions that no check decides."""
    text = [INTRODUCTION]
    for path in masters:
        master = read_master(path)
        title = next(c.source.split("\n")[0] for c in master.cells if c.cell_type == "markdown")
        text.append(f"## {title.lstrip('# ')}\n")
        for question in questions(master):
            if question["manual"]:
                answer = re.sub(r"\*\*Rubric.*?\*\*\n*", "", question["rubric"])
                answer = re.sub(r"\(\d points?\) | \((one|two) points?\)", "", answer)
                answer = re.sub(r" ?[^.:;]*\b[Oo]ne (point )?(each|for)\b[^.]*\.", "", answer)
                summary = question["title"].replace("Question", "Answer to question")
                fold = f"<details><summary>{summary}</summary>"
                text.append(f"{fold}\n\n{answer.strip()}\n\n</details>\n")
    return "\n".join(text)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("out", nargs="?", type=Path, default=ROOT / "_build" / "homework")
    parser.add_argument("--page", action="store_true", help="write the book's page of answers")
    try:
        if parser.parse_args().page:
            PAGE.write_text(solutions_page(), encoding="utf-8")
            sys.exit()
        build(parser.parse_args().out.resolve())
    except MasterError as error:
        sys.exit(f"homework: {error}")
