"""The rules of a chapter that can be checked, each proved by a chapter that breaks it."""

import ast
import copy
import itertools
import json
import re
import sys

import pytest
from conftest import ROOT, chapters, pages

TAGS = {"hide-input", "hide-cell"}
IMPORTS = {"numpy", "scipy", "pandas", "matplotlib", "companion", "daft"}
ROLE = re.compile(r"^:::|^```\{|\{(?:eq|cite|ref|numref|doc|glue|math)[^}]*\}`", re.MULTILINE)
CHAPTERS = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in chapters()}


def text(cell):
    return "".join(cell["source"])


def code_cells(notebook):
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def prose(notebook):
    return "\n\n".join(text(c) for c in notebook["cells"] if c["cell_type"] == "markdown")


def tags(cell):
    return set(cell["metadata"].get("tags", []))


def lines(cell):
    return [line for line in text(cell).splitlines() if line.strip()]


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
    """Rules of length, with a little room on both sides."""
    words = len(re.findall(r"\w+", prose(notebook)))
    total = sum(len(lines(cell)) for cell in code_cells(notebook))
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
                modules = [node.module]
            else:
                continue
            roots = {m.split(".")[0] for m in modules}
            assert roots <= IMPORTS | sys.stdlib_module_names, modules


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


def numbers_equations_once(notebook):
    found = re.findall(r"\\tag\{([^}]*)\}", prose(notebook))
    assert found, "no numbered equation"
    assert len(found) == len(set(found)), "an equation number occurs twice"
    cited = set(
        re.findall(
            r"(?<![\w.])\((\d+\.\d+)\)", re.sub(r"\$\$.*?\$\$", "", prose(notebook), flags=re.S)
        )
    )
    own = {tag.split(".")[0] for tag in found}
    assert {c for c in cited if c.split(".")[0] in own} <= set(found), (
        "an equation that is not there"
    )


def has_exercises_with_solutions(notebook):
    numbers = [int(n) for n in re.findall(r"^\*\*Exercise (\d+) \(", prose(notebook), re.MULTILINE)]
    assert numbers == list(range(1, len(numbers) + 1))
    assert 4 <= len(numbers) <= 6
    assert prose(notebook).count("<details>") == prose(notebook).count("</details>") == len(numbers)
    assert prose(notebook).count("<summary>Solution</summary>") == len(numbers)


RULES = [
    is_clean,
    has_known_tags,
    opens_well,
    is_plain_markdown,
    has_right_size,
    imports_little,
    hides_nothing_needed,
    describes_figures,
    numbers_equations_once,
    has_exercises_with_solutions,
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("name", CHAPTERS)
def test_chapter(name, rule):
    rule(CHAPTERS[name])


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
    "tag twice": (numbers_equations_once, add_prose(r"$$x \tag{1.2}$$")),
    "missing equation": (numbers_equations_once, add_prose("by (1.99)")),
    "no solution": (has_exercises_with_solutions, add_prose("**Exercise 6 (more).** Do.")),
}


@pytest.mark.parametrize("name", BREAKS)
def test_rule_can_fail(name):
    rule, damage = BREAKS[name]
    notebook = copy.deepcopy(CHAPTERS["01_mixtures"])
    rule(notebook)
    damage(notebook)
    with pytest.raises(AssertionError):
        rule(notebook)


# ------------------------------------------------------------------------- the book


def test_toc_names_every_page():
    files = {
        p.relative_to(ROOT).with_suffix("").as_posix() for p in (ROOT / "book").glob("*.[im][pd]*")
    }
    assert files == set(pages())
    assert len(pages()) == len(set(pages()))


def test_equation_numbers_are_unique_in_the_book():
    found = [tag for nb in CHAPTERS.values() for tag in re.findall(r"\\tag\{([^}]*)\}", prose(nb))]
    assert len(found) == len(set(found))


def test_equation_numbers_begin_with_the_chapter():
    for name, notebook in CHAPTERS.items():
        for tag in re.findall(r"\\tag\{([^}]*)\}", prose(notebook)):
            assert tag.startswith(f"{int(name[:2])}."), (name, tag)


def times():
    """Return the rows of the instructors' table of times, counted from the chapters."""
    for name, notebook in CHAPTERS.items():
        words = len(prose(notebook).split())
        code = sum(len(lines(cell)) for cell in code_cells(notebook))
        exercises = len(re.findall(r"\*\*Exercise \d", prose(notebook)))
        hours = (words / 100 + 20 * exercises) / 60
        yield f"| {name} | {words} | {code} | {exercises} | {hours:.1f} |"


def test_the_instructors_table_of_times_is_counted():
    page = (ROOT / "book" / "instructors.md").read_text(encoding="utf-8")
    assert [row for row in page.split("\n") if re.match(r"\| \d\d_", row)] == list(times())


def test_the_instructors_page_names_every_place_that_names_the_owner():
    page = (ROOT / "book" / "instructors.md").read_text(encoding="utf-8")
    folders = [ROOT, ROOT / "book", ROOT / "companion", ROOT / ".github" / "workflows"]
    files = [path for folder in folders for path in folder.iterdir() if path.is_file()]
    owner = "The authors of What the Data Hide"
    found = {p.name for p in files if owner in p.read_text(encoding="utf-8", errors="ignore")}
    assert len(found) >= 5
    assert not [name for name in found - {"instructors.md"} if f"`{name}`" not in page]
