"""Chapters and homework as notebooks in a browser that reaches nothing but this machine."""

import contextlib
import re

import nbformat
import pytest
import site_report
from conftest import ROOT, SITE
from visits import LONG

CHAPTER = "04_why_em_works.ipynb"
SET = "hw1_mixtures_and_em.ipynb"
SHOWN = "jupyterapp.shell.currentWidget"
# Prompts of code cells that have run.
COUNTS = f"""[...{SHOWN}.content.widgets]
    .filter(w => w.model.type == 'code').map(w => w.model.executionCount)"""


class Notebooks:
    """A browser with notebooks open in it."""

    def __init__(self, browser, address, **options):
        self.address = f"{address}{SITE.name}/"
        self.context = browser.new_context(viewport={"width": 1280, "height": 900}, **options)
        self.elsewhere = []
        self.context.on("request", self.note)

    def note(self, request):
        # The service worker is asked whether it lives, by an address that it answers itself.
        lives = request.url.endswith("/api/service-worker-heartbeat")
        if not lives and not request.url.startswith((self.address, "data:", "blob:")):
            self.elsewhere.append(request.url)

    def open(self, name, anchor=""):
        tab = self.context.new_page()
        tab.goto(f"{self.address}live/notebooks/index.html?path={name}{anchor}")
        self.wait(tab)
        return tab

    def wait(self, tab):
        tab.wait_for_selector(".jp-Notebook .jp-Cell", timeout=LONG)
        tab.wait_for_function(f"globalThis.jupyterapp && {SHOWN}?.context?.isReady", timeout=LONG)

    def run_all(self, tab):
        tab.get_by_role("menuitem", name="Run", exact=True).click()
        tab.get_by_text("Run All Cells", exact=True).click()
        tab.wait_for_function(f"{COUNTS}.every(Boolean)", timeout=LONG)


@contextlib.contextmanager
def notebooks(browser, **options):
    """Serve the site below a path, as on GitHub's Pages."""
    with site_report.served(SITE.parent) as address:
        opened = Notebooks(browser, address, **options)
        yield opened
        assert opened.elsewhere == []
        opened.context.close()


@pytest.fixture(scope="module")
def opened(browser, edition):
    with notebooks(browser) as opened:
        yield opened


@pytest.fixture(scope="module")
def tab(opened):
    tab = opened.open(CHAPTER)
    opened.run_all(tab)
    return tab


def test_a_chapter_runs_through_the_interface(tab):
    source = nbformat.read(ROOT / "book" / CHAPTER, as_version=4)
    code = [cell for cell in source.cells if cell.cell_type == "code"]
    assert len(tab.evaluate(COUNTS)) == len(code)
    complaints = tab.locator("[data-mime-type='application/vnd.jupyter.stderr']")
    assert [complaints.nth(k).text_content() for k in range(complaints.count())] == []
    assert tab.locator(".jp-RenderedImage img").count() == 3
    assert tab.locator(".companion-figure svg").count() >= 2


def test_folded_cells_are_hidden(tab):
    source = nbformat.read(ROOT / "book" / CHAPTER, as_version=4)
    folded = [
        c for c in source.cells if {"hide-input", "hide-cell"} & set(c.metadata.get("tags", []))
    ]
    assert (
        tab.locator(".jp-CodeCell .jp-InputPlaceholder, .jp-CodeCell .jp-Placeholder").count()
        >= len(folded)
        > 3
    )


def test_figures_say_what_they_show(tab):
    tab.wait_for_function(
        "[...document.querySelectorAll('.jp-RenderedImage img')].every(i => i.alt.length > 40)"
    )


def test_a_slider_moves_by_its_keys_and_no_cell_is_left(tab):
    figure = tab.locator(".companion-figure").first
    slider = figure.locator("input[type=range]").first
    slider.scroll_into_view_if_needed()
    slider.focus()
    active = tab.evaluate(f"{SHOWN}.content.activeCellIndex")
    words, value = figure.locator(".words").text_content(), slider.input_value()
    for _ in range(3):
        tab.keyboard.press("ArrowDown")
    assert slider.input_value() != value
    assert figure.locator(".words").text_content() != words
    assert tab.evaluate(f"{SHOWN}.content.activeCellIndex") == active
    assert tab.evaluate("document.activeElement.type") == "range"


def test_an_edit_survives_until_a_fresh_copy(opened):
    tab = opened.open(CHAPTER)
    assert tab.locator("#course-note").text_content() == ""
    first = tab.locator(".jp-CodeCell .cm-content").first
    first.click()
    tab.keyboard.press("Control+Home")
    tab.keyboard.type("# mine\n")
    tab.keyboard.press("Control+S")
    fresh = tab.get_by_role("button", name="Fresh copy")
    fresh.wait_for(state="visible", timeout=LONG)
    tab.reload()
    opened.wait(tab)
    assert tab.locator(".jp-CodeCell .cm-content").first.text_content().startswith("# mine")
    assert tab.locator("#course-note").text_content() == "Your copy, kept in this browser."
    tab.once("dialog", lambda dialog: dialog.accept())
    fresh.click()
    tab.wait_for_function(
        f"""globalThis.jupyterapp && {SHOWN}?.context?.isReady
            && !document.body.textContent.includes('# mine')""",
        timeout=LONG,
    )
    opened.wait(tab)
    assert not tab.locator(".jp-CodeCell .cm-content").first.text_content().startswith("# mine")
    tab.close()


def test_a_copy_that_is_older_than_the_book_is_told(opened):
    tab = opened.open("05_em_for_mixtures.ipynb")
    tab.evaluate(f"{SHOWN}.context.model.setMetadata('course', {{edition: 'another'}})")
    tab.keyboard.press("Control+S")
    tab.wait_for_function(
        "document.getElementById('course-note').textContent.includes('older than the book')",
        timeout=LONG,
    )
    tab.close()


def test_links_lead_to_chapters_and_to_pages_of_the_book(opened):
    tab = opened.open(CHAPTER)
    link = tab.locator(".jp-RenderedMarkdown a", has_text=re.compile("^Chapter 3$")).first
    link.click()
    tab.wait_for_url("**/notebooks/index.html?path=03_missing_data.ipynb*")
    opened.wait(tab)
    assert "Missing data" in tab.locator(".jp-RenderedMarkdown h1").text_content()
    with opened.context.expect_page() as page:
        tab.locator(".jp-RenderedMarkdown a[href*='references']").first.click()
    page.value.wait_for_load_state()
    assert page.value.url.endswith("/book/references.html")
    assert page.value.locator("article h1").first.text_content().startswith("References")
    tab.close()


def test_an_anchor_is_found_whatever_its_case(opened):
    tab = opened.open(CHAPTER, "#the-landscape")
    seen = """() => {
        const heads = [...document.querySelectorAll('h2')];
        const found = heads.find(h => h.textContent.startsWith('The landscape'));
        const top = found?.getBoundingClientRect().top;
        return top >= 0 && top < innerHeight / 2;
    }"""
    tab.wait_for_function(seen, timeout=LONG)
    tab.close()


def test_homework_is_checked_also_where_service_workers_are_blocked(browser, edition):
    """As in private windows: a notebook cannot read its own file there."""
    with notebooks(browser, service_workers="block") as opened:
        tab = opened.open(SET)
        opened.run_all(tab)
        said = tab.locator(".jp-RenderedHTMLCommon", has_text="results:").all_text_contents()
        assert len(said) >= 4
        assert "is missing or gives nothing back" in said[0]
        assert not tab.locator(".jp-OutputArea-output", has_text="FileNotFoundError").count()
