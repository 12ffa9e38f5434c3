"""The guard of the book: its rules, each proved by a chapter that breaks it, and the chapters.

The recogniser of numbers has its own tests in `test_numerals.py`.
"""

import copy
import json
import re
import sys
from collections import Counter

import pytest
from conftest import ROOT, chapters

sys.path.insert(0, str(ROOT / "book"))

import asserts
import claims
import numerals

CHAPTERS = {path.stem: json.loads(path.read_text(encoding="utf-8"))["cells"] for path in chapters()}
GLOSSARY = (ROOT / "book" / "glossary.md").read_text(encoding="utf-8")
NOTATION = (ROOT / "book" / "notation.md").read_text(encoding="utf-8")


# ------------------------------------------------------------------------- the book


@pytest.mark.parametrize("find", [claims.all_failures, claims.lifeless])
def test_every_claim_has_a_check_that_can_fail(find):
    assert not find()


# --------------------------------------------------- a small chapter, and how it breaks


def text(identity, words):
    return {"cell_type": "markdown", "id": identity, "source": [words]}


def code(identity, lines, printed=""):
    output = {"output_type": "stream", "name": "stdout", "text": [printed]}
    cell = {"cell_type": "code", "id": identity, "source": [lines]}
    return {**cell, "outputs": [output] if printed else []}


CHAPTER = [
    text("a", "# 1. Small\n\nA promise."),
    text("b", "## Heights\n\nHere are 934 heights. A **mixture** fits them."),
    code("c", "assert len(x) == 934\nprint(gain)", "15.84 0.231 41.3%\n"),
    text("d", "The gain is 15.84 nats, and 41 % of the heights are above 68 inches."),
    code("e", "tall = x > 68\nassert abs(rate - 0.64) < 0.005"),
    text("f", "So the rate is only 0.64 <!-- given: 2.4, BDA3 table 5.1 -->, not 2.4."),
    text("g", "**Exercise 1 (more).** All 934 again."),
]


def failures(cells):
    return [(f.cell, f.kind) for f in claims.failures("01", cells, frozenset(), {"mixture"})]


def damaged(cells, identity, old, new):
    cells = copy.deepcopy(cells)
    (cell,) = [cell for cell in cells if cell["id"] == identity]
    whole = json.dumps(cell)
    assert old in whole
    cell.update(json.loads(whole.replace(old, new)))
    return cells


def test_a_sound_chapter_has_no_failures():
    assert failures(CHAPTER) == []


BREAKS = {
    "a digit changed in the prose": ("d", "15.84", "15.94", ("d", "number")),
    "a percentage changed": ("d", "41 %", "43 %", ("d", "number")),
    "a size changed": ("b", "934", "943", ("b", "number")),
    "a number removed from an output": ("c", "15.84", "", ("d", "number")),
    "fewer digits in an output": ("c", "15.84", "15.8", ("d", "number")),
    "a constant of the code changed": ("e", "68", "67", ("d", "number")),
    "a sentence that leans on what is only printed": (
        "d",
        "The gain is 15.84",
        "The gain is larger than 15.84",
        ("d", "unpinned"),
    ),
    "a tolerance wider than the digits": ("e", "0.005", "0.05", ("f", "loose")),
    "a claim that the assert does not hold": ("f", "0.64", "0.66", ("f", "number")),
    "a comment without a source": ("f", ", BDA3 table 5.1", "", ("f", "given")),
    "a comment with a source of blanks": ("f", "BDA3 table 5.1", " . ", ("f", "given")),
    "a comment without a colon": ("f", "given:", "given", ("f", "given")),
    "a comment for another number": ("f", "given: 2.4", "given: 2.5", ("f", "given")),
    "a sum that does not add up": ("d", "The gain", "$3 \\\\cdot 4 = 13$; the gain", ("d", "sum")),
    "a term that the glossary lacks": ("b", "mixture", "blend", ("b", "term")),
    "a tolerance without a name": (
        "e",
        "assert abs",
        "assert np.isclose(a, b, rtol=0)\\nassert abs",
        ("e", "tolerance"),
    ),
}


@pytest.mark.parametrize("name", BREAKS)
def test_rule_can_fail(name):
    identity, old, new, expected = BREAKS[name]
    assert expected in failures(damaged(CHAPTER, identity, old, new))


def test_what_the_code_puts_in_may_come_out_loosely():
    cells = [text("a", "## S\n\nThe mean is 130."), code("b", "m = 130\nassert abs(x - 130) < 2")]
    assert failures(cells) == []
    assert failures(damaged(cells, "b", "m = 130", "m = 131")) == [("a", "loose")]


def test_evidence_is_of_the_same_section():
    moved = [*CHAPTER[:3], *CHAPTER[4:5], text("s", "## Later"), code("t", "pass"), CHAPTER[3]]
    assert {kind for cell, kind in failures(moved) if cell == "d"} == {"number"}


def test_a_section_without_code_repeats_the_chapter():
    recap = [*CHAPTER[:-1], text("s", "## Slips\n\nThe gain was 15.84 nats.")]
    assert failures(recap) == []


@pytest.mark.parametrize(
    "line", ["np.allclose(a, b, rtol=0, atol=1e-12)", "math.isclose(a, b, rel_tol=0, abs_tol=1)"]
)
def test_both_tolerances_named(line):
    assert list(claims.tolerance_failures(code("e", f"assert {line}"))) == []


@pytest.mark.parametrize(
    "line", ["np.allclose(a, b)", "np.isclose(a, b, atol=0)", "assert_allclose(a, b, rtol=1e-7)"]
)
def test_a_tolerance_missing(line):
    assert [kind for _, kind, _ in claims.tolerance_failures(code("e", line))] == ["tolerance"]


@pytest.mark.parametrize(
    ("words", "line", "fine"),
    [
        ("They agree to ten digits.", "assert np.allclose(a, b, rtol=1e-10, atol=0)", True),
        ("They agree to ten digits.", "assert np.allclose(a, b, rtol=1e-8, atol=0)", False),
        ("They agree to ten digits.", "assert np.allclose(a, b, atol=1e-10)", False),
        ("They agree to six decimals.", "assert abs(a - b) < 1e-6", True),
        ("They agree to six decimals.", "assert abs(a - b) < 1e-5", False),
    ],
)
def test_digits_of_agreement(words, line, fine):
    found = [kind for _, kind in failures([text("a", f"## S\n\n{words}"), code("b", line)])]
    assert ("number" in found) is not fine


# What is evidence for "the number is N" and what is not.
EVIDENCE = [
    ("0.64", "", "0.6389\n", True),
    ("0.64", "", "0.6449\n", True),
    ("0.64", "", "0.6451\n", False),
    ("0.64", "", "0.6\n", False),
    ("0.64", "", "63.9%\n", True),
    ("64 %", "", "0.6389\n", True),
    ("64 %", "", "63.9\n", True),
    ("64 %", "", "0.6\n", False),
    ("3 000", "", "3,000\n", True),
    ("3 000", "", "3 000\n", True),
    ("3 000", "", "3001\n", False),
    ("three thousand", "", "3071\n", True),
    ("three thousand", "", "3571\n", False),
    ("482 million", "", "482301550\n", True),
    ("482 million", "", "483301550\n", False),
    ("$-0.05$", "", "-0.0512\n", True),
    ("$-0.05$", "", "0.0512\n", False),
    ("0.05", "", "-0.0512\n", True),
    ("$10^{-3}$", "gain < 1e-3", "", True),
    ("$10^{-3}$", "gain < 1e-4", "", False),
    ("1/5", "Fraction(1, 5)", "", True),
    ("1/5", "p = 1 / 5", "", True),
    ("1/5", "p = [1, 5]", "", False),
    ("about 45", "", "46.9\n", True),
    ("about 45", "", "48.9\n", False),
    ("nearly half", "", "0.46\n", True),
    ("nearly half", "", "0.52\n", False),
    ("more than half", "", "0.554\n", True),
    ("more than half", "", "0.446\n", False),
    ("more than half", "", "0.954\n", False),
    ("half", "scale = 0.5", "", True),
    ("half", "", "0.45\n", False),
    ("17", "x[17]", "", False),
    ("17", "rng = np.random.default_rng(17)", "", False),
    ("17", "ax.plot(x, linewidth=17)", "", False),
    ("17", "np.allclose(x, y, atol=17)", "", False),
    ("17", "ax.set(title='17 draws')", "", True),
    ("17", "n = 17", "", True),
    ("17", "n = -17", "", True),
    ("17", "print('17', x)", "17 4\n", False),
    ("17", "print(f'{x} of 17')", "4 of 17\n", False),
    ("7", "y = x / 7", "", False),
    ("7", "y = f(7)", "", True),
    ("7", "y = x**7", "", False),
]


@pytest.mark.parametrize(("words", "line", "printed", "fine"), EVIDENCE)
def test_evidence(words, line, printed, fine):
    cells = [text("a", f"## S\n\nThe number is {words}."), code("b", line, printed)]
    assert (("a", "number") not in failures(cells)) is fine


def test_tables_are_evidence_but_not_what_counts_their_rows():
    row = "<tr><th>{}</th><td>{}</td></tr>"
    html = "<table>" + row.format(0, 15.84) + row.format(1, 16.2) + row.format(2, 7.5) + "</table>"
    cell = code("b", "table")
    cell["outputs"] = [{"output_type": "execute_result", "data": {"text/html": [html]}}]
    shown = {value.value for value in claims.Evidence.of([cell]).values}
    assert shown == {15.84, 16.2, 7.5}
    cell["outputs"][0]["data"]["text/html"] = [html.replace("th>2", "th>30")]
    assert 30 in {value.value for value in claims.Evidence.of([cell]).values}


@pytest.mark.parametrize(
    ("line", "fine"),
    [
        ("assert 15.8 < gain < 15.9", True),
        ("assert 15.9 > gain > 15.8", True),
        ("assert 10 < gain < 20", False),
        ("assert gain > 15", False),
        ("assert round(gain, 1) == 15.8", True),
        ("assert round(gain) == 16", False),
        ("assert np.isclose(gain, 15.84, rtol=0, atol=0.01)", True),
        ("assert np.allclose(gains, [15.84, 3], rtol=0, atol=0.01)", True),
        ("assert abs(gain - 15.84) < 0.01", True),
    ],
)
def test_what_pins_a_number(line, fine):
    cells = [text("a", "## S\n\nSo it gains 15.8 nats."), code("b", line, "15.84\n")]
    assert (failures(cells) == []) is fine


# -------------------------------------------------------------- asserts that cannot fail


def survivors(*lines):
    cells = [code("a", "import numpy as np\nrng = np.random.default_rng(0)\nx = 0.64\ny = 3\n")]
    return [name for _, name in asserts.run([*cells, *[code("b", line) for line in lines]])]


ALIVE = [
    "assert 0.6 < x < 0.65",
    "assert round(x, 2) == 0.64",
    "assert abs(x - 0.64) < 0.005",
    "assert np.isclose(x, 0.64, rtol=0, atol=1e-3)",
    "assert np.isclose(x, y - 2.36, rtol=0, atol=1e-12)",
    "assert np.allclose([x, y], [0.64, 3], rtol=1e-9, atol=0)",
    "assert np.allclose(x - 0.64, 0, rtol=0, atol=1e-9)",
    "assert abs(x - x) < 1e-12",
    "assert y == 3 and x < 0.7",
    "assert [True] * y == [True] * 3",
    "assert y > x",
    "assert not y < x",
    "assert (np.array([x, y]) > 0.6).all()",
    "assert 'a' in 'abc' + str(x)",
    "assert rng.uniform() < 0.637 * 1.05",
    "for k in range(3):\n    assert k < 2.05",
    "def f(z):\n    assert z < 3.1\nf(y)",
]
LIFELESS = [
    ("assert x > 0.3", "x > 0.3"),
    ("assert 0.2 < x < 0.65", "0.2 < x"),
    ("assert x > 0.3 or True", "x > 0.3"),
    ("assert True", "True"),
    ("assert abs(x - 0.7) < 0.5", "abs(x - 0.7) < 0.5"),
    ("assert np.isclose(x, 0.64, rtol=0, atol=1)", "np.isclose(x, 0.64, rtol=0, atol=1)"),
    ("assert np.isclose(x, y, rtol=0, atol=5)", "np.isclose(x, y, rtol=0, atol=5)"),
    ("assert abs(x - y) < 5", "abs(x - y) < 5"),
    ("it = iter([0.64, 9, 9])\nassert next(it) < 0.65", "next(it) < 0.65"),
]


@pytest.mark.parametrize("line", ALIVE)
def test_an_assert_that_can_fail(line):
    assert survivors(line) == []


@pytest.mark.parametrize(("line", "name"), LIFELESS)
def test_an_assert_that_cannot(line, name):
    assert survivors(line) == [name]


def test_a_star_that_hides_what_is_compared_is_named():
    with pytest.raises(ValueError, match=r"np.isclose\(\*two, rtol=0.3, atol=0\): a star hides"):
        survivors("two = 1.0, 1.1\nassert np.isclose(*two, rtol=0.3, atol=0)")


def test_mutants_leave_the_random_numbers_alone():
    line = "assert rng.uniform() < 0.637 * 1.05\nassert round(rng.uniform(), 4) == 0.2698"
    assert survivors(line) == []


# ------------------------------------------------------------------------- the glossary


def words_of(page, anchor):
    """Return the text of a section of a chapter, by its anchor."""
    whole = "\n\n".join(claims.source(c) for c in CHAPTERS[page] if c["cell_type"] == "markdown")
    parts = re.split(r"^(##+ .+)$", whole, flags=re.MULTILINE)
    found = {}
    for head, body in zip(parts[1::2], parts[2::2], strict=True):
        title = re.sub(r"[^\w\s-]", "", re.sub(r"[*_`$]", "", head.lstrip("# ").lower()))
        found[re.sub(r"\s", "-", title.strip())] = head + body
    return found[anchor]


ENTRIES = claims.glossary(GLOSSARY)


def test_every_line_of_the_glossary_is_an_entry():
    assert len(ENTRIES) == len(re.findall(r"^- ", GLOSSARY, re.MULTILINE)) > 50


def test_the_glossary_is_in_order_and_each_name_stands_once():
    terms = [entry.term.lower().replace("ó", "o") for entry in ENTRIES]
    assert terms == sorted(terms)
    every = [claims.normal(n) for e in ENTRIES for n in {e.term, *e.names}]
    assert [name for name, times in Counter(every).items() if times > 1] == []


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.term)
def test_a_glossary_entry_is_used_where_it_points(entry):
    assert entry.links
    names = [claims.normal(name) for name in (entry.term, *entry.names)]
    for link in entry.links:
        page, anchor = link.split("#")
        words = claims.normal(words_of(page.removesuffix(".ipynb"), anchor))
        assert any(name in words for name in names), link


# ------------------------------------------------------------------------- the notation


def letters(formulas):
    """Return the letters of formulas, without words and commands."""
    plain = re.sub(r"\\(?:text|mathrm|operatorname|tag|begin|end)\*?\{[^}]*\}", " ", formulas)
    greek = set(re.findall(r"\\((?:var)?[A-Za-z]?[a-z]+)(?![a-z])", plain))
    return greek | set(re.findall(r"(?<![A-Za-z\\])[A-Za-z](?![A-Za-z])", plain))


def formulas(page):
    cells = [claims.source(c) for c in CHAPTERS[page] if c["cell_type"] == "markdown"]
    found = [m["display"] or m["inline"] for c in cells for m in numerals.FORMULA.finditer(c)]
    return "\n".join(found)


GREEK = """alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma
tau phi chi psi omega Gamma Delta Theta Lambda Sigma Phi Psi Omega""".split()
SEVERAL = NOTATION.split("## Letters that serve more than once")[1]


def several():
    """Yield letter and chapters of each meaning of the letters that serve more than once."""
    for letter, meanings in re.findall(r"^\| \$\\?(\w+)\$ \| (.+) \|$", SEVERAL, re.MULTILINE):
        chapters_named = set()
        for first, separator, last in re.findall(
            r"Chapters? (\d+)(?:(?:, \d+)* (to|and) (\d+))?", meanings
        ):
            numbers = range(int(first), int(last or first) + 1) if separator == "to" else []
            chapters_named |= {int(first), *numbers, int(last or first)}
        yield letter, meanings, chapters_named


def test_the_letters_that_serve_more_than_once_do():
    rows = list(several())
    assert len(rows) > 15
    for letter, meanings, named in rows:
        assert len(named) >= 1
        assert re.search(r"[;,] ", meanings), letter
        for number in named:
            (page,) = [page for page in CHAPTERS if page.startswith(f"{number:02d}_")]
            assert letter in letters(formulas(page)), (letter, page)


def test_every_greek_letter_is_on_the_page_of_notation():
    known = letters(NOTATION)
    for page in CHAPTERS:
        assert letters(formulas(page)) & set(GREEK) <= known, page


def test_a_symbol_that_stands_twice_in_the_tables_is_said_to():
    tables = NOTATION.split("## Letters that serve more than once")[0]
    cells = re.findall(r"^\| ([^|]*\$[^|]*) \|", tables, re.MULTILINE)
    symbols = Counter(symbol for cell in cells for symbol in re.findall(r"\$([^$]+)\$", cell))
    twice = {re.sub(r"\W", "", symbol) for symbol, times in symbols.items() if times > 1}
    assert twice <= {letter for letter, _, _ in several()}
