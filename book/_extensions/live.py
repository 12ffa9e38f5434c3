"""Offers the live edition on the pages that it can run.

`make book` knows nothing of it. When `make live` has built the edition into
`_build/live`, this puts it into the site as the folder `live/` and adds to each
chapter, under its title, a button that runs the page in its place and a link
that opens it as a notebook; to each homework set, a link that opens it. It
loads nothing: the button's script fetches Python when the reader asks.

An edition that was made of other notebooks than the site's is no offer: each
page is compared with what `_build/live/live.json` says of it.
"""

import argparse
import hashlib
import json
import os
import re
import shutil
from html import escape
from pathlib import Path

import companion_wheel

HERE = Path(__file__).resolve().parent
OFFER = HERE.parent / "live"
TITLE = re.compile(r"<article.*?</h1>", re.DOTALL)
BEGIN, END = "<!-- live -->", "<!-- /live -->"
PLACED = re.compile(f"{BEGIN}.*?{END}", re.DOTALL)
SET = re.compile(r'<a [^>]*href="[^"]*/(hw\d[^"/]*\.ipynb)"[^>]*>.*?</a>', re.DOTALL)


def edition(text):
    """Return the fingerprint of a notebook, whatever its note on the companion says.

    Parameters
    ----------
    text : str
        The notebook, as JSON.
    """
    notebook = json.loads(text)
    cells = [c for c in notebook["cells"] if c.get("id") != companion_wheel.CELL["id"]]
    plain = json.dumps({**notebook, "cells": cells}, sort_keys=True)
    return hashlib.sha256(plain.encode()).hexdigest()[:12]


def offer(made_from, name):
    """Return the lines that offer a chapter.

    Parameters
    ----------
    made_from : dict
        What `live.json` says.
    name : str
        The file of the notebook.
    """
    script = (OFFER / "offer.js").read_text(encoding="utf-8")
    style = (OFFER / "offer.css").read_text(encoding="utf-8")
    return (
        f'{BEGIN}<div class="live-offer" data-live="../live/" '
        f'data-python="{made_from["python"]}" data-page="{made_from["page"]}" hidden>'
        '<button type="button">Run this page</button>'
        f"{notebook_link(name, 'Open as a notebook')}"
        '<span role="status"></span></div>'
        f'<style>{style}</style><script type="module">{script}</script>{END}'
    )


def notebook_link(name, words):
    """Return a link that opens a notebook in the browser."""
    address = f"../live/notebooks/index.html?path={name}"
    return f'<a href="{escape(address)}">{words}</a>'


def with_offers(page, html, made_from, known):
    """Return a page with its offers, and without those of an older edition.

    Parameters
    ----------
    page : str
        The name of the page, such as "01_mixtures".
    html : str
        Its text.
    made_from : dict
        What `live.json` says.
    known : set of str
        The files of the notebooks that are the site's own.
    """
    html = PLACED.sub("", html)
    if f"{page}.ipynb" in known:
        added = offer(made_from, f"{page}.ipynb")
        html = TITLE.sub(lambda m: m[0] + added, html, count=1)
    if page == "homework":

        def with_link(match):
            link = notebook_link(match[1], "open it in the browser")
            return f"{match[0]}{BEGIN} ({link}){END}" if match[1] in known else match[0]

        html = SET.sub(with_link, html)
    return html


def own(site, made_from):
    """Return the files of notebooks that are the same in the site and in the edition."""
    found = [
        *(site / "_sources" / "book").glob("*.ipynb"),
        *(site / "_downloads").rglob("hw*.ipynb"),
    ]
    known = made_from["editions"]
    return {p.name for p in found if known.get(p.name) == edition(p.read_text("utf-8"))}


def place(site, live):
    """Put the edition into the site, and the offers onto its pages.

    Parameters
    ----------
    site, live : Path
        The folders of both.
    """
    made_from = json.loads((live / "live.json").read_text(encoding="utf-8"))
    shutil.rmtree(site / "live", ignore_errors=True)
    shutil.copytree(live, site / "live", copy_function=link_or_copy)
    (site / ".nojekyll").touch()  # GitHub Pages would leave out names that begin with _
    known = own(site, made_from)
    for path in sorted((site / "book").glob("*.html")):
        html = path.read_text(encoding="utf-8")
        rewrite(path, html, with_offers(path.stem, html, made_from, known))


def rewrite(path, old, new):
    """Write a page anew if it changes; whoever reads it now sees the old or the new one, whole."""
    if new != old:
        part = path.with_suffix(".part")
        part.write_text(new, encoding="utf-8")
        part.replace(path)


def link_or_copy(source, target):
    """Give a file a second name, where the disk can; sixty megabytes are not copied."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def keep(app, exception):
    """Put an edition that is there into a site that was written again."""
    live = Path(app.outdir).parent / "live"
    if not exception and app.builder.format == "html" and (live / "live.json").is_file():
        place(Path(app.outdir), live)


def setup(app):
    """Come after all who write pages."""
    app.connect("build-finished", keep, priority=990)
    return {"parallel_read_safe": True}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("site", type=Path)
    parser.add_argument("live", type=Path)
    given = parser.parse_args()
    place(given.site, given.live)
