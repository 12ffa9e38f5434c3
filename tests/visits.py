"""What the tests of the built site share: its pages as trees, and a browser that visits them."""

import functools
import http.server

from bs4 import BeautifulSoup
from conftest import SITE, chapters

CHAPTERS = [f"book/{path.stem}" for path in chapters()]
LONG = 600_000  # milliseconds until something has hung; what is slow is measured elsewhere
# Colours and opened cells settle at once: half faded in, a cell has too little contrast.
STILL = "* { transition: none !important; animation: none !important }"


@functools.cache
def soup(page):
    """Return a page of the site, such as "book/01_mixtures", as a tree."""
    return BeautifulSoup((SITE / f"{page}.html").read_text(encoding="utf-8"), "html.parser")


@functools.cache
def anchors(path):
    """Return what a link to a file can name after its #."""
    text = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
    return {e["id"] for e in text.find_all(id=True)} | {
        e["name"] for e in text.find_all("a", {"name": True})
    }


class Quiet(http.server.SimpleHTTPRequestHandler):
    """A server that does not write down who asks."""

    def log_message(self, *args):
        pass


def open_page(browser, address, page, query=""):
    """Open a page in a fresh tab that keeps what the browser complains about."""
    tab = browser.new_page()
    tab.complaints = []
    note = tab.complaints.append
    tab.on("console", lambda m: note(m.text) if m.type in ("error", "warning") else None)
    tab.on("pageerror", lambda error: note(str(error)))
    tab.on("requestfailed", lambda request: note(f"failed: {request.url}"))
    tab.on(
        "request",
        lambda r: None if r.url.startswith((address, "data:", "blob:")) else note(r.url),
    )
    tab.goto(f"{address}{page}.html{query}", wait_until="networkidle")
    tab.add_style_tag(content=STILL)
    return tab


def show(tab, width=1280, scheme="light"):
    """Show a tab in a window of this width and in this scheme of colours."""
    tab.set_viewport_size({"width": width, "height": 900})
    tab.emulate_media(color_scheme=scheme)
    tab.wait_for_function(f"document.documentElement.dataset.theme == '{scheme}'")


def measured(tab):
    """Wait until the page knows what of it can be scrolled."""
    tab.wait_for_function("document.documentElement.dataset.stops == 'known'", timeout=60_000)
