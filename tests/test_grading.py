"""Grading: right and blank notebooks, broken and hostile ones, and a run that goes wrong."""

import base64
import csv
import errno
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
import zipfile

import grade
import marks
import nbformat
import psutil
import pytest
import sandbox
import telling
from conftest import ROOT
from PIL import Image

HOMEWORKS = sorted(path.stem for path in (ROOT / "book" / "homework" / "masters").glob("*.ipynb"))
BUILT = ROOT / "_build" / "homework"
HW = "hw2_missing_data_and_elbo"
QUESTIONS = ["q1_elbo", "q2_gap", "q3_expected_statistics", "q4_light_bulbs"]
FULL = dict.fromkeys(QUESTIONS, 4.0)
NOTHING = dict.fromkeys(QUESTIONS, 0.0)
needs_box = pytest.mark.skipif(bool(sandbox.works()), reason=sandbox.works() or "there is one")


@pytest.fixture(scope="session", autouse=True)
def homework_is_built():
    done = subprocess.run(["make", "homework"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def solution(homework=HW, student="ada"):
    path = BUILT / "autograder" / f"{homework}_solutions.ipynb"
    return replace(nbformat.read(path, as_version=4), 'student = ""', f"student = {student!r}")


def hand_in(folder, name, *cells, notebook=None):
    """Hand in the solution with more cells at its front."""
    folder.mkdir(exist_ok=True, parents=True)
    notebook = notebook or solution(student=name)
    notebook.cells = [nbformat.v4.new_code_cell(c) for c in cells] + notebook.cells
    nbformat.write(notebook, folder / f"{name}.ipynb")


def replace(notebook, old, new):
    """Replace text in the one cell of code that holds it."""
    (cell,) = (c for c in notebook.cells if c.cell_type == "code" and old in c.source)
    cell.source = cell.source.replace(old, new)
    return notebook


def rows(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("homework", HOMEWORKS)
def test_the_solution_gets_everything_and_the_blank_notebook_nothing(tmp_path, homework):
    folder = tmp_path / "in"
    hand_in(folder, "right", notebook=solution(homework))
    blank = (BUILT / "course" / f"{homework}.ipynb").read_bytes()
    with zipfile.ZipFile(folder / "blank.zip", "w") as archive:
        archive.writestr(f"{homework}.ipynb", blank)
    right, empty = grade.grade_all(homework, folder, tmp_path / "out")
    told = json.loads((BUILT / "autograder" / f"{homework}_points.json").read_text())
    most = {q["name"]: q["points"] for q in told if not q["manual"]}
    assert (empty.key, right.key) == ("blank.zip", "ada")
    assert right.points == most, right.failed
    assert right.note == empty.note == ""
    assert right.hints == []
    assert empty.hints == ["no student id: `student` is blank or no plain text"]
    assert empty.points == dict.fromkeys(most, 0)
    for sentence in (s for said in empty.failed.values() for s in said):
        assert re.search("is missing or gives nothing back|is drawn yet", sentence)
        assert "Traceback" not in sentence
    for question in told:
        wrote = [cell["cell_type"] for cell in right.answers[question["name"]]]
        assert ("markdown" if question["manual"] else "code") in wrote
        if question["manual"]:
            assert not empty.answers[question["name"]]


PATCHES = {
    "every check passes": """
from otter.test_files.exception_test import ExceptionTestFile, TestCaseResult

def run(self, names):
    self.test_case_results = [TestCaseResult(c, "fine", True) for c in self.test_cases]

ExceptionTestFile.run = run
""",
    "numpy finds everything close": "import numpy as np\n\nnp.allclose = lambda *a, **k: True",
}
TROUBLES = [
    "import numpy as np\n\nbig = np.ones(10**11)",
    "def broken(:\n    pass",
    "open('results.json', 'w')",
    "raise SystemExit",
    "for k in range(20):\n    print('x' * 4_000_000)\nfor k in range(10**4):\n    print(k)",
]


@pytest.fixture(scope="module")
def term(tmp_path_factory):
    """Everything that can be handed in, graded once."""
    place = tmp_path_factory.mktemp("term")
    folder = place / "in"
    hand_in(folder, "troubled", *TROUBLES)
    other = replace(solution(student="renamed"), "def elbo(", "def my_elbo(")
    other.cells = [c for c in other.cells if "def bulb_step" not in c.source]
    other.cells += [nbformat.from_dict(c) for c in other.cells]
    other.cells.append(nbformat.v4.new_code_cell("def gap(q, log_joint):\n    return 0.0"))
    other.metadata["kernelspec"] = {"name": "no-such-kernel", "display_name": "?"}
    (folder / "renamed, deleted, doubled.ipynb").write_text(json.dumps(other))
    hand_in(folder, "end of the kernel", "import os\n\nos._exit(0)")
    for name, code in PATCHES.items():
        wrong = solution(student=name)
        wrong = replace(wrong, "def elbo(q, log_joint):", "def elbo(q, log_joint):\n    return 0")
        hand_in(folder, name, code, notebook=wrong)
    (folder / "no notebook.ipynb").write_text("Dear grader, my dog has eaten it.")
    (folder / "half.ipynb").write_text('{"cells": [')
    (folder / "picture.png").write_bytes(b"\x89PNG")
    (folder / "link.ipynb").symlink_to(BUILT / "autograder" / f"{HW}_solutions.ipynb")
    with zipfile.ZipFile(folder / "two.zip", "w") as archive:
        archive.writestr("a.ipynb", "{}")
        archive.writestr("../b.ipynb", "{}")
    nbformat.write(solution(HOMEWORKS[0]), folder / "other set.ipynb")
    # A name that is no UTF-8, a byte-order mark, saved output without end, a folder of its own.
    text = nbformat.writes(solution(student="adèle"))
    with open(os.fsencode(folder) + b"/ad\xe8le.IPYNB", "wb") as file:
        file.write(b"\xef\xbb\xbf" + text.encode())
    large = solution(student="large")
    output = nbformat.v4.new_output("stream", text="y" * 80_000_000)
    next(c for c in large.cells if c.cell_type == "code").outputs = [output]
    hand_in(folder / "Lara_Large_77_assignsubmission_file", "large", notebook=large)
    (folder / "nothing here").mkdir()
    (folder / "nothing here" / "answers.pdf").write_bytes(b"%PDF")
    figure = "plt.plot([1, 2], [3, 4])\nplt.show()"
    drawn = solution(student="drawn")
    (at,) = (k for k, c in enumerate(drawn.cells) if "Question 6." in c.source)
    photo = io.BytesIO()
    Image.new("RGB", (60, 40), "white").save(photo, "JPEG")
    attached = {"page.jpg": {"image/jpeg": base64.b64encode(photo.getvalue()).decode()}}
    page = nbformat.v4.new_markdown_cell("On paper ![page](attachment:page.jpg) $x^2$")
    page["attachments"] = attached
    drawn.cells[at + 1 : at + 1] = [nbformat.v4.new_code_cell(figure), page]
    hand_in(folder, "drawn", notebook=drawn)
    copied = solution(student="copied")
    replace(copied, "student.encode()", "'troubled'.encode()")
    hand_in(folder, "copied", notebook=copied)
    out = place / "grades" / HW
    found = grade.grade_all(HW, folder, out)
    return {g.key: g for g in found}, out


def test_broken_and_hostile_submissions(term):
    """They stop nobody else, and earn nothing unnoticed."""
    grades, _ = term
    assert grades["troubled"].points == FULL
    renamed = grades["renamed"]
    lost = {"q1_elbo": 0, "q2_gap": 0, "q4_light_bulbs": 0}  # of two answers the last one counts
    assert renamed.points == FULL | lost
    assert "`elbo` is missing" in renamed.failed["q1_elbo"][0]
    for name, note in {
        "end of the kernel": "stopped before.*Kernel died",
        "no notebook.ipynb": "not a notebook that can be opened",
        "half.ipynb": "not a notebook that can be opened",
        "picture.png": "hand in the notebook",
        "link.ipynb": "a link",
        "two.zip": "2 notebooks",
        "other set.ipynb": "not hw2",
        "nothing here/": r"no notebook \(answers.pdf\)",
        **dict.fromkeys(PATCHES, "SUSPICIOUS"),
    }.items():
        assert grades[name].points == NOTHING, name
        assert re.search(note, grades[name].note), (name, grades[name].note)


def test_strange_names_marks_of_order_and_large_outputs_cost_nothing(term):
    grades, out = term
    assert grades["adèle"].points == FULL
    assert grades["adèle"].name == "ad\\xe8le.IPYNB"
    assert grades["large"].points == FULL
    assert grades["large"].owner == {"name": "Lara_Large", "moodle": "77"}
    printed = (out / "results" / "troubled.json").stat().st_size
    assert printed < 15_000_000, "the output is kept whole"


def test_data_of_another_id_are_named(term):
    grades, _ = term
    assert grades["copied"].points == FULL
    assert grades["copied"].hints == [
        "the data in this notebook are those of 'troubled': changed, or copied?"
    ]
    assert grades["troubled"].hints == []


def test_pages_show_figures_photos_and_formulas(term):
    _, out = term
    for folder in ("reports", "feedback"):
        page = (out / folder / "drawn.html").read_text()
        last = page.partition('id="q6_lost_for_a_reason"')[2]
        assert "plt.plot([1, 2], [3, 4])" in last
        assert last.count("data:image/png") == 1
        assert last.count("data:image/jpeg") == 1
        assert "<math" in last


def test_the_table_has_everybody(term):
    grades, out = term
    table = rows(out / "grades.csv")
    assert {row["id"] for row in table} == set(grades)
    by_id = {row["id"]: row for row in table}
    assert by_id["troubled"]["checked"] == "16"
    assert by_id["troubled"]["of"] == "28"
    assert "q5_derivation" in by_id["troubled"]["waiting"]
    assert by_id["copied"]["note"].startswith("the data in this notebook are those of 'troubled'")
    for grade_ in grades.values():
        page = (out / "reports" / f"{grade_.slug}.html").read_text()
        assert f"{sum(grade_.points.values()):g} of 28" in page
    # The learning systems get those who can be told apart, and nobody else.
    sent = [row["Student"] for row in rows(out / "exports" / "canvas.csv")][1:]
    assert sent.count("Lara_Large") == 1
    assert len(sent) == sum(g.key == g.student for g in grades.values())


def test_nothing_is_left_behind(term):
    _, out = term
    assert not (out / ".work").exists()
    kernels = [p.info["cmdline"] or [] for p in psutil.process_iter(["cmdline"])]
    assert not any(str(out) in " ".join(words) for words in kernels)


# ------------------------------------------------------------------------- the run itself


def test_a_killed_run_goes_on_where_it_was(tmp_path):
    folder, out = tmp_path / "in", tmp_path / "grades"
    hand_in(folder, "a")
    hand_in(folder, "b", "import time\n\ntime.sleep(60)")
    program = ROOT / "book" / "homework" / "grade.py"
    command = [sys.executable, str(program), "hw2", str(folder), "--out", str(out)]
    outside = set(os.listdir("/tmp"))
    first = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    table = out / HW / "grades.csv"
    while not table.exists() and first.poll() is None:
        time.sleep(0.1)
    first.send_signal(signal.SIGKILL)
    first.wait()
    assert [row["id"] for row in rows(table)] == ["a"], "the table waits for the end"
    kept = (out / HW / "results" / "a.json").stat().st_mtime_ns
    hand_in(folder, "b")  # handed in again
    again = grade.grade_all(HW, folder, out / HW)
    assert [(g.key, g.points) for g in again] == [("a", FULL), ("b", FULL)]
    assert (out / HW / "results" / "a.json").stat().st_mtime_ns == kept, "graded twice"
    assert not (out / HW / ".work").exists()
    left = {n for n in set(os.listdir("/tmp")) - outside if n.startswith("tmp")}
    assert not any(any((ROOT.__class__("/tmp") / n).rglob("q1_elbo.py")) for n in left)


def test_a_full_disk_costs_what_could_not_be_written_and_nothing_else(tmp_path, monkeypatch):
    write = telling.write

    def full(path, text):
        if path.parent.name in ("reports", "results") and path.stem == "b":
            raise OSError(errno.ENOSPC, "No space left on device")
        write(path, text)

    monkeypatch.setattr(telling, "write", full)
    monkeypatch.setattr(grade, "_start", pretend)
    folder, out = tmp_path / "in", tmp_path / "grades" / HW
    for name in "abc":
        hand_in(folder, name)
    with pytest.raises(marks.MarksError, match=r"b.html could not be written: .*No space left"):
        grade.grade_all(HW, folder, out)
    assert [row["id"] for row in rows(out / "grades.csv")] == ["a", "b", "c"]
    pages = sorted(path.name for path in (out / "reports").iterdir())
    assert pages == ["a.html", "c.html"]
    assert (out / "feedback" / "b.html").exists()


def pretend(submission, grade_, homework, folder, seconds, boxed):
    """Run nothing: everything is right."""

    class Nobody:
        def ended(self):
            return True

        def finish(self, homework, seconds):
            self.grade.points = {name: q["points"] for name, q in homework.auto.items()}
            return ""

    run = Nobody()
    run.grade = grade_
    return run


def test_a_file_is_never_half_written(tmp_path, monkeypatch):
    path = tmp_path / "grades.csv"
    marks.write(path, "old")

    def fails(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", fails)
    with pytest.raises(OSError, match="No space"):
        marks.write(path, "new and longer")
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["grades.csv"]


def test_two_runs_at_once_are_refused(tmp_path):
    import fcntl

    out = tmp_path / HW
    out.mkdir()
    with (out / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(marks.MarksError, match="another run"):
            grade.grade_all(HW, tmp_path, out)


def test_an_endless_loop_is_stopped(tmp_path):
    hand_in(tmp_path / "in", "endless", "while True:\n    pass")
    for boxed in {not sandbox.works(), False}:
        out = tmp_path / f"out {boxed}"
        (found,) = grade.grade_all(HW, tmp_path / "in", out, seconds=8, boxed=boxed)
        assert found.note == "stopped after 8 seconds: an endless loop?"
        assert found.points == NOTHING
        time.sleep(0.5)
        kernels = [p.info["cmdline"] or [] for p in psutil.process_iter(["cmdline"])]
        assert not any(str(out) in " ".join(c) for c in kernels)


# ------------------------------------------------------------------------- the box


ATTACKS = {
    "the network is reached": """
import socket

listener = socket.create_connection((HOST, PORT), timeout=5)
listener.close()
found = True
""",
    "a file of the account is read": "found = bool(open(SECRET).read())",
    "the masters are read": "import os\n\nfound = bool(os.listdir(MASTERS))",
    "a file is written outside": "open(OUTSIDE, 'w').write('x')",
    "Python is changed for the next one": """
import numpy

open(numpy.__file__, "a").close()
found = True
""",
    "the environment is read": "import os\n\nfound = 'SECRET_TOKEN' in os.environ",
    "other processes are seen": """
import os

found = str(PARENT) in os.listdir("/proc")
""",
}


def attack(folder, name, code, **facts):
    """Hand in a notebook that attacks, and tells in its points whether it came through."""
    lines = "\n".join(f"{key} = {value!r}" for key, value in facts.items())
    tried = code.replace("\n", "\n    ").strip()
    cell = f"{lines}\nfound = False\ntry:\n    {tried}\nexcept BaseException:\n    pass"
    notebook = solution(student=name)
    (end,) = (k for k, c in enumerate(notebook.cells) if "def bulb_step" in c.source)
    last = "if not found:\n    del bulb_step"  # without points: nothing was reached
    notebook.cells.insert(end + 1, nbformat.v4.new_code_cell(f"{cell}\n{last}"))
    hand_in(folder, name, notebook=notebook)


def all_attacks(tmp_path, monkeypatch, boxed):
    import socket

    monkeypatch.setenv("SECRET_TOKEN", "x")
    secret, outside = tmp_path / "secret.txt", tmp_path / "outside.txt"
    secret.write_text("x")
    with socket.create_server(("localhost", 0)) as server:
        host, port = server.getsockname()[:2]
        facts = {
            "HOST": host, "PORT": port, "SECRET": str(secret), "OUTSIDE": str(outside),
            "MASTERS": str(ROOT / "book" / "homework" / "masters"), "PARENT": os.getpid(),
        }  # fmt: skip
        for name, code in ATTACKS.items():
            attack(tmp_path / "in", name, code, **facts)
        found = grade.grade_all(HW, tmp_path / "in", tmp_path / "out", boxed=boxed)
    assert {g.note for g in found} == {""}
    reached = {g.key for g in found if g.points["q4_light_bulbs"]}
    # In the box a submission may write to a /tmp of its own.
    return reached | ({"a file is written outside"} if outside.exists() else set()), found


@needs_box
def test_the_box_stops_what_the_page_says(tmp_path, monkeypatch):
    reached, found = all_attacks(tmp_path, monkeypatch, boxed=True)
    assert reached == set()
    assert all(g.points == FULL | {"q4_light_bulbs": 0} for g in found)
    assert not (tmp_path / "outside.txt").exists()


def test_without_the_box_they_come_through_as_the_page_warns(tmp_path, monkeypatch):
    reached, _ = all_attacks(tmp_path, monkeypatch, boxed=False)
    # The environment is made anew also without a box.
    assert reached == set(ATTACKS) - {"the environment is read"}
    assert (tmp_path / "outside.txt").exists()


@needs_box
def test_the_box_keeps_no_process_and_no_full_disk(tmp_path):
    leave = """
import subprocess
import sys

subprocess.Popen(
    [sys.executable, "-c", "import time; time.sleep(600)  # left behind"], start_new_session=True
)
"""
    fill = """
for k in range(60):
    try:
        open(f"/tmp/{k}", "wb").write(b"x" * 40_000_000)
    except OSError:
        break
"""
    hand_in(tmp_path / "in", "a", leave)
    hand_in(tmp_path / "in", "b", fill)
    found = grade.grade_all(HW, tmp_path / "in", tmp_path / "out", boxed=True)
    assert [g.points for g in found] == [FULL, NOTHING]
    assert "No space left" in found[1].note
    time.sleep(0.5)
    running = [" ".join(p.info["cmdline"] or []) for p in psutil.process_iter(["cmdline"])]
    assert not any("left behind" in words for words in running)


# ------------------------------------------------------------------------- the command


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["hw1", str(ROOT / "book" / "homework" / "templates")], "holds no submission"),
        (["hw7", str(ROOT / ".github")], "HW='hw7' is none of hw1_mixtures_and_em"),
        (["hw1", "nowhere"], "SUBMISSIONS='nowhere' is no folder"),
    ],
)
def test_the_command_explains_itself(arguments, message, tmp_path):
    if "templates" in arguments[1]:
        arguments = ["hw1", str(tmp_path)]
    with pytest.raises(SystemExit, match=message):
        grade.main(arguments)


def test_the_command_says_when_there_is_no_box(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sandbox, "works", lambda: "bubblewrap (bwrap) is not installed")
    monkeypatch.setattr(grade, "_start", pretend)
    hand_in(tmp_path / "in", "ada")
    grade.main(["hw2", str(tmp_path / "in"), "--out", str(tmp_path / "grades")])
    assert "NO SANDBOX: bubblewrap (bwrap) is not installed" in capsys.readouterr().err
    page = (tmp_path / "grades" / HW / "class.html").read_text()
    assert "They ran without a sandbox." in page
