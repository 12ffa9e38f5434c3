"""Measure what each chapter of the live edition costs its reader: seconds, bytes, memory.

`make live-report` calls this and writes `live.json`. Every chapter is opened in a fresh browser
without a cache, once on its page and once as a notebook, from a local server that compresses as
every host does; then on its page once more, with what the browser has kept. Measure on a quiet
machine: the load of the last minute is written down too.

    opens   the notebook is there, from the address on; a page that runs has been there before
    first   the first output, from the click on
    all     all cells have run, from the click on
    bytes   what came over the line, compressed
    memory  of the browser's process that has the page and its worker, in megabytes
"""

import argparse
import json
import os
import sys
import time
from pathlib import Path

import psutil
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))
from chromium import start  # noqa: E402
from site_report import SITE, opened, served  # noqa: E402

REPORT = Path(__file__).with_name("live.json")
LONG = 600_000  # milliseconds
SHOWN = "jupyterapp.shell.currentWidget"
COUNTS = f"""[...{SHOWN}.content.widgets]
    .filter(w => w.model.type === 'code').map(w => w.model.executionCount)"""
OFFER = "document.querySelector('.live-offer').dataset"


def memory():
    """Return the megabytes of the largest process of the browsers that this one has started."""
    children = psutil.Process(os.getpid()).children(recursive=True)
    sizes = [child.memory_info().rss for child in children if "--type=renderer" in child.cmdline()]
    return round(max(sizes) / 1e6)


def on_page(tab, url):
    """Run a chapter on its page; return the moments."""
    tab.goto(url, wait_until="networkidle")
    tab.get_by_role("button", name="Run this page").click()
    tab.wait_for_function(f"{OFFER}.all", timeout=LONG)
    found = tab.evaluate(f"({{...{OFFER}}})")
    return {name: int(found[name]) / 1000 for name in ("first", "all")}


def as_notebook(tab, url):
    """Run a chapter as a notebook; return the moments."""
    began = time.monotonic()
    tab.goto(url)
    tab.wait_for_selector(".jp-Notebook .jp-Cell", timeout=LONG)
    tab.wait_for_function(f"globalThis.jupyterapp && {SHOWN}?.context?.isReady", timeout=LONG)
    moments = {"opens": time.monotonic() - began}
    began = time.monotonic()
    tab.get_by_role("menuitem", name="Run", exact=True).click()
    tab.get_by_text("Run All Cells", exact=True).click()
    output = ".jp-OutputArea-output:not(:empty)"
    tab.wait_for_selector(output, timeout=LONG, state="attached")
    moments["first"] = time.monotonic() - began
    tab.wait_for_function(f"{COUNTS}.every(Boolean)", timeout=LONG)
    moments["all"] = time.monotonic() - began
    return moments


def measure(playwright, address, name):
    """Return the figures of one chapter."""
    browser = start(playwright)
    figures = {}
    page = f"{address}book/{name}.html"
    notebook = f"{address}live/notebooks/index.html?path={name}.ipynb"
    for form, run, url in (("page", on_page, page), ("notebook", as_notebook, notebook)):
        with opened(browser, slow=False) as (tab, loaded):
            bytes_by_worker = []
            tab.context.on("response", lambda r, kept=bytes_by_worker: kept.append(r))
            moments = {key: round(value, 1) for key, value in run(tab, url).items()}
            sizes = {r.url: size(r) for r in bytes_by_worker}
            size_of_all = sum((loaded | {u: s for u, s in sizes.items() if s}).values())
            figures[form] = {**moments, "bytes": size_of_all, "memory": memory()}
            if form == "page":
                again = tab.context.new_page()
                warm = run(again, url)
                figures[form]["warm"] = {key: round(value, 1) for key, value in warm.items()}
    browser.close()
    return figures


def size(response):
    """Return the bytes of a body as they came over the line, or nothing if that is not known."""
    return (
        int(response.headers.get("content-length") or 0) if response.url.startswith("http") else 0
    )


def main():
    """Measure the chapters that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("chapters", nargs="*")
    names = sorted(path.stem for path in (ROOT / "book").glob("[0-9][0-9]_*.ipynb"))
    wanted = parser.parse_args().chapters or names
    known = json.loads(REPORT.read_text(encoding="utf-8")) if REPORT.is_file() else {}
    with sync_playwright() as playwright, served(SITE) as address:
        for name in wanted:
            known[name] = {
                **measure(playwright, address, name),
                "load": round(os.getloadavg()[0], 1),
            }
            text = json.dumps(dict(sorted(known.items())), indent=1)
            REPORT.write_text(text + "\n", encoding="utf-8")
            print(name, json.dumps(known[name]), flush=True)


if __name__ == "__main__":
    main()
