"""The search: an index of sections, ranked here and looked up in the reader's browser.

A section is found by the words of its title, the terms that it introduces (in bold type, and by
the glossary), its prose and its code, in this order of worth; formulas, outputs and what stands in
sections of its own do not count. How much a word says about a section is computed here (BM25F,
Robertson and Zaragoza 2009, with words reduced to their stems), so that the script only adds. The
index is a script too, and so it is found where pages are opened as files.
"""

import json
import math
import re
import tomllib
from collections import Counter, defaultdict
from pathlib import Path

import snowballstemmer
from docutils import nodes
from sphinx import addnodes
from sphinx.search.en import SearchEnglish

import terms

INDEX = "search-words.js"
ALIKE = Path(__file__).with_name("alike.toml")
# How much a word counts in each part of a section.
WORTH = {"title": 12.0, "terms": 8.0, "page": 2.0, "prose": 1.0, "code": 0.3}
K1, B = 1.2, 0.6  # how soon repetitions stop to count, and how much a long section is discounted
# The chapters come before their exercises, the list of terms, the reference, and lists of sources.
FACTORS = {"book/reference/": 0.45, "book/glossary": 0.5, "book/references": 0.4, "book/index": 0.7,
           "book/lecture_slips": 0.7, "book/notation": 0.8}  # fmt: skip
EXERCISES = 0.6
SHOWN = 1500  # letters of a section that are kept for excerpts
WORD = re.compile(r"[a-z0-9]+(?:'[a-z]+)?")
BRITISH = re.compile(r"\b(\w{4,})is(e[sd]?|ing|ations?)\b")  # one spelling for both sides
FOLDED = str.maketrans("áàâäéèêëíóöôúüñç", "aaaaeeeeiooouunc")
SKIPPED = (nodes.math, nodes.math_block, nodes.raw, nodes.comment, addnodes.index, nodes.image)
OWN_PLACE = (nodes.section, nodes.title, addnodes.desc, *SKIPPED)
stem = snowballstemmer.stemmer("porter").stemWord


def words(text):
    """Return the stems of a text; a hyphen parts words, and is also left out.

    >>> words("k-means, Pólya's urns")
    ['k', 'mean', 'kmean', 'polya', 'urn']
    """
    text = text.lower().translate(FOLDED).replace("’", "'")
    text = BRITISH.sub(r"\1iz\2", text).replace("licence", "license")
    joined = [a + b for a, b in re.findall(r"\b([a-z0-9]+)-([a-z0-9]+)\b", text)]
    single = [word.removesuffix("'s").replace("'", "") for word in WORD.findall(text)]
    return [cut for word in [*single, *joined] if (cut := stem(word))]


# -------------------------------------------------------------------------------- what is there


def parts(section):
    """Return prose, bold terms and code of a section, without what has a place of its own in it."""
    found = {"prose": [], "terms": [], "code": []}

    def read(node):
        for child in node.children:
            classes = child.get("classes", []) if isinstance(child, nodes.Element) else []
            if isinstance(child, OWN_PLACE) or "cell_output" in classes:
                continue
            if isinstance(child, nodes.literal_block):
                found["code"].append(child.astext())
            elif isinstance(child, nodes.Text):
                found["prose"].append(child.astext())
            else:
                if isinstance(child, nodes.strong):
                    found["terms"].append(child.astext())
                read(child)
                if isinstance(child, (nodes.paragraph, nodes.list_item, nodes.term, nodes.entry)):
                    found["prose"].append(" ")

    read(section)
    return found | {"prose": "".join(found["prose"]), "code": "\n".join(found["code"])}


def collect(app, doctree, docname):
    """Keep what the sections of a page say, when it is about to be written."""
    page, records = app.env.titles[docname].astext(), []
    factor = next((f for name, f in FACTORS.items() if f"{docname}/".startswith(name)), 1.0)

    def add(title, anchor, **said):
        place = f"{docname}.html#{anchor}" if anchor else f"{docname}.html"
        said = {"prose": "", "terms": [], "code": ""} | said
        said["factor"] = EXERCISES if anchor == "exercises" else factor
        records.append({"title": title, "page": page, "place": place} | said)

    for section in doctree.findall(nodes.section):
        if section["ids"] and "chapter-end" not in section["classes"]:
            title = next(iter(section.findall(nodes.title)), None)
            anchor = "" if section.parent is doctree else section["ids"][0]
            add(title.astext() if title else page, anchor, **parts(section))
    for entry in doctree.findall(addnodes.desc):  # of the reference
        for signature in entry.findall(addnodes.desc_signature):
            if signature.parent is entry and signature["ids"]:
                name = signature["ids"][0].removeprefix("companion.")
                add(name, signature["ids"][0], **parts(entry))
    if docname == terms.GLOSSARY:
        records[0] |= {"prose": "", "terms": []}  # each of its terms has a place of its own
        for item in doctree.findall(nodes.list_item):
            if anchor := next((i for i in item["ids"] if i.startswith("term-")), None):
                term = next(iter(item.findall(nodes.strong))).astext()
                add(term, anchor, prose=" ".join(item.astext().split()))
    app.env.search_records[docname] = records


def introduced(app):
    """Return, by place, the terms with their synonyms that the glossary says it introduces."""
    found = defaultdict(list)
    path = Path(app.srcdir) / f"{terms.GLOSSARY}.md"
    known = terms.read(path.read_text(encoding="utf-8")) if path.exists() else {}
    for term, (also, sections) in known.items():
        for _, page, anchor in sections:
            found[f"book/{page}.html#{anchor}"].extend([term, *also])
        found[f"{terms.GLOSSARY}.html#{terms.anchor(term)}"].extend(also)
    return found


# ------------------------------------------------------------------------------------ the ranking


def ranked(records):
    """Return for each stem a list of (number of the section, what the word says about it)."""
    prose = [Counter(words(record["prose"])) for record in records]
    lengths = [count.total() + 1 for count in prose]
    average = sum(lengths) / len(lengths)
    weights = defaultdict(dict)
    for k, record in enumerate(records):
        here, long = Counter(), 1 - B + B * lengths[k] / average
        for part, counts in ("prose", prose[k]), ("code", Counter(words(record["code"]))):
            for word, count in counts.items():
                here[word] += WORTH[part] * count / long
        for word in set(words(record["page"])):
            here[word] += WORTH["page"]
        for part, phrases in ("title", [record["title"]]), ("terms", record["terms"]):
            best = {}  # a phrase of one word is about it; one of ten is about each of them less
            for stems in map(words, phrases):
                for word in stems:
                    best[word] = max(best.get(word, 0), WORTH[part] / math.sqrt(len(stems)))
            for word, worth in best.items():
                here[word] += worth
        for word, worth in here.items():
            weights[word][k] = worth
    found = {}
    for word, by in weights.items():
        rare = math.log(1 + (len(records) - len(by) + 0.5) / (len(by) + 0.5))
        found[word] = [
            (k, round(100 * rare * w * (K1 + 1) / (w + K1) * records[k]["factor"]))
            for k, w in sorted(by.items())
        ]
    return found


def in_order(env, page):
    """Yield a page and those below it in the order of the book."""
    yield page
    for below in env.toctree_includes.get(page, []):
        yield from in_order(env, below)


def write(app, error):
    """Write the index beside the pages, with the stemmer that the script needs for a question."""
    if error or app.builder.format != "html":
        return
    by_place = introduced(app)
    pages = in_order(app.env, app.config.root_doc)
    records = [record for page in pages for record in app.env.search_records.get(page, [])]
    for record in records:
        record["terms"] += by_place.get(record["place"], [])
    data = {
        "sections": [
            [r["place"], r["title"], r["page"], " ".join(r["prose"].split())[:SHOWN]]
            for r in records
        ],
        "words": {
            word: [number for pair in pairs for number in pair]
            for word, pairs in sorted(ranked(records).items())
        },
        "alike": {
            word: sorted(set(words(ours)))
            for theirs, ours in tomllib.loads(ALIKE.read_text(encoding="utf-8")).items()
            for word in words(theirs)[:1]
        },
        "common": sorted(SearchEnglish.stopwords),
    }
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    path = Path(app.outdir) / "_static" / INDEX
    script = f"{SearchEnglish.js_stemmer_code}\nwindow.searchWords={text};\n"
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
