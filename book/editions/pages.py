"""The book's pages, taken from the built site and put together for an edition that is one thing.

The notebooks stay the one source: the site has already executed them, set their formulas, numbered
and linked everything. Here its pages are read in the order of the table of contents, freed of what
only a site needs, and joined: every id gets the name of its page in front, every link between pages
leads to such an id. What an edition does with formulas, figures and code is its own matter.
"""

import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin

import yaml
from lxml import etree, html
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))
import chromium  # noqa: E402

SITE = ROOT / "_build" / "html"
# What a reader operates, and what leads around the site.
OF_THE_SITE = (
    "script, noscript, button, input, select, label, .headerlink, .chapter-end, .live-offer, "
    ".copybtn, .prev-next-footer, .skip-link, .d-print-none, style[scoped]"
)
# The code that draws a figure or a table: folded on the site, its output shown.
AS_DRAWN = "Drawn as it stands at first; on the site it can be operated."
DRAWING = ".cell.tag_hide-input details.hide"


class EditionError(Exception):
    """An edition that would lack something; says what, and where."""


@dataclass
class Page:
    """A page of the book.

    Attributes
    ----------
    name : str
        As in the table of contents, without its folder: "05_em_for_mixtures".
    part : str
        The part of the book; "" for the front page.
    title : str
        The heading, with the number of a chapter.
    body : lxml element
        The page's section, heading included.
    solutions : list of (anchor of the exercise, its label, anchor of the answer, elements)
        What was taken out by `take_solutions`.
    """

    name: str
    part: str
    title: str
    body: html.HtmlElement
    solutions: list = field(default_factory=list)

    @property
    def anchor(self):
        """The id of the page itself."""
        return anchor(self.name)

    @property
    def pieces(self):
        """The body, and the solutions that were taken out of it."""
        return [self.body, *(element for *_, elements in self.solutions for element in elements)]

    @property
    def is_chapter(self):
        """Whether it is a numbered chapter."""
        return self.name[0].isdigit()


def anchor(page, fragment=""):
    """Return the id that a place has in the joined book; it begins with a letter.

    Parameters
    ----------
    page, fragment : str
        The page's name without its folder, and the id on that page.
    """
    return f"p-{page}--{fragment}" if fragment else f"p-{page}"


def contents(root=ROOT):
    """Return (part, name) of every page of the table of contents that somebody has written.

    Parameters
    ----------
    root : Path
        The project. The reference, made from the docstrings, stays on the site.
    """
    toc = yaml.safe_load((root / "_toc.yml").read_text(encoding="utf-8"))
    found = [("", toc["root"])]
    for part in toc["parts"]:
        found += [(part["caption"], chapter["file"]) for chapter in part["chapters"]]
    return [(part, name.rpartition("/")[2]) for part, name in found]


def drawn(site=SITE, names=None):
    """Yield (name, article as HTML) of pages whose figures have been drawn by their scripts.

    Parameters
    ----------
    site : Path
        The built site.
    names : list of str, optional
        Pages; otherwise all of the table of contents.
    """
    with sync_playwright() as playwright:
        browser = chromium.start(playwright)
        tab = browser.new_page(viewport={"width": 1280, "height": 900}, color_scheme="light")
        for name in names or [name for _, name in contents()]:
            tab.goto((site.resolve() / "book" / f"{name}.html").as_uri(), wait_until="load")
            yield (
                name,
                tab.evaluate("document.querySelector('article').outerHTML"),
            )
        browser.close()


def still(site=SITE, names=None):
    """Yield (name, article as HTML) of pages as they are in the files, scripts and all."""
    for name in names or [name for _, name in contents()]:
        text = (site / "book" / f"{name}.html").read_text(encoding="utf-8")
        yield name, re.search(r"<article.*?</article>", text, re.DOTALL)[0]


def joined(articles, *, address=""):
    """Return the pages of the book, their ids and links fit to stand in one document.

    Parameters
    ----------
    articles : iterable of (name, HTML)
        As of `drawn` or `still`.
    address : str
        Where the site is published: links to what is not in the book lead there. Without it they
        become plain text.
    """
    parts = {name: part for part, name in contents()}
    found = []
    for name, text in articles:
        article = html.fromstring(text)
        (body,) = article.cssselect("article > section") or [article]
        heading = body.find("h1")
        for useless in heading.cssselect(".headerlink"):
            useless.drop_tree()
        found.append(Page(name, parts[name], heading.text_content().strip(), body))
    known = {page.name for page in found}
    for page in found:
        rename(page)
        relink(page, known, address)
        page.body.set("id", page.anchor)
    check(found)
    return found


def rename(page):
    """Put the page's name before every id, and before every mention of one within a picture."""
    ids = {}
    for element in page.body.iter():
        if isinstance(element.tag, str) and element.get("id"):
            ids[element.get("id")] = anchor(page.name, element.get("id"))
            element.set("id", ids[element.get("id")])
    for element in page.body.iter():
        if not isinstance(element.tag, str):
            continue
        for name in (
            "for",
            "aria-labelledby",
            "aria-describedby",
            "aria-controls",
            "headers",
        ):
            if element.get(name):
                words = [ids.get(word, word) for word in element.get(name).split()]
                element.set(name, " ".join(words))
        for name, value in element.items():
            if "url(#" in value:
                element.set(
                    name,
                    re.sub(
                        r"url\(#([^)]+)\)",
                        lambda m: f"url(#{ids[m[1]]})",
                        value,
                    ),
                )
        if element.tag in ("use", "{http://www.w3.org/2000/svg}use"):
            for name in (
                "href",
                "{http://www.w3.org/1999/xlink}href",
                "xlink:href",
            ):
                if (element.get(name) or "").startswith("#"):
                    element.set(name, "#" + ids[element.get(name)[1:]])


def relink(page, known, address):
    """Let links between pages lead to ids; what is not in the book is asked for at its address."""
    for link in page.body.cssselect("a[href]"):
        path, fragment = urldefrag(link.get("href"))
        if ":" in path or path.startswith("//"):
            continue
        name = unquote(path).rpartition("/")[2].removesuffix(".html")
        if not path or (name in known and "reference/" not in path and path.endswith(".html")):
            link.set("href", "#" + anchor(name or page.name, unquote(fragment)))
        elif address:
            base = f"{address.rstrip('/')}/book/"
            link.set(
                "href",
                urljoin(base, path) + (f"#{fragment}" if fragment else ""),
            )
        else:
            link.drop_tag()


def check(pages):
    """Raise EditionError unless every id is there once and every link within leads to one."""
    ids, links = {}, []
    for page in pages:
        for element in page.body.iter():
            if not isinstance(element.tag, str):
                continue
            own = element.get("id")
            if own:
                if own in ids:
                    raise EditionError(f"{page.name}: the id {own} is there twice")
                ids[own] = page.name
            if element.tag == "a" and (element.get("href") or "").startswith("#"):
                links.append((page.name, element.get("href")[1:]))
    dead = sorted({f"{name}: #{target}" for name, target in links if target not in ids})
    if dead:
        raise EditionError("links that lead nowhere: " + "; ".join(dead))


def clean(page):
    """Take out what only a site needs: what is operated, what leads around, empty marks."""
    for piece in page.pieces:
        for useless in piece.cssselect(OF_THE_SITE):
            drop(useless)
    return page


def drop(element):
    """Take an element out, but leave the text behind it."""
    if element.getparent() is not None:
        element.drop_tree()


def without_drawing_code(page):
    """Take out the code behind figures and tables; their outputs stay."""
    for piece in page.pieces:
        for fold in piece.cssselect(DRAWING):
            drop(fold)
    return page


def unfold(page):
    """Let what can be folded stand open, under its title: paper does not unfold."""
    for fold in [fold for piece in page.pieces for fold in piece.cssselect("details")]:
        title = fold.find("summary")
        fold.tag = "div"
        fold.set("class", f"{fold.get('class', '')} unfolded".strip())
        if title is None:
            continue
        words = title.cssselect(".collapsed")
        title.tag = "p"
        title.set("class", "fold-title")
        if words:  # "Show the code", "Hide the code": there is nothing to choose
            drop(title)
    return page


def tell_how_drawn(page):
    """Say below each interactive figure, in an edition where it stands still, what it shows."""
    for piece in page.pieces:
        for drawing in piece.cssselect(".companion-figure"):
            etree.SubElement(drawing, "p", {"class": "as-drawn"}).text = AS_DRAWN
    return page


def take_solutions(page):
    """Move hints and solutions out of the page, into `page.solutions`; both know the other's id."""
    for exercise in page.body.cssselect("p.exercise"):
        taken, element = [], exercise.getnext()
        while element is not None and not ends_an_exercise(element):
            following = element.getnext()
            if element.tag == "details" or (taken and is_folded(element)):
                taken.append(element)
            element = following
        if not taken:
            raise EditionError(f"{page.name}: {exercise.text_content()[:40]} has no solution")
        holder = html.Element("div")
        holder.extend(taken)
        label = exercise.find("strong").text_content().rstrip(".")
        answer = f"{exercise.get('id')}-answer"
        page.solutions.append((exercise.get("id"), label, answer, [holder]))
    return page


def ends_an_exercise(element):
    """Whether an element begins something that is not the exercise before it."""
    return element.tag in ("section", "h2", "h3") or "exercise" in element.get("class", "").split()


def is_folded(element):
    """Whether an element is a cell that is hidden until it is asked for."""
    return "tag_hide-cell" in element.get("class", "").split()


def tex(formula):
    """Return the TeX of a formula that the site has set.

    Parameters
    ----------
    formula : lxml element
        A `.katex`.
    """
    (source,) = formula.xpath(".//*[local-name()='annotation']")
    return source.text


def counts(pages):
    """Return how much there is of what a reader would miss: {kind: number}.

    Parameters
    ----------
    pages : list of Page
        Solutions that were moved count where they are.
    """
    kinds = {
        "formulas": ".katex",
        "figures": "figure, .companion-figure",
        "tables": "table",
        "exercises": "p.exercise",
        "images": "img",
    }
    found = dict.fromkeys([*kinds, "solutions"], 0)
    for page in pages:
        for kind, selector in kinds.items():
            found[kind] += sum(len(piece.cssselect(selector)) for piece in page.pieces)
        for piece in page.pieces:
            titles = [s.text_content().strip() for s in piece.iter("summary", "p")]
            found["solutions"] += titles.count("Solution")
    return found
