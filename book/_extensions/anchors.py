r"""Gives an anchor to what can be mentioned, and captions to the pictures.

The notebooks say what a thing is in plain Markdown: a formula has a
`\tag{4.2}`, a theorem is a block quote that begins with **Theorem 4.1
(...).**, an exercise a paragraph that begins with **Exercise 3 (...).**, a
caption a paragraph in italics right below the cell of its picture. Here they
get the anchors #formula-4-2, #theorem-4-1, #exercise-3 and #figure-5-2; the
sets of the homework page get #homework-1, the entries of the glossary
#term-component.
"""

import re

from docutils import nodes
from sphinx import addnodes
from sphinx.util import logging

import terms
from mention_grammar import POINTED, THEOREMS

logger = logging.getLogger(__name__)
TAG = re.compile(r"\\tag\{([^}]*)\}")
TITLE = re.compile(r"([1-9]\d?)\. ")
CAPTION = re.compile(rf"Figure ({POINTED})\.\s")
THEOREM = re.compile(rf"({'|'.join(word.capitalize() for word in THEOREMS)}) ({POINTED})\b")
EXERCISE = re.compile(r"Exercise ([1-9]\d?) \(")


def number_of(doctree):
    """Return the number of a chapter, "4" of "4. Why EM works", or None."""
    title = next(doctree.findall(nodes.title), None)
    match = title and TITLE.match(title.astext())
    return match[1] if match else None


def plain(term):
    """Return a term as it is typed, with the apostrophe of a keyboard."""
    return term.replace("’", "'")


def place(node):
    """Say where in its notebook or page a node stands."""
    while node.line is None and node.parent is not None:
        node = node.parent
    line = node.line or 0  # a notebook counts ten thousand lines a cell
    return f"cell {line // 10_000}" if line >= 10_000 else f"line {line}"


def mark(doctree, docname):
    """Give a page its anchors; return {("formula", "4.2"): "formula-4-2"}."""
    found = {}

    def add(kind, number, node, anchor=None):
        anchor = anchor or f"{kind}-{number.replace('.', '-')}"
        if (kind, number) in found or anchor in found.values():
            logger.warning(
                "%s: there is a second %s %s, #%s",
                place(node), kind, number, anchor, location=docname,
            )  # fmt: skip
        found[kind, number] = anchor
        if anchor not in node["ids"]:
            node["ids"].append(anchor)

    chapter = number_of(doctree)
    if chapter:
        found["chapter", chapter] = ""  # the page itself
    for formula in doctree.findall(nodes.math_block):
        for tag in TAG.findall(formula.astext()):
            add("formula", tag, formula)
    for quote in doctree.findall(nodes.block_quote):
        match = THEOREM.match(_bold_beginning(quote.children[0] if quote.children else None))
        if match:
            add(match[1].lower(), match[2], quote)
            quote["classes"].append("theorem")
    unnumbered = 0
    for paragraph in list(doctree.findall(nodes.paragraph)):
        match = EXERCISE.match(_bold_beginning(paragraph))
        if match and chapter:
            add(
                "exercise",
                f"{chapter}.{match[1]}",
                paragraph,
                f"exercise-{match[1]}",
            )
            paragraph["classes"].append("exercise")
        elif _is_caption(paragraph):
            match = CAPTION.match(paragraph.astext())
            figure = make_figure(paragraph)
            if figure is not None and match:
                add("figure", match[1], figure)
            elif figure is not None:
                unnumbered += 1
                figure["ids"].append(f"figure-without-number-{unnumbered}")
            elif match:
                logger.warning(
                    "%s: no picture above the caption of Figure %s",
                    place(paragraph), match[1], location=docname,
                )  # fmt: skip
    for item in doctree.findall(nodes.list_item):
        first = next((c for c in item.children if not isinstance(c, addnodes.index)), None)
        words = _words(first) if first else []
        if not words or not isinstance(words[0], nodes.strong):
            continue
        bold = words[0]
        if _is_homework(item, bold):
            add("homework", str(item.parent.index(item) + 1), item)
        elif docname.endswith("glossary"):
            term = plain(bold.astext())
            add("term", term, item, terms.anchor(term))
    return found


def make_figure(paragraph):
    """Move a caption below the picture of the cell above it; return both."""
    siblings = paragraph.parent.children
    here = siblings.index(paragraph)
    cell = siblings[here - 1] if here else None
    if not (isinstance(cell, nodes.container) and cell.get("nb_element") == "cell_code"):
        return None
    pictures = [bundle for bundle in cell.findall(nodes.container) if _is_picture(bundle)]
    if not pictures:
        return None
    picture = pictures[-1]
    figure = nodes.figure(classes=["course-figure"])
    figure.source, figure.line = paragraph.source, paragraph.line
    caption = nodes.caption("", "", *_words(paragraph)[0].children)
    caption.source, caption.line = paragraph.source, paragraph.line
    picture.replace_self(figure)
    figure += [picture, caption]
    paragraph.parent.remove(paragraph)
    return figure


def _bold_beginning(node):
    """Return the bold text that a paragraph begins with, or nothing."""
    first = _words(node)[:1]
    return first[0].astext() if first and isinstance(first[0], nodes.strong) else ""


def _is_caption(paragraph):
    words = _words(paragraph)
    return len(words) == 1 and isinstance(words[0], nodes.emphasis)


def _words(node):
    """Return the children of a paragraph but the empty texts."""
    children = node.children if isinstance(node, nodes.paragraph) else []
    return [child for child in children if not isinstance(child, nodes.Text) or child.astext()]


def _is_picture(bundle):
    """Tell whether an output is a picture, or a figure to play with."""
    if bundle.get("nb_element") != "mime_bundle":
        return False
    raw = "".join(node.astext() for node in bundle.findall(nodes.raw))
    return bool(list(bundle.findall(nodes.image))) or "companion-figure" in raw


def _is_homework(item, bold):
    links = (
        node.get("reftarget", "") for node in bold.findall() if isinstance(node, nodes.Element)
    )
    return isinstance(item.parent, nodes.enumerated_list) and any(
        "homework/" in target for target in links
    )
