"""The scripts of the figures as a linter reads them: as files, and as they are inlined."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

from companion.interactive._page import inlined

FOLDER = ROOT / "companion" / "interactive"
FILES = sorted(FOLDER.glob("*.js"))
NAMES = sorted({path.stem for path in FILES} - {"runtime"})


def oxlint(folder, *arguments):
    program = Path(sys.executable).with_name("oxlint")
    command = [program, "-c", ROOT / ".oxlintrc.json", "--deny-warnings", *arguments, folder]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_linter_is_content():
    found = oxlint(ROOT)
    assert int(re.search(r"on (\d+) files?", found).group(1)) >= len(FILES) == len(NAMES) + 1


@pytest.mark.parametrize(
    ("name", "right", "wrong", "rule"),
    [
        ("em_bound", "const top = lookup(", "top = lookup(", "no-undef"),
        ("landscape", "const next = mStep(", "next = mStep(", "no-undef"),
        ("em_bound", "let old =", "var old =", "no-var"),
        ("em_steps", "slider.value === slider.max", "slider.value == slider.max", "eqeqeq"),
        ("em_steps", "let timer = 0;", "let timer = 0; const stop = 1;", "no-redeclare|redeclared"),
        ("shrinkage", "import { scales, set }", "import { line, scales, set }", "no-unused-vars"),
        ("shrinkage", "import { scales, set }", "import { scales, put }", "no-undef"),
        ("urn_fractions", "(c, i) =>", "(c, box) =>", "no-shadow"),
        ("rate_map", "pointed = j; tell(j);", "target = j; tell(j);", "no-param-reassign"),
        ("one_hill", "now = now.map((v, j)", "now = now.map((v, k)", "no-shadow"),
        ("basins", "let shown = 0;", "const shown = 0;", "no-const-assign"),
        ("runtime", "(selector, kind, act) =>", "(selector, kind) =>", "no-undef"),
    ],
)
def test_linter_finds_a_fault(tmp_path, name, right, wrong, rule):
    copy = shutil.copytree(FOLDER, tmp_path / "scripts")
    text = (copy / f"{name}.js").read_text(encoding="utf-8")
    assert right in text
    (copy / f"{name}.js").write_text(text.replace(right, wrong), encoding="utf-8")
    with pytest.raises(AssertionError, match=rule):
        oxlint(copy)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_line_means_the_same_without_its_indentation(path):
    """What `inlined` takes away is neither inside a text nor half of a statement."""
    for line in path.read_text(encoding="utf-8").splitlines():
        assert line.count("`") % 2 == 0, "a text over several lines"
        assert "/*" not in line, "comments begin with //"
        assert not line.startswith("import") or line.endswith('} from "./runtime.js";')
        assert "<script" not in line
        assert "</" not in line or "</rect>" in line


@pytest.mark.parametrize("name", NAMES)
def test_what_is_inlined_is_clean_too(tmp_path, name):
    """Runtime and figure share one function: neither may use a name of the other for its own."""
    text = inlined(name)
    assert not re.search(r"^(import|export|//|\s)", text, re.MULTILINE)
    page = f'(() => {{\n"use strict";\n{text}start(parts("name"), {{}});\n}})();\n'
    (tmp_path / "page.js").write_text(page, encoding="utf-8")
    oxlint(tmp_path, "-A", "no-unused-vars")  # not every figure has axes
    (tmp_path / "page.js").write_text(page + "function set() {}\nset();\n", encoding="utf-8")
    with pytest.raises(AssertionError, match="no-shadow"):
        oxlint(tmp_path, "-A", "no-unused-vars")
