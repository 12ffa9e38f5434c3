"""Put the editions that were built into the site, and say on its pages where they are.

    python book/editions/offer.py _build/html _build/editions

The page *Other editions* gets a line for each: a link, its size, the day. A chapter that has slides
gets a link to them under its title. Pages are written whole or not at all; done twice, it is as
done once.
"""

import argparse
import datetime as dt
import re
import shutil
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "_extensions"))
import live

# What each file of the folder is, in the words of the page.
FILES = {
    "what-the-data-hide.pdf": "PDF",
    "what-the-data-hide.epub": "EPUB",
    "what-the-data-hide-site.zip": "The site in a zip",
}
BEGIN, END = "<!-- editions -->", "<!-- /editions -->"
PLACED = re.compile(f"{BEGIN}.*?{END}", re.DOTALL)


def place(site, built):
    """Copy the editions into the site and offer them.

    Parameters
    ----------
    site : Path
        The built site.
    built : Path
        The folder of the editions; slides are in the site already.
    """
    folder = site / "editions"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    lines = []
    for name, kind in FILES.items():
        if (built / name).is_file():
            shutil.copy2(built / name, folder / name)
            lines.append(line(folder / name, kind))
    slides = {path.stem for path in (site / "slides").glob("[0-9]*.html")}
    if slides:
        lines.append(f'<li><a href="../slides/index.html">Slides</a>: {len(slides)} chapters</li>')
    offered = f"<p>Published with this site:</p><ul>{''.join(lines)}</ul>" if lines else ""
    write(site / "book" / "other_editions.html", offered)
    for path in sorted((site / "book").glob("[0-9]*.html")):
        link = f'<p class="as-slides"><a href="../slides/{path.name}">As slides</a></p>'
        write(path, link if path.stem in slides else "")


def line(path, kind):
    """Return a file's line: what it is, how large, of which day."""
    stat = path.stat()
    day = dt.datetime.fromtimestamp(stat.st_mtime, dt.UTC).date()
    size = f"{stat.st_size / 1e6:.1f} MB"
    return f'<li><a href="../editions/{path.name}">{kind}</a>: {size}, {day:%d %B %Y}</li>'


def write(path, offered):
    """Put what is offered under the title of a page, in the place of what stood there."""
    text = path.read_text(encoding="utf-8")
    new = PLACED.sub("", text)
    if offered:
        new = live.TITLE.sub(lambda title: f"{title[0]}{BEGIN}{offered}{END}", new, count=1)
    live.rewrite(path, text, new)


def main(arguments=None):
    """Offer the editions."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("site", type=Path)
    parser.add_argument("built", type=Path)
    options = parser.parse_args(arguments)
    place(options.site, options.built)


if __name__ == "__main__":
    main()
