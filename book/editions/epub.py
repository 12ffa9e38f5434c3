"""The book for readers of EPUB: formulas as MathML, drawings as they are, one file a page.

Called as `python book/editions/epub.py SITE OUT.epub`. Solutions stand in files of their own after
the chapters, with links both ways: nobody reads one by turning a page too far.
"""

import json
import re
import subprocess
import sys
import tempfile
from html import escape
from io import BytesIO
from pathlib import Path
from string import Template

import epub_container as container
import pages
import yaml
from epub_container import Entry, document
from fontTools import subset
from fontTools.ttLib import TTFont
from lxml import etree, html
from node_packages import node, package
from PIL import Image
from playwright.sync_api import sync_playwright

HERE = Path(__file__).resolve().parent
CITATION = yaml.safe_load((pages.ROOT / "CITATION.cff").read_text(encoding="utf-8"))
STYLES = ("temml.css", "code.css", "figures.css", "book.css")
MATHML = "http://www.w3.org/1998/Math/MathML"
SVG = "http://www.w3.org/2000/svg"
XLINK = "http://www.w3.org/1999/xlink"
HREF = f"{{{XLINK}}}href"
# HTML does not mind capitals in the names of attributes, XML does.
CAPITALS = {
    name.lower(): name
    for name in "viewBox preserveAspectRatio refX refY markerWidth markerHeight markerUnits "
    "gradientUnits gradientTransform patternUnits clipPathUnits textLength lengthAdjust".split()
}
# For a browser that loads pages over a network, or speaks of changes; and what HTML no longer has.
UNWANTED = "decoding loading aria-live border valign halign".split()
KINDS = {"glossary": "glossary", "references": "bibliography", "index": "introduction"}
AS_DRAWN = "Drawn as it stands at first; on the site it can be operated."
SOLUTIONS = "Solutions"


def assembled(articles, address=""):
    """Return the pages of the edition, solutions as pages of their own.

    Parameters
    ----------
    articles, address
        As of `pages.joined`.
    """
    found = pages.joined(articles, address=address)
    for page in found:
        pages.take_solutions(pages.without_drawing_code(pages.clean(page)))
        lead_to_solutions(page)
    answers = [solutions(page) for page in found if page.solutions]
    last = 1 + max(i for i, page in enumerate(found) if page.is_chapter)
    ordered = [*found[:last], *answers, *found[last:]]
    for page in ordered:
        pages.unfold(page)
        for drawing in page.body.cssselect(".companion-figure"):
            etree.SubElement(drawing, "p", {"class": "as-drawn"}).text = AS_DRAWN
    return ordered


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


def set_formulas(found):
    """Replace each formula of the site by MathML that carries its TeX.

    Parameters
    ----------
    found : list of Page
    """
    asked = {}
    for page in found:
        for formula in page.body.cssselect(".katex"):
            asked.setdefault(request(formula), page.name)
    for page in found:
        for formula in page.body.cssselect(".katex"):
            if formula.getparent().tag != "span":
                raise pages.EditionError(f"{page.name}: a formula alone: {pages.tex(formula)}")
    answers = dict(zip(asked, by_temml(list(asked)), strict=True))
    bad = [
        f"{asked[key]}: {key[0]}: {answer['error']}"
        for key, answer in answers.items()
        if "error" in answer
    ]
    if bad:
        raise pages.EditionError("formulas that Temml cannot set: " + "; ".join(bad))
    for page in found:
        for formula in page.body.cssselect(".katex"):
            key = request(formula)
            math = etree.fromstring(answers[key]["mathml"])
            math.set("alttext", key[0])
            replace(formula.getparent(), math)


def request(formula):
    """Return (TeX, whether it has lines of its own) of a formula of the site."""
    return pages.tex(formula).strip(), "katex-display" in formula.getparent().get("class", "")


def by_temml(formulas):
    """Return Temml's answer, {"mathml": ...} or {"error": ...}, to each (TeX, display)."""
    asked = [{"tex": tex, "display": display} for tex, display in formulas]
    command = [node(), HERE / "temml.mjs", package("temml") / "dist" / "temml.mjs"]
    done = subprocess.run(
        command, input=json.dumps(asked), capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


def replace(old, new):
    """Put an element in the place of another."""
    new.tail = old.tail
    old.getparent().replace(old, new)


def take_styles(found):
    """Take the style sheets out that figures bring along; return them, each once."""
    sheets = {}
    for page in found:
        for sheet in page.body.cssselect("style"):
            sheets[sheet.text.strip()] = None
            pages.drop(sheet)
    return spelled_out("\n".join(sheets))


def spelled_out(sheet):
    """Return a style sheet without `:is`, which older readers of EPUB do not know."""
    pattern = re.compile(
        r"([^{};,]*):is\(([^()]*)\)((?:[^{},(]|\((?:[^()]|\([^()]*\))*\))*)(?=[{,])"
    )
    while found := pattern.search(sheet):
        head, choices, tail = found.groups()
        rules = ",".join(f"{head}{choice.strip()}{tail}" for choice in choices.split(","))
        sheet = sheet[: found.start()] + rules + sheet[found.end() :]
    return sheet


def as_xml(page):
    """Write a page's body, taken from HTML, as XHTML wants it."""
    etree.strip_tags(page.body, etree.Comment)
    for element in page.body.iter():
        for name in UNWANTED:
            element.attrib.pop(name, None)
    for drawing in page.body.iter("svg"):
        drawing.set("xmlns", SVG)
        for element in drawing.iter():
            respell(element)
    for element in page.body.cssselect(".tex2jax_ignore, .toctree-wrapper"):
        element.attrib.pop("class")
    for table in list(page.body.iter("table")):
        box = html.Element("div", {"class": "table"})
        replace(table, box)
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
        for element in page.body.iter():
            if element.get("id"):
                files[element.get("id")] = page.name
    for page in found:
        for link in page.body.iter("a"):
            for name in ("href", HREF):
                end = (link.get(name) or "").removeprefix("#")
                if end in files and link.get(name).startswith("#"):
                    file = "" if files[end] == page.name else f"{files[end]}.xhtml"
                    link.set(name, file if end == pages.anchor(files[end]) else f"{file}#{end}")
                    if not link.get(name):
                        link.set(name, f"#{end}")


def take_images(found, site):
    """Return {name in the book: bytes} of the images that pages show, which then call them so.

    Parameters
    ----------
    found : list of Page
    site : Path
        Not all readers know WebP: it becomes PNG, without loss.
    """
    images = {}
    for page in found:
        for image in page.body.iter("img"):
            path = (site / "book" / image.get("src")).resolve()
            suffix = ".svg" if path.suffix == ".svg" else ".png"
            name = f"images/{path.name[:16]}{suffix}"
            images[name] = drawing(path) if suffix == ".svg" else png(Image.open(path))
            image.set("src", name)
    return images


def drawing(path):
    """Return an SVG whose empty lines say that they are."""
    text = path.read_text(encoding="utf-8")
    return re.sub(r"<path(?![^>]*\sd=)", '<path d=""', text).encode()


def png(image):
    """Return a picture's PNG, as small as it can be."""
    buffer = BytesIO()
    image.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def cover(front):
    """Return the cover as PNG: the two maps of the front page.

    Parameters
    ----------
    front : Page
    """
    (maps,) = front.body.cssselect(".two-maps")
    title, _, subtitle = CITATION["title"].partition(": ")
    words = {
        "fonts": (package("@fontsource/source-serif-4") / "files").as_uri(),
        "title": escape(title),
        "subtitle": escape(subtitle),
        "authors": escape(authors()),
        "maps": html.tostring(maps, encoding="unicode", with_tail=False),
    }
    text = Template((HERE / "epub_cover.html").read_text(encoding="utf-8")).substitute(words)
    with tempfile.TemporaryDirectory() as work, sync_playwright() as playwright:
        path = Path(work) / "cover.html"
        path.write_text(text, encoding="utf-8")
        browser = pages.chromium.start(playwright)
        tab = browser.new_page(viewport={"width": 1200, "height": 1800})
        tab.goto(path.as_uri())
        tab.evaluate("document.fonts.ready.then(() => null)")
        shot = tab.screenshot()
        browser.close()
    return png(Image.open(BytesIO(shot)).convert("RGB").quantize(64))


def authors():
    """Return the authors of the book in one line."""
    return ", ".join(author["name"] for author in CITATION["authors"])


def font_of_formulas(found):
    """Return the font of formulas as woff2, with the letters that they need.

    Parameters
    ----------
    found : list of Page
    """
    letters = {c for page in found for m in page.body.iter(f"{{{MATHML}}}*") for c in m.text or ""}
    (path,) = (package("@fontsource/stix-two-math") / "files").glob("*.woff2")
    font = TTFont(path, recalcTimestamp=False)
    options = subset.Options(layout_features=["*"], notdef_outline=True)
    subsetter = subset.Subsetter(options)
    subsetter.populate(text="".join(letters))
    subsetter.subset(font)
    font.flavor = "woff2"
    buffer = BytesIO()
    font.save(buffer)
    return buffer.getvalue()


def sheet_of_formulas():
    """Return Temml's style sheet for the font that the book brings."""
    text = (package("temml") / "dist" / "Temml-STIX2.css").read_text(encoding="utf-8")
    text = re.sub(r"\.tml-cancelto \{[^}]*\}", "", text)  # a picture as an address, and unused
    text = text.replace("direction: ltr;", "")  # not for a style sheet of an EPUB
    return text.replace("./STIXTwoMath.woff2", "fonts/math.woff2")


def sheet_of_code(site):
    """Return the site's colours of code, in the dark where a reader likes it dark.

    Parameters
    ----------
    site : Path
    """
    text = (site / "_static" / "pygments.css").read_text(encoding="utf-8")
    found = {"light": [], "dark": []}
    for theme, rule in re.findall(
        r'html\[data-theme="(\w+)"\] (\.highlight \..*|\.highlight {.*)', text
    ):
        found[theme].append(rule)
    dark = "\n".join(found["dark"])
    return "\n".join([*found["light"], f"@media (prefers-color-scheme: dark) {{\n{dark}\n}}"])


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
    """Return a page's XHTML."""
    said = kind(page)
    page.body.set("epub-type", said)
    if said in ("chapter", "introduction", "appendix", "glossary", "bibliography"):
        page.body.set("role", f"doc-{said}")
    text = etree.tostring(page.body, encoding="unicode", with_tail=False)
    text = text.replace(" epub-type=", " epub:type=", 1)
    back = "bodymatter" if page.is_chapter else "backmatter"
    data = document(page.title, text, kind=back if page.part else "frontmatter", styles=STYLES)
    etree.fromstring(data)
    return data


def metadata(front):
    """Return the metadata of the book: list of (name, text)."""
    released = CITATION["date-released"]
    return [
        ("dc:title", CITATION["title"]),
        ("dc:creator", authors()),
        ("dc:language", "en"),
        ("dc:date", f"{released}"),
        ("dc:description", front.body.cssselect("p")[0].text_content().strip()),
        ("dc:rights", "Text and figures: CC BY 4.0; code: MIT"),
        ("dc:subject", "Statistics"),
        ("dcterms:modified", f"{released}T00:00:00Z"),
    ]


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
    set_formulas(found)
    files = {
        "cover.png": cover(found[0]),
        "temml.css": sheet_of_formulas().encode(),
        "fonts/math.woff2": font_of_formulas(found),
        "code.css": sheet_of_code(site).encode(),
        "figures.css": take_styles(found).encode(),
        "book.css": (HERE / "epub.css").read_bytes(),
        **take_images(found, site),
    }
    for page in found:
        as_xml(page)
    lead(found)
    files |= {f"{page.name}.xhtml": markup(page) for page in found}
    shown = '<img src="cover.png" alt="Cover: {}. Two maps of the United States." />'
    entries = [
        Entry("cover.xhtml", "Cover"),
        Entry("title.xhtml", "Title page"),
        Entry("nav.xhtml", "Contents"),
        *(Entry(f"{p.name}.xhtml", p.title, p.part, kind(p), sections(p)) for p in found),
    ]
    begin = next(entry for entry in entries if entry.kind == "chapter")
    marks = {"cover": ("Cover", "cover.xhtml"), "toc": ("Contents", "nav.xhtml#toc")}
    marks |= {"bodymatter": (begin.title, begin.name)}
    marks |= {e.kind: (e.title, e.name) for e in entries if e.kind in ("glossary", "bibliography")}
    outer = {
        "cover.xhtml": document(
            "Cover",
            f'<section epub:type="cover" class="cover">{shown.format(escape(CITATION["title"]))}</section>',
            kind="frontmatter",
            styles=STYLES,
        ),
        "title.xhtml": document(CITATION["title"], title_page(), kind="frontmatter", styles=STYLES),
        "nav.xhtml": document(
            "Contents", container.contents(entries, marks), kind="frontmatter", styles=STYLES
        ),
    }
    files |= outer
    files["package.opf"] = container.package(files, entries, metadata(found[0]))
    return {f"{container.FOLDER}/{name}": data for name, data in files.items()}


def main(site, out):
    """Write the edition."""
    files = book(pages.drawn(site), site.resolve())
    container.pack(files, out)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
