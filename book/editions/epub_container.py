"""The container of the EPUB edition: package document, table of contents, zip.

Written here because no library was found that does it. EbookLib 0.20 parses what it is given as
HTML again (`viewBox` becomes `viewbox`, and a drawing is empty), drops what stands on `body`, says
nothing of formulas and drawings in the manifest, dates each file by the clock, and is under the
AGPL; mkepub 1.2.2 makes up a new identifier at each call and knows neither accessibility metadata
nor landmarks. Nothing here depends on the clock: the same book gives the same bytes.
"""

import zipfile
from dataclasses import dataclass
from html import escape
from pathlib import PurePosixPath

from lxml import etree

from archive import stamped
from pages import EditionError

FOLDER = "EPUB"
# Of this book in all its versions; readers know by it that they have it already.
IDENTIFIER = "urn:uuid:5b1c4b52-6f0a-5f0e-9a57-0d1f6a3c7e21"
TYPES = {
    ".xhtml": "application/xhtml+xml",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".woff2": "font/woff2",
}
CONTAINER = f"""<?xml version="1.0" encoding="utf-8"?>
<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">
<rootfiles>
<rootfile full-path="{FOLDER}/package.opf" media-type="application/oebps-package+xml"/>
</rootfiles>
</container>
"""
PACKAGE = """<?xml version="1.0" encoding="utf-8"?>
<package xmlns="http://www.idpf.org/2007/opf" version="3.0" xml:lang="en"
 unique-identifier="identifier">
<metadata xmlns:dc="http://purl.org/dc/elements/1.1/">
<dc:identifier id="identifier">{identifier}</dc:identifier>
{metadata}
</metadata>
<manifest>
{manifest}
</manifest>
<spine>
{spine}
</spine>
</package>
"""
DOCUMENT = """<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE html>
<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops"
 lang="en" xml:lang="en">
<head>
<meta charset="utf-8"/>
<title>{title}</title>
{styles}
</head>
<body{kind}>
{body}
</body>
</html>
"""
# No "conformsTo": that is for somebody to say who has read the book with the programs of those
# who need it, which no check does.
ACCESSIBILITY = [
    ("schema:accessMode", "textual"),
    ("schema:accessMode", "visual"),
    ("schema:accessModeSufficient", "textual,visual"),
    ("schema:accessModeSufficient", "textual"),
    ("schema:accessibilityFeature", "alternativeText"),
    ("schema:accessibilityFeature", "displayTransformability"),
    ("schema:accessibilityFeature", "MathML"),
    ("schema:accessibilityFeature", "readingOrder"),
    ("schema:accessibilityFeature", "structuralNavigation"),
    ("schema:accessibilityFeature", "tableOfContents"),
    ("schema:accessibilityFeature", "unlocked"),
    ("schema:accessibilityHazard", "none"),
    (
        "schema:accessibilitySummary",
        "Every figure has a text that says what it shows. Formulas are MathML and carry their TeX. "
        "Headings, tables, links between exercises and solutions, and the table of contents are "
        "marked as what they are. Nothing moves or sounds. Checked by machine (axe, the rules of "
        "WCAG 2.2 A and AA); no conformance is claimed.",
    ),
]


@dataclass(frozen=True)
class Entry:
    """A file of the book in reading order.

    Attributes
    ----------
    name : str
        The file's, within the book's folder.
    title, part : str
        What the table of contents calls it, and below which heading; "" for none.
    kind : str
        Its `epub:type`; one of each kind may become a landmark.
    sections : tuple of (title, address)
        What the table of contents lists below it.
    """

    name: str
    title: str
    part: str = ""
    kind: str = ""
    sections: tuple = ()


def document(title, body, *, kind="", styles=()):
    """Return an XHTML file.

    Parameters
    ----------
    title, body : str
        Plain text, and markup.
    kind : str
        The `epub:type` of the whole.
    styles : iterable of str
        Names of style sheets.
    """
    links = [f'<link rel="stylesheet" type="text/css" href="{name}"/>' for name in styles]
    return DOCUMENT.format(
        title=escape(title),
        body=body,
        kind=f' epub:type="{kind}"' if kind else "",
        styles="\n".join(links),
    ).encode()


def contents(entries, landmarks):
    """Return the markup of the table of contents, by part, page and section, and of the landmarks.

    Parameters
    ----------
    entries : list of Entry
    landmarks : dict of {epub:type: (title, address)}
    """
    lines, part = [], ""
    for entry in entries:
        if entry.part != part:
            lines += ["</ol></li>"] * bool(part)
            lines += [f"<li><span>{escape(entry.part)}</span><ol>"] * bool(entry.part)
            part = entry.part
        lines.append(item(entry.name, entry.title, [item(a, t) for t, a in entry.sections]))
    lines += ["</ol></li>"] * bool(part)
    marks = [
        f'<li><a epub:type="{kind}" href="{address}">{escape(title)}</a></li>'
        for kind, (title, address) in landmarks.items()
    ]
    return "\n".join(
        [
            '<nav epub:type="toc" role="doc-toc" id="toc"><h1>Contents</h1><ol>',
            *lines,
            "</ol></nav>",
            '<nav epub:type="landmarks" id="landmarks" hidden="hidden"><h2>Landmarks</h2><ol>',
            *marks,
            "</ol></nav>",
        ]
    )


def item(address, title, below=()):
    """Return an item of the table of contents."""
    more = f"<ol>{''.join(below)}</ol>" if below else ""
    return f'<li><a href="{address}">{escape(title)}</a>{more}</li>'


def properties(name, data):
    """Return what the manifest must say of a file, "" for nothing."""
    if name == "cover.png":
        return "cover-image"
    if not name.endswith(".xhtml"):
        return ""
    held = [kind for kind in ("math", "svg") if f"<{kind} ".encode() in data]
    found = ["mathml" if kind == "math" else kind for kind in held]
    return " ".join(found + ["nav"] * (name == "nav.xhtml"))


def package(files, entries, metadata):
    """Return the package document.

    Parameters
    ----------
    files : dict of {name: bytes}
    entries : list of Entry
    metadata : list of (name, text)
        Of the Dublin Core where the name begins with "dc:", properties otherwise.
    """
    ids = {name: "f-" + name.replace("/", "-") for name in files}
    rows = []
    for name, data in sorted(files.items()):
        kind, said = TYPES[PurePosixPath(name).suffix], properties(name, data)
        more = f' properties="{said}"' if said else ""
        rows.append(f'<item id="{ids[name]}" href="{name}" media-type="{kind}"{more}/>')
    return PACKAGE.format(
        identifier=IDENTIFIER,
        metadata="\n".join(meta(name, text) for name, text in [*metadata, *ACCESSIBILITY]),
        manifest="\n".join(rows),
        spine="\n".join(f'<itemref idref="{ids[entry.name]}"/>' for entry in entries),
    ).encode()


def meta(name, text):
    """Return an element of the metadata."""
    if name.startswith("dc:"):
        return f"<{name}>{escape(text)}</{name}>"
    return f'<meta property="{name}">{escape(text)}</meta>'


def check(files):
    """Raise EditionError unless ids are there once in the whole book and links lead to something.

    Parameters
    ----------
    files : dict of {name: bytes}
    """
    ids, ends, wrong = {}, set(files), []
    trees = {n: etree.fromstring(data) for n, data in files.items() if n.endswith(".xhtml")}
    for name, tree in trees.items():
        for own in tree.xpath("//@id"):
            if own in ids:
                wrong.append(f"the id {own} is in {ids[own]} and in {name}")
            ids[own] = name
            ends.add(f"{name}#{own}")
    for name, tree in trees.items():
        for end in tree.xpath("//@href | //@src | //@*[local-name()='href']"):
            if ":" not in end and (f"{name}{end}" if end[0] == "#" else end) not in ends:
                wrong.append(f"{name} leads to {end}, which is not there")
    if wrong:
        raise EditionError("; ".join(sorted(set(wrong))))


def pack(files, out):
    """Write a book's files into one, the same bytes for the same files.

    Parameters
    ----------
    files : dict of {path: bytes}
        With the package document and all that it lists, below `FOLDER`.
    out : Path
    """
    named = {"META-INF/container.xml": CONTAINER.encode(), **files}
    with zipfile.ZipFile(out, "w") as book:
        book.writestr(stamped("mimetype"), "application/epub+zip")
        for name, data in sorted(named.items()):
            book.writestr(stamped(name), data, zipfile.ZIP_DEFLATED, compresslevel=9)
