"""The printed book: page numbers are right, all can be read aloud, nothing is cut or lost."""

import copy
import io
import re
import sys

import pikepdf
import pypdf
import pytest
from conftest import ROOT, make
from lxml import html

sys.path.insert(0, str(ROOT / "book" / "editions"))
import pages as editions
import pdf

BOOK = ROOT / "_build" / "editions" / "what-the-data-hide.pdf"
MEGABYTES, PAGES = 15, 400  # what the whole book may have


@pytest.fixture(scope="module")
def printed(site):
    make("pdf")
    return pypdf.PdfReader(BOOK)


@pytest.fixture(scope="module")
def little(site):
    """The pages of a little book, which prints in seconds."""
    return pdf.book(site, editions.still(site, ["index", "02_latent_variables", "glossary"]))


@pytest.fixture
def prints(site, browser, tmp_path):
    """Print pages; return the bytes and the page of every place."""

    def prints(found):
        tab = browser.new_page()
        data, numbers = pdf.prints(found, site, tab, tmp_path)
        tab.close()
        return data, numbers

    return prints


def flat(outline, depth=0):
    """All bookmarks with their depth, those below others too."""
    for entry in outline:
        if isinstance(entry, list):
            yield from flat(entry, depth + 1)
        else:
            yield depth, entry


def words(text):
    """Without spaces, and with one kind of apostrophe: in the font two are one glyph."""
    return re.sub(r"\s+", "", text).replace("\u02bc", "\u2019")


def unspoken(data):
    """Figures and formulas of a PDF that have no description, themselves or in their parts."""

    def spoken(element):
        if "/Alt" in element:
            return True
        parts = element.get("/K", [])
        parts = parts if isinstance(parts, pikepdf.Array) else [parts]
        return any(spoken(part) for part in parts if isinstance(part, pikepdf.Dictionary))

    with pikepdf.open(data) as file:
        figures = [
            element
            for element in file.objects
            if isinstance(element, pikepdf.Dictionary) and element.get("/S") == "/Figure"
        ]
        return len(figures), sum(not spoken(figure) for figure in figures)


# ------------------------------------------------------------------------------ the whole book


def test_the_book_has_its_size_title_and_language(printed):
    assert BOOK.stat().st_size < MEGABYTES * 1e6
    assert 150 < len(printed.pages) < PAGES
    assert printed.metadata.title == pdf.TITLE
    assert printed.root_object["/Lang"] == "en"
    assert printed.root_object["/MarkInfo"]["/Marked"]
    assert printed.root_object["/ViewerPreferences"]["/DisplayDocTitle"]


def test_bookmarks_and_contents_lead_to_the_page_with_the_heading(printed, site):
    """A heading stands on the page that its bookmark opens; the contents print its number."""
    found = editions.joined(editions.still(site))
    text = [page.extract_text() for page in printed.pages]
    marks = list(flat(printed.outline))
    entries = [entry for _, entry in marks]
    titles = [entry.title for entry in entries]
    assert [e.title for depth, e in marks if depth == 1] == [page.title for page in found[1:]]
    last = next(k for k, page in enumerate(text) if "About this course" in page and k > 3)
    contents = words("".join(text[1:last]))
    places = [(entry.title, printed.get_destination_page_number(entry)) for entry in entries]
    parts = {page.part for page in found}
    for title, place in places:
        assert words(title) in words(text[place]) or title in parts, (title, place)
    for title, place in places[1:]:
        if title not in parts:
            assert f"{words(title)}{place + 1}" in contents, (title, place + 1)
    assert sum(title in parts for title in titles) == len(parts) - 1


def test_links_within_the_book_lead_to_places_in_it(printed):
    places = printed.named_destinations
    links = [
        annotation.get_object() for page in printed.pages for annotation in page.get("/Annots", [])
    ]
    within = [str(link["/Dest"]) for link in links if "/Dest" in link]
    assert len(within) > 1000
    assert {name.lstrip("/") for name in within} <= {name.lstrip("/") for name in places}
    assert not any("file:" in str(link.get("/A")) for link in links)


def test_every_figure_and_formula_is_described(printed, site):
    found = editions.joined(editions.still(site))
    figures, silent = unspoken(BOOK)
    assert silent == 0
    counted = editions.counts(found)
    assert figures >= counted["formulas"] + counted["images"]


def test_every_figure_that_stands_still_says_so(printed, site):
    found = editions.joined(editions.still(site))
    drawings = [drawing for page in found for drawing in page.body.cssselect(".companion-figure")]
    text = words("".join(page.extract_text() for page in printed.pages))
    assert text.count(words(editions.AS_DRAWN)) == len(drawings) > 10


def index(texts):
    """The index as it is printed: the pages of each term, without spaces in its name."""
    start = next(k for k, text in enumerate(texts) if words(text).startswith("Indexofterms"))
    entries = ""
    for number, text in enumerate(texts[start:], start + 1):
        heads = rf"^(Indexofterms|WhattheDataHide|{number})*"
        entries += re.sub(heads, "", words(text))
    found = re.findall(r"(.+?),(\d+(?:,\d+)*)", entries)
    return {name: [int(number) for number in numbers.split(",")] for name, numbers in found}


def test_every_term_is_in_the_index_with_the_pages_that_explain_it(printed, little):
    texts = [page.extract_text() for page in printed.pages]
    found, expected = index(texts), pdf.glossary(little)
    assert len(expected) > 100
    assert sorted(found) == sorted(words(names[0]) for _, names, _ in expected)
    everywhere = 0
    for _, names, _ in expected:
        stems = [words(name).casefold().rstrip("s.") for name in names if name.strip()]
        said = [words(texts[number - 1]).casefold() for number in found[words(names[0])]]
        assert len(said) > 1, f"{names[0]}: nowhere but in the glossary"
        everywhere += all(any(stem in text for stem in stems) for text in said)
    assert everywhere > 0.95 * len(expected)  # a section may begin on the page before the term


def test_a_term_that_the_index_forgets_is_found(little):
    assert len(pdf.glossary(little)) == pdf.terms(little, None).count("<li>")
    chapter, book = little[1], pdf.glossary(little)
    explained = {e.get("data-term") for e in chapter.body.cssselect("strong[data-term]")}
    names = {names[0] for place, names, _ in book if place in explained}
    assert {"latent-variable model", "explaining away", "plate diagram"} <= names
    assert "Aitken\u2019s estimate" not in names


def test_letters_come_with_the_book(printed):
    """No font of the machine that prints, and none that a reader would have to have."""
    names = set()
    with pikepdf.open(BOOK) as file:
        for font in file.objects:
            if isinstance(font, pikepdf.Dictionary) and font.get("/Type") == "/Font":
                names.add(re.sub(r"^/[A-Z]{6}\+", "", str(font.get("/BaseFont", "/"))))
    ours = ("Source", "KaTeX", "DejaVu", "/")
    assert [name for name in sorted(names) if not name.startswith(ours)] == []


# ------------------------------------------------------------------------------ a little book


def test_two_prints_are_one_and_references_tell_pages(little, prints, tmp_path):
    (data, numbers), (_, again) = prints(little), prints(little)
    assert numbers == again
    assert pdf.cut(numbers) == []
    for name in "ab":
        pdf.finish(data, little, numbers, tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    book = pypdf.PdfReader(tmp_path / "a")
    for page in little:
        for exercise, _, answer, _ in page.solutions:
            question = book.pages[numbers[exercise] - 1].extract_text()
            assert f"Hintandsolutiononpage{numbers[answer]}." in words(question)
            solution = book.pages[numbers[answer] - 1].extract_text()
            assert f"(theexerciseonpage{numbers[exercise]})" in words(solution)
    told = [re.findall(r"\((\d+\.\d+)\)\s*\(p\.\s*(\d+)\)", p.extract_text()) for p in book.pages]
    far = 0
    for here, references in enumerate(told, 1):
        for formula, page in references:
            far += 1
            target = f"p-02_latent_variables--formula-{formula.replace('.', '-')}"
            assert int(page) == numbers[target]
            assert pdf.out_of_sight(here, int(page))
    assert far > 3


def test_what_is_taller_than_a_page_is_told(little, prints):
    found = copy.deepcopy(little)
    tall = html.fromstring('<figure id="tall"><p style="height: 500mm">x</p></figure>')
    found[1].body.append(tall)
    _, numbers = prints(found)
    assert pdf.cut(numbers) == ["tall"]


def test_a_formula_and_a_picture_that_nobody_can_read_aloud_are_found(little, prints):
    data, _ = prints(little)
    assert unspoken(io.BytesIO(data))[1] == 0
    found = copy.deepcopy(little)
    formula, image = (found[1].body.cssselect(css)[0] for css in (".katex", "img"))
    del formula.attrib["aria-label"], image.attrib["alt"]
    data, _ = prints(found)
    assert unspoken(io.BytesIO(data))[1] >= 1


def test_a_spread_is_two_pages_that_lie_side_by_side():
    assert not pdf.out_of_sight(2, 3)
    assert not pdf.out_of_sight(7, 7)
    assert pdf.out_of_sight(3, 4)
    assert pdf.out_of_sight(2, 5)
