"""What several test modules share."""

import functools
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from hypothesis import settings

ROOT = Path(__file__).resolve().parents[1]
SITE = ROOT / "_build" / "html"
sys.path.insert(0, str(ROOT / "book" / "homework"))  # build.py and grade.py
sys.path.insert(1, str(ROOT / "benchmarks"))  # site_report.py

# The same examples on every machine and every day; a law that fails once fails always.
settings.register_profile("course", derandomize=True, deadline=None, max_examples=60)
settings.load_profile("course")


def pages() -> list[str]:
    """Return the pages of the book in the order of `_toc.yml`, such as "book/01_mixtures"."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    return [toc["root"]] + [entry["file"] for part in toc["parts"] for entry in part["chapters"]]


def chapters() -> list[Path]:
    """Return the notebooks of the chapters."""
    return sorted((ROOT / "book").glob("[0-9][0-9]_*.ipynb"))


def pytest_collection_modifyitems(items):
    """Begin with the modules that take longest, so that two workers end at the same time."""
    longest = ["test_live_page", "test_site", "test_grading", "test_build"]
    items.sort(key=lambda item: [*longest, item.path.stem].index(item.path.stem))


def make(target):
    """Make what everyone makes, with the same command; one worker builds, the others wait."""
    import fcntl

    SITE.parent.mkdir(exist_ok=True)
    with (SITE.parent / "site.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        build = subprocess.run(
            ["make", target], cwd=ROOT, capture_output=True, text=True, check=False, timeout=1500
        )
    assert build.returncode == 0, build.stdout[-3000:] + build.stderr[-3000:]


@pytest.fixture
def bars(monkeypatch):
    """Put a list that grows in place of the progress bars: what each was asked, and has shown."""
    import tqdm.auto

    bars = []

    class Bar:
        def __init__(self, items=(), **options):
            self.items, self.options, self.made, self.closed = items, options, 0, False
            bars.append(self)

        def __iter__(self):
            for item in self.items:
                yield item
                self.made += 1

        def update(self):
            self.made += 1

        def close(self):
            self.closed = True

    monkeypatch.setattr(tqdm.auto, "tqdm", Bar)
    return bars


@pytest.fixture(scope="session")
def site():
    """Build the site."""
    make("book")
    return SITE


@pytest.fixture(scope="session")
def address(site):
    """Serve the site on this machine."""
    import http.server
    import threading

    from visits import Quiet

    handler = functools.partial(Quiet, directory=str(site))
    with http.server.ThreadingHTTPServer(("localhost", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://localhost:{server.server_port}/"
        server.shutdown()


@pytest.fixture(scope="session")
def visit(browser, address):
    """Open a page of the site in a fresh tab that keeps what the browser complains about."""
    from visits import open_page

    return functools.partial(open_page, browser, address)


@pytest.fixture(scope="session")
def edition():
    """Build the live edition and put it into the site; the tests of it are those of `test-live`."""
    import json

    make("live")
    return json.loads((SITE / "live" / "live.json").read_text(encoding="utf-8"))


@pytest.fixture
def small_book(tmp_path):
    """Build a small book with the course's own settings and extensions."""
    import shutil

    def build(files, **settings):
        for folder in ("_extensions", "_static", "_templates"):
            shutil.copytree(ROOT / "book" / folder, tmp_path / "book" / folder)
        config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
        config["execute"] = {"execute_notebooks": "off"}
        for key, value in settings.items():
            config["sphinx"]["config"][key] = value
        for name, content in {**files, "_config.yml": yaml.safe_dump(config)}.items():
            (tmp_path / name).write_text(content, encoding="utf-8")
        program = Path(sys.executable).with_name("jupyter-book")
        done = subprocess.run(
            [program, "build", "-W", "-n", "--keep-going", "."],
            cwd=tmp_path, capture_output=True, text=True, check=False, timeout=300,
        )  # fmt: skip
        return done.returncode, done.stdout + done.stderr, tmp_path

    return build


@pytest.fixture
def rng():
    import numpy as np

    return np.random.default_rng(20)


@pytest.fixture(scope="session")
def browser():
    """One browser for all modules of a worker: a second loop of Playwright would not start."""
    import chromium
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = chromium.start(playwright)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def tab(browser):
    """An empty tab of the browser; a script that throws in it is a fault."""
    tab = browser.new_page()
    tab.complaints = []
    tab.on("pageerror", lambda error: tab.complaints.append(str(error)))
    yield tab
    assert tab.complaints == []
    tab.close()
