"""Measure slides in a browser: what is larger than its slide, on screen and in print.

`python book/editions/slide_overflow.py SITE [NAME ...]` prints what `overflows` finds.
"""

import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

import pages

SIZES = [(1280, 720), (1920, 1080)]
LOOK = Path(__file__).with_suffix(".js").read_text(encoding="utf-8") + "overflowing();"
READY = """
async () => {
  await Promise.all([...document.fonts].map((font) => font.load()));
  await Promise.all([...document.images].map((image) => image.decode().catch(() => 0)));
}
"""


def ready(tab, address, size):
    """Open slides in a tab and wait until nothing moves any more.

    Parameters
    ----------
    tab : playwright page
    address : str
    size : (int, int)
        Of the window.
    """
    tab.set_viewport_size({"width": size[0], "height": size[1]})
    tab.goto(address, wait_until="load")
    what = ".pdf-page" if "print-pdf" in address else ".reveal.ready"
    tab.wait_for_selector(what, state="attached")
    tab.add_style_tag(content="* { transition: none !important; animation: none !important; }")
    tab.evaluate(READY)


def overflows(tab, address, sizes=SIZES):
    """Return what is larger than its slide: (where, number and heading, what, its first words).

    Parameters
    ----------
    tab : playwright page
    address : str
        Of the slides of a chapter.
    sizes : list of (int, int)
        Windows on whose screens they are shown; printed they are once.
    """
    found = []
    for size in sizes:
        ready(tab, address, size)
        found += [(f"{size[0]} x {size[1]}", *one) for one in tab.evaluate(LOOK)]
    ready(tab, f"{address}?print-pdf", sizes[0])
    return found + [("print", *one) for one in tab.evaluate(LOOK)]


def main(site, names):
    """Print what is too large in the slides of chapters."""
    sys.path.insert(0, str(pages.ROOT / "tests"))
    import chromium

    with sync_playwright() as playwright:
        browser = chromium.start(playwright)
        tab = browser.new_page(reduced_motion="reduce")
        for name in names or sorted(file.stem for file in (site / "slides").glob("[0-9]*.html")):
            address = (site / "slides" / f"{name}.html").resolve().as_uri()
            for one in overflows(tab, address):
                print(name, *one, sep=" | ")
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
