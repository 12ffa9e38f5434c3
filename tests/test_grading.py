"""Grading: right and blank notebooks, and submissions that are broken or hostile."""

import csv
import json
import re
import subprocess
import time
import zipfile

import grade
import nbformat
import psutil
import pytest
from conftest import ROOT

HOMEWORKS = sorted(path.stem for path in (ROOT / "book" / "homework" / "masters").glob("*.ipynb"))
BUILT = ROOT / "_build" / "homework"
HW = "hw2_missing_data_and_elbo"
QUESTIONS = ["q1_elbo", "q2_gap", "q3_expected_statistics", "q4_light_bulbs"]


@pytest.fixture(scope="session", autouse=True)
def homework_is_built():
    done = subprocess.run(["make", "homework"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def solution(homework=HW):
    return nbformat.read(BUILT / "autograder" / f"{homework}_solutions.ipynb", as_version=4)


def hand_in(folder, name, *cells, notebook=None):
    """Hand in the solution with more cells at its front."""
    notebook = notebook or solution()
    notebook.cells = [nbformat.v4.new_code_cell(c) for c in cells] + notebook.cells
    nbformat.write(notebook, folder / f"{name}.ipynb")


def replace(notebook, old, new):
    """Replace text in the one cell of code that holds it."""
    (cell,) = (c for c in notebook.cells if c.cell_type == "code" and old in c.source)
    cell.source = cell.source.replace(old, new)
    return notebook


@pytest.mark.parametrize("homework", HOMEWORKS)
def test_the_solution_gets_everything_and_the_blank_notebook_nothing(tmp_path, homework):
    folder = tmp_path / "in"
    folder.mkdir()
    nbformat.write(solution(homework), folder / "right.ipynb")
    blank = (BUILT / "course" / f"{homework}.ipynb").read_bytes()
    with zipfile.ZipFile(folder / "blank.zip", "w") as archive:
        archive.writestr(f"{homework}.ipynb", blank)
    empty, right = grade.grade_all(homework, folder, tmp_path / "out")
    points = json.loads((BUILT / "autograder" / f"{homework}_points.json").read_text())
    most = {q["name"]: q["points"] for q in points if not q["manual"]}
    assert (empty.student, right.student) == ("blank", "right")
    assert right.points == most
    assert right.note == empty.note == ""
    assert empty.points == dict.fromkeys(most, 0)
    for message in empty.messages.values():
        assert re.search("is missing or gives nothing back|is drawn yet", message)
        assert "Traceback" not in message
    assert all(text.startswith("_Type your answer") for text in empty.by_hand.values())
    assert all("Rubric" in text for text in right.by_hand.values())


PATCHES = {
    "every check passes": """
from otter.test_files.exception_test import ExceptionTestFile, TestCaseResult

def run(self, names):
    self.test_case_results = [TestCaseResult(c, "fine", True) for c in self.test_cases]

ExceptionTestFile.run = run
""",
    "numpy finds everything close": "import numpy as np\n\nnp.allclose = lambda *a, **k: True",
}


def test_broken_and_hostile_submissions(tmp_path):
    """They stop nobody else, and earn nothing unnoticed."""
    folder = tmp_path / "in"
    folder.mkdir()
    outside = tmp_path / "outside.txt"
    troubles = [
        "import numpy as np\n\nbig = np.ones(10**11)",
        "def broken(:\n    pass",
        f"open({str(outside)!r}, 'w').write('x')\nopen('results.json', 'w')",
        "raise SystemExit",
        "print('x' * 10**7)\nfor k in range(10**4):\n    print(k)",
    ]
    hand_in(folder, "right but troubled", *troubles)
    other = replace(solution(), "def elbo(", "def my_elbo(")
    other.cells = [c for c in other.cells if "def bulb_step" not in c.source]
    other.cells += [nbformat.from_dict(c) for c in other.cells]
    other.cells.append(nbformat.v4.new_code_cell("def gap(q, log_joint):\n    return 0.0"))
    other.metadata["kernelspec"] = {"name": "no-such-kernel", "display_name": "?"}
    (folder / "renamed, deleted, doubled.ipynb").write_text(json.dumps(other))
    hand_in(folder, "end of the kernel", "import os\n\nos._exit(0)")
    for name, code in PATCHES.items():
        wrong = replace(
            solution(), "def elbo(q, log_joint):", "def elbo(q, log_joint):\n    return 0"
        )
        hand_in(folder, name, code, notebook=wrong)
    (folder / "no notebook.ipynb").write_text("Dear grader, my dog has eaten it.")
    (folder / "half.ipynb").write_text('{"cells": [')
    (folder / "picture.png").write_bytes(b"\x89PNG")
    (folder / "link.ipynb").symlink_to(BUILT / "autograder" / f"{HW}_solutions.ipynb")
    with zipfile.ZipFile(folder / "two.zip", "w") as archive:
        archive.writestr("a.ipynb", "{}")
        archive.writestr("../b.ipynb", "{}")
    nbformat.write(solution(HOMEWORKS[0]), folder / "other set.ipynb")
    out = tmp_path / "out"
    grades = {g.student: g for g in grade.grade_all(HW, folder, out)}

    full = dict.fromkeys(QUESTIONS, 4.0)
    assert grades["right but troubled"].points == full
    renamed = grades["renamed, deleted, doubled"]
    lost = {"q1_elbo": 0, "q2_gap": 0, "q4_light_bulbs": 0}  # of two answers the last one counts
    assert renamed.points == full | lost
    assert "`elbo` is missing" in renamed.messages["q1_elbo"]
    nothing = dict.fromkeys(QUESTIONS, 0.0)
    for name, note in {
        "end of the kernel": "stopped before.*Kernel died",
        "no notebook": "not a notebook that can be opened",
        "half": "not a notebook that can be opened",
        "picture": "hand in the notebook",
        "link": "a link",
        "two": "2 notebooks",
        "other set": "not hw2",
        **dict.fromkeys(PATCHES, "SUSPICIOUS"),
    }.items():
        assert grades[name].points == nothing, name
        assert re.search(note, grades[name].note), (name, grades[name].note)
    assert outside.exists(), "no sandbox, as the instructor's page says: when it is one, say so"

    with (out / "grades.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["student"] for row in rows] == [g.student for g in grades.values()]
    checked = {row["student"]: float(row["checked"]) for row in rows}
    assert checked["right but troubled"] == 16
    report = (out / "renamed, deleted, doubled.md").read_text()
    assert "4 of 16 points" in report
    assert "## q1_elbo: 0 of 4\n\n- `elbo` is missing" in report
    assert "## q5_derivation: ___ of 6, by hand" in report


def test_points_typed_into_an_older_table_are_kept(tmp_path):
    out = tmp_path / "out"
    for run in range(3):
        grade.write([], HW, [{"name": "q1", "points": 4, "manual": True}], out)
        (out / "grades.csv").write_text(f"typed by hand: {run}")
    kept = {path.name: (path / "grades.csv").read_text() for path in tmp_path.iterdir()}
    assert kept == {
        f"out{end}": f"typed by hand: {run}" for run, end in enumerate([".1", ".2", ""])
    }


def test_an_endless_loop_is_stopped(tmp_path):
    (tmp_path / "in").mkdir()
    hand_in(tmp_path / "in", "endless", "while True:\n    pass")
    (found,) = grade.grade_all(HW, tmp_path / "in", tmp_path / "out", seconds=8)
    assert found.note == "stopped after 8 seconds: an endless loop?"
    assert found.points == dict.fromkeys(QUESTIONS, 0.0)
    time.sleep(0.5)
    kernels = [p.info["cmdline"] or [] for p in psutil.process_iter(["cmdline"])]
    assert not any("ipykernel" in " ".join(c) and "grade-" in " ".join(c) for c in kernels)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["hw1", str(ROOT / ".github")], "holds no file"),
        (["hw7", "."], "HW='hw7' is none of hw1_mixtures_and_em"),
        (["hw1", "nowhere"], "SUBMISSIONS='nowhere' is no folder"),
    ],
)
def test_the_command_explains_itself(arguments, message):
    with pytest.raises(SystemExit, match=message):
        grade.main(arguments)
