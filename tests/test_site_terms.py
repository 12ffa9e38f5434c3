"""The index has the glossary's terms and the companion's names, and all of it leads somewhere."""

import re
import sys
from urllib.parse import unquote

from conftest import ROOT, SITE
from visits import anchors, soup

sys.path.insert(0, str(ROOT / "book" / "_extensions"))

import terms

GLOSSARY = (ROOT / "book" / "glossary.md").read_text(encoding="utf-8")
FOUND = terms.read(GLOSSARY)


def index():
    """Return the links of the index: what they say -> where they lead."""
    found = {}
    for link in soup("genindex").select("table.genindextable a[href]"):
        found.setdefault(link.get_text(), set()).add(link["href"])
    return found


def faults(index, found):
    """Yield what the index lacks of the glossary."""
    for term, (synonyms, sections) in found.items():
        anchor = f"book/glossary.html#{terms.anchor(term)}"
        if anchor not in index.get(term, set()):
            yield f"{term} does not lead to its definition"
        if synonyms and anchor not in index.get(f"see {term}", set()):
            yield f"{synonyms[0]} does not lead to {term}"
        for title, chapter, _ in sections:
            if not any(f"book/{chapter}.html#" in link for link in index.get(title, set())):
                yield f"{term} does not lead to {title}"


def test_the_glossary_is_read_wholly():
    assert len(FOUND) == len(re.findall(r"^- ", GLOSSARY, re.MULTILINE)) > 80
    assert all(sections for _, sections in FOUND.values())
    synonyms, sections = FOUND["Kullback-Leibler divergence"]
    assert synonyms == ["KL divergence", "relative entropy"]
    assert sections == [
        (
            "Chapter 4, A distance that is no distance",
            "04_why_em_works",
            "a-distance-that-is-no-distance",
        )
    ]


def test_every_term_leads_to_its_definition_and_its_sections(site):
    assert list(faults(index(), FOUND)) == []


def test_a_term_that_the_index_lacks_is_found(site):
    more = {**FOUND, "planted term": (["weed"], [("Chapter 1, No such", "01_mixtures", "x")])}
    assert list(faults(index(), more)) == [
        "planted term does not lead to its definition",
        "weed does not lead to planted term",
        "planted term does not lead to Chapter 1, No such",
    ]


def test_all_of_the_index_leads_somewhere_and_has_the_names_of_the_companion(site):
    found = index()
    for link in set().union(*found.values()):
        file, _, anchor = link.partition("#")
        assert unquote(anchor) in anchors(SITE / file), link
    assert "book/reference/em.html#companion.em.fit" in found["fit() (in module companion.em)"]
    assert sum("/reference/" in link for link in set().union(*found.values())) > 300


def test_a_term_without_its_section_fails_the_build(small_book):
    page = "# Glossary\n\n- **mixture**: A sum. [Chapter 1, No such](notebook.ipynb#there).\n"
    notebook = (ROOT / "book" / "01_mixtures.ipynb").read_text(encoding="utf-8")
    cells = '{"cells": [{"cell_type": "markdown", "id": "a", "metadata": {}, "source": ["# One"]}]'
    notebook = cells + notebook[notebook.rindex(',\n "metadata"') :]
    toc = "format: jb-book\nroot: book/index\nchapters:\n- file: book/glossary\n"
    files = {
        "_toc.yml": toc + "- file: book/notebook\n",
        "book/index.md": "# Home\n\nHello.\n",
        "book/glossary.md": page,
        "book/notebook.ipynb": notebook,
    }
    code, output, _ = small_book(files)
    assert code != 0
    assert "notebook has no section #there" in output
