"""The chapters as slides: `python book/editions/slides.py SITE` writes SITE/slides from the site.

A section of a chapter is a stack of slides, and a slide a thought: what is claimed (the first
sentence of a section, sentences with bold words, theorems), a formula with the sentence that leads
to it, a figure with its caption, code that teaches with what it prints, a list, a table, an
exercise. All other prose is in the speaker's notes, and so are hints and solutions.

Instructors choose by tags of the notebooks' cells (`slide_tags.py`); the text stays where it is.
"""

import re
import shutil
import sys
from html import escape
from pathlib import Path
from string import Template

from lxml import html

import node_packages
import pages
import slide_sizes
import slide_tags
from slide_blocks import (
    classes,
    code_pieces,
    inner,
    kind_of,
    only_checks,
    outputs,
    said_too,
    say,
    sentences,
)
from slide_joins import Slide, fitted, joined, ordered

HERE = Path(__file__).resolve().parent
SITES = "https://site.invalid"  # stands for the site while links are sorted
OF_THE_SITE = ".headerlink, .live-offer, .copybtn, .chapter-end, noscript, style[scoped]"
FILES = {
    "reveal.js": ["dist/reset.css", "dist/reveal.css", "dist/reveal.js", "plugin/notes/notes.js"],
    "@fontsource/source-sans-3": [
        f"files/source-sans-3-latin-{weight}-{style}.woff2"
        for weight in (400, 600)
        for style in ("normal", "italic")
    ],
    "@fontsource/source-code-pro": ["files/source-code-pro-latin-400-normal.woff2"],
}


class Stack:
    """The slides of one section, while its blocks are read.

    Parameters
    ----------
    tags : dict
        Of `slide_tags.marks`.
    solutions : dict
        {id of an exercise: elements}.
    heading, under, anchor : str
        As of a slide.
    """

    def __init__(self, tags, solutions, heading, under="", anchor=""):
        self.tags, self.solutions = tags, solutions
        self.heading, self.under, self.anchor = heading, under, anchor
        self.slides, self.waiting = [], []
        self.lead, self.whole = True, []

    def new(self, kind, *shown, **more):
        """Begin a slide."""
        slide = Slide(kind, self.heading, self.under, list(shown), **more)
        slide.said, self.waiting = self.waiting, []
        self.slides.append(slide)
        return slide

    def note(self, element):
        """Let the speaker say something with the slide that was last begun."""
        (self.slides[-1].said if self.slides else self.waiting).append(element)

    def add(self, kind, *shown):
        """Show something: with the sentence that leads to it, if there is one, or by itself."""
        last = self.slides[-1] if self.slides else None
        goes_on = last and (last.leads or (kind == last.kind == "formula"))
        if goes_on and last.has_room_for(Slide(kind, self.heading, self.under, list(shown))):
            last.join(Slide(kind, self.heading, self.under, list(shown)))
            return
        self.new(kind, *shown)

    def read(self, blocks):
        """Read all blocks, in the order in which they stand."""
        blocks = [block for block in blocks if self.tags.get(block) != "skip"]
        kinds = ["", *map(kind_of, blocks), ""]
        self.whole = self.shown_whole_of(blocks)
        tagged = None
        for k, block in enumerate(blocks):
            tag = self.tags.get(block, "")
            if tag == "notes":
                self.note(say(block))
            elif tag:
                if (tag, slide_tags.cell_of(block, self.tags)) != tagged:
                    self.new("tagged", place=slide_tags.place(tag))
                tagged = (tag, slide_tags.cell_of(block, self.tags))
                self.slides[-1].shown += shown_whole(block)
            else:
                self.one(block, kinds[k], kinds[k + 1], kinds[k + 2])
            tagged = tagged if tag else None
        return self

    def shown_whole_of(self, blocks):
        """Return the paragraphs to be shown whole: where there is nothing else, as many as fit."""
        seen = [block for block in blocks if not is_hidden(block)]
        if {kind_of(block) for block in seen} != {"prose"}:
            return []
        room = slide_sizes.room(self.heading, self.under)
        fit = [k for k in range(len(seen) + 1) if slide_sizes.heights(seen[:k]) < room]
        return seen[: fit[-1]]

    def one(self, block, before, kind, after):
        """Read one block between others."""
        if kind == "prose":
            self.prose(block, before, after)
        elif kind == "exercise":
            self.new("exercise", block).said += map(say, self.solutions.get(block.get("id"), []))
        elif kind == "cell":
            self.cell(block)
        elif kind in ("formula", "theorem", "list", "table", "code"):
            self.add(kind, *shown_whole(block))
        else:
            self.note(say(block))

    def prose(self, block, before, after):
        """Show the claims of a paragraph and what leads to the next block; the rest is said."""
        parts = sentences(block)
        keeps = [block in self.whole or part.find(".//strong") is not None for part in parts]
        goes_on = before == "formula" and parts[0].text_content()[:1].islower()
        keeps[0] = keeps[0] or self.lead or goes_on
        if self.lead and len(parts) > 1 and len(parts[0].text_content()) < 45:
            keeps[1] = True  # "Now the main step." claims nothing
        leads = after == "formula" or (
            after in ("list", "cell", "table", "theorem", "code")
            and parts[-1].text_content().rstrip().endswith(":")
        )
        keeps[-1] = keeps[-1] or leads
        self.lead = False
        shown = runs(parts, keeps)
        if goes_on and self.slides and self.slides[-1].kind not in ("figure", "live"):
            self.slides[-1].shown.append(shown.pop(0))
        first = self.slides[-1] if self.slides and not shown else None
        for run in shown:
            slide = self.new("text", run)
            first = first or slide
        if not all(keeps):
            twin = said_too(block) if any(keeps) else say(block)
            (first.said if first else self.waiting).append(twin)
        if self.slides and keeps[-1]:
            self.slides[-1].leads = leads

    def cell(self, cell):
        """Show the code of a cell, unless the site folds it or it only checks, and its outputs."""
        names, found = classes(cell), outputs(cell)
        if "tag_hide-cell" in names:
            return self.note(say(cell)) if cell.cssselect("figure, .companion-figure") else None
        if is_hidden(cell):
            return self.note(say(cell))
        live = any(kind == "live" for kind, _ in found)
        if not live and "tag_hide-input" not in names:
            below = [output for kind, output in found if kind in ("printed", "table")]
            room = slide_sizes.room(self.heading, self.under) - slide_sizes.heights(below)
            for piece in code_pieces(cell, most=slide_sizes.lines_in(room)):
                self.add("code", piece)
        for kind, output in found:
            if kind == "said":
                self.note(say(output))
            elif kind in ("printed", "table") and self.slides and self.slides[-1].kind == "code":
                self.with_code(kind, output)
            else:
                self.add("code" if kind == "printed" else kind, output)
        return None

    def with_code(self, kind, output):
        """Show what code has put out below it if there is room, or else on the next slide."""
        last, more = self.slides[-1], Slide(kind, self.heading, self.under, [output])
        if last.has_room_for(more):
            last.shown.append(output)
        else:
            self.new("table" if kind == "table" else "code", output)


def is_hidden(block):
    """Whether a block is a cell that only checks, or that the site hides."""
    checks = kind_of(block) == "cell" and only_checks(block) and not outputs(block)
    return checks or "tag_hide-cell" in classes(block)


def shown_whole(block):
    """Return the things that a block brings to a slide: a cell's code and outputs, or itself."""
    kind = kind_of(block)
    if kind == "cell":
        return [
            *code_pieces(block, whole=True),
            *(output for kind, output in outputs(block) if kind != "said"),
        ]
    if kind == "table":
        return list(block.iter("table"))
    if kind == "code":
        return block.cssselect(".highlight")
    return [block]


def runs(parts, keeps):
    """Return the sentences that are kept; those that follow each other are one paragraph."""
    found, before = [], False
    for part, keep in zip(parts, keeps, strict=True):
        if keep and before:
            found[-1].append(part)
            part.drop_tag()
        elif keep:
            found.append(part)
        before = keep
    return found


def section_slides(section, tags, solutions):
    """Return the slides of a section with a heading of the second order.

    Parameters
    ----------
    section : lxml element
    tags, solutions : dict
        As of a `Stack`.
    """
    heading, found, said = inner(section.find("h2")), [], []
    for part, under in [
        (section, ""),
        *((s, inner(s.find("h3"))) for s in section.iter("section") if s.find("h3") is not None),
    ]:
        blocks = [
            b for b in part if isinstance(b.tag, str) and b.tag not in ("h2", "h3", "section")
        ]
        stack = Stack(tags, solutions, heading, under).read(blocks)
        if stack.slides:
            stack.slides[0].said[:0] = said
            stack.slides[0].anchor = part.get("id", "") if under else ""
            said = []
        said += stack.waiting
        found += joined(stack.slides)
    found = [one for slide in joined(found) for one in fitted(slide)]
    if not found and (said or section.find("h2") not in tags):
        found = [Slide("text", heading)]
    if found:
        found[-1].said += said
        found = ordered(found, section.get("id"))
        found[0].anchor = section.get("id")
    return found


def opening(page):
    """Return the first slide: what the chapter is about, what it needs, and what one will learn."""
    title = page.body.find("h1")
    blocks = list(title.itersiblings())
    blocks = [b for b in blocks if b.tag in ("p", "ul", "div")]
    first = Slide("opening", inner(title), anchor=page.anchor)
    for block in blocks:
        reading = block.text_content().startswith("Reading")
        shown = block.tag in ("p", "ul") and not reading
        (first.shown if shown else first.said).append(block if shown else say(block))
    return fitted(first)


def chapter(site, name):
    """Return the page of a chapter and its stacks of slides.

    Parameters
    ----------
    site : Path
        The built site.
    name : str
        The chapter's.
    """
    ((_, text),) = pages.still(site, [name])
    text = re.sub(r"\s*<!--.*?-->", "", text, flags=re.DOTALL)  # with the space before them
    (page,) = pages.joined([(name, text)], address=SITES)
    for useless in page.body.cssselect(OF_THE_SITE):
        pages.drop(useless)
    tags = slide_tags.marks(site / "_sources" / "book" / f"{name}.ipynb", page.body)
    pages.take_solutions(page)
    solutions = {exercise: elements for exercise, _, _, elements in page.solutions}
    stacks = [opening(page)]
    for section in page.body.findall("section"):
        stacks.append(section_slides(section, tags, solutions))
    return page, [stack for stack in stacks if stack]


def written(slide, first):
    """Return a slide as HTML."""
    level = "h1" if slide.kind == "opening" else "h2"
    again = "" if first else ' class="again"'
    text = f"<{level}{again}>{slide.heading}</{level}>"
    text += f"<h3>{slide.under}</h3>" if slide.under else ""
    slide_sizes.set_sizes(slide.shown, slide.size)
    for block in slide.shown:
        block.tail = None
        text += html.tostring(block, encoding="unicode")
    names = f"page {slide.kind} size-{slide.size}"
    said = "".join(html.tostring(element, encoding="unicode") for element in slide.said)
    own = f' id="{slide.anchor}"' if slide.anchor else ""
    notes = f'<aside class="notes">{said}</aside>' if said else ""
    return f'<section{own}><div class="{names}">{text}</div>{notes}</section>'


def document(page, stacks):
    """Return the slides of a chapter as one page.

    Parameters
    ----------
    page : pages.Page
    stacks : list of list of Slide
    """
    body = "\n".join(
        "<section>" + "\n".join(written(s, k == 0) for k, s in enumerate(stack)) + "</section>"
        for stack in stacks
    )
    body = body.replace(SITES, "..").replace(' loading="lazy"', "")
    for number in set(re.findall(r'parts\("(companion-figure-\d+)"\)', body)):
        body = body.replace(f'parts("{number}")', f'parts("{pages.anchor(page.name, number)}")')
    title, book = escape(page.title), f"../book/{page.name}.html"
    return filled("slides.html", title=title, book=book, body=body)


def filled(template, **words):
    """Return a template with its words, and with the script that chooses the colours."""
    scheme = (HERE / "slide_scheme.js").read_text(encoding="utf-8").rstrip()
    text = (HERE / template).read_text(encoding="utf-8")
    return Template(text).substitute(scheme=scheme, **words)


def write(site, names=None):
    """Write the slides into a built site, and return {chapter: number of slides}.

    Parameters
    ----------
    site : Path
    names : list of str, optional
        Chapters; otherwise all that have a number.
    """
    place = site / "slides"
    (place / "reveal").mkdir(parents=True, exist_ok=True)
    found, titles = {}, {}
    for name in names or [name for _, name in pages.contents() if name[0].isdigit()]:
        page, stacks = chapter(site, name)
        (place / f"{name}.html").write_text(document(page, stacks), encoding="utf-8")
        found[name], titles[name] = sum(map(len, stacks)), page.title
    for package, files in FILES.items():
        folder = node_packages.package(package)
        for file in [*files, "LICENSE"]:
            target = Path(file).name if file != "LICENSE" else f"LICENSE-{folder.name}.txt"
            text = (folder / file).read_bytes()
            (place / "reveal" / target).write_bytes(text.split(b"//# sourceMappingURL")[0])
    for own in ("slides.css", "slides.js"):
        shutil.copy(HERE / own, place / own)
    rows = "\n".join(
        f'<li><a href="{name}.html">{escape(titles[name])}</a> <span>{number} slides</span></li>'
        for name, number in found.items()
    )
    (place / "index.html").write_text(filled("slides_index.html", rows=rows), encoding="utf-8")
    return found


if __name__ == "__main__":
    for chapter_name, number in write(Path(sys.argv[1])).items():
        print(f"{chapter_name}: {number} slides")
