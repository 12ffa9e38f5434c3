"""Find pairs of submissions that share more than the handout and the subject explain: a hint.

Short functions that do the same thing are alike, and right ones most of all. So an answer is not
compared as a whole: what counts are its rare pieces, runs of words that hardly anybody else in the
class has. A pair is named if the rare pieces that it shares are many and a large part of what the
smaller of the two has. What that says about two people is for a person to find out.
"""

import io
import itertools
import re
import tokenize
from collections import Counter
from typing import Any

RUN = 5  # words in a piece
MANY = 40  # shared rare pieces
PART = 0.5  # of the rare pieces of the smaller one
DULL = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT,
        tokenize.ENDMARKER, tokenize.ENCODING}  # fmt: skip


def words(part: dict[str, Any]) -> list[str]:
    """Return the words of a cell: of code its tokens, with comments as text; else its words."""
    source = part["source"]
    if part["cell_type"] != "code":
        return re.findall(r"\w+", source.lower())
    found, comments = [], []
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if token.type == tokenize.COMMENT:
                comments += re.findall(r"\w+", token.string.lower())
            elif token.type not in DULL:
                found.append(token.string)
    except (tokenize.TokenError, SyntaxError, IndentationError):
        return re.findall(r"\w+|\S", source)
    return found + comments


def pieces(answers: dict[str, list[dict[str, Any]]]) -> set[tuple[str, ...]]:
    """Return all runs of words in what a student wrote."""
    found: set[tuple[str, ...]] = set()
    for cells in answers.values():
        for cell in cells:
            if not cell.get("given"):
                said = words(cell)
                found |= {tuple(said[k : k + RUN]) for k in range(len(said) - RUN + 1)}
    return found


def pairs(answers: dict[str, dict[str, list[dict[str, Any]]]]) -> list[dict[str, Any]]:
    """Return the pairs that share many rare pieces, the most alike first."""
    all_pieces = {key: pieces(those) for key, those in answers.items()}
    spread = Counter(piece for those in all_pieces.values() for piece in those)
    # Rare is what two have, or in a large class some more who may have copied together.
    few = max(2, len(answers) // 20)
    rare = {key: {p for p in those if spread[p] <= few} for key, those in all_pieces.items()}
    found = []
    for one, two in itertools.combinations(sorted(rare), 2):
        shared = len(rare[one] & rare[two])
        smaller = min(len(rare[one]), len(rare[two]))
        if shared >= MANY and shared >= PART * smaller:
            found.append({"one": one, "two": two, "shared": shared, "part": shared / smaller})
    return sorted(found, key=lambda pair: -pair["shared"])
