"""A chapter's page that runs in its place, in a browser that reaches nothing but this machine.

Text outputs are those of the built page, in every chapter; and the page can be changed, stopped,
begun again, and put back as it was.
"""

import functools

import pytest
import site_report
from axe_playwright_python.sync_playwright import Axe
from conftest import SITE
from test_site import AXE
from visits import CHAPTERS, LONG, STILL, open_page

PICKED = "book/04_why_em_works"
# What cells show as text: without the copy buttons, without empty lines, where pieces were joined.
TEXTS = """() => [...document.querySelectorAll('article div.cell')].map(cell => {
  const lines = text => text.split('\\n').map(line => line.trimEnd()).filter(Boolean);
  const printed = [...cell.querySelectorAll('.output:is(.stream, .stderr, .text_plain) pre')]
    .flatMap(e => lines(e.textContent));
  const tables = [...cell.querySelectorAll('.output.text_html tr')].map(
    row => [...row.cells].map(c => c.textContent.trim()).join(' | '));
  const figures = [...cell.querySelectorAll('.cell_output img')].map(e => e.alt);
  const played = cell.querySelectorAll('.companion-figure svg').length;
  return {printed, tables, figures, played};
})"""


@pytest.fixture(scope="module")
def visit(browser, edition):
    """Open pages below a path, as on GitHub's Pages; windows share what they have loaded."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    with site_report.served(SITE.parent) as address:
        yield functools.partial(open_page, context, f"{address}{SITE.name}/")
    context.close()


def status(tab):
    return tab.locator(".live-offer [role=status]").text_content()


def run_all(tab):
    tab.get_by_role("button", name="Run this page").click()
    ended(tab)


def ended(tab):
    tab.wait_for_function(
        "/have run|has run|failed|could not|did not work/.test("
        "document.querySelector('.live-offer [role=status]').textContent)",
        timeout=LONG,
    )


@pytest.mark.parametrize("page", CHAPTERS)
def test_a_page_that_runs_shows_what_was_built(visit, page):
    tab = visit(page)
    asked = []
    tab.on("request", lambda request: asked.append(request.url))
    built = tab.evaluate(TEXTS)
    assert sum(len(cell["printed"]) + len(cell["tables"]) for cell in built) > 10
    run_all(tab)
    assert f"All {len(built)} cells have run" in status(tab)
    shown = tab.evaluate(TEXTS)
    differ = {k: (a, b) for k, (a, b) in enumerate(zip(built, shown, strict=True)) if a != b}
    assert differ == {}
    assert tab.complaints == []
    assert not [url for url in asked if "jedi" in url or "ipython" in url], "too much is loaded"
    tab.close()


@pytest.fixture(scope="module")
def tab(visit):
    """One chapter for all that follows, run once."""
    tab = visit(PICKED)
    tab.asked = []
    tab.on("request", lambda request: tab.asked.append(request.url))
    tab.before = tab.evaluate("document.querySelector('article').innerHTML")
    tab.nodes = tab.evaluate(
        "window.kept = [...document.querySelectorAll('article div.cell *')]; kept.length"
    )
    assert not [url for url in tab.asked if "/live/" in url], "nothing is loaded before"
    run_all(tab)
    yield tab
    tab.close()


def test_the_page_that_runs_is_accessible(tab):
    tab.add_style_tag(content=STILL)
    tab.evaluate("document.querySelectorAll('article details').forEach(d => d.open = true)")
    tab.evaluate("document.querySelectorAll('.katex-html').forEach(e => e.remove())")
    tab.evaluate("document.querySelectorAll('th:has(math)').forEach(th => th.append('formula'))")
    for scheme in ("light", "dark"):
        tab.emulate_media(color_scheme=scheme)
        tab.wait_for_function(f"document.documentElement.dataset.theme == '{scheme}'")
        rules = AXE if scheme == "light" else ["color-contrast"]
        report = Axe().run(tab, options={"resultTypes": ["violations"], "runOnly": rules})
        found = {
            v["id"]: [n["html"][:200] for n in v["nodes"][:3]]
            for v in report.response["violations"]
        }
        assert found == {}
    tab.emulate_media(color_scheme="light")


@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_that_runs_fits(tab, width):
    tab.set_viewport_size({"width": width, "height": 900})
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    tab.set_viewport_size({"width": 1280, "height": 900})


def test_a_figure_to_play_with_answers(tab):
    figure = tab.locator(".live-output .companion-figure").first
    figure.scroll_into_view_if_needed()
    words = figure.locator(".words")
    before = words.text_content()
    figure.locator("input[type=range]").first.press("ArrowRight")
    assert words.text_content() != before
    ids = tab.evaluate("[...document.querySelectorAll('[id]')].map(e => e.id)")
    assert len(ids) == len(set(ids)), "two things have one name"


def cell(tab, number):
    return tab.locator("article div.cell").nth(number - 1)


def change(tab, number, text):
    editor = cell(tab, number).locator("textarea")
    editor.evaluate("(e, text) => { e.value = text; e.dispatchEvent(new Event('input')); }", text)
    editor.press("Control+Enter")
    ended(tab)


def test_a_changed_cell_shows_something_else(tab):
    change(tab, 3, "print('mine', len(x))\nx[:2]")
    tab.wait_for_function(
        "document.querySelectorAll('div.cell')[2].textContent.includes('mine 934')"
    )
    assert "array([" in cell(tab, 3).text_content()


def test_an_error_is_told_below_its_cell(tab):
    change(tab, 3, "def deep():\n    return 1 / 0\n\ndeep()")
    tab.wait_for_selector("[role=alert]")
    said = tab.locator("[role=alert]").text_content()
    assert "ZeroDivisionError" in said
    assert "line 2, in deep" in said
    assert "live_kernel" not in said
    assert "Cell 3 failed" in status(tab)


def test_what_never_ends_can_be_stopped(tab):
    editor = cell(tab, 3).locator("textarea")
    editor.evaluate("(e, text) => { e.value = text; }", "print('on', flush=True)\nwhile True: pass")
    editor.press("Control+Enter")
    tab.wait_for_function(
        "document.querySelectorAll('div.cell')[2].textContent.includes('on')", timeout=LONG
    )
    tab.get_by_role("button", name="Stop").click()
    assert "Stopped in cell 3" in status(tab)
    # Python begins anew, and runs what the cell needs first.
    change(tab, 3, "print('again', len(x))")
    assert "again 934" in cell(tab, 3).text_content()


def test_a_restart_forgets(tab):
    tab.get_by_role("button", name="Restart").click()
    change(tab, 1, "'x' in globals()")
    assert "False" in cell(tab, 1).locator(".cell_output").text_content()


def test_restore_puts_the_page_back(tab, visit):
    tab.get_by_role("button", name="Restore").click()
    fresh = "document.querySelectorAll('.live-cell, .live-output, .live-old, .live-running').length"
    assert tab.evaluate(fresh) == 0
    assert tab.get_by_role("button", name="Run this page").is_visible()
    # The very things that were there: copy buttons and folds still do what they did.
    lost = """kept.filter(e => !e.isConnected && !e.closest('.katex-html'))
        .map(e => e.outerHTML.slice(0, 80))"""
    assert tab.evaluate(lost) == []
    assert tab.evaluate("document.querySelectorAll('article div.cell button.copybtn').length") > 10
    assert tab.complaints == []
