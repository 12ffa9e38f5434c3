"""Grade submissions: `make grade HW=hw1 SUBMISSIONS=folder`.

What was handed in is a folder or the archive that a learning system exports, see `submissions.py`.
Each notebook is run by Otter in a process of its own and, where bubblewrap works, in a box, see
`sandbox.py`, with limits on time, memory and file size: an endless loop or a crash costs its author
the points and nobody else's. Results are written as each submission ends, so that a second start
goes on where the first was stopped. `marks.py` adds what people give, `report.py` and
`class_page.py` tell it, `exports.py` sends it back to the learning system.

All goes to `grades/<homework>/`, which `make clean` leaves alone.
"""

import argparse
import ast
import contextlib
import fcntl
import hashlib
import json
import os
import secrets
import shutil
import subprocess
import sys
import time
import zipfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import nbformat
import psutil

import sandbox
import submissions as handed_in
import telling
from marks import MarksError

ROOT = Path(__file__).resolve().parents[2]
AUTOGRADER = ROOT / "_build" / "homework" / "autograder"
COURSE = ROOT / "_build" / "homework" / "course"
SECONDS = 120  # for one submission, from start to grade
LARGEST_RESULT = 100_000_000  # bytes

# Checks that go with the others: one that must fail, one that must find the numerical libraries as
# they are, one that tells which data there are. If the first passes or the second fails, the
# submission has changed its own examiner, and no grade can be trusted.
PROBE = Path(__file__).with_name("templates") / "probe.py"
EXPECTED = [False, True, False]


@dataclass
class Grade:
    """What is known of one submission when it has been graded."""

    name: str
    student: str | None = None
    key: str = ""  # its name in the table: the id if there is one and nobody else has it
    owner: dict[str, str] = field(default_factory=dict)
    digest: str = ""
    grader: str = ""
    points: dict[str, float] = field(default_factory=dict)
    failed: dict[str, list[str]] = field(default_factory=dict)
    answers: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    note: str = ""
    hints: list[str] = field(default_factory=list)

    @property
    def slug(self) -> str:
        """A name for its files."""
        plain = "".join(c if c.isalnum() or c in "._-" else "_" for c in self.key)[:60]
        if plain == self.key and plain.strip("."):
            return plain
        return f"{plain.strip('.')}-{hashlib.sha256(self.key.encode()).hexdigest()[:6]}"


# ------------------------------------------------------------------------- the homework


@dataclass
class Homework:
    """A set, as `make homework` has built it."""

    name: str
    questions: list[dict[str, Any]]
    handout: nbformat.NotebookNode
    archive: Path

    @classmethod
    def built(cls, name: str) -> "Homework":
        """Read what was built for this set."""
        told = json.loads((AUTOGRADER / f"{name}_points.json").read_text(encoding="utf-8"))
        handout = nbformat.read(COURSE / f"{name}.ipynb", as_version=4)
        return cls(name, told, handout, AUTOGRADER / f"{name}.zip")

    @property
    def auto(self) -> dict[str, dict[str, Any]]:
        """The questions that the checks decide."""
        return {q["name"]: q for q in self.questions if not q["manual"]}

    @property
    def by_hand(self) -> dict[str, float]:
        """The questions that are marked by hand, with their points."""
        return {q["name"]: q["points"] for q in self.questions if q["manual"]}

    def data_cell(self) -> tuple[int, list[str]]:
        """Return where the handout draws a student's data, and the names that later cells read."""
        given = [
            (at, cell.source)
            for at, cell in enumerate(self.handout.cells)
            if cell.cell_type == "code" and "otter_answer_cell" not in cell.metadata.get("tags", [])
        ]
        at, source = next((a, s) for a, s in given if "student.encode()" in s)
        made = {n.id for n in ast.walk(ast.parse(source)) if _is_name(n, ast.Store)}
        later = ast.parse("\n".join(s for a, s in given if a > at and "grader" not in s))
        read = {n.id for n in ast.walk(later) if _is_name(n, ast.Load)}
        return at, sorted(made & read)

    def data_of(self, student: str) -> str:
        """Return the fingerprints of the data that belong to a student's id."""
        import matplotlib as mpl
        import matplotlib.pyplot as plt

        mpl.use("Agg")
        last, wanted = self.data_cell()
        names: dict[str, Any] = {"student": student}
        for cell in self.handout.cells[: last + 1]:
            is_given = cell.cell_type == "code" and not cell.metadata.get("tags")
            if is_given and "grader" not in cell.source and "student = " not in cell.source:
                exec(compile(cell.source, "<handout>", "exec"), names)
        plt.close("all")
        tools: dict[str, Any] = {}
        tool = PROBE.read_text(encoding="utf-8").partition("points = 3\n")[2].split("@test_case")[0]
        exec(compile(tool, "<probe>", "exec"), tools)
        return str(tools["fingerprints"](names, wanted))


def _is_name(node: ast.AST, context: type) -> bool:
    return isinstance(node, ast.Name) and isinstance(node.ctx, context)


def find_homework(name: str) -> str:
    """Return the full name of a homework from its beginning, such as hw1."""
    known = sorted(path.stem for path in AUTOGRADER.glob("*.zip"))
    found = [stem for stem in known if stem == name or stem.split("_")[0] == name]
    if len(found) != 1:
        sys.exit(f"grade: HW={name!r} is none of {', '.join(known)}; run `make homework` first")
    return found[0]


# ------------------------------------------------------------------------- one submission


def sort_answers(notebook: Any, homework: Homework) -> dict[str, list[dict[str, Any]]]:
    """Return the cells that belong to each question, without those of the handout."""
    given = {c.source.strip() for c in homework.handout.cells}
    titles = {q["title"]: q["name"] for q in homework.questions}
    found: dict[str, list[dict[str, Any]]] = {q["name"]: [] for q in homework.questions}
    current = ""
    for cell in notebook.cells:
        source = cell.source.strip()
        if cell.cell_type == "markdown":
            heads = [line.lstrip("# ") for line in source.split("\n") if line.startswith("## ")]
            new = next((titles[h] for h in heads if h in titles), None)
            if new or (heads and source in given):
                current = new or ""
                continue
        if source == "<!-- END QUESTION -->":
            current = ""
        if not current or (source in given and cell.cell_type != "code"):
            continue
        found[current].append(
            {
                "id": cell.id,
                "cell_type": cell.cell_type,
                "source": cell.source,
                "given": source in given,
                "attachments": cell.get("attachments", {}),
                "outputs": [],
            }
        )
    return {
        name: [c for c in cells if c["source"].strip() and not _is_empty(c)]
        for name, cells in found.items()
    }


def _is_empty(cell: dict[str, Any]) -> bool:
    """Whether a cell is what the handout offers to be filled in."""
    return cell["source"].strip() == "_Type your answer here, replacing this text._"


def with_probe(homework: Homework, target: Path) -> str:
    """Copy the autograder with the probe's checks, and return their unforeseeable name."""
    name = f"probe_{secrets.token_hex(8)}"
    _, wanted = homework.data_cell()
    probe = PROBE.read_text(encoding="utf-8").replace("NAME", name).replace("WANTED", repr(wanted))
    shutil.copy(homework.archive, target)
    with zipfile.ZipFile(target, "a") as copy:
        copy.writestr(f"tests/{name}.py", probe)
    return name


def judge(result: Any, homework: Homework, probe: str, grade: Grade) -> str:
    """Take over what a run has found if it is what it must be; return what tells its data."""
    if not isinstance(result, dict) or not result.get("checks"):
        why = str(result.get("stopped", ""))[:300] if isinstance(result, dict) else ""
        grade.note = f"the notebook stopped before its answers could be checked {why}".strip()
        return ""
    try:
        checks = {
            str(q): [(bool(passed), str(said)[:600]) for passed, said in cases]
            for q, cases in result["checks"].items()
        }
        outputs = {str(k): [dict(o) for o in v] for k, v in result.get("outputs", {}).items()}
    except (TypeError, ValueError, AttributeError):
        checks, outputs = {}, {}
    whole = {name: len(q["checks"]) for name, q in homework.auto.items()} | {probe: len(EXPECTED)}
    if {q: len(c) for q, c in checks.items()} != whole or [p for p, _ in checks[probe]] != EXPECTED:
        grade.note = "SUSPICIOUS: the submission interferes with its own grading; read it yourself"
        return ""
    for name, question in homework.auto.items():
        passed = [p for p, _ in checks[name]]
        worth = [c["points"] for p, c in zip(passed, question["checks"], strict=True) if p]
        if question["all_or_nothing"]:
            worth = [question["points"]] if all(passed) else []
        grade.points[name] = round(float(sum(worth)), 6)
        grade.failed[name] = list(dict.fromkeys(s for p, s in checks[name] if not p))
    for cells in grade.answers.values():
        for cell in cells:
            cell["outputs"] = outputs.get(cell["id"], [])
    return checks[probe][2][1].rpartition("data ")[2]


@dataclass
class Run:
    """A submission that is being graded."""

    grade: Grade
    process: subprocess.Popen[bytes]
    folder: Path
    probe: str
    deadline: float

    def ended(self) -> bool:
        """Whether there is nothing more to wait for."""
        return self.process.poll() is not None or time.monotonic() > self.deadline

    def finish(self, homework: Homework, seconds: float) -> str:
        """Stop what still runs, and take over the result; the fingerprints of its data."""
        late = self.process.poll() is None
        kill(self.process)
        path, result = self.folder / "result.json", None
        with contextlib.suppress(OSError, ValueError, RecursionError):
            if not path.is_symlink() and path.stat().st_size < LARGEST_RESULT:
                result = json.loads(path.read_text(encoding="utf-8"))
        if late and result is None:
            self.grade.note = f"stopped after {seconds:.0f} seconds: an endless loop?"
            data = ""
        else:
            data = judge(result, homework, self.probe, self.grade)
        shutil.rmtree(self.folder, ignore_errors=True)
        return data


def kill(process: subprocess.Popen[bytes]) -> None:
    """Kill a grading process with its kernel and whatever that has started."""
    with contextlib.suppress(psutil.NoSuchProcess):
        parent = psutil.Process(process.pid)
        for member in [*parent.children(recursive=True), parent]:
            with contextlib.suppress(psutil.NoSuchProcess):
                member.kill()
    process.wait()


# ------------------------------------------------------------------------- all of them


def read_all(found: list[handed_in.Submission], homework: Homework) -> list[Grade]:
    """Look into every submission for its student's id, and name those that are blank or doubled."""
    grades = []
    for submission in found:
        grade = Grade(submission.name, owner=submission.owner)
        grade.points = dict.fromkeys(homework.auto, 0.0)
        try:
            data = handed_in.load(submission)
            grade.digest = handed_in.digest(data)
            notebook = handed_in.parse(data, homework.name)
            grade.student = handed_in.student_id(notebook)
            grade.answers = sort_answers(notebook, homework)
        except handed_in.UnreadableError as error:
            grade.note = str(error)
        grades.append(grade)
    for grade in grades:
        student = (grade.student or "").strip()
        others = [g.name for g in grades if g is not grade and (g.student or "").strip() == student]
        if student and not others:
            grade.key = student
        else:
            grade.key = f"{student} ({grade.name})" if student else grade.name
        if student and others:
            grade.hints.append(f"the id {student!r} is also in {', '.join(others)}")
        elif not student and not grade.note:
            grade.hints.append("no student id: `student` is blank or no plain text")
    return grades


def check_data(grade: Grade, data: str, known: dict[str, str]) -> None:
    """Add a hint if the data of a submission are not those of its id."""
    if data and grade.student is not None and data != known[grade.student]:
        whose = [repr(other) for other, theirs in known.items() if theirs == data]
        told = f"are those of {' or '.join(whose)}" if whose else "are not those of this id"
        grade.hints.append(f"the data in this notebook {told}: changed, or copied?")


def fingerprint(homework: Homework) -> str:
    """Return a short name for the grader: if it changes, everything is graded again."""
    programs = ("grade.py", "run_one.py", "sandbox.py", "submissions.py")
    files = [homework.archive, PROBE, *(Path(__file__).with_name(name) for name in programs)]
    return handed_in.digest(b"".join(path.read_bytes() for path in files))


def grade_all(
    name: str,
    source: Path,
    out: Path,
    jobs: int = os.cpu_count() or 1,
    seconds: float = SECONDS,
    boxed: bool | None = None,
    again: bool = False,
) -> list[Grade]:
    """Grade every submission in `source`; the table, the reports and the rest go to `out`."""
    homework = Homework.built(name)
    boxed = not sandbox.works() if boxed is None else boxed
    out.mkdir(parents=True, exist_ok=True)
    with (out / ".lock").open("w") as lock, contextlib.ExitStack() as at_the_end:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise MarksError(f"another run is grading into {out}") from None
        work = out / ".work"
        shutil.rmtree(work, ignore_errors=True)  # of a run that was killed
        at_the_end.callback(shutil.rmtree, work, ignore_errors=True)
        found, skipped = handed_in.collect(source)
        grades = read_all(found, homework)
        grader, results = fingerprint(homework), out / "results"
        known = {g.student: "" for g in grades if g.student is not None} | {"": ""}
        known = {student: homework.data_of(student) for student in known}
        book = telling.Book(homework, out, skipped, boxed)
        at_the_end.callback(lambda: [kill(run.process) for run in running])
        waiting, running = list(zip(found, grades, strict=True)), []
        done: list[Grade] = []

        def end(grade: Grade, data: str, fresh: bool) -> None:
            check_data(grade, data, known)
            if fresh:
                saved = json.dumps({**asdict(grade), "data": data, "hints": []})
                book.keep(results / f"{grade.slug}.json", saved)
            done.append(grade)
            book.tell(grade, done)
            print(f"{grade.key}: {sum(grade.points.values()):g} {grade.note}".strip(), flush=True)

        while waiting or running:
            while waiting and len(running) < jobs:
                submission, grade = waiting.pop(0)
                grade.grader = grader
                old = None if again else _saved(results / f"{grade.slug}.json", grade)
                if old is not None:
                    grade.points, grade.failed, grade.answers, grade.note, data = old
                    end(grade, data, fresh=False)
                elif grade.note:
                    end(grade, "", fresh=False)
                else:
                    try:
                        folder = work / str(len(waiting))
                        run = _start(submission, grade, homework, folder, seconds, boxed)
                        running.append(run)
                    except OSError as error:
                        grade.note = f"could not be started: {error}"
                        end(grade, "", fresh=False)
            for run in [run for run in running if run.ended()]:
                running.remove(run)
                end(run.grade, run.finish(homework, seconds), fresh=True)
            time.sleep(0.05)
        book.close(done)
    return sorted(grades, key=lambda g: g.key)


def _saved(path: Path, grade: Grade) -> tuple[Any, ...] | None:
    """Return the result of an earlier run for the same file and the same grader."""
    with contextlib.suppress(OSError, ValueError, KeyError):
        old = json.loads(path.read_text(encoding="utf-8"))
        if old["digest"] == grade.digest and old["grader"] == grade.grader and grade.digest:
            return old["points"], old["failed"], old["answers"], old["note"], old["data"]
    return None


def _start(
    submission: handed_in.Submission,
    grade: Grade,
    homework: Homework,
    folder: Path,
    seconds: float,
    boxed: bool,
) -> Run:
    """Put a submission into a folder of its own and start it."""
    folder.mkdir(parents=True)
    notebook = handed_in.parse(handed_in.load(submission), homework.name)
    text = nbformat.writes(notebook).encode("utf-8", "replace")
    (folder / "notebook.ipynb").write_bytes(text)
    probe = with_probe(homework, folder / "autograder.zip")
    process = sandbox.start(folder, int(seconds), boxed)
    return Run(grade, process, folder, probe, time.monotonic() + seconds)


def main(arguments: list[str]) -> None:
    """Grade what the command line names."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("homework", help="hw1, hw2, hw3, hw4 or hw5")
    parser.add_argument("submissions", type=Path, help="what was handed in: folder or archive")
    parser.add_argument("--again", action="store_true", help="grade also what has not changed")
    parser.add_argument("--out", type=Path, default=ROOT / "grades", help="where the grades go")
    wanted = parser.parse_args(arguments)
    source = wanted.submissions
    if not source.is_dir() and not zipfile.is_zipfile(source):
        sys.exit(f"grade: SUBMISSIONS={str(source)!r} is no folder and no zip archive")
    if not handed_in.collect(source)[0]:
        sys.exit(f"grade: SUBMISSIONS={str(source)!r} holds no submission")
    homework = find_homework(wanted.homework)
    missing = sandbox.works()
    if missing:
        print(f"NO SANDBOX: {missing}. What is handed in runs with your rights; see the page for "
              "instructors.", file=sys.stderr)  # fmt: skip
    try:
        grade_all(homework, source, wanted.out / homework, again=wanted.again)
    except MarksError as error:
        sys.exit(f"grade: {error}")
    print(f"The grades: {wanted.out / homework / 'grades.csv'}")


if __name__ == "__main__":
    main(sys.argv[1:])
