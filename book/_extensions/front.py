"""The front page: two maps that make a reader ask, and the chapters drawn by what needs what.

`book/index.md` says in a comment where each picture stands. Both are made from what the book has
anyway: the maps from the data of the chapter on kidney cancer, the arrows from the line
"You need:" at the top of each chapter.
"""

import functools
import itertools
import json
import re
from pathlib import Path
from xml.etree import ElementTree as ET

from docutils import nodes
from sphinx import addnodes

MAPS, CHAPTERS = "<!-- two maps -->", "<!-- the chapters by what they need -->"
# Width and height of a box and of the gap to the next; a phone has room for numbers alone.
BOXES = {"wide": ((168, 36), (22, 28)), "narrow": ((56, 40), (24, 28))}
SHEET = "0 0 1950 1220"  # of the outlines of counties and states


# ------------------------------------------------------------------------------ what needs what


def needs(cell):
    """Return the chapters (by file name) that the opening cell of a chapter asks for."""
    line = re.search(r"^\*\*You need:\*\*.*$", cell, re.MULTILINE)
    return re.findall(r"\]\((\d\d_\w+)\.ipynb", line[0]) if line else []


def reduced(needed):
    """Leave out what follows: who needs B, which needs A, is not joined to A.

    `needed` has for each chapter, in the order of the book, those that it needs; they stand before.
    """
    behind = {}
    for name, before in needed.items():
        if late := [other for other in before if other not in behind]:
            raise ValueError(f"{name} needs {late[0]}, which does not come before it")
        behind[name] = set(before).union(*(behind[other] for other in before))
    return {
        name: [a for a in before if not any(a in behind[b] for b in before)]
        for name, before in needed.items()
    }


def placed(joined):
    """Return for each chapter a level (one more than what it needs) and a lane.

    A chapter goes on in the lane of something that it needs, if nothing stands there yet, or in the
    first free lane below.
    """
    places, ends = {}, {}
    for name, before in joined.items():
        level = 1 + max((places[other][0] for other in before), default=-1)
        lanes = [places[other][1] for other in before] or [0]
        below = itertools.count(max(lanes) + 1)
        lane = next(k for k in itertools.chain(lanes, below) if ends.get(k, -1) < level)
        places[name], ends[lane] = (level, lane), level
    return places


# ---------------------------------------------------------------------------------- the pictures


def element(parent, tag, text=None, **attributes):
    """Append an element; an underscore at the end of a name keeps it from being Python's word."""
    names = {key.rstrip("_").replace("_", "-"): str(value) for key, value in attributes.items()}
    child = ET.SubElement(parent, tag, names)
    child.text = text
    return child


def drawing(chapters, joined, kind):
    """Return the chapters as boxes, each a link, with arrows that run down."""
    (width, height), (across, down) = BOXES[kind]
    at = {
        name: (1 + lane * (width + across), 1 + level * (height + down))
        for name, (level, lane) in placed(joined).items()
    }
    size = [max(spot[k] for spot in at.values()) + (width, height)[k] + 1 for k in (0, 1)]
    svg = ET.Element("svg", {"viewBox": f"0 0 {size[0]} {size[1]}", "class": kind, "role": "group"})
    svg.set("aria-label", "The chapters; an arrow leads from each to those that need it")
    head = element(
        element(svg, "defs"), "marker", id=f"needs-{kind}", viewBox="0 0 8 8", refX=7, refY=4,
        markerWidth=7, markerHeight=7, orient="auto",
    )  # fmt: skip
    element(head, "path", d="M0 0L8 4L0 8z", class_="head")
    for name, before in joined.items():
        for other in before:
            (x0, y0), (x1, y1) = at[other], at[name]
            x0, y0, x1, bend = x0 + width / 2, y0 + height, x1 + width / 2, down * 0.8
            path = f"M{x0:g} {y0:g}C{x0:g} {y0 + bend:g} {x1:g} {y1 - bend:g} {x1:g} {y1:g}"
            element(svg, "path", d=path, class_="arrow", marker_end=f"url(#needs-{kind})")
    for name, (x, y) in at.items():
        number, title = chapters[name]
        link = element(svg, "a", href=f"{name}.html", aria_label=f"Chapter {number}, {title}")
        element(link, "rect", x=x, y=y, width=width, height=height, rx=5)
        words = f"{number}. {title}" if kind == "wide" else number
        middle = {"x": x + width / 2, "y": y + height / 2 + 4.5}
        element(link, "text", words, text_anchor="middle", **middle)
    return ET.tostring(svg, encoding="unicode")


def said(chapters, joined):
    """Return the same in words."""
    names = {
        name: f'<a href="{name}.html">Chapter {number}</a> ({title})'
        for name, (number, title) in chapters.items()
    }
    lines = [
        f"<li>{names[name]} needs "
        + (" and ".join(names[other] for other in before) or "no other")
        + ".</li>"
        for name, before in joined.items()
    ]
    return (
        f'<details class="in-words"><summary>The same in words</summary><ul>{"".join(lines)}'
        "</ul></details>"
    )


def chapters_picture(app):
    """Return the picture of the chapters of the table of contents."""
    chapters, needed = {}, {}
    for tree in app.env.external_site_map["book/index"].subtrees:
        for file in map(Path, tree.items):
            if path := next(Path(app.srcdir).glob(f"{file}.ipynb"), None):
                cell = "".join(json.loads(path.read_text("utf-8"))["cells"][0]["source"])
                number, title = re.match(r"# (\d+)\. (.*)", cell).groups()
                chapters[file.name], needed[file.name] = (
                    (number, title),
                    needs(cell),
                )
    joined = reduced(needed)
    pictures = "".join(drawing(chapters, joined, kind) for kind in BOXES)
    return f'<figure class="needs">{pictures}</figure>{said(chapters, joined)}'


@functools.cache
def tenths():
    """Return the table of counties, and who is in the tenths with the highest and lowest rates."""
    from companion import datasets

    counties = datasets.load_kidney_cancer()
    deaths = counties["deaths_1980_84"] + counties["deaths_1985_89"]
    years = counties["person_years_1980_84"] + counties["person_years_1985_89"]
    rates = deaths / years  # as in Figure 11.1
    lowest = rates.rank(method="first") <= len(rates) / 10
    return counties, {
        "highest": rates >= rates.quantile(0.9),
        "lowest": lowest,
    }


@functools.cache
def maps_picture():
    """Return two maps, of the counties with the highest and with the lowest rates."""
    from companion import datasets

    def shorter(
        paths,
    ):  # a minus sign parts two numbers as well as a blank does
        return "".join(paths).replace(" -", "-")

    counties, ends = tenths()
    outlines = datasets.load_county_shapes().set_index("fips")["path"]
    land, svgs = shorter(datasets.load_state_shapes()["path"]), ""
    for name, mask in ends.items():
        marked = shorter(outlines.reindex(counties["fips"][mask]).dropna())
        shape = f'<path id="land" d="{land}"/>' if name == "highest" else '<use href="#land"/>'
        svgs += (
            f'<div><p>The <strong>{name}</strong> rates</p><svg viewBox="{SHEET}" role="img" '
            f'aria-label="Map of the United States; the tenth of the counties with the {name} rates'
            ' is marked: most lie in the rural middle of the country, few on the coasts">'
            f'<g class="land">{shape}</g><path class="{name}" d="{marked}"/></svg></div>'
        )
    return f'<div class="two-maps">{svgs}</div>'


def draw(app, doctree):
    """Put the pictures where the front page asks for them."""
    pictures = {MAPS: maps_picture, CHAPTERS: lambda: chapters_picture(app)}
    for raw in list(doctree.findall(nodes.raw)):
        if make := pictures.get(raw.astext().strip()):
            raw.replace_self(nodes.raw("", make(), format="html"))
    if app.env.docname == app.config.root_doc:
        links = (nodes.reference, addnodes.pending_xref)
        for paragraph in doctree.findall(nodes.paragraph):
            parts = [part for part in paragraph.children if part.astext().strip()]
            if parts and all(isinstance(part, links) for part in parts):
                paragraph["classes"].append("start")  # what a visitor may do now


def setup(app):
    """Draw when a page has been read."""
    app.connect("doctree-read", draw)
    return {"parallel_read_safe": True}
