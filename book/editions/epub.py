"""The book for readers of EPUB: formulas as MathML, drawings as they are, one file a page.

Called as `python book/editions/epub.py SITE OUT.epub`. Solutions stand in files of their own after
the chapters, with links both ways: nobody reads one by turning a page too far.
"""

import re
import sys
from html import escape
from pathlib import Path

import yaml
from lxml import etree, html

import epub_container as container
import epub_formulas as formulas
import epub_looks as looks
import pages
from epub_container import Entry, document

HERE = Path(__file__).resolve().parent
CITATION = yaml.safe_load((pages.ROOT / "CITATION.cff").read_text(encoding="utf-8"))
STYLES = ("temml.css", "code.css", "figures.css", "book.css")
SVG = "http://www.w3.org/2000/svg"
XLINK = "http://www.w3.org/1999/xlink"
HREF = f"{{{XLINK}}}href"
# HTML does not mind capitals in the names of attributes, XML does.
CAPITALS = """viewBox preserveAspectRatio refX refY markerWidth markerHeight markerUnits
    gradientUnits gradientTransform patternUnits clipPathUnits textLength lengthAdjust"""
CAPITALS = {name.lower(): name for name in CAPITALS.split()}
# For a browser that loads pages over a network, or speaks of changes; and what HTML no longer has.
UNWANTED = ["decoding", "loading", "aria-live", "border", "valign", "halign"]
KINDS = {"glossary": "glossary", "references": "bibliography", "index": "introduction"}
SOLUTIONS = "Solutions"
COVER = """<section epub:type="cover" class="cover">
<img src="cover.png" alt="Cover: {}. Two maps of the United States."/>
</section>"""


def assembled(articles, address=""):
    """Return the pages of the edition, solutions as pages of their own.

    Parameters
    ----------
    articles, address
        As of `pages.joined`.
    """
    found = pages.joined(articles, address=address)
    for page in found:
        pages.take_solutions(pages.without_drawing_code(without_remarks(pages.clean(page))))
        lead_to_solutions(page)
    answers = [solutions(page) for page in found if page.solutions]
    last = 1 + max(i for i, page in enumerate(found) if page.is_chapter)
    ordered = [*found[:last], *answers, *found[last:]]
    for page in ordered:
        pages.tell_how_drawn(pages.unfold(page))
    return ordered


def without_remarks(page):
    """Take the comments out of a page, and the space that they leave before a full stop."""
    for remark in list(page.body.iter(etree.Comment)):
        if re.match(r"\s*[.,;:)]", remark.tail or ""):
            remark.tail = remark.tail.lstrip()
            before, parent = remark.getprevious(), remark.getparent()
            if before is None:
                parent.text = (parent.text or "").rstrip()
            else:
                before.tail = (before.tail or "").rstrip()
        remark.drop_tree()
    return page


def lead_to_solutions(page):
    """Put a link below each exercise of a page that leads to its solution."""
    for exercise, label, answer, _ in page.solutions:
        (last,) = page.body.xpath(".//p[@id=$id]", id=exercise)
        while last.getnext() is not None and not pages.ends_an_exercise(last.getnext()):
            last = last.getnext()
        lead = html.Element("p", {"class": "to-solution"})
        etree.SubElement(lead, "a", href=f"#{answer}").text = f"Solution of {label}"
        last.addnext(lead)


def solutions(page):
    """Return a page with what `pages.take_solutions` took out of one.

    Parameters
    ----------
    page : Page
    """
    name = f"{page.name}-solutions"
    body = html.Element("section", id=pages.anchor(name))
    title = f"Solutions to {'Chapter ' if page.is_chapter else ''}{page.title}"
    etree.SubElement(body, "h1").text = title
    for exercise, label, answer, elements in page.solutions:
        section = etree.SubElement(body, "section", {"id": answer, "class": "solution"})
        link = etree.SubElement(etree.SubElement(section, "h2"), "a", href=f"#{exercise}")
        link.text = label
        section.extend(elements)
    return pages.Page(name, SOLUTIONS, title, body)


def mark_lines(code):
    """Put each line of code into an element of its own: see what the style sheet does with it.

    Parameters
    ----------
    code : lxml element
        A `pre` with colours, none of which goes over the end of a line.
    """
    inner = html.tostring(code, encoding="unicode", with_tail=False)
    inner = inner[inner.index(">") + 1 : -len("</pre>")].removeprefix("<span></span>")
    lines = [f'<span class="line">{line}\n</span>' for line in inner.rstrip("\n").split("\n")]
    for child in list(code):
        code.remove(child)
    code.text = None
    code.extend(html.fragments_fromstring("".join(lines)))


def take_styles(found):
    """Take the style sheets out that figures bring along; return them, each once."""
    sheets = {}
    for page in found:
        for sheet in page.body.cssselect("style"):
            sheets[sheet.text.strip()] = None
            pages.drop(sheet)
    return looks.spelled_out("\n".join(sheets))


def as_xml(page):
    """Write a page's body, taken from HTML, as XHTML wants it."""
    for element in page.body.iter():
        for name in UNWANTED:
            element.attrib.pop(name, None)
    for drawing in page.body.iter("svg"):
        drawing.set("xmlns", SVG)
        for element in drawing.iter():
            respell(element)
    for element in page.body.cssselect(".tex2jax_ignore, .toctree-wrapper"):
        element.attrib.pop("class")
    for code in page.body.cssselect(".highlight pre"):
        mark_lines(code)
    for table in list(page.body.iter("table")):
        box = html.Element("div", {"class": "table"})
        formulas.replace(table, box)
        table.tail = None
        box.append(table)
    for box in page.body.cssselect("div.math, .table"):
        box.set("tabindex", "0")  # who has keys only can scroll it


def respell(element):
    """Give an element of a drawing the capitals that it had, and links in their older form."""
    for name, value in element.items():
        if name in CAPITALS:
            element.attrib.pop(name)
            element.set(CAPITALS[name], value)
    if "href" in element.attrib:
        element.set(HREF, element.attrib.pop("href"))
    if element.tag == "a":
        element.set(f"{{{XLINK}}}title", element.get("aria-label"))
    if element.tag == "path" and "d" not in element.attrib:
        element.set("d", "")
    if element.get("role") == "group":
        element.attrib.pop("role")
        title = html.Element("title")
        title.text = element.attrib.pop("aria-label")
        element.insert(0, title)


def lead(found):
    """Let each link within the book lead to the file that holds its end."""
    files = {}
    for page in found:
        files |= {e.get("id"): page.name for e in page.body.iter() if e.get("id")}
    for page in found:
        for link in page.body.iter("a"):
            name = HREF if HREF in link.attrib else "href"
            mark, end = link.get(name, "")[:1], link.get(name, "")[1:]
            if mark == "#" and files[end] != page.name:
                whole = end == pages.anchor(files[end])
                link.set(name, f"{files[end]}.xhtml" + ("" if whole else f"#{end}"))


def authors():
    """Return the authors of the book in one line."""
    return ", ".join(author["name"] for author in CITATION["authors"])


def sections(page):
    """Return (title, address) of the sections of a page."""
    if page.part == SOLUTIONS:
        return ()
    found = [(part.find("h2"), part.get("id")) for part in page.body.iterfind("section")]
    return tuple(
        (head.text_content().strip(), f"{page.name}.xhtml#{end}")
        for head, end in found
        if head is not None
    )


def kind(page):
    """Return the `epub:type` of a page."""
    if page.part == SOLUTIONS:
        return "answers"
    return "chapter" if page.is_chapter else KINDS.get(page.name, "appendix")


def title_page():
    """Return the markup of the title page."""
    title, _, subtitle = CITATION["title"].partition(": ")
    version = f"Version {CITATION['version']}, {CITATION['date-released']}"
    rights = "Text and figures: CC BY 4.0. Code: MIT licence."
    lines = [subtitle, authors(), version, rights]
    text = "\n".join(f"<p>{escape(line)}</p>" for line in lines)
    return f'<section class="title-page">\n<h1>{escape(title)}</h1>\n{text}\n</section>'


def markup(page):
    """Return a page's XHTML.

    Parameters
    ----------
    page : Page
        As `as_xml` leaves it.
    """
    said = kind(page)
    page.body.set("epub-type", said)
    if said in ("chapter", "introduction", "appendix", "glossary", "bibliography"):
        page.body.set("role", f"doc-{said}")
    text = etree.tostring(page.body, encoding="unicode", with_tail=False)
    text = text.replace(" epub-type=", " epub:type=", 1)
    back = "bodymatter" if page.is_chapter else "backmatter"
    return document(page.title, text, kind=back if page.part else "frontmatter", styles=STYLES)


def metadata(front):
    """Return the metadata of the book: list of (name, text)."""
    released = CITATION["date-released"]
    return [
        ("dc:title", CITATION["title"]),
        ("dc:creator", authors()),
        ("dc:language", "en"),
        ("dc:date", str(released)),
        ("dc:description", front.body.cssselect("p")[0].text_content().strip()),
        ("dc:rights", "Text and figures: CC BY 4.0; code: MIT"),
        ("dc:subject", "Statistics"),
        ("dcterms:modified", f"{released}T00:00:00Z"),
    ]


def around(found):
    """Return what stands around the pages: cover, title page and contents.

    Parameters
    ----------
    found : list of Page

    Returns
    -------
    entries : list of Entry
        All files in reading order.
    files : dict of {name: bytes}
    """
    entries = [
        Entry("cover.xhtml", "Cover"),
        Entry("title.xhtml", "Title page"),
        Entry("nav.xhtml", "Contents"),
        *(Entry(f"{p.name}.xhtml", p.title, p.part, kind(p), sections(p)) for p in found),
    ]
    first = {entry.kind: (entry.title, entry.name) for entry in reversed(entries)}
    marks = {"cover": ("Cover", "cover.xhtml"), "toc": ("Contents", "nav.xhtml#toc")}
    marks |= {"bodymatter": first["chapter"]}
    marks |= {known: first[known] for known in ("glossary", "bibliography") if known in first}
    bodies = {
        "cover.xhtml": COVER.format(escape(CITATION["title"])),
        "title.xhtml": title_page(),
        "nav.xhtml": container.contents(entries, marks),
    }
    files = {
        entry.name: document(entry.title, bodies[entry.name], kind="frontmatter", styles=STYLES)
        for entry in entries[:3]
    }
    return entries, files


def book(articles, site, address=""):
    """Return the files of the edition: {path in the EPUB: bytes}.

    Parameters
    ----------
    articles : iterable of (name, HTML)
        As of `pages.drawn`.
    site : Path
        The built site, for its images and its colours of code.
    address : str
        Where the site is published.
    """
    found = assembled(articles, address)
    formulas.set_formulas(found)
    files = {
        "cover.png": looks.cover(found[0], CITATION["title"], authors()),
        "temml.css": looks.sheet_of_formulas().encode(),
        "fonts/math.woff2": looks.font_of_formulas(found),
        "code.css": looks.sheet_of_code(site).encode(),
        "figures.css": take_styles(found).encode(),
        "book.css": (HERE / "epub.css").read_bytes(),
        **looks.take_images(found, site),
    }
    for page in found:
        as_xml(page)
    lead(found)
    entries, outer = around(found)
    files |= outer | {f"{page.name}.xhtml": markup(page) for page in found}
    files["package.opf"] = container.package(files, entries, metadata(found[0]))
    container.check(files)
    return {f"{container.FOLDER}/{name}": data for name, data in files.items()}


def main(site, out):
    """Write the edition.

    Parameters
    ----------
    site, out : Path
        The built site, and the EPUB.
    """
    config = yaml.safe_load((pages.ROOT / "_config.yml").read_text(encoding="utf-8"))
    files = book(pages.drawn(site), site, config["html"]["baseurl"])
    out.parent.mkdir(parents=True, exist_ok=True)
    container.pack(files, out)


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), Path(sys.argv[2]))
