"""What the EPUB edition looks like: cover, pictures, style sheets, font of formulas."""

import re
import tempfile
from concurrent.futures import ThreadPoolExecutor
from html import escape
from io import BytesIO
from pathlib import Path
from string import Template

from fontTools import subset
from fontTools.ttLib import TTFont
from lxml import html
from PIL import Image
from playwright.sync_api import sync_playwright

import pages
from epub_formulas import MATHML
from node_packages import package

HERE = Path(__file__).resolve().parent


def cover(front, title, authors):
    """Return the cover as PNG: the two maps of the front page.

    Parameters
    ----------
    front : Page
    title, authors : str
        A subtitle comes after a colon.
    """
    (maps,) = front.body.cssselect(".two-maps")
    main, _, subtitle = title.partition(": ")
    words = {
        "fonts": (package("@fontsource/source-serif-4") / "files").as_uri(),
        "title": escape(main),
        "subtitle": escape(subtitle),
        "authors": escape(authors),
        "maps": html.tostring(maps, encoding="unicode", with_tail=False),
    }
    text = Template((HERE / "epub_cover.html").read_text(encoding="utf-8")).substitute(words)
    with ThreadPoolExecutor(1) as apart:  # whoever calls may have a browser open already
        shot = apart.submit(photograph, text).result()
    return png(BytesIO(shot), colours=64)


def photograph(text):
    """Return a picture of a cover's HTML as PNG.

    Parameters
    ----------
    text : str
    """
    with tempfile.TemporaryDirectory() as work, sync_playwright() as playwright:
        path = Path(work) / "cover.html"
        path.write_text(text, encoding="utf-8")
        browser = pages.chromium.start(playwright)
        tab = browser.new_page(viewport={"width": 1200, "height": 1800})
        tab.goto(path.as_uri())
        tab.evaluate("document.fonts.ready.then(() => null)")
        shot = tab.screenshot()
        browser.close()
    return shot


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
            images[name] = drawing(path) if suffix == ".svg" else png(BytesIO(path.read_bytes()))
            image.set("src", name)
    return images


def drawing(path):
    """Return an SVG whose empty lines say that they are."""
    text = path.read_text(encoding="utf-8")
    return re.sub(r"<path(?![^>]*\sd=)", '<path d=""', text).encode()


def png(file, colours=None):
    """Return a picture as PNG, as small as it can be.

    Parameters
    ----------
    file : BytesIO
    colours : int, optional
        How many to keep.
    """
    buffer = BytesIO()
    with Image.open(file) as image:
        kept = image.convert("RGB").quantize(colours) if colours else image
        kept.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def font_of_formulas(found):
    """Return the font of formulas as woff2, with the letters that they need.

    Parameters
    ----------
    found : list of Page
    """
    pieces = (piece.text for page in found for piece in page.body.iter(f"{{{MATHML}}}*"))
    letters = {letter for text in pieces for letter in text or ""}
    (path,) = (package("@fontsource/stix-two-math") / "files").glob("*.woff2")
    font = TTFont(path, recalcTimestamp=False)
    options = subset.Options(layout_features=["*"], name_IDs=["*"], notdef_outline=True)
    subsetter = subset.Subsetter(options)
    subsetter.populate(text="".join(letters))
    subsetter.subset(font)
    font.flavor = "woff2"
    buffer = BytesIO()
    font.save(buffer)
    return buffer.getvalue()


def sheet_of_formulas():
    """Return Temml's style sheet for the font that the book brings, its licence in front."""
    terms = (package("temml") / "LICENSE").read_text(encoding="utf-8")
    text = (package("temml") / "dist" / "Temml-STIX2.css").read_text(encoding="utf-8")
    text = re.sub(r"\.tml-cancelto \{[^}]*\}", "", text)  # a picture as an address, and unused
    text = text.replace("direction: ltr;", "")  # not for a style sheet of an EPUB
    return f"/*\n{terms}*/\n" + text.replace("./STIXTwoMath.woff2", "fonts/math.woff2")


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
