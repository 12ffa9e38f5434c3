"""Measure slides in a browser: what is larger than its slide, on screen and in print.

`python book/editions/slide_overflow.py SITE [NAME ...]` prints what `overflows` finds.
"""

import sys
from pathlib import Path

import pages
from playwright.sync_api import sync_playwright

SIZES = [(1280, 720), (1920, 1080)]
# Reveal shows one slide at a time, and hides the others; in print all of them are there.
LOOK = """
() => {
  const BELOW = 44; // kept free for the number of the slide and the way home
  const TIGHT = "p, li, h1, h2, h3, pre, table, img, svg, figure, button, input, select, output";
  const inPrint = document.documentElement.classList.contains("reveal-print");
  const found = [];
  const look = (slide, number) => {
    const page = slide.querySelector(":scope > .page");
    const box = page.getBoundingClientRect();
    const share = box.width / 1280;
    const name = `${number}: ${page.querySelector("h1, h2").textContent}`;
    const within = (r) => r.left >= box.left + 40 * share - 1 && r.right <= box.right - 40 * share + 1 &&
      r.top >= box.top - 1 && r.bottom <= box.bottom - BELOW * share + 1;
    const say = (element, what) => found.push([name, `${element.tagName} ${element.className}: ${what}`,
      element.textContent.slice(0, 50)]);
    const rect = (r) => [r.left - box.left, r.top - box.top, r.right - box.left, r.bottom - box.top]
      .map((x) => Math.round(x / share)).join(" ");
    for (const element of page.querySelectorAll(TIGHT)) {
      const r = element.getBoundingClientRect();
      if (r.width && element.checkVisibility({ contentVisibilityAuto: true }) && !element.closest("details:not([open]) table") && !element.closest(".katex, svg svg, title") && !within(r)) { say(element, rect(r)); }
    }
    for (const element of page.querySelectorAll("pre, .operated, .companion-figure, table, figure")) {
      if (element.scrollWidth > element.clientWidth + 2) { say(element, `${element.scrollWidth} wide in ${element.clientWidth}`); }
      if (element.matches(".operated, .companion-figure, figure") && element.scrollHeight > element.clientHeight + 8) {
        say(element, `${element.scrollHeight} high in ${element.clientHeight}`);
      }
    }
    for (const line of page.querySelectorAll(".katex-html")) {
      for (const part of line.querySelectorAll(":scope > .base, :scope > .tag")) {
        const r = part.getBoundingClientRect();
        if (!within(r)) { say(part, rect(r)); }
      }
    }
    if (page.scrollHeight > page.clientHeight + 1) { say(page, `${page.scrollHeight} high`); }
  };
  const slides = Reveal.getSlides();
  slides.forEach((slide, k) => {
    if (!inPrint) {
      const { h, v } = Reveal.getIndices(slide);
      Reveal.slide(h, v);
    }
    look(slide, k + 1);
  });
  return found;
}
"""
READY = """
async () => {
  await document.fonts.ready;
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
