r"""The numbers of a text: a small grammar for the prose of the chapters.

What is a claim, in plain language:

- *Digits.* Every number in digits is a claim: 934, 2 000, 95 %, 0.23,
  482 million, 1/5. Not claims are 0 and 1 without a unit (they say none, one,
  impossible, certain), and digits that name something: chapters, sections,
  figures, tables, equations, theorems, exercises, parts, pages, slides,
  lectures, years (1984, 1880s, 1985-89), ordinals (71st), the numbers of a
  list, and names (AM207, BDA3, ML-2).
- *Words.* From thirteen on a number in words is a claim (seventy, a hundred,
  three thousand, half a million). Up to twelve it mostly counts the parts of
  a story (two components, three lines, twelve urns), so it is a claim only
  where it carries a quantity: before a unit (three nats, nine per cent, five
  times, ten digits), after a hedge, a bound or "factor of" (about six, more
  than two, fewer than five), and as a ratio (one in ten, three to one). Steps,
  passes, days, years, points and standard errors are parts of the story up to
  four ("two EM steps"), but for "by two", "at two", "two ... apart"; and "the
  two", "these three" point at what was counted.
- *Fractions.* Half, a third, two thirds, a quarter, a tenth, two thousandths
  are claims where they measure something ("half of it", "a quarter of a nat",
  "nearly half", "a third less"), not where they name a part ("the first half",
  "half-and-half", "a third way"). "Twice" is one before "as", "the" or "that".
- *Formulas.* A displayed formula claims only its decimal values. A formula in
  a line claims its decimals; the whole of it, if it is nothing but a number
  (`$10^{-3}$`, `$-0.05$`, `$1/2$`); and a number that stands alone on the
  right of an equality (`$n = 25$`, `$= 3/6$`). Other whole numbers in it are
  coefficients, exponents and conditions. A sum of numbers alone is worked out
  (`$20 \cdot 0.15 = 3$`): its right side needs no other evidence in the cell.
- *Code* between backticks is code, unless it is nothing but a number.

How exact a number is: half a unit of its last digit (0.23: 0.005; 934: 0.5;
482 million: half a million). Words are as exact as their last word: seventy
and seventy-one to the unit, three hundred to fifty, three thousand to five
hundred. A fraction in words is good to five per cent of itself. A hedge
(about, some, nearly, almost, roughly, around) widens this to five per cent for
digits and ten for words, and to the last digit that is not zero; "nearly" and
"almost" only downwards. A bound (more than, over, less than, below, at least,
at most, up to) wants a value on its side, no further off than a quarter.
"""

import ast
import itertools
import math
import operator
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

# ------------------------------------------------------- words for numbers

ONES = [
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
TENS = [
    "twenty",
    "thirty",
    "forty",
    "fifty",
    "sixty",
    "seventy",
    "eighty",
    "ninety",
]
WORDS = {word: value for value, word in enumerate(ONES, 1)}
WORDS |= {word: 10 * value for value, word in enumerate(TENS, 2)}
WORDS |= {
    f"{ten}-{one}": WORDS[ten] + WORDS[one] for ten in TENS for one in ONES[:9]
}
MULTIPLES = {"dozen": 12, "hundred": 100, "thousand": 1000}
MULTIPLES |= {"million": 10**6, "billion": 10**9}
FRACTIONS = {"half": 1 / 2, "third": 1 / 3, "quarter": 1 / 4, "fifth": 1 / 5}
FRACTIONS |= {"eighth": 1 / 8, "ninth": 1 / 9, "twelfth": 1 / 12}
FRACTIONS |= {
    f"{word}th": 1 / WORDS[word] for word in ONES[5:] if word[-1] not in "te"
}
FRACTIONS |= {f"{ten[:-1]}ieth": 1 / WORDS[ten] for ten in TENS}
FRACTIONS |= {f"{word}th": 1 / MULTIPLES[word] for word in list(MULTIPLES)[1:]}


def either(words: Iterable[str]) -> str:
    """Return a pattern for any of the words, longest first."""
    return "(?:" + "|".join(sorted(words, key=len, reverse=True)) + ")"


CARDINAL = either(WORDS)
MULTIPLE = either(MULTIPLES)
PART = either(FRACTIONS)
UNIT = either(
    [
        r"nats?",
        r"bits?",
        r"per\s+cent",
        r"percent",
        r"percentage\s+points?",
        r"points?",
        r"standard\s+(?:errors?|deviations?)",
        r"sds?",
        r"times",
        r"inch(?:es)?",
        r"feet",
        r"met(?:re|er)s?",
        r"km",
        r"MB",
        r"GB",
        r"seconds?",
        r"minutes?",
        r"hours?",
        r"days?",
        r"weeks?",
        r"months?",
        r"years?",
        r"digits?",
        r"decimals?",
        r"decimal\s+(?:places|digits)",
        r"places",
        r"orders\s+of\s+magnitude",
        r"iterations?",
        r"steps?",
        r"passes",
        r"votes?",
        r"miles",
        r"degrees",
        r"units?",
    ]
)
STORY = re.compile(
    "step|pass|iteration|day|week|month|year|point|unit|standard", re.I
)
HEDGE = "(?:about|some|nearly|almost|roughly|around|approximately|hardly)"
OVER = (
    r"(?:(?:more|greater|larger|no\s+less|a\s+little\s+more)\s+than|over"
    r"|above|a\s+little\s+over|at\s+least|exceeds)"
)
UNDER = (
    r"(?:(?:less|fewer|smaller|no\s+more|a\s+little\s+less)\s+than|under"
    r"|below|a\s+little\s+under|at\s+most|up\s+to|not\s+even|within)"
)
OUT_OF = re.compile(
    r"(?:\s+\w+)?\s+(?:in|out\s+of)\s+"
    rf"(?:(?P<word>{CARDINAL})|(?:an?\s+|the\s+|one\s+)?(?P<many>{MULTIPLE})"
    r"|(?P<digits>\d{1,3}(?:[\u00a0 ]\d{3})+|\d+))\b",
    re.I,
)

IN_DIGITS = re.compile(
    r"(?<![\w.])(?P<sign>[-−+])?"
    r"(?P<whole>\d{1,3}(?:[,\u00a0\u202f ]\d{3})+(?!\d)|\d+)"
    r"(?P<decimals>\.\d+)?(?:[eE](?P<power>[-+]?\d+))?(?!\w|\.\d)"
    r"(?:\s*/\s*(?P<below>\d+)(?!\w|\.\d))?"
    rf"(?:\s+(?P<many>{MULTIPLE})\b)?"
    r"(?P<percent>\s*%|\s+per\s+cent\b|\s+percent\b)?"
)
IN_WORDS = re.compile(
    r"(?<![\w-])(?:"
    rf"(?P<mixed>{CARDINAL})\s+and\s+a\s+(?P<rest>{PART})\b"
    rf"|(?P<top>half\s+a|{CARDINAL}|an?|the)\s+(?P<many>{MULTIPLE})"
    r"(?:\s+(?P<more>thousand|million))?\b"
    rf"|(?P<count>an?|{CARDINAL})[\s-](?P<part>{PART})s?\b(?!-)"
    r"|(?P<half>half)\b(?!-)"
    rf"|(?P<cardinal>{CARDINAL})\b(?!-)"
    r"|(?P<twice>twice)(?=\s+(?:as|the|that)\b)"
    r")(?P<percent>\s+per\s+cent\b|\s*%)?",
    re.I,
)


@dataclass(frozen=True)
class Number:
    """A number that the text claims."""

    text: str  # as written
    value: float
    half: float  # half a unit of its last digit
    start: int  # where it stands
    bound: str = ""  # ">" (more than), "<" (at most), "-" (nearly)
    signed: bool = False
    percent: bool = False
    words: bool = False
    kind: str = "whole"  # decimal, fraction, factor, digits (of agreement)
    verified: bool = False  # by the arithmetic beside it


def last_digit(decimals: str | None, power: str | None) -> float:
    """Return half a unit of the last digit, after decimals such as ".25"."""
    return 0.5 * 10.0 ** (int(power or 0) - len(decimals or ".") + 1)


def from_digits(match: re.Match[str]) -> Number:
    """Return what a match of IN_DIGITS says."""
    whole = re.sub(r"\D", "", match["whole"])
    value = float(f"{whole}{match['decimals'] or ''}e{match['power'] or 0}")
    half = last_digit(match["decimals"], match["power"])
    kind = "decimal" if match["decimals"] or match["power"] else "whole"
    if match["below"] and float(match["below"]):
        value, kind = value / float(match["below"]), "fraction"
        half = 0.005 * value
    scale = float(MULTIPLES[match["many"].lower()]) if match["many"] else 1.0
    scale = scale / 100 if match["percent"] else scale
    return Number(
        match[0].strip(),
        value * scale * (-1 if match["sign"] in ("-", "−") else 1),
        half * scale,
        match.start(),
        signed=match["sign"] in ("-", "−"),
        percent=bool(match["percent"]),
        kind=kind,
    )


def amount(word: str) -> float:
    """Return the value of "a", "half a", "seventy"."""
    word = " ".join(word.lower().split())
    return 0.5 if word == "half a" else float(WORDS.get(word, 1))


def from_words(match: re.Match[str]) -> Number:
    """Return what a match of IN_WORDS says."""
    kind, half = "whole", 0.5
    if match["mixed"]:
        value = amount(match["mixed"]) + FRACTIONS[match["rest"].lower()]
        half, kind = 0.25, "decimal"
    elif match["top"]:
        many = MULTIPLES[match["many"].lower()]
        many *= MULTIPLES[match["more"].lower()] if match["more"] else 1
        value = amount(match["top"]) * many
        if many > 12:
            half = (0.05 if value < many else 0.5) * many  # half a million
    elif match["part"] or match["half"]:
        part = FRACTIONS[(match["part"] or "half").lower()]
        value, kind = amount(match["count"] or "a") * part, "fraction"
        half = 0.05 * value
    elif match["twice"]:
        value, half, kind = 2.0, 0.1, "factor"
    else:
        value = amount(match["cardinal"])
    scale = 0.01 if match["percent"] else 1
    return Number(
        match[0].strip(),
        value * scale,
        half * scale,
        match.start(),
        percent=bool(match["percent"]),
        words=True,
        kind=kind,
    )


# ------------------------------------------------------ what is not a claim

REFERENCE = (
    r"(?:[Cc]hapters?|[Ss]ections?|[Ff]igures?|Figs?\.|[Tt]ables?|[Tt]heorems?"
    r"|[Ll]emmas?|[Ee]quations?|Eqs?\.|[Ee]xercises?|[Pp]arts?|[Pp]ages?|pp?\."
    r"|[Vv]olumes?|[Vv]ol\.|[Ss]lides?|[Ll]ectures?|[Vv]ersions?|[Pp]roblems?"
    r"|[Hh]omework|[Aa]lgorithms?)"
)
MONTH = either(
    [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ]
)
YEAR = r"(?:1[6-9]|20)\d\d"
LABEL = r"(?:\d+(?:\.\d+)*[a-z]?)"
BEFORE_A_YEAR = (
    r"(?:(?<=\()|(?<=[;,] )|[—–]\s*|(?<=\w\.\s)|\bal\.,?\s+\(?"
    r"|\b(?:in|In|of|since|Since|until|till|by|By|from|From|to|before|after"
    rf"|and|between|early|late|the|during|for|{MONTH})\s+"
    r"|\b[A-Z][\w'’-]+\s+\(?)"
)
NOT_CLAIMS = [
    re.compile(
        rf"\b{REFERENCE}\s+{LABEL}"
        rf"(?:\s*(?:,|,?\s+and|to|or|-|–)\s*{LABEL}(?![\w%]))*"
    ),
    re.compile(rf"\b\d{{1,2}}\s+{MONTH}(?:\s+{YEAR})?"),
    re.compile(rf"\b{MONTH}\s+\d{{1,2}}\b(?:,\s+{YEAR})?"),
    re.compile(r"\b\d+(?:st|nd|rd|th)\b"),
    re.compile(rf"\b{YEAR}s\b"),
    re.compile(rf"\b{YEAR}\s?[-–]\s?(?:\d\d|{YEAR})\b"),
    # A year; but "2000 samples" is a number.
    re.compile(
        rf"{BEFORE_A_YEAR}{YEAR}[ab]?(?<!00)(?=[\s.,;:)?!*'’]|$)(?!\.\d|\s*%)"
        rf"|{BEFORE_A_YEAR}{YEAR}(?<=00)(?=[.,;:)?!*]|$)(?!\.\d)"
    ),
    re.compile(r"\b(?:AM|CS|BDA|STAT|HW|Data|Stat|Math)\s?\d+\w?\b"),
    re.compile(r"\b0\s?/\s?1\b"),
    re.compile(r"\b\d+(?:\.\d+){2,}\b"),
    re.compile(r"(?<![\w.,])(?<!\d[\u00a0\u202f ])0\d+\b(?!\.)"),
]
COMMENT = re.compile(r"<!--(.*?)-->", re.DOTALL)
FORMULA = re.compile(
    r"\$\$(?P<display>.*?)\$\$|(?<!\\)\$(?P<inline>[^$]+?)(?<!\\)\$", re.DOTALL
)
MARKUP = [
    re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE),
    COMMENT,
    re.compile(r"`(?P<keep>[-+]?[\d.]+(?:e-?\d+)?%?)`|`[^`\n]+`"),
    re.compile(r"!?\[(?P<keep>[^\]]*)\]\([^)\s]*(?:\s+\"[^\"]*\")?\)"),
    re.compile(r"</?\w+[^>]*>"),
    re.compile(r"https?://\S+"),
    re.compile(r"^\s*(?:>\s*)?\d+[.)]\s", re.MULTILINE),
    re.compile(r"^# .*$", re.MULTILINE),
]
EMPHASIS = re.compile(r"[*_]{1,3}(?=\S)|(?<=\S)[*_]{1,3}")


def blank(text: str, pattern: re.Pattern[str]) -> str:
    """Replace what a pattern matches, but for its group `keep`, by spaces."""

    def spaces(match: re.Match[str]) -> str:
        start, end = (
            match.span("keep") if "keep" in pattern.groupindex else (-1, -1)
        )
        return "".join(
            sign if sign == "\n" or start <= place < end else " "
            for place, sign in enumerate(match[0], match.start())
        )

    return pattern.sub(spaces, text)


def plain(
    source: str, tags: frozenset[str] = frozenset()
) -> tuple[str, list[re.Match[str]]]:
    """Return the words of a text at their places, and its formulas."""
    text = source
    for pattern in MARKUP:
        text = blank(text, pattern)
    formulas = list(FORMULA.finditer(text))
    text = blank(blank(text, FORMULA), EMPHASIS)
    for tag in tags:
        text = text.replace(f"({tag})", " " * (len(tag) + 2))
    for pattern in NOT_CLAIMS:
        text = blank(text, pattern)
    return text, formulas


# --------------------------------------------------------- numbers in words


def bound(before: str) -> str:
    """Return ">" after "more than", "<" after "at most"."""
    for sign, words in ((">", OVER), ("<", UNDER)):
        if re.search(rf"\b{words}(?: an?| one)? ?$", before, re.I):
            return sign
    return ""


def hedge(before: str, after: str) -> str:
    """Return the hedge about a number, or nothing."""
    found = re.search(rf"\b({HEDGE})(?: an?| one)? ?$", before, re.I)
    if found:
        return found[1].lower()
    return "or so" if re.match(r"\s+or\s+so\b", after) else ""


def ratio(number: Number, after: str) -> Number | None:
    """Read "one in ten" and "three times out of a hundred" as one number."""
    found = OUT_OF.match(after)
    if not found or number.kind != "whole" or number.percent:
        return None
    if found["word"]:
        below = amount(found["word"])
    elif found["many"]:
        below = float(MULTIPLES[found["many"].lower()])
    else:
        below = float(re.sub(r"\D", "", found["digits"]))
    if below <= number.value:
        return None
    value, text = number.value / below, number.text + found[0]
    return replace(
        number, text=text, value=value, half=0.05 * value, kind="fraction"
    )


def in_context(number: Number, before: str, after: str) -> Number:
    """Widen what is hedged; mark what is a bound."""
    before = re.sub(r"\s+", " ", before[-60:])
    if bound(before):
        return replace(number, bound=bound(before))
    word = hedge(before, after)
    if not word:
        return number
    value, half = abs(number.value), number.half
    if number.kind == "whole" and value >= 10 and not number.percent:
        digits = f"{value:.0f}"
        zeros = len(digits) - len(digits.rstrip("0"))
        half = min(0.5 * 10.0**zeros, 0.25 * value)
    half = max(half, (0.1 if number.words else 0.05) * value)
    below = word in ("nearly", "almost", "hardly")
    return replace(number, half=half, bound="-" if below else "")


def measures(
    number: Number, match: re.Match[str], before: str, after: str
) -> bool:
    """Whether a number in words is a quantity and not a part of the story."""
    before = re.sub(r"\s+", " ", before[-60:])
    hedged = bound(before) or hedge(before, after)
    out_of = ratio(number, after)
    if match["half"]:
        return bool(
            hedged
            or re.match(r"\s+(?:of|an?|its|as)\b", after)
            or re.search(r"\b(?:by|for|at|is|probability|chance) $", before)
        ) and not re.search(r"\b(?:first|second|other|each) $", before, re.I)
    if match["part"]:
        if match["count"].lower() not in ("a", "an"):
            return (
                match["part"].lower() != "half"
                or match["count"].lower() == "one"
            )
        stops = (
            r"\s*(?:[.,;:)]|$)|\s+(?:of|less|more|the|as|larger|smaller|in)\b"
        )
        ordinal = match["part"].lower() != "half" and before.endswith(" for ")
        small = FRACTIONS[match["part"].lower()] < 0.1
        measured = (
            re.match(stops, after) or small or match["part"] == "quarter"
        )
        return bool(hedged or (measured and not ordinal))
    if not match["cardinal"] or number.percent or number.value > 12:
        return True
    if number.value == 1:
        return bool(out_of)
    units = re.match(
        rf"(?:\s+(?:or|to|and)\s+{CARDINAL})?(?:\s+(?:more|further|EM))?\s+({UNIT})\b",
        after,
        re.I,
    )
    measured = units and (
        not STORY.match(units[1])
        or re.search(r"\b(?:by|at) $", before)
        or re.match(r"\s+apart\b", after[units.end() :])
    )
    pointed = re.search(
        r"\b(?:the|these|those|all|its|both|other) $", before, re.I
    )
    return bool(
        hedged
        or out_of
        or (units and not pointed and (number.value >= 5 or measured))
        or PLACES.match(after)
        or re.match(r"\s+to\s+(?:one|two|three)\b", after)
        or re.search(r"\bfactor of (?:about )?$", before)
    )


def in_text(text: str) -> Iterator[tuple[Number, re.Match[str]]]:
    """Yield all numbers of a plain text, claims or not."""
    free = [True] * len(text)
    for match in IN_DIGITS.finditer(text):
        before, number = text[: match.start()], from_digits(match)
        if re.search(r"[^\W\d]-$", before):
            continue  # a name: ML-2
        free[match.start() : match.end()] = [False] * len(match[0])
        yield number, match
    for match in IN_WORDS.finditer(text):
        if all(free[match.start() : match.end()]):
            yield from_words(match), match


PER = re.compile(r"\b(?:per|in\s+an?|in|out\s+of)\s+$")
AGREE = re.compile(
    r"\b(?:to|in|agree|same|all|first) (?:the |all |about |its |at least )*$"
)
PLACES = re.compile(
    r"\s+(?:significant\s+)?(?:digits?|decimals?|decimal\s+places)\b"
)


def numbers(source: str, tags: frozenset[str] = frozenset()) -> list[Number]:
    """Return what a Markdown text claims in numbers, in order.

    Parameters
    ----------
    source
        A cell.
    tags
        The numbers of the book's equations: "(1.3)" is no claim if there is
        an equation 1.3.
    """
    text, formulas = plain(source, tags)
    found = []
    covered = -1
    for number, match in sorted(in_text(text), key=lambda pair: pair[0].start):
        before, after = text[: match.start()], text[match.end() :]
        if match.start() < covered:
            continue
        if number.words:
            if not measures(number, match, before, after):
                continue
            number = ratio(number, after) or number
            covered = match.start() + len(number.text)
        elif number.kind == "whole" and not number.percent:
            if number.value in (0, 1) and not number.signed:
                continue
            unit = re.fullmatch("10+", f"{number.value:.0f}")
            if unit and number.value >= 100 and PER.search(before):
                continue  # per 100 000
        if PLACES.match(after) and AGREE.search(
            re.sub(r"\s+", " ", before[-40:])
        ):
            number = replace(number, kind="digits")
        found.append(in_context(number, before, after))
    for match in formulas:
        display = match["inline"] is None
        start = match.start() + (2 if display else 1)
        before, after = text[: match.start()], text[match.end() :]
        for number in in_formula(
            match["display" if display else "inline"], display
        ):
            found.append(
                in_context(replace(number, start=start), before, after)
            )
    true = {number.value for number in found if number.verified}
    return [
        replace(number, verified=number.value in true)
        for number in sorted(found, key=lambda number: number.start)
    ]


# ----------------------------------------------------------------- formulas

DIGITS = r"\d+(?:\.\d+)?"
RELATION = re.compile(
    r"\\(?:approx|leq?|geq?|neq?|sim|to|in|gg|ll|mid|q?quad)(?![a-z])|[=<>,;]|\\\\"
)
EQUALS = re.compile(r"=|\\approx(?![a-z])")
ENDS = re.compile(r"\\(?:leq?|geq?|q?quad)(?![a-z])|[<>;]")


def tidy(formula: str) -> str:
    """Return a formula whose numbers look as in prose."""
    text = re.sub(r"\\(?:tag|label|text(?:rm|it)?)\{[^{}]*\}", " ", formula)
    text = text.replace("{,}", "").replace(r"\%", "%").replace("−", "-")
    text = re.sub(r"(?<=\d)(?:\\[,; ]|~)(?=\d{3})", "", text)
    text = re.sub(r"\\[,;:! ]|~|&", " ", text)
    text = re.sub(
        r"\\[td]?frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}", r"((\1)/(\2))", text
    )
    text = re.sub(r"\\[td]?frac\s*(\d)\s*(\d)", r"(\1/\2)", text)
    ten = r"10\^(?:\{\s*(-?\d+)\s*\}|(\d))"
    text = re.sub(
        rf"(?<![\d.^{{])({DIGITS})\s*\\(?:cdot|times)\s*{ten}",
        r"\1e\2\3",
        text,
    )
    text = re.sub(rf"(?<![\d.]){ten}", r"1e\1\2", text)
    text = re.sub(r"_(?:\{[^{}]*\}|\w)", "", text)
    return re.sub(r"\s+", " ", text).strip()


ALONE = re.compile(
    rf"\(?(?:\\pm\s*)?(?P<sign>[-+])?\s*(?P<number>{DIGITS}(?:e-?\d+)?)\)?"
    r"(?:\s*/\s*\(?(?P<below>\d+)\)?)?\s*(?P<percent>%)?\)?[.,]?"
)


def alone(side: str) -> Number | None:
    """Return the number that a piece of a formula is, or None."""
    side = side.strip()
    match = ALONE.fullmatch(side.replace("((", "(").replace("))", ")"))
    if not match:
        return None
    mantissa, _, power = match["number"].partition("e")
    _, point, decimals = mantissa.partition(".")
    value, half = float(match["number"]), last_digit(point + decimals, power)
    kind = "decimal" if point or power else "whole"
    if match["below"]:
        if kind == "decimal" or not float(match["below"]):
            return None
        value, kind = value / float(match["below"]), "fraction"
        half = 0.005 * value
    scale = 0.01 if match["percent"] else 1.0
    return Number(
        side,
        value * (-scale if match["sign"] == "-" else scale),
        half * scale,
        0,
        signed=match["sign"] == "-",
        percent=bool(match["percent"]),
        kind=kind,
    )


def in_formula(formula: str, display: bool) -> list[Number]:
    """Return what a formula claims."""
    text = tidy(formula)
    found: list[Number] = []
    if not display:
        whole = alone(
            re.sub(r"^(?:\\approx|\\leq?|\\geq?|[<>=])\s*", "", text)
        )
        if whole is not None:
            trivial = whole.kind == "whole" and abs(whole.value) in (0, 1)
            return [] if trivial and not whole.percent else [whole]
        relations = list(RELATION.finditer(text))
        ends = [*(match.start() for match in relations[1:]), len(text)]
        for relation, end in zip(relations, ends, strict=False):
            number = alone(text[relation.end() : end])
            if number is None or "." in number.text:
                continue
            equal = EQUALS.fullmatch(relation[0]) and abs(
                number.value
            ) not in (0, 1)
            if equal or "e" in number.text:
                found.append(number)
    for match in re.finditer(rf"(?<![\w.]){DIGITS}(?:e-?\d+)?(?:\s*%)?", text):
        if "." not in match[0]:
            continue
        before = text[: match.start()].rstrip()
        minus = re.search(r"(?:^|[=(,<>;\[{]|\\[a-z]+)\s*-$", before)
        number = alone(("-" if minus else "") + match[0])
        if number is not None:
            found.append(number)
    true = [value for value, holds in sums(text) if holds]
    return [
        replace(
            number, verified=any(math.isclose(number.value, v) for v in true)
        )
        for number in found
    ]


OPERATIONS: dict[type, Callable[..., float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
}
FUNCTIONS: dict[str, Callable[..., float]] = {
    "log": math.log,
    "sqrt": math.sqrt,
    "exp": math.exp,
    "min": min,
    "max": max,
}


def value_of(node: ast.expr) -> float:
    """Work out an expression of constants; ValueError if it is not one."""
    match node:
        case ast.Constant(value=bool()):
            pass
        case ast.Constant(value=int() | float() as value):
            return float(value)
        case ast.UnaryOp(op=op, operand=operand) if type(op) in OPERATIONS:
            return OPERATIONS[type(op)](value_of(operand))
        case ast.BinOp(op=ast.Pow(), left=left, right=right):
            base, power = value_of(left), value_of(right)
            if base > 0 and abs(power) < 400:
                return float(base**power)
        case ast.BinOp(op=op, left=left, right=right) if (
            type(op) in OPERATIONS
        ):
            return float(OPERATIONS[type(op)](value_of(left), value_of(right)))
        case ast.Call(func=ast.Name(id=name), args=args) if name in FUNCTIONS:
            return float(FUNCTIONS[name](*map(value_of, args)))
    raise ValueError("not a number")


def worked_out(side: str) -> float | None:
    """Return the value of a formula that holds only numbers, or None."""
    text = re.sub(r"\\(?:left|right|[bB]igg?[lr]?)(?![a-z])", "", side)
    text = re.sub(r"\\(?:cdot|times)(?![a-z])", "*", text)
    text = re.sub(r"\\sqrt\s*\{([^{}]*)\}", r"sqrt(\1)", text)
    text = re.sub(rf"\\(log|exp)\s*({DIGITS}(?:e-?\d+)?)", r"\1(\2)", text)
    text = re.sub(r"\\(log|exp|min|max)\s*(?=\()", r"\1", text)
    text = re.sub(r"\^\{([^{}]*)\}", r"**(\1)", text).replace("^", "**")
    text = re.sub(r"(?<=[\d)])\s*(?=\()", "*", text).replace("%", "*0.01")
    text = re.sub(r"(?<=\d)\s+(?=(?:log|sqrt|exp)\()", "*", text)
    text = re.sub(r"(?<![\w.])e(?=\*\*)", f"{math.e!r}", text)
    try:
        return value_of(ast.parse(text.strip(), mode="eval").body)
    except (SyntaxError, ValueError, ArithmeticError, TypeError):
        return None


def sums(formula: str) -> Iterator[tuple[float, bool]]:
    r"""Yield each number that a sum beside it should equal, and if it does.

    In `20 \cdot 0.15 \cdot 0.85 = 2.55` this is 2.55, and it does.
    """
    for left, right in itertools.pairwise(EQUALS.split(formula)):
        left, right = ENDS.split(left)[-1], ENDS.split(right)[0]
        first, second, value = alone(left), alone(right), worked_out(left)
        if second is None or value is None:
            continue
        if first is None or (
            first.kind == "fraction" and second.kind != "fraction"
        ):
            room = second.half * (1 + 1e-9) + 1e-12 * abs(value)
            yield second.value, abs(value - second.value) <= room


def wrong_sums(source: str) -> list[str]:
    """Return the formulas of a text whose numbers do not add up."""
    _, formulas = plain(source)
    texts = [" ".join((m["inline"] or m["display"]).split()) for m in formulas]
    return [t for t in texts if not all(holds for _, holds in sums(tidy(t)))]
