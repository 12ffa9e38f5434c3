"""The rules of a chapter that can be checked, each proved by a chapter that breaks it."""

import ast
import copy
import itertools
import json
import re
import shutil
import sys

import pytest
import yaml
from conftest import ROOT, chapters, pages

sys.path.insert(0, str(ROOT / "book"))
sys.path.insert(0, str(ROOT / "book" / "_extensions"))

import companion_wheel
import counts

TAGS = {"hide-input", "hide-cell", "remove-cell"}
IMPORTS = {"numpy", "scipy", "pandas", "matplotlib", "companion", "daft"}
ROLE = re.compile(r"^:::|^```\{|\{(?:eq|cite|ref|numref|doc|glue|math)[^}]*\}`", re.MULTILINE)
TAG = re.compile(r"\\tag\{([^}]*)\}")
REFERENCE = re.compile(r"(?<![\w.])\(([1-9]\d*)\.(\d+)\)")
CHAPTERS = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in chapters()}


def text(cell):
    return "".join(cell["source"])


def code_cells(notebook):
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def prose(notebook):
    cells = [c for c in notebook["cells"] if c["cell_type"] == "markdown"]
    return "\n\n".join(text(c) for c in cells if "remove-cell" not in tags(c))


def tags(cell):
    return set(cell["metadata"].get("tags", []))


def lines(cell):
    return [line for line in text(cell).splitlines() if line.strip()]


def place(notebook, cell):
    number = next(k for k, c in enumerate(notebook["cells"], 1) if c is cell)
    return f"cell {number} ({cell['id']})"


def draws(cell):
    return bool(re.search(r"plt\.(subplots|figure)\(|\bfigure\(|\.render\(", text(cell)))


def names(cell):
    """Return the names that a cell binds at its top level, and all the names that it reads."""
    bound, read = set(), set()
    tree = ast.parse(text(cell))
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            (read if isinstance(node.ctx, ast.Load) else bound).add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            bound.add(node.name)
        elif isinstance(node, ast.arg):
            bound.add(node.arg)
    return bound, read


# ------------------------------------------------------------------------- the rules


def is_clean(notebook):
    """No outputs, no execution counts, no metadata beyond kernel and language."""
    assert set(notebook["metadata"]) <= {"kernelspec", "language_info"}
    for cell in notebook["cells"]:
        assert re.fullmatch(r"[\w-]+", cell["id"]), "every cell has an id"
        assert set(cell["metadata"]) <= {"tags", "mystnb"}
        if cell["cell_type"] == "code":
            assert not cell["outputs"], "a saved output"
            assert cell["execution_count"] is None, "a saved execution count"
    assert len({cell["id"] for cell in notebook["cells"]}) == len(notebook["cells"])


def has_known_tags(notebook):
    for cell in notebook["cells"]:
        assert tags(cell) <= TAGS, f"unknown tags {tags(cell) - TAGS}"


def opens_well(notebook):
    """Title, one sentence of promise, what you need, what you will be able to do, reading."""
    opening = text(notebook["cells"][0])
    assert re.match(r"# \S", opening)
    positions = [
        opening.find(part) for part in ("**You need:**", "**You will be able to:**", "**Reading:**")
    ]
    assert -1 not in positions
    assert positions == sorted(positions)
    assert 3 <= len(re.findall(r"^- ", opening, re.MULTILINE)) <= 5
    promise = opening.split("\n\n")[1]
    assert promise.count(". ") == 0, "the promise is one sentence"


def says_how_to_get_the_companion(notebook):
    """The second cell, and no other, is a note that the site leaves out."""
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    note = companion_wheel.note(**companion_wheel.settings(config))
    removed = [cell for cell in notebook["cells"] if "remove-cell" in tags(cell)]
    assert removed == notebook["cells"][1:2], "the note on the companion, alone, is removed"
    assert removed[0]["cell_type"] == "markdown"
    assert text(removed[0]) == note, "the note on the companion is not as `make notes` writes it"


def is_plain_markdown(notebook):
    assert not ROLE.search(prose(notebook)), ROLE.search(prose(notebook))
    for line in re.findall(r"^>.*", prose(notebook), re.MULTILINE):
        # JupyterLab prints the ">" of a quote's further lines inside the formula.
        whole = line.count("$$") % 2 == 0 and line.count("$") % 2 == 0
        assert whole, f"a formula in a quote must stand on one line: {line}"
    heads = re.findall(r"^(#+) ", prose(notebook), re.MULTILINE)
    assert heads.count("#") == 1
    for before, after in itertools.pairwise(heads):
        assert len(after) <= len(before) + 1, "a heading skips a level"


def has_right_size(notebook):
    """Rules of length, with a little room on both sides; what only checks is not counted."""
    words = len(re.findall(r"\w+", prose(notebook)))
    code = [line for cell in code_cells(notebook) for line in lines(cell)]
    total = sum(not line.lstrip().startswith("assert ") for line in code)
    assert 2_000 <= words <= 5_500, f"{words} words"
    assert 80 <= total <= 320, f"{total} lines of code"
    assert words / total >= 10, f"{words / total:.0f} words a line"
    for cell in code_cells(notebook):
        assert len(lines(cell)) <= 25, f"a cell of {len(lines(cell))} lines"


def imports_little(notebook):
    for cell in code_cells(notebook):
        for node in ast.walk(ast.parse(text(cell))):
            if isinstance(node, ast.Import):
                modules = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                modules = ["." * node.level + (node.module or "")]
            else:
                continue
            for module in modules:
                allowed = module.split(".")[0] in IMPORTS | sys.stdlib_module_names
                assert allowed, f"{place(notebook, cell)} imports {module}"


def hides_nothing_needed(notebook):
    """A later visible cell needs nothing that only a folded cell has computed."""
    hidden = {}
    for cell in code_cells(notebook):
        bound, read = names(cell)
        if tags(cell) & TAGS:
            defined = {
                node.name
                for node in ast.parse(text(cell)).body
                if isinstance(node, ast.FunctionDef)
            }
            hidden.update(dict.fromkeys(bound - defined, text(cell)))
        else:
            wanted = (read - bound) & set(hidden)
            assert not wanted, f"{wanted} computed in a folded cell"
            for name in bound:
                hidden.pop(name, None)


def describes_figures(notebook):
    """Every figure has alternative text, and a caption with the right number after it."""
    number = re.search(r"Figure (\d+)\.1", prose(notebook)).group(1)
    figure = 0
    for cell, after in zip(notebook["cells"], [*notebook["cells"][1:], None], strict=True):
        if cell["cell_type"] != "code" or not draws(cell) or "hide-cell" in tags(cell):
            continue
        figure += 1
        alt = cell["metadata"].get("mystnb", {}).get("image", {}).get("alt", "")
        assert len(alt) > 60, f"figure {figure} has no alternative text"
        caption = text(after).lstrip() if after else ""
        start = f"*Figure {number}.{figure}. "
        assert caption.startswith(start), f"a caption must begin {start!r}, not {caption[:20]!r}"


def has_exercises_with_solutions(notebook):
    numbers = [int(n) for n in re.findall(r"^\*\*Exercise (\d+) \(", prose(notebook), re.MULTILINE)]
    assert numbers == list(range(1, len(numbers) + 1))
    assert 4 <= len(numbers) <= 6
    solution, hint = (["<details>", f"<summary>{fold}</summary>"] for fold in ("Solution", "Hint"))
    found = [
        re.findall(r"</?details>|<summary>.*?</summary>", part)
        for part in re.split(r"^\*\*Exercise \d+ \(", prose(notebook), flags=re.MULTILINE)[1:]
    ]
    if any(hint[1] in folds for folds in found):  # then each has one, the solution within it
        assert all(folds == [*hint, *solution, *2 * ["</details>"]] for folds in found)
    else:
        assert all(folds == [*solution, "</details>"] for folds in found)


RULES = [
    is_clean,
    has_known_tags,
    opens_well,
    says_how_to_get_the_companion,
    is_plain_markdown,
    has_right_size,
    imports_little,
    hides_nothing_needed,
    describes_figures,
    has_exercises_with_solutions,
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("name", CHAPTERS)
def test_chapter(name, rule):
    try:
        rule(CHAPTERS[name])
    except AssertionError as error:
        pytest.fail(f"book/{name}.ipynb: {error}")


# ------------------------------------------------------------- each rule can be broken


def first_code(notebook):
    return code_cells(notebook)[0]


def add_prose(words):
    return lambda nb: nb["cells"][-2].update(source=[words])


BREAKS = {
    "saved output": (
        is_clean,
        lambda nb: first_code(nb).update(outputs=[{"output_type": "stream"}]),
    ),
    "execution count": (is_clean, lambda nb: first_code(nb).update(execution_count=3)),
    "stray metadata": (is_clean, lambda nb: nb["metadata"].update(widgets={})),
    "misspelt tag": (
        has_known_tags,
        lambda nb: first_code(nb)["metadata"].update(tags=["hide_input"]),
    ),
    "no reading": (
        opens_well,
        lambda nb: nb["cells"][0].update(source=["# T\n\nPromise.\n\n**You need:**"]),
    ),
    "no note": (says_how_to_get_the_companion, lambda nb: nb["cells"].pop(1)),
    "another note": (
        says_how_to_get_the_companion,
        lambda nb: nb["cells"][1].update(source=["> `%pip install companion`"]),
    ),
    "removed code": (
        says_how_to_get_the_companion,
        lambda nb: first_code(nb)["metadata"].update(tags=["remove-cell"]),
    ),
    "role": (is_plain_markdown, add_prose("see {ref}`there`")),
    "directive": (is_plain_markdown, add_prose("```{note}\nx\n```")),
    "formula over lines of a quote": (is_plain_markdown, add_prose("> $$\n> x\n> $$")),
    "skipped level": (is_plain_markdown, add_prose("#### Deep")),
    "long cell": (has_right_size, lambda nb: first_code(nb).update(source=["x = 1\n"] * 26)),
    "import": (imports_little, lambda nb: first_code(nb).update(source=["import sklearn.mixture"])),
    "hidden result": (
        hides_nothing_needed,
        lambda nb: nb["cells"].extend(
            [
                {**first_code(nb), "metadata": {"tags": ["hide-input"]}, "source": ["secret = 1"]},
                {**first_code(nb), "metadata": {}, "source": ["secret + 1"]},
            ]
        ),
    ),
    "no alt": (describes_figures, lambda nb: [c["metadata"].pop("mystnb", 0) for c in nb["cells"]]),
    "no solution": (has_exercises_with_solutions, add_prose("**Exercise 6 (more).** Do.")),
    "one hint": (
        has_exercises_with_solutions,
        add_prose("<details>\n<summary>Hint</summary>\n\nThink.\n\n</details>"),
    ),
}


@pytest.mark.parametrize("name", BREAKS)
def test_rule_can_fail(name):
    rule, damage = BREAKS[name]
    notebook = copy.deepcopy(CHAPTERS["01_mixtures"])
    rule(notebook)
    damage(notebook)
    with pytest.raises(AssertionError):
        rule(notebook)


@pytest.mark.parametrize(
    ("line", "module"),
    [
        ("import sklearn.mixture", "sklearn.mixture"),
        ("import numpy, torch", "torch"),
        ("def f():\n    from jax import numpy", "jax"),
        ("from . import here", r"\."),
    ],
)
def test_an_import_is_found_with_its_cell(line, module):
    notebook = copy.deepcopy(CHAPTERS["01_mixtures"])
    last = code_cells(notebook)[-1]
    last.update(source=["import itertools, scipy.stats\n", line])
    with pytest.raises(AssertionError, match=rf"^cell \d+ \({last['id']}\) imports {module}\n"):
        imports_little(notebook)


# ------------------------------------------------------------------------- the book


def test_toc_names_every_page():
    files = {
        p.relative_to(ROOT).with_suffix("").as_posix() for p in (ROOT / "book").glob("*.[im][pd]*")
    }
    assert files == set(pages())
    assert len(pages()) == len(set(pages()))


def test_the_index_lists_the_chapters():
    page = (ROOT / "book" / "index.md").read_text(encoding="utf-8")
    listed = re.findall(r"^(\d+)\. \[.*\]\((.*)\.ipynb\)", page, re.MULTILINE)
    assert listed == [(str(int(name[:2])), name) for name in CHAPTERS]


def doubled_pages(folder):
    """Yield pages that lie beside the page itself, such as a chapter edited as text."""
    for path in sorted(folder.glob("*.md")):
        if path.with_suffix(".ipynb").exists():
            yield f"book/{path.name} lies beside the notebook: delete it"


def test_no_page_is_there_twice(tmp_path):
    assert list(doubled_pages(ROOT / "book")) == []
    for name in ("03_missing_data.ipynb", "index.md"):
        shutil.copy(ROOT / "book" / name, tmp_path)
    assert list(doubled_pages(tmp_path)) == []
    (tmp_path / "03_missing_data.md").write_text("# Missing data\n", encoding="utf-8")
    assert [fault.split()[0] for fault in doubled_pages(tmp_path)] == ["book/03_missing_data.md"]


def wrong_equations(notebooks, pages=()):
    """Yield numbers of equations that do not count up in their chapter, or lead nowhere."""
    known, texts = set(), [(f"book/{path.name}", path.read_text("utf-8")) for path in pages]
    for name, notebook in notebooks.items():
        chapter, count = int(name[:2]), 0
        for cell in notebook["cells"]:
            here = f"book/{name}.ipynb, {place(notebook, cell)}"
            texts.append((here, text(cell)))
            for tag in TAG.findall(text(cell)) if cell["cell_type"] == "markdown" else []:
                count += 1
                known.add(tag)
                if tag != f"{chapter}.{count}":
                    yield f"{here}: \\tag{{{tag}}} must be \\tag{{{chapter}.{count}}}"
        if not count:
            yield f"book/{name}.ipynb: no numbered equation"
    numbers = {name[:2].lstrip("0") for name in notebooks}
    for here, words in texts:
        for chapter, count in REFERENCE.findall(re.sub(r"\$\$.*?\$\$", "", words, flags=re.DOTALL)):
            if chapter in numbers and f"{chapter}.{count}" not in known:
                yield f"{here}: there is no equation ({chapter}.{count})"


def test_equations():
    assert list(wrong_equations(CHAPTERS, (ROOT / "book").glob("*.md"))) == []


@pytest.mark.parametrize(
    ("planted", "complaint"),
    [
        (r"$$x \tag{1.2}$$", r"\tag{1.2} must be \tag{1.10}"),  # twice
        (r"$$x \tag{2.9}$$", r"\tag{2.9} must be \tag{1.10}"),  # of another chapter
        (r"$$x \tag{1.11}$$", r"\tag{1.11} must be \tag{1.10}"),  # a gap
        (r"$$x \tag{A}$$", r"\tag{A} must be \tag{1.10}"),
        ("as (1.99) says", "there is no equation (1.99)"),
        ("as (4.20) says", "there is no equation (4.20)"),  # of another chapter
        ("$x$ by (1.4) and (1.44)", "there is no equation (1.44)"),
    ],
)
def test_a_wrong_equation_is_found(planted, complaint):
    wrong = copy.deepcopy(CHAPTERS)
    cell = wrong["01_mixtures"]["cells"][-2]
    add_prose(planted)(wrong["01_mixtures"])
    here = f"book/01_mixtures.ipynb, {place(wrong['01_mixtures'], cell)}"
    assert f"{here}: {complaint}" in list(wrong_equations(wrong))


def test_a_wrong_equation_in_code_or_on_a_page_is_found(tmp_path):
    wrong = copy.deepcopy(CHAPTERS)
    first_code(wrong["05_em_for_mixtures"]).update(source=["x = f(5.9)  # (5.7)"])
    page = tmp_path / "notation.md"
    page.write_text("a number (0.95), and (12.30)", encoding="utf-8")
    found = list(wrong_equations(wrong, [page]))
    assert [fault.split(": ")[1] for fault in found] == [
        "there is no equation (12.30)", "there is no equation (5.7)",
    ]  # fmt: skip
    for cell in wrong["02_latent_variables"]["cells"]:
        cell.update(source=[])
    assert "book/02_latent_variables.ipynb: no numbered equation" in list(wrong_equations(wrong))


def public(path):
    """Return the public functions and classes that a module defines."""
    body = ast.parse(path.read_text(encoding="utf-8")).body
    found = {node.name for node in body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    return {name for name in found if not name.startswith("_")}


def wrong_lines(page, package):
    """Yield what the companion's page says too little, or too much, of the public names."""
    for path in sorted(package.glob("[a-z]*.py")):
        names, module = public(path), path.stem
        line = re.search(rf"^\| `{module}` \|(.*)", page, re.MULTILINE)
        if not line:
            yield f"book/companion.md: no line for `{module}`"
            continue
        said = set(re.findall(r"`(\w+)`", line.group(1)))
        there = said | set(re.findall(rf"`{module}\.(\w+)`", page))
        for name in sorted(names - there):
            yield f"book/companion.md: `{name}` is not in the line of `{module}`"
        for name in sorted(said - names):
            yield f"book/companion.md: `{module}` has no public `{name}`"


PAGE = (ROOT / "book" / "companion.md").read_text(encoding="utf-8")


def test_the_companions_page_names_all_that_is_public():
    assert list(wrong_lines(PAGE, ROOT / "companion")) == []


def test_a_name_that_the_companions_page_lacks_is_found(tmp_path):
    (tmp_path / "crossed.py").write_text("def CrossedNormal(): ...\ndef _inner(): ...\n")
    (tmp_path / "plotting2.py").touch()
    line = "| `crossed` | {} |\n"
    complaints = list(wrong_lines(line.format("`CrossedNormal`"), tmp_path))
    assert complaints == ["book/companion.md: no line for `plotting2`"]
    (tmp_path / "plotting2.py").unlink()
    assert list(wrong_lines(line.format("rows and columns"), tmp_path)) == [
        "book/companion.md: `CrossedNormal` is not in the line of `crossed`"
    ]
    assert list(wrong_lines(line.format("") + "`crossed.CrossedNormal`", tmp_path)) == []
    assert list(wrong_lines(line.format("`CrossedNormal`, `Crosed`"), tmp_path)) == [
        "book/companion.md: `crossed` has no public `Crosed`"
    ]


def test_the_instructors_table_of_times_is_counted():
    page = counts.PAGE.read_text(encoding="utf-8")
    assert page == counts.written(page), "`make counts` writes the table"


def test_a_changed_chapter_changes_the_table(tmp_path):
    shutil.copy(ROOT / "book" / "01_mixtures.ipynb", tmp_path)
    (before,) = counts.rows(tmp_path)
    notebook = copy.deepcopy(CHAPTERS["01_mixtures"])
    add_prose("two words")(notebook)
    first_code(notebook)["source"] = ["x = 1\n", "\n", "y = 2"]
    (tmp_path / "01_mixtures.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    (after,) = counts.rows(tmp_path)
    assert after != before
    code = sum(len(lines(cell)) for cell in code_cells(notebook))
    assert after.startswith(f"| 01_mixtures | {len(prose(notebook).split())} | {code} | ")
    assert counts.written(f"a\n{before}\nb\n", tmp_path) == f"a\n{after}\nb\n"
    with pytest.raises(ValueError, match="one table"):
        counts.written("no table", tmp_path)


def test_the_instructors_page_names_every_place_that_names_the_owner():
    page = (ROOT / "book" / "instructors.md").read_text(encoding="utf-8")
    folders = [ROOT, ROOT / "book", ROOT / "companion", ROOT / ".github" / "workflows"]
    files = [path for folder in folders for path in folder.iterdir() if path.is_file()]
    owner = "The authors of What the Data Hide"
    found = {p.name for p in files if owner in p.read_text(encoding="utf-8", errors="ignore")}
    assert len(found) >= 5
    assert not [name for name in found - {"instructors.md"} if f"`{name}`" not in page]
