"""Ends each chapter with the next one, its homework and its terms.

Nothing of it is typed into the notebooks. What comes next is in `_toc.yml`;
which homework set goes with a chapter is in the set's own line **You need:**
(the masters in `book/homework/masters`); its terms are the entries of the
glossary whose first link leads into the chapter, the place where a term is
introduced. The section is part of the page before Sphinx looks at it, so that
it is in the page's contents too; all its links are cross-references that fail
the build when they lead nowhere.
"""

import json
import re
from pathlib import Path

from docutils import nodes
from sphinx import addnodes

from anchors import number_of, plain
from mention_grammar import chapters
from mentions import NUMBER_OF_PAGE, reference

HEADING = "Where to go from here"
ENTRY = re.compile(r"^- \*\*(?P<term>.+?)\*\*: (?P<rest>.+)$", re.MULTILINE)
LINK = re.compile(r"\]\((?P<page>[^)#]+?)\.ipynb")
HOMEWORK = re.compile(r"# Homework (?P<number>\d+)\. (?P<title>.+)")
NEEDS = re.compile(r"\*\*You need:\*\* (?P<needs>.+)")


def homework_sets(folder):
    """Return the homework sets: number, title, the chapters it needs."""
    found = []
    for master in sorted(folder.glob("*.ipynb")):
        cells = json.loads(master.read_text(encoding="utf-8"))["cells"]
        text = "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")
        title, needs = HOMEWORK.search(text), NEEDS.search(text)
        if not (title and needs and chapters(needs["needs"])):
            raise ValueError(f"{master.name} does not say its number and what it needs")
        found.append((title["number"], title["title"].strip(), chapters(needs["needs"])))
    return found


def terms(glossary, page):
    """Return the terms that a page, "01_mixtures", introduces."""
    first = ((entry["term"], LINK.search(entry["rest"])) for entry in ENTRY.finditer(glossary))
    return [term for term, link in first if link and link["page"] == page]


def next_page(site_map, docname):
    """Return the page that follows in the table of contents, or None."""
    pages = list(_pages(site_map, site_map.root))
    after = pages[pages.index(docname) + 1 :]
    return after[0] if after else None


def add_end(app, doctree):
    """Add the section to a chapter that has just been read."""
    env, docname = app.env, app.env.docname
    number = number_of(doctree)
    following = next_page(env.external_site_map, docname) if number else None
    if following is None:
        return
    folder = Path(env.doc2path(docname)).parent
    glossary, masters = folder / "glossary.md", folder / "homework" / "masters"
    for source in [glossary, *masters.glob("*.ipynb")]:
        env.note_dependency(str(source))

    items = nodes.bullet_list(bullet="-")
    last = not NUMBER_OF_PAGE.search(following)
    words = "This is the last chapter; the back matter begins with " if last else "Next: "
    items += _item(words, _page_link(following, docname), ".")
    sets = [s for s in homework_sets(masters) if int(number) in s[2]]
    for n, title, needed in sets:
        words = [nodes.Text(f"Homework {n}. {title}")]
        link = reference("homework", n, words, doctree, docname)
        others = [k for k in needed if k != int(number)]
        items += _item(
            "Homework: ",
            link,
            f", together with {_listed(others)}." if others else ".",
        )
    if not sets and masters.is_dir():
        home = _page_link(f"{docname.rpartition('/')[0]}/homework".lstrip("/"), docname)
        items += _item(
            "Homework: no set goes with this chapter; all are on the page ",
            home,
            ".",
        )
    if glossary.exists():
        found = terms(glossary.read_text(encoding="utf-8"), docname.rpartition("/")[2])
        links = [reference("term", plain(t), [nodes.Text(t)], doctree, docname) for t in found]
        if links:
            parts = [part for link in links for part in (link, nodes.Text(", "))][:-1]
            items += _item("Terms of this chapter: ", *parts, ".")

    section = nodes.section(
        ids=[nodes.make_id(HEADING)],
        names=[nodes.fully_normalize_name(HEADING)],
    )
    section["classes"].append("chapter-end")
    section += [nodes.title("", HEADING), items]
    next(doctree.findall(nodes.section)).append(section)


def _pages(site_map, document):
    """Yield a page and all below it, in the order of the table of contents."""
    yield str(document.docname)
    for item in (item for tree in document.subtrees for item in tree.items):
        if item in site_map:
            yield from _pages(site_map, site_map[item])


def _page_link(page, docname):
    """Return a link to a page, with the page's title."""
    return addnodes.pending_xref(
        "", nodes.inline("", page), refdomain="std", reftype="doc",
        reftarget=f"/{page}", refdoc=docname, refexplicit=False, refwarn=True,
    )  # fmt: skip


def _item(*parts):
    words = [nodes.Text(part) if isinstance(part, str) else part for part in parts]
    return nodes.list_item("", nodes.paragraph("", "", *words))


def _listed(numbers):
    """Return "Chapters 1, 2 and 5": words that become links like others."""
    *others, last = map(str, numbers)
    return f"Chapters {', '.join(others)} and {last}" if others else f"Chapter {last}"


def setup(app):
    """Add the end before mentions are linked and headings collected."""
    app.connect("doctree-read", add_end, priority=300)
    return {"parallel_read_safe": True}
