"""The index: the glossary's terms, beside the names of the companion.

A term leads to its definition and to the sections where it is introduced;
what it is called elsewhere leads to its definition too. The glossary is the
only source: each of its lines names a term, its synonyms and its sections.
"""

import re
from pathlib import Path

from docutils import nodes
from sphinx import addnodes
from sphinx.transforms import SphinxTransform
from sphinx.util import logging

GLOSSARY = "book/glossary"
TERM = re.compile(r"- \*\*(?P<term>.+?)\*\*: (?P<text>.*)")
SYNONYMS = re.compile(r"\*Also:\* (.*?)\.(?: |$)")
SECTION = re.compile(r"\[([^\]]*)\]\((\w+)\.ipynb#([^)]+)\)")
logger = logging.getLogger(__name__)


def read(text):
    """Return the terms of the glossary: term -> synonyms, and sections."""
    found = {}
    for line in text.splitlines():
        if match := TERM.fullmatch(line):
            also = SYNONYMS.search(match["text"])
            synonyms = also[1].split(", ") if also else []
            found[match["term"]] = synonyms, SECTION.findall(match["text"])
    return found


def anchor(term):
    """Return the anchor of a term in the glossary; "k-means++" has one other than "k-means"."""
    return f"term-{nodes.make_id(term.replace('+', '-plus'))}"


def entries(kind, target, *texts):
    """Return an index node that leads to a target."""
    found = [(kind, text, target, "", None) for text in texts]
    return addnodes.index(entries=found)


class Terms(SphinxTransform):
    """Give the index its entries, before it collects those of a page."""

    default_priority = 840

    def apply(self, **kwargs):
        """Mark definitions in the glossary, and sections in the chapters."""
        if GLOSSARY not in self.env.found_docs:
            return  # a book without one
        path = Path(self.env.doc2path(GLOSSARY))
        terms = read(path.read_text(encoding="utf-8"))
        if self.env.docname == GLOSSARY:
            self.mark_definitions(terms)
        elif Path(self.env.doc2path(self.env.docname)).suffix == ".ipynb":
            self.env.note_dependency(str(path))
            self.mark_sections(terms)

    def mark_definitions(self, terms):
        """Let each term, and what it is also called, lead to its line."""
        for item in self.document.findall(nodes.list_item):
            strong = next(iter(item.findall(nodes.strong)), None)
            term = strong.astext().replace("’", "'") if strong else None
            if term not in terms:
                continue
            target = anchor(term)
            item["ids"].append(target)
            also = [f"{name}; see {term}" for name in terms[term][0]]
            item.insert(0, entries("single", target, term, *also))

    def mark_sections(self, terms):
        """Let each term lead to the sections that introduce it."""
        page = self.env.docname.rpartition("/")[2]
        places = {}
        for section in self.document.findall(nodes.section):
            names = [section.get("slug"), *section["ids"]]
            places.update({name: section for name in names if name})
        for term, (_, sections) in terms.items():
            for title, chapter, anchor in sections:
                if chapter != page:
                    continue
                if anchor not in places:
                    logger.warning("%s has no section #%s", page, anchor)
                    continue
                section = places[anchor]
                text = f"{term}; {title}"
                section.insert(1, entries("single", section["ids"][0], text))


def setup(app):
    """Add the transform; Sphinx makes the index."""
    app.add_transform(Terms)
    return {"parallel_read_safe": True}
