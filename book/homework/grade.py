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
import warnings
import zipfile
from collections import Counter
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
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
    from companion.gaussians import GaussianMixture
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
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # doubled cells have doubled ids; they are renumbered
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
    for number, cell in enumerate(cells):
        cell.id = f"cell-{number}"
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


def work(notebook: Path, archive: Path, home: Path, answer: Connection) -> None:
    """Grade one notebook and send home what came out; runs in a child that may be killed."""
    os.setsid()
    resource.setrlimit(resource.RLIMIT_CPU, (2 * SECONDS, 2 * SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (LARGEST_FILE, LARGEST_FILE))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # A cell that looks around finds an empty home. That is a courtesy, not a wall. The list of
    # fonts is kept, because making it takes longer than most homework.
    fonts = str(Path.home() / ".cache" / "matplotlib")
    secret = re.compile("TOKEN|SECRET|PASSWORD|KEY|CREDENTIAL", re.IGNORECASE)
    for name in filter(secret.search, list(os.environ)):
        del os.environ[name]
    os.environ |= {"HOME": str(home), "MPLCONFIGDIR": fonts, "MPLBACKEND": "Agg"}
    os.environ |= {"PYTHONWARNINGS": "ignore"}
    os.chdir(home)
    sys.stdout = sys.stderr = nowhere = open(os.devnull, "w")  # noqa: SIM115 (until the end)
    os.dup2(nowhere.fileno(), 1)
    os.dup2(nowhere.fileno(), 2)
    warnings.simplefilter("ignore")  # Otter's own are nothing that a student could mend
    try:
        found = otter_run(str(notebook), autograder=str(archive), output_dir=None, no_logo=True)
    except Exception as error:
        answer.send(f"{error!r:.300}")
        return
    answer.send(
        {
            str(name): (float(test.score), float(test.possible), test.summary()[:20_000])
            for name, test in found.results.items()
        }
    )


def kill(process: Any) -> None:
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


def judge(
    found: dict[str, tuple[float, float, str]] | str | None,
    points: dict[str, float],
    probe: str,
    grade: Grade,
) -> None:
    """Take over what `otter run` has found, but only if it is what it must be."""
    if not found or isinstance(found, str):
        grade.note = (
            f"the notebook stopped before its answers could be checked {found or ''}".strip()
        )
    elif set(found) != {*points, probe} or found[probe][:2] != (1, 2):
        grade.note = "SUSPICIOUS: the submission interferes with its own grading; read it yourself"
    elif any(found[q][1] != most or found[q][0] not in (0, most) for q, most in points.items()):
        grade.note = "SUSPICIOUS: impossible points; read it yourself"
    else:
        grade.points = {name: found[name][0] for name in points}
        grade.messages = {name: readable(found[name][2]) for name in points}


def readable(output: str) -> str:
    """Return the messages of the checks that failed, without the program's line numbers."""
    said = re.findall(r"^ *(\w+(?:Error|Exception)?): (.*)$", output, re.MULTILINE)
    failed = [
        text if kind == "AssertionError" else f"{kind}: {text}"
        for kind, text in said
        if kind.endswith(("Error", "Exception"))
    ]
    return "\n".join(f"- {text[:500]}" for text in dict.fromkeys(failed))


@dataclass
class Run:
    """A submission that is being graded."""

    grade: Grade
    process: Any
    answer: Connection
    probe: str
    deadline: float


def finish(run: Run, points: dict[str, float], seconds: float) -> bool:
    """Take over the result of a run if there is one, stop it if it is late; whether it ended."""
    late = time.monotonic() > run.deadline
    if not run.answer.poll() and run.process.is_alive() and not late:
        return False
    found = None
    with contextlib.suppress(EOFError, OSError):
        found = run.answer.recv() if run.answer.poll() else None
    kill(run.process)
    run.answer.close()
    if found is None and late:
        run.grade.note = f"stopped after {seconds:.0f} seconds: an endless loop?"
    else:
        judge(found, points, run.probe, run.grade)
    return True


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
    running: list[Run] = []
    fork = multiprocessing.get_context("fork")  # Otter is imported once, not for every student
    waiting = submissions(folder)
    stems = Counter(path.stem for path in waiting)
    with tempfile.TemporaryDirectory(prefix="grade-") as name, contextlib.ExitStack() as at_the_end:
        at_the_end.callback(lambda: [kill(run.process) for run in running])
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
                (place / "home").mkdir(parents=True)
                nbformat.write(notebook, place / f"{homework}.ipynb")
                probe = with_probe(archive, place / "autograder.zip")
                ours, theirs = fork.Pipe(duplex=False)
                files = place / f"{homework}.ipynb", place / "autograder.zip", place / "home"
                process = fork.Process(target=work, args=(*files, theirs))
                process.start()
                theirs.close()
                running.append(Run(grade, process, ours, probe, time.monotonic() + seconds))
            for run in list(running):
                if finish(run, points, seconds):
                    running.remove(run)
                    print(run.grade.student, sum(run.grade.points.values()), run.grade.note)
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
    """Write `grades.csv` and one report for each student.

    An older run is moved aside: somebody may have typed the points given by hand into its table.
    """
    if out.exists():
        taken = len(list(out.parent.glob(f"{out.name}.*")))
        out.rename(out.with_name(f"{out.name}.{taken + 1}"))
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


def main(arguments: list[str]) -> None:
    """Grade what the command line names."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("homework", help="hw1, hw2, hw3 or hw4")
    parser.add_argument("submissions", type=Path, help="folder with one file for each student")
    wanted = parser.parse_args(arguments)
    if not wanted.submissions.is_dir():
        sys.exit(f"grade: SUBMISSIONS={str(wanted.submissions)!r} is no folder")
    if not submissions(wanted.submissions):
        sys.exit(f"grade: SUBMISSIONS={str(wanted.submissions)!r} holds no file")
    homework = find_homework(wanted.homework)
    out = ROOT / "_build" / "grades" / homework
    grade_all(homework, wanted.submissions, out)
    print(f"The grades: {out / 'grades.csv'}")


if __name__ == "__main__":
    main(sys.argv[1:])
