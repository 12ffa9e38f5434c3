"""The guard of the book: every claim of a chapter has a check that can fail.

`make claims` runs all of it; `tests/test_claims.py` runs what needs no second
execution. What is a failure, by kind:

- *number*: a number of the prose (see `numerals`) that is found, to its own
  rounding, in no output, assert or code of its section, and is not declared as
  given, with its source, in the same cell: `<!-- given: 2.4; 14.3, BDA3
  section 5.3 -->`.
  A whole number from thirteen on that an assert of the chapter holds exactly,
  or that the chapter declares as given, is known in all of it: `assert len(x)
  == 934` once, and "the 934 children" ever after.
- *unpinned*: a number that is only printed, in a sentence that leans on it (it
  compares or concludes: than, so, because, only, times, ...). An assert of the
  section must hold it: an equality, or bounds as narrow as its digits.
- *sum*: a formula of numbers alone that does not add up.
- *given*: a comment without a number or a source, or that declares a
  number which its cell does not contain.
- *tolerance*: `allclose`, `isclose` or `assert_allclose` without both its
  tolerances (0 where none is meant).
- *loose*: an assert that holds a number of the prose, with a tolerance wider
  than half a unit of the number's last digit (but for what the code puts in).
- *term*: a bold term that is not in the glossary.
- *assert*: an assert that cannot fail (see `asserts`; only in `make claims`).

A section is a heading of the second level with all that follows; each exercise
is a section of its own. A section without code (the opening, the slips of the
lectures) repeats what others have shown, so the whole chapter is its evidence.

What counts as evidence is told in `evidence`. An output must show as many
digits as the prose claims. Percent and fraction are the same number; a number
without a sign may be printed as a loss.
"""

import ast
import json
import math
import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

import asserts
import numerals
from evidence import CLOSE, Cell, Evidence, Pin, Value, name_of, source
from numerals import Number

ROOT = Path(__file__).resolve().parents[1]


class Failure(NamedTuple):
    """What is wrong, and where."""

    chapter: str
    cell: str
    kind: str
    text: str


# ------------------------------------------------------------------ reading


@dataclass
class Section:
    """Cells that belong together."""

    title: str
    cells: list[Cell] = field(default_factory=list)

    @property
    def code(self) -> list[Cell]:
        """The cells with code."""
        return [cell for cell in self.cells if cell["cell_type"] == "code"]

    @property
    def prose(self) -> list[Cell]:
        """The cells with text."""
        return [cell for cell in self.cells if cell["cell_type"] == "markdown"]


def sections(cells: list[Cell]) -> list[Section]:
    """Return the sections of a chapter; each exercise is one."""
    found = [Section("opening")]
    for cell in cells:
        if cell["cell_type"] == "markdown":
            start = re.match(r"## (.+)|\*\*(Exercise \d+)", source(cell))
            if start:
                found.append(Section(start[1] or start[2]))
        found[-1].cells.append(cell)
    return found


def chapters() -> list[Path]:
    """Return the notebooks of the book."""
    return sorted((ROOT / "book").glob("[0-9][0-9]_*.ipynb"))


def executed(path: Path) -> list[Cell]:
    """Return the cells of a chapter, with the outputs that execute.py kept."""
    import nbformat
    from jupyter_cache import get_cache

    cache = get_cache(str(ROOT / "_build" / ".jupyter_cache"))
    notebook = nbformat.read(path, nbformat.NO_CONVERT)
    try:
        record = cache.match_cache_notebook(notebook)
        ran = cache.get_cache_bundle(record.pk).nb
    except KeyError:
        raise FileNotFoundError(
            f"no outputs of {path.name}: run `python book/execute.py` first"
        ) from None
    finally:
        cache.db.dispose()  # an open database is a warning
    kept = [cell for cell in ran.cells if cell["cell_type"] == "code"]
    cells = json.loads(json.dumps(notebook))["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    for cell, done in zip(code, kept, strict=True):
        cell["outputs"] = json.loads(json.dumps(done["outputs"]))
    return list(cells)


def tags(texts: list[str]) -> frozenset[str]:
    """Return the numbers of the equations."""
    return frozenset(
        tag for text in texts for tag in re.findall(r"\\tag\{([^}]*)\}", text)
    )


# ----------------------------------------------------------------- matching


def near(number: Number, value: float) -> bool:
    """Whether a value is the number, to the number's rounding or bound."""
    if not number.signed and value < 0 < number.value:
        value = -value
    room = number.half * (1 + 1e-9) + 1e-12 * abs(number.value)
    if number.bound == "-":
        return number.value - room <= value <= number.value * (1 + 1e-9)
    if abs(value - number.value) <= room:
        return True
    if number.bound == ">":
        return number.value < value <= 1.25 * number.value
    if number.bound == "<":
        return 0.75 * number.value <= value < number.value
    return False


def shows(number: Number, value: Value) -> bool:
    """Whether a value is evidence for a number of the prose."""
    in_code = value.where == "code"
    if value.small or (number.kind == "factor" and in_code):
        return False
    whole = float(value.value).is_integer()
    if number.kind == "fraction" and number.words and in_code and whole:
        return False
    scales = (1.0, 0.01) if number.percent and not value.percent else (1.0,)
    return any(
        near(number, value.value * scale)
        and (number.words or value.half * scale <= number.half * (1 + 1e-9))
        for scale in scales
    )


def scaled(number: Number) -> list[Number]:
    """Return a number, and as 95 what is written as 95 %."""
    if not number.percent:
        return [number]
    value, half = 100 * number.value, 100 * number.half
    return [number, replace(number, value=value, half=half)]


def held(number: Number, pin: Pin) -> bool:
    """Whether an assert holds a number as exactly as it is written."""
    return any(
        (
            pin.low <= n.value <= pin.high
            or (pin.center and near(n, pin.center))
        )
        and pin.high - pin.low <= 2 * n.half * (1 + 1e-6) + 1e-12
        for n in scaled(number)
    )


def loosely(number: Number, pin: Pin) -> bool:
    """Whether an assert names a number, with more room than its last digit."""
    return any(
        pin.center is not None
        and abs(pin.center - n.value) <= n.half * (1 + 1e-6)
        and pin.high - pin.center > n.half * (1 + 1e-6) + 1e-12
        for n in scaled(number)
    )


LEANS = re.compile(
    r"\b(?:so|hence|therefore|thus|because|since|than|only|enough|times|twice|too"
    r"|factor|never|always|means|says|shows?|almost|nearly|agrees?|better|worse"
    r"|larger|smaller|higher|lower|wider|narrower|faster|slower)\b",
    re.I,
)


STOP = re.compile(
    r"[.!?:;][)*\"']*\s+(?=[A-Z*(\"$])|\n\s*\n|^\s*[-|>]", re.MULTILINE
)


def sentence(text: str, place: int) -> str:
    """Return the sentence of a text around a place."""
    ends = [0, *(match.end() for match in STOP.finditer(text)), len(text)]
    start = max(end for end in ends if end <= place)
    stop = min((end for end in ends if end > place), default=len(text))
    return " ".join(text[start:stop].split())


def excerpt(text: str, number: Number) -> str:
    """Return a number with a few words about it: the text of an entry."""
    start = max(0, number.start - 40)
    around = " ".join(
        text[start : number.start + len(number.text) + 25].split()
    )
    return f"{' '.join(number.text.split())} | {around}"


# -------------------------------------------------------------------- rules


class Given(NamedTuple):
    """Numbers that a comment declares, with their source."""

    numbers: list[Number]
    comment: str
    sound: bool


def givens(text: str) -> list[Given]:
    """Return what the comments of a cell declare."""
    found = []
    for comment in numerals.COMMENT.findall(text):
        words = " ".join(comment.split())
        if not re.match(r"given\b", words, re.I):
            continue
        match = re.fullmatch(r"given:\s*(.*?),\s+(.*)", words)
        declared = []
        if match:
            for item in match[1].split(";"):
                declared += [n for n, _ in numerals.in_text(item)]
        sound = bool(
            match and declared and re.search(r"[A-Za-z]{3}", match[2])
        )
        found.append(Given(declared, words, sound))
    return found


def same(number: Number, other: Number) -> bool:
    """Whether a number of the prose is one that a comment declares."""
    exact = math.isclose(number.half, other.half) or number.half > other.half
    return math.isclose(number.value, other.value) and (exact or number.words)


def number_failures(
    section: Section, evidence: Evidence, equations: frozenset[str]
) -> Iterator[tuple[str, str, str]]:
    """Yield cell, kind and text of each fault of a number in a section."""
    for cell in section.prose:
        text = source(cell)
        claims = numerals.numbers(text, equations)
        declared = givens(text)
        for given in declared:
            used = [any(same(c, n) for c in claims) for n in given.numbers]
            if not given.sound or not all(used):
                yield cell["id"], "given", given.comment
        for formula in numerals.wrong_sums(text):
            yield cell["id"], "sum", formula
        known = [n for given in declared if given.sound for n in given.numbers]
        for number in claims:
            if any(same(number, other) for other in known):
                continue
            kind = judge(number, evidence, sentence(text, number.start))
            if kind:
                yield cell["id"], kind, excerpt(text, number)


def judge(number: Number, evidence: Evidence, words: str) -> str:
    """Return what is wrong with a number: a kind of failure, or nothing."""
    if number.kind == "whole" and number.value in evidence.sizes:
        return ""
    if number.kind == "digits":
        fine = any(room <= 10.0**-number.value for room in evidence.agreements)
        return "" if fine else "number"
    pinned = number.verified or any(held(number, pin) for pin in evidence.pins)
    places = {value.where for value in evidence.values if shows(number, value)}
    loose = any(loosely(number, pin) for pin in evidence.pins)
    if loose and not pinned and "code" not in places:
        return "loose"
    if not pinned and not places:
        return "number"
    if not pinned and places == {"output"} and LEANS.search(words):
        return "unpinned"
    return ""


def tolerance_failures(cell: Cell) -> Iterator[tuple[str, str, str]]:
    """Yield the comparisons of a cell that do not name both tolerances."""
    for node in ast.walk(ast.parse(source(cell))):
        if isinstance(node, ast.Call) and name_of(node) in CLOSE:
            names = {k.arg for k in node.keywords}
            if not (
                {"rtol", "atol"} <= names or {"rel_tol", "abs_tol"} <= names
            ):
                yield cell["id"], "tolerance", ast.unparse(node)


BOLD = re.compile(r"(?<!\*)\*\*(?!\*)([^*\n]+?)\*\*(?!\*)")


def bold_terms(cells: list[Cell]) -> Iterator[tuple[str, str]]:
    """Yield cell and text of the terms that a chapter sets in bold.

    Not terms: the heads of the opening, of theorems, exercises and paragraphs
    (they end in a stop or a colon), and what holds a formula or quotes.
    """
    for cell in cells[1:]:
        if cell["cell_type"] != "markdown":
            continue
        for match in BOLD.finditer(source(cell)):
            text = " ".join(match[1].split())
            if text[-1] in ".:?!" or re.search(r"[$\"`]", text):
                continue
            if re.match(r"(?:Exercise|Theorem|Figure) \d", text):
                continue
            yield cell["id"], text


class Entry(NamedTuple):
    """A term of the glossary."""

    term: str
    sentence: str
    names: list[str]  # that it goes by elsewhere
    links: list[str]  # to sections


ENTRY = re.compile(
    r"- \*\*(?P<term>.+?)\*\*: (?P<sentence>.+?)"
    r"(?: \*Also:\* (?P<names>[^\[]+)\.)? (?P<links>\[.+\]\(.+\))\."
)


def glossary(text: str) -> list[Entry]:
    """Return the entries of the glossary page."""
    found = []
    for match in filter(None, map(ENTRY.fullmatch, text.splitlines())):
        names = [name.strip() for name in (match["names"] or "").split(",")]
        links = re.findall(r"\]\(([^)\s]+)\)", match["links"])
        names = list(filter(None, names))
        found.append(Entry(match["term"], match["sentence"], names, links))
    return found


def normal(term: str) -> str:
    """Return a term without capitals and plural."""
    words = " ".join(re.sub(r"[*_$\\]", "", term).lower().split())
    return (
        re.sub(r"(?<=[a-z]{3})s\b", "", words)
        .replace("'", "’")
        .replace("’s", "’")
    )


def names(entries: list[Entry]) -> set[str]:
    """Return all names of the glossary."""
    return {
        normal(name)
        for entry in entries
        for name in [entry.term, *entry.names]
    }


def failures(
    chapter: str, cells: list[Cell], equations: frozenset[str], terms: set[str]
) -> list[Failure]:
    """Return what is wrong with a chapter, but for asserts that live on."""
    found: list[tuple[str, str, str]] = []
    whole = Evidence.of(cells)
    sizes = {pin.low for pin in whole.pins if pin.low == pin.high}
    for cell in cells:
        if cell["cell_type"] == "code":
            found += tolerance_failures(cell)
        else:
            sound = [given for given in givens(source(cell)) if given.sound]
            sizes |= {n.value for given in sound for n in given.numbers}
    whole.sizes = {size for size in sizes if size >= 13 and size.is_integer()}
    for part in sections(cells):
        own = Evidence.of(part.cells)
        own.sizes = whole.sizes
        recaps = not part.code or part.title == "opening"
        found += number_failures(part, whole if recaps else own, equations)
    for identity, term in bold_terms(cells):
        if normal(term) not in terms:
            found.append((identity, "term", term))
    return sorted(Failure(chapter, *failure) for failure in found)


def all_failures() -> Counter[Failure]:
    """Return the failures of all chapters, but for asserts that live on."""
    book = {path.stem: executed(path) for path in chapters()}
    texts = [source(c) for cells in book.values() for c in cells]
    page = (ROOT / "book" / "glossary.md").read_text(encoding="utf-8")
    terms, equations = names(glossary(page)), tags(texts)
    return Counter(
        failure
        for chapter, cells in book.items()
        for failure in failures(chapter, cells, equations, terms)
    )


def lifeless() -> Counter[Failure]:
    """Return the asserts of all chapters that cannot fail."""
    return Counter(
        Failure(chapter, cell, "assert", text)
        for chapter, cell, text in asserts.survivors(chapters())
    )


def main() -> int:
    """Print every failure; the exit code says whether there is one."""
    found = all_failures() + lifeless()
    for entry in sorted(found.elements()):
        print(*entry, sep="\t")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
