"""What the book charges to a lecture stands in the lecture's text, word for word."""

import json
import re
import tomllib

import pytest
from conftest import ROOT, chapters

EXCERPTS = tomllib.loads((ROOT / "tests" / "lecture_excerpts.toml").read_text(encoding="utf-8"))
PAGE = (ROOT / "book" / "lecture_slips.md").read_text(encoding="utf-8")
QUOTATION = re.compile(r'"([^"]+)"')
ALL = [excerpt for excerpts in EXCERPTS.values() for excerpt in excerpts]
LONGEST = 30  # words: an excerpt is a short one
HEADINGS = {"am207": "## EM to hierarchical models", "data102": "## Bayesian hierarchical models"}


def plain(words):
    return " ".join(words.split())


def unfounded(text, excerpts):
    """Return the quotations of a text that are in none of the excerpts."""
    known = [plain(excerpt) for excerpt in excerpts]
    quoted = [plain(words) for words in QUOTATION.findall(text)]
    return [words for words in quoted if not any(words in excerpt for excerpt in known)]


def sections(text):
    """Return the text below each heading of the second level."""
    heads = re.split(r"^(## .*)$", text, flags=re.MULTILINE)
    return dict(zip(heads[1::2], heads[2::2], strict=True))


def slips_of(chapter):
    cells = json.loads(chapter.read_text(encoding="utf-8"))["cells"]
    texts = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"]
    return next(text for text in texts if text.startswith("## Where the lectures slip"))


@pytest.mark.parametrize("lecture", HEADINGS)
def test_the_page_quotes_the_lecture(lecture):
    (part,) = (text for head, text in sections(PAGE).items() if head.startswith(HEADINGS[lecture]))
    assert not unfounded(part, EXCERPTS[lecture])


@pytest.mark.parametrize("chapter", chapters(), ids=lambda path: path.stem)
def test_the_chapters_quote_the_lectures(chapter):
    assert not unfounded(slips_of(chapter), ALL)


def test_every_entry_quotes_or_names_a_slide_and_leads_to_a_chapter():
    for head in HEADINGS.values():
        (part,) = (text for name, text in sections(PAGE).items() if name.startswith(head))
        entries = part.strip().split("\n\n")
        assert len(entries) >= 8
        for entry in entries:
            assert entry.startswith("**")
            assert re.search(r"\[Chapter \d+\]\(\d\d_\w+\.ipynb#[\w-]+\)$", entry), entry
            assert QUOTATION.search(entry) or "Algorithm 1" in entry or "The slide" in entry, entry


def test_excerpts_are_short_and_each_is_used():
    text = plain(PAGE + "".join(slips_of(chapter) for chapter in chapters()))
    for excerpt in ALL:
        assert len(excerpt.split()) <= LONGEST
        assert plain(excerpt) in text, f"nobody quotes {excerpt!r}"


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_changed_word_is_found(place):
    excerpts = EXCERPTS["am207"]
    quoted = [f'"{excerpt}"' for excerpt in excerpts[:3]]
    quoted[place] = quoted[place].replace(" ", " never ", 1)
    assert len(unfounded(" and ".join(quoted), excerpts)) == 1
