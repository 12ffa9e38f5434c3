"""The search: of each section, what its page needs to look it up in the reader's browser.

A section has a title, prose, and names that it goes by: the terms that it introduces, with their
synonyms, by the glossary; its theorems and exercises; and what else readers call it, by
`called.toml`. Formulas, code, outputs and what stands in sections of its own are left out. The
ranking is in `search.js`. The index is a script too, and so it is found where pages are opened as
files.
"""

import json
import re
import tomllib
from collections import defaultdict
from pathlib import Path

from docutils import nodes
from sphinx import addnodes
from sphinx.search.en import SearchEnglish

import terms

INDEX = "search-index.js"
CALLED = Path(__file__).with_name("called.toml")
TOP = "top"  # there, the opening of a page
# The chapters come before their exercises, the list of terms, the reference, and lists of sources.
WORTH = {"book/reference/": 0.2, "book/glossary": 0.4, "book/references": 0.4, "book/index": 0.7,
         "book/lecture_slips": 0.6, "book/notation": 0.8, "book/datasets": 0.8}  # fmt: skip
# The same of sections, by their anchors.
REMARKS = {"exercises": 0.7, "where-the-lectures-slip": 0.6}
ELSEWHERE = "Reading:", "You need:"  # paragraphs that speak of other places
SOURCES = "book/references"  # goes by its authors: "Efron, B., and Hastie, T."
AUTHOR = re.compile(r"([^\W\d_][\w'’-]+), (?:[A-Z]\.[ -]?)+")
# Words of a question that say nothing about its subject, beside those that Sphinx leaves out.
ASKING = {"am", "can", "do", "does", "from", "has", "have", "how", "i", "its", "me", "my", "need",
          "should", "so", "vs", "we", "what", "when", "where", "which", "who", "why", "would",
          "you", "your"}  # fmt: skip
NUMBERED = re.compile(r"(?:Exercise|Theorem) [\d.]+ \((.+)\)\.?")
SKIPPED = (nodes.section, nodes.title, nodes.literal_block,
           nodes.raw, nodes.comment, nodes.image, addnodes.desc, addnodes.index)  # fmt: skip


def parts(section):
    """Return the prose of a section and the names of its theorems and exercises.

    Its subsections have parts of their own.
    """
    prose, names = [], []

    def read(node):
        for child in node.children:
            text = child.astext()
            if isinstance(child, nodes.Text):
                prose.append(text)
            elif isinstance(child, (nodes.math, nodes.math_block)):
                prose.append("…" if isinstance(child, nodes.math) else " … ")
            elif isinstance(child, SKIPPED) or "cell_output" in child["classes"]:
                continue
            elif not isinstance(child, nodes.paragraph) or not text.startswith(ELSEWHERE):
                if isinstance(child, nodes.strong) and (named := NUMBERED.fullmatch(text)):
                    names.append(named[1])
                read(child)
                if isinstance(child, (nodes.paragraph, nodes.list_item, nodes.term, nodes.entry)):
                    prose.append(" ")

    read(section)
    return {"names": names, "prose": " ".join("".join(prose).split())}


def collect(app, doctree, docname):
    """Keep what the sections of a page say, when it is about to be written."""
    page, records = app.env.titles[docname].astext(), []
    worth = next((w for name, w in WORTH.items() if f"{docname}/".startswith(name)), 1)

    def add(title, anchor, **said):
        here = min(worth, REMARKS.get(anchor, 1))
        place = f"{docname}.html#{anchor}" if anchor else f"{docname}.html"
        said = {"names": [], "prose": ""} | said
        records.append({"title": title, "page": page, "place": place, "worth": here} | said)

    for section in doctree.findall(nodes.section):
        if section["ids"] and "chapter-end" not in section["classes"]:
            title = next(iter(section.findall(nodes.title)), None)
            anchor = "" if section.parent is doctree else section["ids"][0]
            said = parts(section)
            if docname == SOURCES:
                said["names"] += AUTHOR.findall(said["prose"])
            add(title.astext() if title else page, anchor, **said)
    for entry in doctree.findall(addnodes.desc):  # of the reference
        for signature in entry.findall(addnodes.desc_signature):
            if signature.parent is entry and signature["ids"]:
                name = signature["ids"][0].removeprefix("companion.")
                summary = next(iter(entry[-1].findall(nodes.paragraph)), None)
                add(name, signature["ids"][0], prose=summary.astext() if summary else "")
    if docname == terms.GLOSSARY:
        records[0] |= {"names": [], "prose": ""}  # each of its terms has a place of its own
        for item in doctree.findall(nodes.list_item):
            if anchor := next((i for i in item["ids"] if i.startswith("term-")), None):
                term = next(iter(item.findall(nodes.strong))).astext()
                add(term, anchor, prose=" ".join(item.astext().split()))
    app.env.search_records[docname] = records


def called(app):
    """Return, by place, the terms that it introduces by the glossary, and what else it goes by."""
    found = defaultdict(list)
    path = Path(app.srcdir) / f"{terms.GLOSSARY}.md"
    known = terms.read(path.read_text(encoding="utf-8")) if path.exists() else {}
    for term, (also, sections) in known.items():
        for _, page, anchor in sections:
            found[f"book/{page}.html#{anchor}"].extend([term, *also])
        found[f"{terms.GLOSSARY}.html#{terms.anchor(term)}"].extend(also)
    for page, sections in tomllib.loads(CALLED.read_text(encoding="utf-8")).items():
        for anchor, names in sections.items():
            place = f"book/{page}.html" + ("" if anchor == TOP else f"#{anchor}")
            found[place].extend(" ".join(names.split()).split(", "))
    return found


def in_order(env, page):
    """Yield a page and those below it in the order of the book."""
    yield page
    for below in env.toctree_includes.get(page, []):
        yield from in_order(env, below)


def index(app):
    """Return what the script looks up."""
    names = called(app)
    pages = in_order(app.env, app.config.root_doc)
    records = [record for page in pages for record in app.env.search_records.get(page, [])]
    for record in records:
        record["names"] += names[record["place"]]
    keys = "place", "title", "page", "worth", "names", "prose"
    return {
        "sections": [[record[key] for key in keys] for record in records],
        "common": sorted(SearchEnglish.stopwords | ASKING),
    }


def write(app, error):
    """Write the index beside the pages, with the stemmer that its words and a question need."""
    if error or app.builder.format != "html":
        return
    text = json.dumps(index(app), ensure_ascii=False, separators=(",", ":"))
    path = Path(app.outdir) / "_static" / INDEX
    script = f"{SearchEnglish.js_stemmer_code}\nwindow.searchIndex={text};\n"
    path.write_text(script, encoding="utf-8")


def ours_alone(app):
    """Begin with nothing collected; Sphinx makes no index of its own."""
    app.env.search_records = {}
    app.builder.search = False


def setup(app):
    """Collect when pages are resolved, write at the end."""
    app.config.html_additional_pages["search"] = "search.html"
    app.connect("builder-inited", ours_alone)
    app.connect("doctree-resolved", collect, priority=900)
    app.connect("build-finished", write)
    return {"parallel_read_safe": True, "parallel_write_safe": False}
