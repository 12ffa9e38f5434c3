"""Figures as small as can be, sharp on every screen, loaded when near.

A chapter draws each figure twice (see `../ipython_kernel_config.py`), and its
page gets whichever is smaller: the SVG, with the letters that it needs inside,
so that its text looks the same everywhere, or the PNG's very pixels as WebP.
Every picture states its size, so nothing moves when it arrives; all but the
first of a page wait until the reader comes near.
"""

import gzip
import re
from functools import cache
from io import BytesIO
from pathlib import Path
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

import numpy as np
from docutils import nodes
from matplotlib.font_manager import FontProperties, findfont
from PIL import Image
from sphinx.transforms import SphinxTransform
from sphinx.writers.html5 import HTML5Translator

from sheets import inline, subset_font

INCH = 96  # pixels of a page
UNITS = {
    "": 1,
    "px": 1,
    "pt": INCH / 72,
    "in": INCH,
    "cm": INCH / 2.54,
    "mm": INCH / 25.4,
}
LARGEST_SVG = 1_500_000  # bytes; beyond it, drawing takes longer than loading
MANY = 2000  # shapes so small that a tenth of a point is enough
NUMBER = re.compile(r"-?\d+\.\d{3,}")
PLACE = re.compile(r'(?<= )(x|y)="[^"]*"')
LINE = re.compile(r'(?<= )d="([MLQCz\s\d.e+-]*)"')
SHAPE = re.compile(r'<path d="([MLQCz\s\d.e+-]+)" (clip-path="[^"]+") (style="[^"]*")/>')
CLOSE = "</g></g>"
SAME = 0.002  # points: what Matplotlib's rounding moves a shape by, and more


def setup(app):
    """Choose a form when a page is read; say its size when it is written."""
    app.add_transform(SmallestPicture)
    app.add_node(
        nodes.image,
        override=True,
        html=(visit_image, HTML5Translator.depart_image),
    )
    return {"parallel_read_safe": True}


class SmallestPicture(SphinxTransform):
    """Keep the smaller form of each figure that a cell drew."""

    default_priority = 800

    def apply(self):
        """Replace the PNG of each output by WebP, or leave its SVG alone."""
        for bundle in list(self.document.findall(is_bundle)):
            forms = {form["mime_type"]: form for form in bundle.children}
            png, svg = forms.get("image/png"), forms.get("image/svg+xml")
            if png is None:
                continue
            picture = next(png.findall(nodes.image))
            path = self.found(picture)
            size = webp_of(path)
            if svg is not None:
                drawing = next(svg.findall(nodes.image))
                drawn = svg_of(self.found(drawing))
                if is_better(drawn, size):
                    bundle.remove(png)
                    drawing["uri"] = self.kept(drawing, ".small.svg", drawn)
                    continue
                bundle.remove(svg)
            picture["uri"] = self.kept(picture, ".webp", size)

    def found(self, picture):
        """Return the path of a picture's file."""
        return Path(self.env.relfn2path(picture["uri"], self.env.docname)[1])

    def kept(self, picture, suffix, data):
        """Write another form of a picture beside it, and return its name."""
        path = self.found(picture).with_suffix(suffix)
        path.write_bytes(data)
        return str(Path(picture["uri"]).with_suffix(suffix).as_posix())


def is_bundle(node):
    """Whether a node holds the forms of one output."""
    return isinstance(node, nodes.container) and node.get("nb_element") == "mime_bundle"


def is_better(svg, webp):
    """Whether a drawing is lighter than its pixels, and quickly drawn."""
    return len(svg) <= LARGEST_SVG and len(gzip.compress(svg, 9, mtime=0)) <= len(webp)


def webp_of(path):
    """Return a PNG's pixels as WebP, without loss.

    Parameters
    ----------
    path : Path
        The PNG.
    """
    with Image.open(path) as image:
        opaque = image.convert("RGBA").getextrema()[3] == (255, 255)
        buffer = BytesIO()
        image.convert("RGB" if opaque else "RGBA").save(
            buffer, "WEBP", lossless=True, quality=75, method=4, exact=True
        )
    return buffer.getvalue()


def svg_of(path):
    """Return a drawing with its letters inside, a hundredth of a point fine.

    Parameters
    ----------
    path : Path
        The SVG, its text as text.
    """
    text = path.read_text(encoding="utf-8")
    text = re.sub(r"(?s)<metadata>.*?</metadata>|<!--.*?-->|<!DOCTYPE.*?>", "", text)
    if text.count("<path") > MANY:
        text = shared(text)
    text = PLACE.sub(lambda m: NUMBER.sub(lambda n: short(n[0]), m[0]), text)
    places = 1 if text.count("<path") > MANY else 2
    text = LINE.sub(lambda m: f'd="{shorter_path(m[1], places)}"', text)
    text = re.sub(r"\s*\n\s*", "\n", text)
    faces = "".join(face(*font, letters) for font, letters in sorted(fonts_of(text).items()))
    if faces:
        text = re.sub(
            r"(<svg[^>]*>)",
            lambda m: f"{m[0]}<style>{faces}</style>",
            text,
            count=1,
        )
    return text.encode("utf-8")


def shared(text):
    """Return a drawing whose shapes that return elsewhere are written once.

    The counties of one map are those of the next, at another place.

    Parameters
    ----------
    text : str
        An SVG as Matplotlib writes it.
    """
    matches = list(SHAPE.finditer(text))
    corners = [
        np.array(re.findall(r"[\d.e+-]+", match[1]), float).reshape(-1, 2) for match in matches
    ]
    kinds = {}
    for k, match in enumerate(matches):
        kinds.setdefault(re.sub(r"[\s\d.e+-]", "", match[1]), []).append(k)
    like = np.full(len(matches), -1)  # the first that has the same shape
    for members in map(np.array, kinds.values()):
        forms = np.array([corners[k] - corners[k][0] for k in members])
        for k, form in zip(members, forms, strict=True):
            if like[k] < 0:
                same = np.abs(forms - form).max(axis=(1, 2)) < SAME
                like[members[same & (like[members] < 0)]] = k

    often = np.bincount(like, minlength=1) > 1 if matches else np.array([])
    parts, end, group = [], 0, None
    for k, match in enumerate(matches):
        first, between = like[k], text[end : match.start()]
        move = " ".join(short(x) for x in corners[k][0] - corners[first][0])
        here = (match[2], move) if often[first] else None
        if here != group or between.strip():
            parts += [CLOSE if group else "", between]
            parts.append(f'<g {match[2]}><g transform="translate({move})">' if here else "")
            group = here
        parts.append(f'<use xlink:href="#same{first}" {match[3]}/>' if here else match[0])
        end = match.end()
    parts += [CLOSE if group else "", text[end:]]
    shapes = "".join(f'<path id="same{k}" d="{matches[k][1]}"/>' for k in np.flatnonzero(often))
    defined = f"<defs>{shapes}</defs>" if shapes else ""
    return re.sub(r"(<svg[^>]*>)", rf"\1{defined}", "".join(parts), count=1)


def short(number, places=2):
    """Return a number with at most so many places, as briefly as SVG can."""
    text = f"{float(number):.{places}f}"
    text = text.rstrip("0").rstrip(".") if places else text
    text = re.sub(r"^(-?)0\.", r"\1.", text)
    return "0" if text in ("-0", "-", "") else text


def shorter_path(line, places):
    """Return the line of a path, each point told from the one before.

    Points are rounded before their differences are taken, so errors do not add
    up; points that fall together become one.

    Parameters
    ----------
    line : str
        As Matplotlib writes it: M, L, Q, C, with absolute places, and z.
    places : int
        How many places a number keeps.
    """
    unit = 10**places

    def pair(x, y):
        text = f"{short(x / unit, places)} {short(y / unit, places)}"
        return text.replace(" -", "-")

    here = start = (0, 0)
    parts = []
    for command, numbers in re.findall(r"([MLQCz])([^MLQCz]*)", line):
        values = [round(float(number) * unit) for number in numbers.split()]
        points = list(zip(values[::2], values[1::2], strict=True))
        if command == "M":
            here = start = points[0]
            parts.append(f"M{pair(*here)}")
        elif command == "z":
            here = start
            parts.append("z")
        elif command != "L" or points[0] != here:
            steps = [pair(x - here[0], y - here[1]) for x, y in points]
            parts.append(command.lower() + " ".join(steps).replace(" -", "-"))
            here = points[-1]
    return "".join(parts)


def fonts_of(svg):
    """Return the letters of each font: {(family, style, weight): letters}."""
    fonts = {}
    for element in ET.fromstring(svg).iter():
        letters = element.text or ""
        if element.tag.rpartition("}")[2] not in ("text", "tspan") or not letters.strip():
            continue
        style = dict(
            part.strip().split(":", 1)
            for part in element.get("style", "").split(";")
            if ":" in part
        )
        family = style.get("font-family", "").split(",")[0].strip().strip("'\"")
        key = (
            family,
            style.get("font-style", "normal").strip(),
            style.get("font-weight", "normal").strip(),
        )
        if not family:
            raise ValueError(f"the text {letters!r} of a figure names no font")
        fonts.setdefault(key, set()).update(letters)
    return {font: "".join(sorted(letters)) for font, letters in fonts.items()}


@cache
def face(family, style, weight, letters):
    """Return the rule that brings letters of a font that Matplotlib used.

    Parameters
    ----------
    family, style, weight : str
        As in the drawing.
    letters : str
        The letters that it uses.
    """
    number = int(weight) if weight.isdigit() else weight
    path = findfont(FontProperties(family=family, style=style, weight=number))
    data = subset_font(path, set(map(ord, letters)))
    if data is None:
        return ""
    return (
        f"@font-face{{font-family:'{family}';font-style:{style};"
        f"font-weight:{weight};src:url({inline(data)})}}"
    )


def size_of(path):
    """Return the width and height of a picture in pixels of a page.

    Parameters
    ----------
    path : Path
        An SVG; or pixels, two for each pixel of a page if it is WebP, and as
        many as its resolution says if it is not.
    """
    if path.suffix == ".svg":
        root = ET.parse(path).getroot()
        named = [re.fullmatch(r"([\d.]+)(\w*)", root.get(side, "")) for side in ("width", "height")]
        if all(named):
            return tuple(round(float(m[1]) * UNITS[m[2]]) for m in named)
        return tuple(round(float(number)) for number in root.get("viewBox").split()[2:])
    with Image.open(path) as image:
        dots = image.info.get("dpi", (INCH, INCH))
        scale = 2 if path.suffix == ".webp" else max(1, round(dots[0]) / INCH)
        return tuple(round(side / scale) for side in image.size)


def visit_image(self, node):
    """Write a picture with its size; all but the first of a page wait."""
    path = Path(self.builder.srcdir) / node["uri"]
    is_here = not urlsplit(node["uri"]).scheme and path.is_file()
    first = not getattr(self, "has_picture", False)
    self.has_picture = True
    HTML5Translator.visit_image(self, node)
    added = ['decoding="async"'] if first else ['decoding="async"', 'loading="lazy"']
    if is_here and "width" not in node and "height" not in node:
        width, height = size_of(path)
        added += [f'width="{width}"', f'height="{height}"']
    for place in reversed(range(len(self.body))):
        if self.body[place].startswith("<img "):
            self.body[place] = self.body[place].replace("<img ", f"<img {' '.join(added)} ", 1)
            break
