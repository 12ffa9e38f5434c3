"""Which words of a text mention a formula, a figure, a chapter of the book.

The notebooks hold plain text: "by (4.2)", "Figures 5.1 and 5.2", "Exercise 3
of Chapter 4". This module finds such mentions in a paragraph and tells them
from those of other books. The rules:

- Ours are written with a capital, "Chapter 7"; a "chapter 7" or "section 5.3"
  is another book's. (Only a homework set is ours in small letters.)
- A formula is a number in parentheses, "(4.2)". One that follows another
  number, as in "25.3 (1.6)", is an error or the like, and so is one with a
  zero before or after the point, "(0.74)", "(2.0)".
- What is mentioned in one breath with a citation, "Bishop (2006), Figure 9.2",
  "BDA3, (2.16)", "Bishop, chapter 9, (9.10)", or "Figure 9.2 of Bishop
  (2006)", belongs to that book.
"""

import re
from dataclasses import dataclass

SPACE = r"[ \u00a0\n]"
THEOREMS = {
    "theorem": "Theorems?",
    "lemma": "Lemmas?",
    "proposition": "Propositions?",
    "corollary": "Corollar(?:y|ies)",
}
# These have the number of their chapter and their own, "4.2".
NUMBERED = {"figure": "Figures?", **THEOREMS}
POINTED = r"[1-9]\d?\.[1-9]\d?(?![\d.]*\d)"
PLAIN = r"[1-9]\d?(?![\d.]*\d)"
JOINT = rf"(?:,{SPACE}and{SPACE}|,{SPACE}|{SPACE}(?:and|or|to){SPACE}|[-–])"


def _words(word, number, lists=True):
    more = rf"(?:{JOINT}{number})*" if lists else ""
    return re.compile(rf"\b{word}{SPACE}(?P<numbers>{number}{more})\b")


PATTERNS = {kind: _words(word, POINTED) for kind, word in NUMBERED.items()}
PATTERNS |= {
    "section": _words("Sections?", r"[1-9]\d?(?:\.\d+)*"),
    "homework": _words("[Hh]omework", PLAIN),
    "part": _words("Parts?", "[IVX]+"),
}
# "Chapter 1, 205 families" is no list; "Chapters 1, 2 and 5" is one.
LISTS = {
    word.lower(): (
        _words(word, PLAIN, lists=False),
        _words(f"{word}s", PLAIN),
    )
    for word in ("Chapter", "Exercise")
}
FORMULA = re.compile(r"(?<![\w%)\]])\((?P<numbers>[1-9]\d?\.[1-9]\d?)\)")
AFTER_NUMBER = re.compile(rf"[\d%]{SPACE}$")
OF_CHAPTER = re.compile(rf"{SPACE}(?:of|in){SPACE}Chapter{SPACE}(?P<chapter>{PLAIN})\b")

NAME = r"[A-ZÀ-Þ][\w'’-]+"
NAMES = rf"{NAME}(?:,?{SPACE}(?:(?:and{SPACE})?{NAME}|et{SPACE}al\.))*"
CITED = (
    rf"(?:{NAMES},?{SPACE}\((?:1[789]|20)\d\d[a-z]?\)"  # Bishop (2006)
    rf"|(?<=\(){NAMES},?{SPACE}(?:1[789]|20)\d\d"  # (Bishop 2006, ...)
    rf"|{NAMES},?{SPACE}\((?:1[789]|20)\d\d(?=,)"  # Bishop (2006, ...)
    r"|\b[A-Z]{2,}\d+\b)"  # BDA3
)
WORDS = "chapter|section|page|table|equation|figure|exercise|theorem"
PLACE = rf"\b(?:(?:{WORDS})s?|pp?\.){SPACE}[\dIVX][\d.]*"
# From the citation to the mention: commas, "and", an edition, other places.
BREATH = (
    rf"(?:[,:]?{SPACE}?(?:and|to|its|in|see|the|{PLACE}|\([A-Z]+\d*\)"
    rf"|[\d.\-–]+|\([\d.]+\)|[a-z]+{SPACE}edition"
    rf"|(?:{WORDS.title()})s?)(?!\w))*[,:]?{SPACE}?"
)
BEFORE = re.compile(rf"(?:{CITED}|{PLACE})(?:'s|’s)?{BREATH}$")
# With the book's title in between.
TITLED = re.compile(rf"{CITED},{SPACE}[A-Z][^.;()]*,{SPACE}$")
AFTER = re.compile(rf"{SPACE}(?:of|in|from|by){SPACE}{CITED}")


@dataclass(frozen=True)
class Mention:
    """From `start` to `end` a text mentions the "formula", say, "4.2"."""

    kind: str
    target: str
    start: int
    end: int


def find(text, chapter=None):
    """Return the mentions in a paragraph (of a chapter), left to right."""
    return [m for m, strange in _all(text, chapter) if not strange]


def strangers(text, chapter=None):
    """Return what looks like a mention and belongs to another book."""
    return [m for m, strange in _all(text, chapter) if strange]


def whole(text, chapter=None):
    """Return the mention that is the whole text, as "Exercise 3", or None."""
    first = next(iter(find(text, chapter)), None)
    if first is None or first.start > 0:
        return None
    rest = text[first.end :]
    if first.kind == "exercise":
        rest = OF_CHAPTER.sub("", rest)
    return None if rest else first


def numbers(text):
    """Return the numbers of a list: 1, 2, 8, 9, 10 of "1, 2 and 8 to 10"."""
    found = []
    for number in re.finditer(r"\d+", text):
        n = int(number[0])
        if found and re.search(r"(?:\bto\b|[-–])\s*$", text[: number.start()]):
            found += range(found[-1] + 1, n)
        found.append(n)
    return found


def chapters(text):
    """Return the chapters that a text mentions, also inside a range."""
    lists = (numbers(match["numbers"]) for match in _lists("chapter", text))
    return sorted(set().union(*lists))


def _lists(kind, text):
    for pattern in LISTS[kind]:
        yield from pattern.finditer(text)


def _all(text, chapter):
    """Return pairs of a mention and whether it belongs to another book."""
    found = []
    for kind, pattern in PATTERNS.items():
        for match in pattern.finditer(text):
            found += _parts(kind, match, text)
    for match in _lists("chapter", text):
        found += _parts("chapter", match, text)
    for match in _lists("exercise", text):
        of = OF_CHAPTER.match(text, match.end())
        home = of["chapter"] if of else chapter
        prefix = f"{home}." if home else ""
        found += _parts("exercise", match, text, prefix=prefix)
    ends = {mention.end for mention, _ in found}  # "Theorem 4.2 (4.5)"
    for match in FORMULA.finditer(text):
        number = AFTER_NUMBER.search(text[: match.start()])
        if not number or match.start() - 1 in ends:
            found += _parts("formula", match, text, end=match.end())
    return sorted(found, key=lambda pair: pair[0].start)


def _parts(kind, match, text, end=None, prefix=""):
    """Split a list into mentions; the first has the word, "Figures 5.1"."""
    before = text[max(0, match.start() - 150) : match.start()]
    strange = bool(BEFORE.search(before) or TITLED.search(before) or AFTER.match(text, match.end()))
    offset = match.start("numbers")
    number = r"[IVX]+" if kind == "part" else r"\d+(?:\.\d+)*"
    for i, part in enumerate(re.finditer(number, match["numbers"])):
        first = match.start() if i == 0 else offset + part.start()
        last = end or offset + part.end()
        yield Mention(kind, prefix + part[0], first, last), strange
