"""How large things will be on a slide, told without a browser from letters and KaTeX's own sizes.

A slide has 1280 x 720 pixels, `slides.css` sets everything in them, and the fonts travel with the
slides: an estimate that holds here holds everywhere. The tests measure in a browser.
"""

import functools
import math
import re

WIDTH, HEIGHT = 1160, 720  # within the margins; of the whole slide
MARGINS, GAP = 30 + 56, 14
TEXT, SMALL = 28, 24  # letters of prose; of code, captions, tables
LETTER_SIZES = (34, 30, 28, 26, 24)  # that prose may have, the largest for which there is room
LINE, CODE_LINE, PADDING = 1.32, 29, 20
HEADING, UNDER = 58, 40
FIGURE, LIVE = 290, 455  # the least height
SANS, CODE = 0.47, 0.6  # a letter's mean width in its height
LETTERS = {"large-op": 1.44, "small-op": 1.06, "mathnormal": 0.54, "mrel": 0.8, "mbin": 0.78}
LETTERS |= {"mop": 0.6, "mopen": 0.42, "mclose": 0.42}
SIZES = {"size1": 0.5, "size2": 0.6, "size3": 0.7, "size4": 0.8, "size6": 1, "size7": 1.2}


def classes(element):
    """Return the classes of an element."""
    return element.get("class", "").split()


def ems(element, name):
    """Return the length in em that an element's own style states; 0 if none."""
    found = re.search(rf"(?:^|;){name}:(-?[\d.]+)em", element.get("style", ""))
    return float(found[1]) if found else 0.0


def formula_width(element, letter=0.5):
    """Return the width in em of what KaTeX has set.

    Parameters
    ----------
    element : lxml element
        Of a `.katex-html`.
    letter : float
        The width of a letter where the element begins.
    """
    names = classes(element)
    letter = next((LETTERS[name] for name in names if name in LETTERS), letter)
    size = SIZES.get(names[2], 1) if names[:1] == ["sizing"] else 1
    if "vlist-s" in names or "strut" in names or "pstrut" in names:
        return 0.0
    parts = [formula_width(part, letter) for part in element]
    if "vlist" in names:
        own = max(parts, default=0.0)
    elif "vlist-t" in names:
        own = parts[0] if parts else 0.0
    else:
        own = sum(parts)
    texts = [element.text or "", *(part.tail or "" for part in element)]
    own += sum(letter + 0.65 * (c in "⋯…") for text in texts for c in text if not c.isspace())
    own = size * max(own, ems(element, "width"), ems(element, "min-width"))
    return own + ems(element, "margin-right") + max(0.0, ems(element, "margin-left"))


@functools.cache
def whole_width(formula):
    """Return the width in em of a `.katex-html`: it is asked for often, and does not change."""
    return formula_width(formula)


@functools.cache
def formula_height(formula):
    """Return the height in em of what KaTeX has set."""
    return max((ems(strut, "height") for strut in formula.cssselect(".strut")), default=1.0)


def width(element, letter):
    """Return how many pixels the words and formulas of an element would need in one line.

    Parameters
    ----------
    element : lxml element
    letter : float
        The mean width of a letter.
    """
    if not isinstance(element.tag, str) or element.tag in ("script", "style", "aside"):
        return 0.0
    if "katex" in classes(element):
        (shown,) = element.cssselect(".katex-html")
        return whole_width(shown) * 1.05 * letter / SANS
    texts = [element.text or "", *(part.tail or "" for part in element)]
    own = sum(len(re.sub(r"\s+", " ", text)) for text in texts) * letter
    return own + sum(width(part, letter) for part in element)


def lines(element, across, size):
    """Return how many lines the text of an element takes."""
    return max(1, math.ceil(1.05 * width(element, SANS * size) / across))


def text(element, across, size):
    """Return the height of a paragraph in pixels; high formulas within make their line higher."""
    high = sum(max(0, 1.05 * formula_height(f) - LINE) for f in element.cssselect(".katex"))
    return (lines(element, across, size) * LINE + min(high, 1.2)) * size


def formula_size(block, size, across=WIDTH):
    """Return the size of the letters beside a displayed formula that is as wide as that at most."""
    wide = whole_width(block.cssselect(".katex-html")[0]) * 1.05 * 1.07 + 2.5
    return min(size, math.floor(across / wide))


def rows(table):
    """Return the rows of a table, each with the widths of its cells in letters."""
    return [
        [width(cell, 1) for cell in row if cell.tag in ("td", "th")] for row in table.iter("tr")
    ]


def columns(table):
    """Return the widths of a table's columns in pixels, with letters of the usual size."""
    cells = rows(table)
    most = [max(row[k] for row in cells if k < len(row)) for k in range(max(map(len, cells)))]
    return [letters * SANS * 1.1 * SMALL + 0.9 * SMALL for letters in most]


def fit_table(table, room=440):
    """Return the size of a table's letters, as a share of the usual one, so that it has room.

    A table of words that is too wide has lines that go on, one of numbers has smaller letters.
    """
    wide = sum(columns(table))
    if any(len(cell.text_content().split()) > 3 for cell in table.iter("td")):
        for percent in range(120, 60, -5):
            if table_height(table, percent / 100) <= room + 50:
                return percent / 100
    return min(1.2, math.floor(100 * min(WIDTH / wide, room / table_height(table, 1))) / 100)


def table_height(table, fit):
    """Return the height of a table in pixels, its words in several lines if it is too wide."""
    widths = [fit * width for width in columns(table)]
    less = min(1, WIDTH / sum(widths))
    total = 0
    for row in rows(table):
        needs = [letters * SANS * 1.1 * SMALL * fit for letters in row]
        shares = [less * width for width in widths]
        lines_of = max((math.ceil(a / b) for a, b in zip(needs, shares, strict=False)), default=1)
        total += ((lines_of if less < 1 else 1) * 1.3 + 0.34) * SMALL * fit
    return total


def code_size(block, size):
    """Return the size of the letters of code beside prose of this size.

    Lines of code are not broken; what it prints is, if its letters would be too small.
    """
    longest = max(map(len, block.text_content().split("\n")))
    own = min(size - 2, math.floor((WIDTH - 40) / (CODE * max(1, longest))))
    return max(SMALL if "printed" in classes(block) else 20, own)


def set_sizes(blocks, size):
    """Give the formulas and the code of a slide the letters that prose of this size allows them."""
    codes = [block for block in blocks if "highlight" in classes(block)]
    letters = min((code_size(block, max(size, SMALL + 2)) for block in codes), default=0)
    for block in codes:
        block.set("style", f"font-size: {letters}px")
    for block in blocks:
        across = WIDTH - 60 if block.tag in ("blockquote", "ul", "ol") else WIDTH
        for formula in block.xpath("descendant-or-self::div[contains(@class, 'math')]"):
            formula.set("style", f"font-size: {formula_size(formula, size, across)}px")


def code_lines(block, size):
    """Return the number of lines of a block of code, or of what it prints, in letters of a size."""
    most = math.floor((WIDTH - 40) / (CODE * size))
    lengths = [len(line) for line in block.text_content().rstrip("\n").split("\n")]
    return sum(math.ceil(max(1, 1.1 * length if length > most else 1) / most) for length in lengths)


def lines_in(pixels):
    """Return how many lines of code have room in so many pixels."""
    return math.floor((pixels - GAP - PADDING) / CODE_LINE)


def height(block, size=TEXT, across=WIDTH):
    """Return the height of one thing on a slide in pixels.

    Parameters
    ----------
    block : lxml element
    size : float
        Of the letters of prose.
    across : float
        The width that it has.
    """
    names = classes(block)
    if "math" in names:
        return (formula_height(block) * 1.05 + 0.5) * formula_size(block, size, across)
    if "highlight" in names:
        letters = code_size(block, max(size, SMALL + 2))
        return code_lines(block, letters) * CODE_LINE * letters / SMALL + PADDING
    if block.tag == "table":
        return table_height(block, float(block.get("data-fit", 1)))
    if block.tag == "figure" or "operated" in names:
        caption = block.find("figcaption")
        least = LIVE if "operated" in names else FIGURE
        beside = caption is None or "tall" in names
        return least + (0 if beside else text(caption, across, SMALL) + 10)
    if block.tag in ("ul", "ol", "div", "blockquote", "li"):
        room = across - {"blockquote": 50, "ul": 36, "ol": 36}.get(block.tag, 0)
        inside = [part for part in block if part.tag in ("p", "ul", "ol", "li", "div", "table")]
        if inside:
            return (
                sum(height(part, size, room) for part in inside)
                + 8 * (len(inside) - 1)
                + (24 if block.tag == "blockquote" else 0)
            )
        return text(block, room, size)
    return text(block, across, size)


def heights(blocks, size=TEXT):
    """Return the height of all that a slide shows, in pixels."""
    return sum(height(block, size) for block in blocks) + GAP * max(0, len(blocks) - 1)


def room(heading, under=None):
    """Return the pixels that are left below the headings."""
    words = re.sub(r"<[^>]*>", "", heading)
    long = max(1, math.ceil(len(words) * 0.52 * 38 / WIDTH))
    return HEIGHT - MARGINS - HEADING * long - (UNDER if under else 0)
