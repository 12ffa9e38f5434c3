"""Grade submissions: `make grade HW=hw1 SUBMISSIONS=folder`.

Every notebook (or zip with one notebook in it) in the folder is one student, named after the file.
Each is graded by `otter run` in a process of its own, with limits on time, memory and file size, so
that an endless loop or a crash costs its author the points and nobody else's. The result is a
table, `grades.csv`, and a report for each student, in `_build/grades/<homework>/`.

What this is not: a sandbox. A submission runs with the rights of the account that grades, and can
read its files and use its network. Grade strangers in a container or under an account of its own.
"""

import argparse
import contextlib
import csv
import io
import json
import multiprocessing
import os
import re
import resource
import secrets
import shutil
import sys
import tempfile
import time
import zipfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
import psutil
from otter.run import main as otter_run

ROOT = Path(__file__).resolve().parents[2]
AUTOGRADER = ROOT / "_build" / "homework" / "autograder"
SECONDS = 120  # for one submission, from start to grade
MEGABYTE = 10**6
MEMORY = 8_000 * MEGABYTE  # address space of each process
LARGEST_FILE = 50 * MEGABYTE  # that a submission may be, or write
OTTER_CALL = re.compile(r"^\s*(\w+\s*=\s*)?(grader|otter)\.(check|check_all|export|Notebook)\(.*$")

# A check that must fail, and one that must find the numerical libraries as they are. If either does
# not, the submission has changed its own examiner, and no grade can be trusted.
PROBE = """
from otter.test_files import test_case

OK_FORMAT = False
name = "{name}"
points = 2

@test_case(points=1, hidden=True)
def test_that_must_fail():
    assert False, "{name}"

@test_case(points=1, hidden=True)
def test_of_the_instruments():
    import inspect
    import math
    import numpy as np
    from companion.mixtures import GaussianMixture
    from scipy import special, stats
    assert not np.allclose(0, 1) and not np.allclose([0.5, 1], [1, 0.5])
    assert not np.array_equal([0], [1]) and not np.isfinite(np.nan) and np.abs(-2.0) == 2
    assert np.max([1, 2]) == 2 and np.min([1, 2]) == 1 and np.sum([1, 2]) == 3
    assert math.isclose(stats.norm.logpdf(1.0), -0.5 - 0.5 * math.log(2 * math.pi))
    assert math.isclose(special.logsumexp([0, 0]), math.log(2)) and math.isclose(abs(-2), 2)
    assert any([0, 1]) and not all([0, 1]) and max(1, 2) == 2
    model = GaussianMixture([0.5, 0.5], [-1.0, 1], [1.0, 1])
    odds = model.responsibilities([0.5])[0]
    assert math.isclose(math.log(odds[1] / odds[0]), 1.0)
"""


@dataclass
class Grade:
    """What became of one submission."""

    student: str
    points: dict[str, float] = field(default_factory=dict)
    messages: dict[str, str] = field(default_factory=dict)
    by_hand: dict[str, str] = field(default_factory=dict)
    note: str = ""


class UnreadableError(Exception):
    """A submission is no notebook that could be run; the message is for the student."""


# ------------------------------------------------------------------------- reading a submission


def submissions(folder: Path) -> list[Path]:
    """Return the files to grade; one that begins with a dot or is a folder is none."""
    return sorted(p for p in folder.iterdir() if not p.name.startswith(".") and not p.is_dir())


def read(path: Path, homework: str) -> nbformat.NotebookNode:
    """Read the notebook of a submission, and take out what is not the student's answer.

    Calls of the grader go, because every check runs once, after the last cell; so do saved outputs,
    the kernel's name and the notebook's own copy of the checks.
    """
    if path.is_symlink():
        raise UnreadableError("this is a link to another place, not a file")
    if path.suffix not in (".ipynb", ".zip"):
        raise UnreadableError("hand in the notebook (.ipynb) or the zip that its last cell writes")
    if path.stat().st_size > LARGEST_FILE:
        raise UnreadableError(f"the file is larger than {LARGEST_FILE // MEGABYTE} MB")
    try:
        text = path.read_bytes() if path.suffix == ".ipynb" else unzip(path)
        notebook = nbformat.reads(text.decode("utf-8"), as_version=4)
        cells = [c for c in notebook.cells if c.cell_type in ("code", "markdown", "raw")]
    except UnreadableError:
        raise
    except Exception as error:
        raise UnreadableError(
            f"this is not a notebook that can be opened: {error!r:.200}"
        ) from None
    handed_in = notebook.metadata.get("otter", {}).get("assignment_name", homework)
    if handed_in != homework:
        raise UnreadableError(f"this is {handed_in}, not {homework}")
    for cell in cells:
        if cell.cell_type == "code":
            lines = cell.source.split("\n")
            cell.source = "\n".join(line for line in lines if not OTTER_CALL.match(line))
            cell.outputs, cell.execution_count = [], None
        tags = [tag for tag in cell.metadata.get("tags", []) if tag == "otter_answer_cell"]
        cell.metadata = nbformat.from_dict({"tags": tags})
    notebook.cells = cells
    notebook.metadata = nbformat.from_dict(
        {
            "kernelspec": {
                "name": "python3",
                "display_name": "Python 3",
                "language": "python",
            },
            "otter": {"assignment_name": homework},
        }
    )
    return notebook


def unzip(path: Path) -> bytes:
    """Return the only notebook of a zip archive, without writing anything to disk."""
    with zipfile.ZipFile(path) as archive:
        inside = [i for i in archive.infolist() if i.filename.endswith(".ipynb")]
        if len(inside) != 1:
            raise UnreadableError(f"the zip holds {len(inside)} notebooks; hand in one")
        if inside[0].file_size > LARGEST_FILE:
            raise UnreadableError(f"the notebook is larger than {LARGEST_FILE // MEGABYTE} MB")
        return archive.read(inside[0])


def answers_by_hand(notebook: nbformat.NotebookNode, manual: list[str]) -> dict[str, str]:
    """Return what the student wrote below each question that is marked by hand."""
    found: dict[str, list[str]] = {}
    names = iter(manual)
    current = None
    for cell in notebook.cells:
        if "<!-- BEGIN QUESTION -->" in cell.source:
            current = next(names, None)
        elif "<!-- END QUESTION -->" in cell.source:
            current = None
        elif current and cell.source.strip():
            fence = "```python\n{}\n```" if cell.cell_type == "code" else "{}"
            found.setdefault(current, []).append(fence.format(cell.source))
    return {name: "\n\n".join(found.get(name, ["(nothing found)"])) for name in manual}


# ------------------------------------------------------------------------- running it


def work(notebook: Path, archive: Path, out: Path) -> None:
    """Grade one notebook; runs in a child process that may be killed at any time."""
    os.setsid()
    resource.setrlimit(resource.RLIMIT_CPU, (2 * SECONDS, 2 * SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (LARGEST_FILE, LARGEST_FILE))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.chdir(out)
    # A cell that looks around finds an empty home. It is a courtesy, not a wall.
    secret = re.compile("TOKEN|SECRET|PASSWORD|KEY|CREDENTIAL", re.IGNORECASE)
    for name in filter(secret.search, list(os.environ)):
        del os.environ[name]
    os.environ |= {
        "HOME": str(out),
        "MPLBACKEND": "Agg",
        "PYTHONWARNINGS": "ignore",
    }
    with (out / "log.txt").open("w") as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
        otter_run(
            str(notebook),
            autograder=str(archive),
            output_dir=str(out),
            no_logo=True,
        )


def kill(process: multiprocessing.Process) -> None:
    """Kill a grading process with its kernel and whatever that has started."""
    with contextlib.suppress(psutil.NoSuchProcess):
        family = psutil.Process(process.pid).children(recursive=True)
        for member in [psutil.Process(process.pid), *family]:
            with contextlib.suppress(psutil.NoSuchProcess):
                member.kill()
    process.join()


def with_probe(archive: Path, target: Path) -> str:
    """Copy the autograder with one more check, and return that check's unforeseeable name."""
    name = f"probe_{secrets.token_hex(8)}"
    shutil.copy(archive, target)
    with zipfile.ZipFile(target, "a") as copy:
        copy.writestr(f"tests/{name}.py", PROBE.format(name=name))
    return name


def judge(out: Path, points: dict[str, float], probe: str, grade: Grade) -> None:
    """Read what `otter run` has written, and believe it only if it is what it must be."""
    try:
        tests = json.loads((out / "results.json").read_text(encoding="utf-8"))["tests"]
    except (OSError, ValueError, KeyError):
        grade.note = "the notebook could not be graded: it stopped the program that ran it"
        return
    found = {t["name"]: t for t in tests if "score" in t and t["name"] in {*points, probe}}
    if not found:
        grade.note = "the notebook stopped before its answers could be checked"
        return
    complete = set(found) == {*points, probe}
    if not complete or found[probe]["score"] != 1 or found[probe]["max_score"] != 2:
        grade.note = "SUSPICIOUS: the submission interferes with its own grading; read it yourself"
        return
    for name, most in points.items():
        score = float(found[name]["score"])
        if found[name]["max_score"] != most or score not in (0, most):
            grade.note = "SUSPICIOUS: impossible points; read it yourself"
            grade.points = dict.fromkeys(points, 0.0)
            return
        grade.points[name] = score
        grade.messages[name] = readable(found[name]["output"])


def readable(output: str) -> str:
    """Return the messages of the checks that failed, without the program's line numbers."""
    said = re.findall(r"^ *(\w+(?:Error|Exception)?): (.*)$", output, re.MULTILINE)
    failed = [
        text if kind == "AssertionError" else f"{kind}: {text}"
        for kind, text in said
        if kind.endswith(("Error", "Exception"))
    ]
    return "\n".join(f"- {text[:500]}" for text in dict.fromkeys(failed))


def grade_all(
    homework: str,
    folder: Path,
    out: Path,
    jobs: int = os.cpu_count() or 1,
    seconds: float = SECONDS,
) -> list[Grade]:
    """Grade every submission in `folder`, write the table and the reports to `out`."""
    archive = AUTOGRADER / f"{homework}.zip"
    questions = json.loads((AUTOGRADER / f"{homework}_points.json").read_text(encoding="utf-8"))
    points = {q["name"]: float(q["points"]) for q in questions if not q["manual"]}
    manual = [q["name"] for q in questions if q["manual"]]
    grades: dict[Path, Grade] = {}
    running: dict[Path, tuple[Any, float, Path, str]] = {}
    fork = multiprocessing.get_context("fork")  # Otter is imported once, not for every student
    with tempfile.TemporaryDirectory(prefix="grade-") as name:
        waiting = submissions(folder)
        stems = Counter(path.stem for path in waiting)
        while waiting or running:
            while waiting and len(running) < jobs:
                path = waiting.pop(0)
                grade = grades[path] = Grade(path.stem if stems[path.stem] == 1 else path.name)
                grade.points = dict.fromkeys(points, 0.0)
                try:
                    notebook = read(path, homework)
                except UnreadableError as error:
                    grade.note = str(error)
                    continue
                grade.by_hand = answers_by_hand(notebook, manual)
                place = Path(name) / str(len(grades))
                place.mkdir()
                nbformat.write(notebook, place / f"{homework}.ipynb")
                probe = with_probe(archive, place / "autograder.zip")
                process = fork.Process(
                    target=work,
                    args=(
                        place / f"{homework}.ipynb",
                        place / "autograder.zip",
                        place,
                    ),
                )
                process.start()
                running[path] = (
                    process,
                    time.monotonic() + seconds,
                    place,
                    probe,
                )
            for path, (process, deadline, place, probe) in list(running.items()):
                if process.is_alive() and time.monotonic() < deadline:
                    continue
                late = process.is_alive()
                kill(process)
                if late:
                    grades[path].note = f"stopped after {seconds:.0f} seconds: an endless loop?"
                else:
                    judge(place, points, probe, grades[path])
                del running[path]
                print(
                    grades[path].student,
                    sum(grades[path].points.values()),
                    grades[path].note,
                )
            time.sleep(0.05)
    result = [grades[path] for path in sorted(grades)]
    write(result, homework, questions, out)
    return result


# ------------------------------------------------------------------------- telling it


def write(
    grades: list[Grade],
    homework: str,
    questions: list[dict[str, Any]],
    out: Path,
) -> None:
    """Write `grades.csv` and one report for each student; an older run is replaced."""
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    auto = {q["name"]: q["points"] for q in questions if not q["manual"]}
    hand = {q["name"]: q["points"] for q in questions if q["manual"]}
    buffer = io.StringIO()
    table = csv.writer(buffer, lineterminator="\n")
    table.writerow(["student", *auto, "checked", "of", *hand, "note"])
    for grade in grades:
        table.writerow(
            # A name that a spreadsheet would take for a formula becomes text.
            ["'" * grade.student.startswith(tuple("=+-@")) + grade.student]
            + [f"{grade.points[name]:g}" for name in auto]
            + [
                f"{sum(grade.points.values()):g}",
                sum(auto.values()),
                *[""] * len(hand),
                grade.note,
            ]
        )
        lines = [
            f"# {homework}: {grade.student}",
            f"{sum(grade.points.values()):g} of {sum(auto.values())} points by the checks; "
            f"{sum(hand.values())} more are given by hand.",
        ]
        if grade.note:
            lines.append(f"**Note.** {grade.note}")
        for name, most in auto.items():
            lines.append(f"## {name}: {grade.points[name]:g} of {most}")
            if grade.messages.get(name):
                lines.append(grade.messages[name])
        for name, most in hand.items():
            lines.append(f"## {name}: ___ of {most}, by hand")
            lines.append(grade.by_hand.get(name, "(nothing found)"))
        (out / f"{grade.student}.md").write_text("\n\n".join(lines) + "\n", encoding="utf-8")
    (out / "grades.csv").write_text(buffer.getvalue(), encoding="utf-8")


def find_homework(name: str) -> str:
    """Return the full name of a homework from its beginning, such as hw1."""
    known = sorted(path.stem for path in AUTOGRADER.glob("*.zip"))
    found = [stem for stem in known if stem == name or stem.split("_")[0] == name]
    if len(found) != 1:
        sys.exit(f"grade: HW={name!r} is none of {', '.join(known)}; run `make homework` first")
    return found[0]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("homework", help="hw1, hw2, hw3 or hw4")
    parser.add_argument("submissions", type=Path, help="folder with one file for each student")
    wanted = parser.parse_args()
    if not wanted.submissions.is_dir():
        sys.exit(f"grade: SUBMISSIONS={str(wanted.submissions)!r} is no folder")
    which = find_homework(wanted.homework)
    target = ROOT / "_build" / "grades" / which
    grade_all(which, wanted.submissions, target)
    print(f"The grades: {target / 'grades.csv'}")
