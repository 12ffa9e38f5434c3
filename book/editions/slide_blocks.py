"""What a page of the site is made of, cut into what a slide can show and what a speaker says."""

import copy
import re

from lxml import html

import slide_sizes
from slide_sizes import classes

MOST_LINES = 16  # of code on a slide
END = re.compile(r"[.?!][”’)\"]*\s+(?=[“‘(A-Z]|$)")
KINDS = {"ul": "list", "ol": "list", "dl": "list", "blockquote": "theorem", "table": "table"}


def inner(element):
    """Return the HTML within an element."""
    whole = html.tostring(element, encoding="unicode", with_tail=False)
    return whole[whole.index(">") + 1 : whole.rindex("<")].strip()


def kind_of(block):
    """Return what a block of a page is: "prose", "exercise", "cell", "formula", and so on."""
    names = classes(block)
    if block.tag == "p":
        return "exercise" if "exercise" in names else "prose"
    if "cell" in names:
        return "cell"
    if "math" in names:
        return "formula"
    if "pst-scrollable-table-container" in names:
        for table in block.iter("table"):
            fit(table, slide_sizes.fit_table(table))
        return "table"
    if any(name.startswith("highlight-") for name in names):
        return "code"
    return KINDS.get(block.tag, "other")


def fit(block, share):
    """Make the letters of a table larger or smaller."""
    block.set("data-fit", f"{share:g}")
    block.set("style", f"font-size: {share * slide_sizes.SMALL:g}px")
    return block


def outputs(cell):
    """Return (kind, element) of what a cell has put out: printed, figure, live, table, said."""
    found = []
    for output in cell.cssselect(".cell_output > *"):
        live = output.cssselect(".companion-figure")
        table = output.find(".//table")
        if live:
            holder = html.Element("div", {"class": "operated", "data-prevent-swipe": ""})
            holder.append(live[0])
            holder.set("id", output.get("id") or live[0].get("id") + "-slide")
            found.append(("live", holder))
            found += [("said", caption) for caption in output.iter("figcaption")]
        elif output.tag == "figure":
            sides = [float(output.find(".//img").get(side, 1)) for side in ("width", "height")]
            if sides[1] > 0.7 * sides[0]:  # its caption stands beside it
                output.set("class", output.get("class") + " tall")
            found.append(("figure", output))
        elif table is not None:
            found.append(("table", fit(table, slide_sizes.fit_table(table))))
        else:
            for block in output.cssselect(".highlight"):
                block.set("class", "highlight printed")
                found.append(("printed", block))
    return found


def code_pieces(cell, whole=False, most=MOST_LINES):
    """Return the code of a cell in pieces.

    Parameters
    ----------
    cell : lxml element
    whole : bool
        Whether its checks, `assert`, belong to it.
    most : int
        Lines of a piece; at least 8 are allowed.
    """
    found = []
    for block in cell.cssselect(".cell_input .highlight"):
        (code,) = block.iter("pre")
        lines = inner(code).replace("<span></span>", "", 1).rstrip("\n").split("\n")
        found += pieces(lines if whole else without_checks(lines), most)
    return found


def only_checks(cell):
    """Whether the code of a cell ends with a check, or several, and defines nothing."""
    code = "".join(block.text_content() for block in cell.cssselect(".cell_input .highlight"))
    defines = re.search(r"^(?:def|class|import|from) ", code, re.MULTILINE)
    tops = re.findall(r"^[^\s)\]}].*", code, re.MULTILINE)
    return bool(tops) and tops[-1].startswith("assert") and not defines


def without_checks(lines):
    """Leave out what only checks, `assert` and the lines that belong to it."""
    found, checks = [], False
    for line in lines:
        plain = re.sub(r"<[^>]*>", "", line)
        if re.match(r"[^\s)\]}]", plain):
            checks = plain.startswith("assert")
        if not checks:
            found.append(line)
    return found if balanced(found) else lines


def pieces(lines, most=MOST_LINES):
    """Cut code into pieces of about one length, at lines with little indentation.

    Parameters
    ----------
    lines : list of str
        Of HTML.
    most : int
        Lines of a piece.
    """
    lines = "\n".join(lines).strip("\n").split("\n")
    number = -(-len(lines) // max(8, min(most, MOST_LINES)))
    found = []
    while any(lines):
        cut = len(lines)
        if number > len(found) + 1:
            cut = best_cut(lines, len(lines) / (number - len(found)))
        text = re.sub(r"\n\n+", "\n\n", "\n".join(lines[:cut])).strip("\n")
        found.append(html.fragment_fromstring(f'<div class="highlight"><pre>{text}</pre></div>'))
        lines = lines[cut:]
        while lines and not lines[0].strip():
            del lines[0]
    return found


def best_cut(lines, wanted):
    """Return the number of lines before the best place near the wanted one to cut code."""
    plain = [re.sub(r"<[^>]*>", "", line) for line in lines]
    whole = [k for k in range(3, min(MOST_LINES, len(lines)) + 1) if balanced(lines[:k])]

    def cost(k):
        after = plain[k] if k < len(plain) else ""
        before = "".join(plain[:k])
        opened = sum(before.count(a) - before.count(b) for a, b in ("()", "[]", "{}"))
        return abs(k - wanted) + (len(after) - len(after.lstrip())) / 2 + 8 * (opened > 0)

    return min(whole, key=cost) if whole else len(lines)


def balanced(lines):
    """Whether every element that begins in these lines ends in them."""
    text = "\n".join(lines)
    return len(re.findall(r"<\w", text)) == text.count("</")


def sentences(paragraph):
    """Return the sentences of a paragraph, each a paragraph of its own.

    A bold name with a full stop, "**Weights.** They appear", is part of what follows.
    """
    found = [html.Element("p")]

    def add(text, more):
        text, at = re.sub(r"\s+", " ", text), 0
        for end in END.finditer(text):
            if end.end() < len(text) or more:
                grow(found[-1], text[at : end.end()])
                at = end.end()
                if is_open(found[-1].text_content()):
                    continue
                found.append(html.Element("p"))
        grow(found[-1], text[at:])

    parts = list(paragraph)
    add(paragraph.text or "", bool(parts))
    for part in parts:
        twin = copy.deepcopy(part)
        tail, twin.tail = twin.tail or "", None
        found[-1].append(twin)
        add(tail, part is not parts[-1])
    if paragraph.get("id"):
        found[0].set("id", paragraph.get("id"))
    return [one for one in found if one.text_content().strip()] or found[:1]


def is_open(text):
    """Whether a bracket or a quotation has begun and not ended."""
    return any(text.count(a) > text.count(b) for a, b in ("()", "“”"))


def grow(element, text):
    """Put text behind all that an element holds."""
    if len(element):
        element[-1].tail = (element[-1].tail or "") + text
    else:
        element.text = (element.text or "") + text


def say(element):
    """Make an element fit for the notes: nothing folded, formulas that need no style sheet."""
    for cell in element.xpath("descendant-or-self::div[contains(@class, 'tag_hide-')]"):
        for code in cell.cssselect(".cell_input, details.hide, .stream"):
            if code.getparent() is not None:
                code.drop_tree()
    for fold in element.xpath("descendant-or-self::details"):
        fold.tag = "div"
        for title in fold.findall("summary"):
            title.tag = "p"
            title.set("class", "fold-title")
    for formula in element.cssselect(".katex"):
        (math,) = formula.xpath(".//*[local-name()='math']")
        math.tail = formula.tail
        formula.getparent().replace(formula, math)
    element.tail = None
    return element


def said_too(element):
    """Return a copy for the notes of what is shown as well: without ids."""
    twin = copy.deepcopy(element)
    for part in twin.iter():
        part.attrib.pop("id", None)
    return say(twin)
