"""Print the book: one PDF with contents, running heads, page numbers in references, tags.

    python book/editions/pdf.py _build/html _build/editions/book.pdf

Chromium prints the joined pages of the site. It numbers pages, but it does not tell a text on which
page another one stands, so the book is printed twice or more: the first time without such numbers,
then with those that were found, until they stay the same. At the end of a trial stand links to all
places that are asked for, because only what is linked gets an entry in the PDF; the book itself is
printed without them.
"""

import argparse
import io
import re
import sys
import tempfile
from html import escape
from pathlib import Path

import pikepdf
from lxml import html
from playwright.sync_api import sync_playwright

import node_packages
import pages

HERE = Path(__file__).resolve().parent
TITLE = "What the Data Hide"
SUBTITLE = "A course on latent-variable models"
ABOUT = "About this course"  # what the front page is called in the book
FONTS = {
    "@fontsource/source-serif-4": ("Source Serif 4", [400, 600, 700], ["normal", "italic"]),
    "@fontsource/source-sans-3": ("Source Sans 3", [400, 600, 700], ["normal", "italic"]),
    "@fontsource/source-code-pro": ("Source Code Pro", [400, 600], ["normal", "italic"]),
}
# Alphabets of which the book has letters, with the ranges in which the fonts are asked.
ALPHABETS = {
    "latin": "U+0-FF, U+131, U+152-153, U+2BB-2BC, U+2C6, U+2DA, U+2DC, U+2000-206F, U+20AC, "
    "U+2122, U+2191, U+2193, U+2212, U+2215, U+FEFF, U+FFFD",
    "latin-ext": "U+100-130, U+132-151, U+154-2BA, U+1E00-1E9F",
    "greek": "U+370-3FF",
}
# References that may say on which page they lead.
MENTIONS = "a.mention-formula, a.mention-figure, a.mention-theorem, a.mention-exercise"
# What must stand on one page.
WHOLE = "figure, .companion-figure, .cell_input, div.math"
TRIALS = 6


# ------------------------------------------------------------------------------ what is printed


def book(site=pages.SITE, articles=None):
    """Return the pages of the book as they are printed.

    Parameters
    ----------
    site : Path
        The built site.
    articles : iterable, optional
        As of `pages.drawn`.
    """
    found = pages.joined(articles or pages.drawn(site))
    for page in found:
        pages.clean(page)
        pages.without_drawing_code(page)
        pages.take_solutions(page)
        pages.tell_how_drawn(pages.unfold(page))
        spoken(page)
    mark_terms(found)
    return found


def spoken(page):
    """Let formulas be read aloud as their TeX: printed, MathML is lost."""
    for formula in [f for piece in page.pieces for f in piece.cssselect(".katex")]:
        formula.set("role", "img")
        formula.set("aria-label", pages.tex(formula).strip())
        for part in formula.cssselect(".katex-mathml"):
            part.drop_tree()
        for part in formula.cssselect(".katex-html"):
            part.attrib.pop("aria-hidden", None)


def document(found, site, numbers=None, probes=False):
    """Return the whole book as HTML.

    Parameters
    ----------
    found : list of Page
        As of `book`; they are not changed.
    site : Path
        The built site, where pictures and the formulas' style are.
    numbers : dict, optional
        The page on which each place stands.
    probes : bool
        Whether links to all places that are asked for stand at the end.
    """
    body = [cover(found[0]), contents(found, numbers)]
    part = ""
    for page in found:
        if page.part != part:
            part = page.part
            body.append(f'<div class="part"><p>{escape(part)}</p></div>')
        body.append(printed(page, numbers))
    body += [solutions(found, numbers), terms(found, numbers)]
    if probes:
        body.append(links_to(places("".join(body))))
    base = (Path(site).resolve() / "book").as_uri() + "/"
    return (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><base href="{base}">'
        f"<title>{TITLE}</title>"
        '<link rel="stylesheet" href="../_static/katex/katex.min.css">'
        '<link rel="stylesheet" href="../_static/front.css">'
        f"<style>{fonts()}{(HERE / 'print.css').read_text('utf-8')}{heads(found)}</style>"
        f"</head><body>{''.join(body)}</body></html>"
    )


def fonts():
    """Return the rules that bring the fonts, wherever the book is printed."""
    rules = []
    for package, (family, weights, styles) in FONTS.items():
        folder = node_packages.package(package) / "files"
        stem = package.rpartition("/")[2]
        for alphabet, letters in ALPHABETS.items():
            for weight in weights:
                for style in styles:
                    file = folder / f"{stem}-{alphabet}-{weight}-{style}.woff2"
                    rules.append(
                        f"@font-face {{ font-family: '{family}'; font-weight: {weight}; "
                        f"font-style: {style}; src: url('{file.resolve().as_uri()}'); "
                        f"unicode-range: {letters}; }}"
                    )
    return "\n".join(rules)


def heads(found):
    """Return the rules for running heads: a named page for each page of the book."""
    titles = [(page.anchor, page.title) for page in found]
    titles += [("p-solutions", "Hints and solutions"), ("p-contents", "Contents")]
    titles += [("p-terms", "Index of terms")]
    font = 'font: 9pt "Source Sans 3", sans-serif; color: #333'
    return "\n".join(
        f'@page {name} {{ @top-left {{ content: "{title}"; {font} }} '
        f'@top-right {{ content: "{TITLE}"; {font} }} }} #{name} {{ page: {name} }} '
        for name, title in titles
    )


def cover(front):
    """Return the cover: the title, and the two maps that ask the book's question."""
    (maps,) = front.body.cssselect(".two-maps")
    (told,) = [p for p in front.body.findall("p") if p.find("em") is not None][:1]
    return (
        f'<div class="cover"><h1>{TITLE}</h1><p>{SUBTITLE}</p>{markup(maps)}'
        f"<p>{escape(told.text_content())}</p></div>"
    )


def printed(page, numbers):
    """Return a page of the book, its references with page numbers."""
    copy = html.fromstring(markup(page.body))
    if page.name == "index":
        front(copy)
    for place, element in enumerate(copy.cssselect(WHOLE)):
        if not element.get("id"):
            element.set("id", f"w-{page.name}-{place}")
        end = html.Element("span", {"class": "ends", "id": f"e-{element.get('id')}"})
        element.append(end)
    mention(copy, numbers)
    answers = {exercise: answer for exercise, _, answer, _ in page.solutions}
    for exercise in copy.cssselect("p.exercise"):
        link = html.Element("a", {"href": "#" + answers[exercise.get("id")], "class": "to-answer"})
        link.text = "Hint and solution" + on(answers[exercise.get("id")], numbers)
        link.tail = "."
        last = exercise[-1]
        last.tail = (last.tail or "").rstrip() + " "
        exercise.append(link)
    copy.set("class", "page")
    return markup(copy)


def front(body):
    """Make a first section of the front page, without what the cover has and what is clicked."""
    body.find("h1").text = ABOUT
    (needs,), (words,) = body.cssselect("figure.needs .wide"), body.cssselect(".in-words ul")
    needs.set("role", "img")
    needs.set("aria-label", "; ".join(" ".join(li.text_content().split()) for li in words))
    for useless in body.cssselect(".two-maps, .start, .toctree-wrapper, svg.narrow, .in-words"):
        useless.drop_tree()


def mention(element, numbers):
    """Give each reference an id, and the page where it leads if that is out of sight."""
    for place, link in enumerate(element.cssselect(MENTIONS)):
        own = f"m-{element.get('id')}-{place}"
        link.set("id", own)
        target = link.get("href")[1:]
        if numbers and out_of_sight(numbers[own], numbers[target]):
            link.tail = (
                f"\N{NO-BREAK SPACE}(p.\N{NO-BREAK SPACE}{numbers[target]}){link.tail or ''}"
            )


def out_of_sight(here, there):
    """Whether two pages are on different spreads: pages 2 and 3 lie side by side."""
    return here // 2 != there // 2


def on(place, numbers):
    """Return the words that tell a place's page, once it is known."""
    return f" on page {numbers[place]}" if numbers else ""


def entry(place, title, numbers, more="", kind=""):
    """Return a line of the contents."""
    number = numbers[place] if numbers else ""
    return (
        f'<li class="{kind}"><a href="#{place}"><span>{escape(title)}</span>'
        f'<span class="on">{number}</span></a>{more}</li>'
    )


def listed(page):
    """Return a page's title as contents and bookmarks have it: the front page is a section here."""
    return ABOUT if page.name == "index" else page.title


def sections(page):
    """Return (place, title) of the sections that contents and bookmarks list: of chapters only."""
    found = [(section.get("id"), section.find("h2")) for section in page.body.cssselect("section")]
    return [(i, head.text_content()) for i, head in found if page.is_chapter and head is not None]


def contents(found, numbers):
    """Return the table of contents: parts, pages, and the sections of chapters."""
    lines, part = [], ""
    for page in found:
        if page.part != part:
            part = page.part
            lines.append(f'<li class="of-part">{escape(part)}</li>')
        below = [entry(place, title, numbers) for place, title in sections(page)]
        more = f"<ol>{''.join(below)}</ol>" if below else ""
        lines.append(entry(page.anchor, listed(page), numbers, more=more, kind="of-page"))
    for place, title in [("p-solutions", "Hints and solutions"), ("p-terms", "Index of terms")]:
        lines.append(entry(place, title, numbers, kind="of-page"))
    return (
        '<section class="page contents" id="p-contents"><h1>Contents</h1>'
        f"<ol>{''.join(lines)}</ol></section>"
    )


def solutions(found, numbers):
    """Return all hints and solutions, each with the way back to its exercise."""
    parts = []
    for page in found:
        if page.solutions:
            parts.append(f"<h2>{escape(page.title)}</h2>")
        for exercise, label, answer, elements in page.solutions:
            text = "".join(markup(element) for element in elements)
            copy = html.fromstring(f'<div class="answer" id="{answer}">{text}</div>')
            mention(copy, numbers)
            back = f'<a href="#{exercise}">the exercise{on(exercise, numbers)}</a>'
            head = html.fromstring(f"<p><strong>{escape(label)}</strong> ({back})</p>")
            copy.insert(0, head)
            parts.append(markup(copy))
    body = "".join(parts)
    return f'<section class="page" id="p-solutions"><h1>Hints and solutions</h1>{body}</section>'


def glossary(found):
    """Return the glossary's terms: the place of each, its names, and where its section begins."""
    entries = []
    for item in [e for page in found if page.name == "glossary" for e in page.body.cssselect("li")]:
        name = item.find(".//strong")
        if name is None or not item.get("id"):
            continue
        also = [e.tail or "" for e in item.iter("em") if e.text_content().startswith("Also")]
        names = [name.text_content(), *"".join(also).split(",")]
        homes = [link.get("href")[1:] for link in item.cssselect("a[href^='#']")]
        entries.append((item.get("id"), names, homes[:1]))
    return entries


def as_term(text):
    """Return a term as it is compared: without its case, its plural, and what stands around it."""
    return " ".join(text.split()).strip(" .,:;").casefold().replace("\u2019", "'").rstrip("s")


def mark_terms(found):
    """Give what is bold in the text and a term of the glossary a place that the index leads to."""
    targets = {as_term(name): place for place, names, _ in glossary(found) for name in names}
    targets.pop("", None)
    bold = [e for page in found if page.name != "glossary" for e in page.body.iter("strong")]
    for k, element in enumerate(bold):
        target = targets.get(as_term(element.text_content()))
        if target:
            element.set("data-term", target)
            element.set("id", element.get("id") or f"t-{k}")


def terms(found, numbers):
    """Return the index: where the text explains a term, and where the glossary does."""
    marked = {}
    for page in found:
        for element in page.body.cssselect("[data-term]"):
            marked.setdefault(element.get("data-term"), []).append(element.get("id"))
    lines = []
    for target, names, homes in sorted(glossary(found), key=lambda entry: entry[1][0].casefold()):
        asked = [*marked.get(target, homes), target]
        first = {}  # of each page the first place
        for place in asked:
            first.setdefault((numbers or {}).get(place, 0), place)
        links = ", ".join(
            f'<a href="#{first[n]}">{n if numbers else ""}</a>' for n in sorted(first)
        )
        lines.append(f"<li>{escape(names[0])}, {links}</li>")
    return (
        '<section class="page terms" id="p-terms"><h1>Index of terms</h1>'
        f"<ul>{''.join(lines)}</ul></section>"
    )


def places(text):
    """Return the ids that a page number is asked for."""
    asked = re.findall(r'href="#([^"]+)"', text)
    own = re.findall(r'id="((?:m-|w-|e-|t-)[^"]+)"', text)
    figures = [name.removeprefix("e-") for name in own if name.startswith("e-")]
    return list(dict.fromkeys([*asked, *own, *figures, "p-contents"]))


def links_to(wanted):
    """Return links to places, on pages of their own."""
    links = " ".join(f'<a href="#{place}">.</a>' for place in wanted)
    return f'<div class="probes">{links}</div>'


def markup(element):
    """Return an element as HTML, without the text behind it."""
    return html.tostring(element, encoding="unicode", with_tail=False)


# ------------------------------------------------------------------------------ printing


def destinations(data):
    """Return the page, from 1, of every place that has an entry in a PDF.

    Parameters
    ----------
    data : bytes
    """
    with pikepdf.open(io.BytesIO(data)) as pdf:
        order = {page.objgen: number for number, page in enumerate(pdf.pages, 1)}
        return {str(name)[1:]: order[place[0].objgen] for name, place in pdf.Root.Dests.items()}


def prints(found, site, tab, folder):
    """Return the printed book and the pages of its places, printed until they agree.

    Parameters
    ----------
    found : list of Page
    site : Path
    tab : playwright Page
        A tab of the browser that prints.
    folder : Path
        Where the joined page is put for the browser.
    """

    def one(numbers, probes):
        file = folder / "book.html"
        file.write_text(document(found, site, numbers, probes), encoding="utf-8")
        tab.goto(file.as_uri(), wait_until="load", timeout=300_000)
        tab.evaluate("document.fonts.ready")
        data = tab.pdf(prefer_css_page_size=True, print_background=True, tagged=True)
        return data, destinations(data)

    _, numbers = one(None, probes=True)
    for _ in range(TRIALS):
        data, seen = one(numbers, probes=True)
        if seen == numbers:
            break
        numbers = seen
    else:
        raise pages.EditionError("the page numbers do not settle")
    data, final = one(numbers, probes=False)
    moved = {place for place, page in final.items() if numbers.get(place) != page}
    if moved:
        raise pages.EditionError(f"without the probes these places moved: {sorted(moved)[:5]}")
    return data, numbers


def cut(numbers):
    """Return the figures, formulas and cells that begin on one page and end on another.

    Parameters
    ----------
    numbers : dict
        The page of each place.
    """
    ends = {place: page for place, page in numbers.items() if place.startswith("e-")}
    return sorted(place[2:] for place, page in ends.items() if numbers[place[2:]] != page)


def finish(data, found, numbers, out):
    """Write the PDF with bookmarks, title and language.

    Parameters
    ----------
    data : bytes
        As printed.
    found : list of Page
    numbers : dict
    out : Path
    """
    with pikepdf.open(io.BytesIO(data)) as pdf:
        with pdf.open_outline() as outline:
            outline.root.clear()
            outline.root += bookmarks(found, numbers)
        with pdf.open_metadata(set_pikepdf_as_editor=False) as meta:
            meta["dc:title"] = TITLE
            meta["dc:description"] = SUBTITLE
            meta["dc:language"] = ["en"]
        pdf.docinfo["/Title"] = TITLE
        pdf.docinfo["/Subject"] = SUBTITLE
        for name in ("/CreationDate", "/ModDate"):  # the same pages, the same file
            if name in pdf.docinfo:
                del pdf.docinfo[name]
        pdf.Root.Lang = pikepdf.String("en")
        pdf.Root.ViewerPreferences = pikepdf.Dictionary(DisplayDocTitle=True)
        pdf.save(out, deterministic_id=True, object_stream_mode=pikepdf.ObjectStreamMode.generate)


def bookmarks(found, numbers):
    """Return the outline: parts, their pages, the sections of chapters."""

    def item(title, place):
        return pikepdf.OutlineItem(title, numbers[place] - 1)

    roots, last = [item("Contents", "p-contents")], None
    for page in found:
        own = item(listed(page), page.anchor)
        own.children += [item(title, place) for place, title in sections(page)]
        if not page.part:
            roots.append(own)
            continue
        if last is None or last.title != page.part:
            last = item(page.part, page.anchor)
            roots.append(last)
        last.children.append(own)
    return [*roots, item("Hints and solutions", "p-solutions"), item("Index of terms", "p-terms")]


def main(arguments=None):
    """Print the book."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("site", type=Path)
    parser.add_argument("out", type=Path)
    options = parser.parse_args(arguments)
    found = book(options.site)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = pages.chromium.start(playwright)
        data, numbers = prints(found, options.site, browser.new_page(), Path(folder))
        browser.close()
    finish(data, found, numbers, options.out)
    broken = cut(numbers)
    if broken:
        print("cut by the end of a page:", *broken, sep="\n  ")
    print(f"{options.out}: {len(pikepdf.open(options.out).pages)} pages, "
          f"{options.out.stat().st_size / 1e6:.1f} MB")  # fmt: skip
    return bool(broken)


if __name__ == "__main__":
    sys.exit(main())
