"""Measure what a page of the site costs its visitor: bytes, requests, paints, blocked time.

`make site-report` calls this. Every page is opened in a fresh browser without a
cache, over a line of 1.6 Mbit/s with 150 ms from end to end, on a processor
slowed four times, from a local server that compresses as every host does. What
is loaded is counted after the page was scrolled to its end, so pictures that
wait for the reader count too; what delays the first sight counts in the paints.
"""

import argparse
import contextlib
import functools
import gzip
import http.server
import io
import json
import statistics
import sys
import threading
from pathlib import Path
from urllib.parse import urlparse

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))
from chromium import start  # noqa: E402

SITE = ROOT / "_build" / "html"
REPORT = Path(__file__).with_name("site.json")
RATE = 1.6e6 / 8  # bytes a second
LATENCY = 150  # milliseconds
SLOWER = 4
WINDOW = {"width": 1280, "height": 900}
# Already compressed: a host sends them as they are.
PACKED = {".woff", ".woff2", ".png", ".webp", ".jpg", ".gif", ".whl", ".gz", ".zip"}

WATCH = """
window.seen = {fcp: 0, lcp: 0, long: []};
new PerformanceObserver(list => {
  for (const e of list.getEntries())
    if (e.name === 'first-contentful-paint') seen.fcp = e.startTime;
}).observe({type: 'paint', buffered: true});
new PerformanceObserver(list => {
  for (const e of list.getEntries()) seen.lcp = e.startTime;
}).observe({type: 'largest-contentful-paint', buffered: true});
new PerformanceObserver(list => {
  for (const e of list.getEntries()) seen.long.push([e.startTime, e.duration]);
}).observe({type: 'longtask', buffered: true});
"""
SCROLL = """async () => {
  for (const image of document.images) image.loading = 'eager';
  document.querySelectorAll('details').forEach(d => { d.open = true; });
  for (let y = 0; y < document.body.scrollHeight; y += innerHeight) {
    scrollTo(0, y);
    await new Promise(requestAnimationFrame);
  }
}"""


class Compressing(http.server.SimpleHTTPRequestHandler):
    """A server that compresses what a host would, and does not write down who asks."""

    protocol_version = "HTTP/1.1"

    def send_head(self):
        """Send the headers, and return the file, compressed unless it is already."""
        path = Path(self.translate_path(self.path))
        if path.is_dir():
            path /= "index.html"
        if not path.is_file():
            self.send_error(404)
            return None
        body = path.read_bytes()
        packed = path.suffix in PACKED or "gzip" not in self.headers.get("Accept-Encoding", "")
        if not packed:
            body = gzip.compress(body, 9, mtime=0)
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(path))
        self.send_header("Content-Length", str(len(body)))
        if not packed:
            self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        return io.BytesIO(body)

    def log_message(self, *args):
        """Stay quiet."""


@contextlib.contextmanager
def served(site):
    """Serve a folder on this machine, and yield its address."""
    handler = functools.partial(Compressing, directory=str(site))
    with http.server.ThreadingHTTPServer(("localhost", 0), handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://localhost:{server.server_port}/"
        server.shutdown()


def blocked(tasks, since):
    """Return the total blocking time in milliseconds: what long tasks take beyond 50 ms each.

    Parameters
    ----------
    tasks : list of (start, duration)
        The long tasks of the page, in milliseconds.
    since : float
        The first paint: nobody can be kept waiting by a page that is not seen.
    """
    total = 0.0
    for begin, duration in tasks:
        visible = begin + duration - max(begin, since)
        total += max(0.0, min(visible, duration) - 50)
    return total


@contextlib.contextmanager
def opened(browser, slow):
    """Yield a tab with an empty cache, and what it has loaded: bytes by address."""
    context = browser.new_context(viewport=WINDOW)
    tab = context.new_page()
    line = context.new_cdp_session(tab)
    line.send("Network.enable")
    line.send("Network.setCacheDisabled", {"cacheDisabled": False})
    urls, loaded = {}, {}
    line.on("Network.requestWillBeSent", lambda e: urls.update({e["requestId"]: e["request"]}))

    def finished(event):
        url = urls[event["requestId"]]["url"]
        if url.startswith("http"):
            loaded[url] = loaded.get(url, 0) + int(event["encodedDataLength"])

    line.on("Network.loadingFinished", finished)
    if slow:
        conditions = {"offline": False, "latency": LATENCY, "downloadThroughput": RATE}
        line.send("Network.emulateNetworkConditions", {**conditions, "uploadThroughput": RATE})
        line.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    tab.add_init_script(WATCH)
    yield tab, loaded
    context.close()


def weigh(browser, url):
    """Return the bytes, requests and nodes of a page that is read to its end, on a fast line."""
    with opened(browser, slow=False) as (tab, loaded):
        tab.goto(url, wait_until="networkidle")
        at_once = len(loaded), sum(loaded.values())
        nodes = tab.evaluate("document.querySelectorAll('*').length")
        tab.evaluate(SCROLL)
        tab.wait_for_function("[...document.images].every(image => image.complete)")
        tab.wait_for_load_state("networkidle")
        sizes = {urlparse(address).path.lstrip("/"): size for address, size in loaded.items()}
        return {
            "bytes": sum(sizes.values()),
            "requests": len(sizes),
            "bytes_at_once": at_once[1],
            "requests_at_once": at_once[0],
            "nodes": nodes,
            "files": dict(sorted(sizes.items(), key=lambda item: -item[1])),
        }


def time_page(browser, url, runs):
    """Return the median paints and blocked time of a page, in seconds, all of it slow."""
    found = []
    for _ in range(runs):
        with opened(browser, slow=True) as (tab, _):
            tab.goto(url, wait_until="load", timeout=120_000)
            tab.wait_for_timeout(1500)
            seen = tab.evaluate("seen")
        found.append((seen["fcp"], seen["lcp"], blocked(seen["long"], seen["fcp"])))
    names = ("first_paint", "largest_paint", "blocked")
    medians = map(statistics.median, zip(*found, strict=True))
    return {name: round(value / 1000, 3) for name, value in zip(names, medians, strict=True)}


def report(site, pages, runs):
    """Return the figures of the pages, such as "book/01_mixtures"."""
    found = {}
    with served(site) as address, sync_playwright() as playwright:
        browser = start(playwright)
        for page in pages:
            url = f"{address}{page}.html"
            found[page] = weigh(browser, url)
            if runs:
                found[page] |= time_page(browser, url, runs)
            print(row(page, found[page]), flush=True)
        browser.close()
    return found


HEAD = (
    f"{'page':26}{'kB':>7}{'at once':>9}{'requests':>10}{'nodes':>8}{'first':>8}{'largest':>9}"
    f"{'blocked':>9}"
)


def row(page, figures):
    """Return a page's row of the table."""
    times = [figures.get(name) for name in ("first_paint", "largest_paint", "blocked")]
    shown = ["-" if time is None else f"{time:.2f} s" for time in times]
    return (
        f"{page:26}{figures['bytes'] / 1000:7.0f}{figures['bytes_at_once'] / 1000:9.0f}"
        f"{figures['requests']:10}{figures['nodes']:8}{shown[0]:>8}{shown[1]:>9}{shown[2]:>9}"
    )


def main():
    """Measure, print the table, write the report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--site", type=Path, default=SITE, help="the folder of the built site")
    parser.add_argument("--runs", type=int, default=3, help="times a page is timed; 0: sizes only")
    parser.add_argument("--output", type=Path, default=REPORT)
    parser.add_argument("pages", nargs="*", help="such as book/01_mixtures; all if none is named")
    chosen = parser.parse_args()
    pages = chosen.pages or all_pages()
    print(HEAD)
    found = report(chosen.site, pages, chosen.runs)
    editions = weights(chosen.site)
    for name, size in editions.items():
        print(f"{name:40}{size / 1e6:8.1f} MB")
    setting = {"bytes_per_second": RATE, "latency_ms": LATENCY, "processor_slowed": SLOWER}
    text = {"setting": setting, "runs": chosen.runs, "pages": found, "editions": editions}
    text = json.dumps(text, indent=1)
    chosen.output.write_text(text + "\n", encoding="utf-8")


def weights(site):
    """Return the bytes of each edition that stands in the site, and of the slides together."""
    found = {path.name: path.stat().st_size for path in sorted((site / "editions").glob("*"))}
    slides = [path.stat().st_size for path in (site / "slides").rglob("*") if path.is_file()]
    return found | ({"slides": sum(slides)} if slides else {})


def all_pages():
    """Return the pages of the table of contents, and the search page."""
    import yaml

    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    entries = [entry["file"] for part in toc["parts"] for entry in part["chapters"]]
    return [toc["root"], *entries, "search"]


if __name__ == "__main__":
    main()
