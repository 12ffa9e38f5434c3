"""The built site: everything is there, nothing is broken, and a real browser is content with it."""

import json
import re
from types import SimpleNamespace
from urllib.parse import unquote, urldefrag, urljoin, urlparse

import build
import chromium
import pytest
from axe_playwright_python.sync_playwright import Axe
from conftest import ROOT, SITE, pages
from playwright.sync_api import Error
from visits import CHAPTERS, anchors, measured, show, soup

AXE = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
LOADED = {"script": "src", "img": "src", "iframe": "src", "source": "src", "link": "href"}


# ------------------------------------------------------------------------- the files


@pytest.mark.parametrize("page", [*pages(), "search", "genindex"])
def test_page_is_there(site, page):
    assert soup(page).find("h1" if page in pages() else "title").get_text(strip=True)


def test_every_chapter_is_in_the_toc():
    assert [page for page in pages() if page in CHAPTERS] == CHAPTERS


@pytest.mark.parametrize("page", CHAPTERS)
def test_chapter_was_executed_without_error(site, page):
    article = soup(page).find("article")
    code_cells = article.select("div.cell")
    assert len(code_cells) >= 10
    assert len(article.select("div.cell_output")) >= len(code_cells) // 3
    assert not article.select(".stderr, .traceback"), "a cell wrote an error or a warning"
    assert "Traceback (most recent call last)" not in article.get_text()
    printed = " ".join(output.get_text() for output in article.select("div.cell_output"))
    assert not re.search(r"np\.\w+\d+\(", printed), "numbers are printed as numbers"
    assert not article.select(".katex-error")


@pytest.mark.parametrize("page", CHAPTERS)
def test_chapter_offers_its_notebook(site, page):
    source = SITE / "_sources" / f"{page}.ipynb"
    assert source.read_bytes() == (ROOT / f"{page}.ipynb").read_bytes()
    links = [a["href"] for a in soup(page).select("a.btn-download-source-button")]
    assert [urljoin(f"/{page}.html", link) for link in links] == [f"/_sources/{page}.ipynb"]


@pytest.mark.parametrize("page", pages())
def test_nothing_is_loaded_from_elsewhere(site, page):
    for tag, attribute in LOADED.items():
        for element in soup(page).find_all(tag, **{attribute: True}):
            if tag == "link" and element.get("rel") in (["canonical"], ["next"], ["prev"]):
                continue
            assert not urlparse(element[attribute]).netloc, element


def test_no_style_sheet_reaches_elsewhere(site):
    sheets = list(site.rglob("*.css"))
    assert len(sheets) > 5
    for sheet in sheets:
        text = sheet.read_text(encoding="utf-8")
        reached = re.findall(r"(?:url\(|@import)\s*[\"']?((?:https?:)?//[^\"')\s]+)", text)
        assert not reached, (sheet, reached)


@pytest.mark.parametrize("page", pages())
def test_links_lead_somewhere(site, page):
    here = SITE / f"{page}.html"
    links = [a["href"] for a in soup(page).find_all("a", href=True)]
    images = [i["src"] for i in soup(page).find_all("img", src=True)]
    assert links
    for link in links + images:
        if urlparse(link).scheme or link == "#":
            continue
        file, anchor = urldefrag(link)
        file = file.partition("?")[0]  # what a page is asked
        target = (here.parent / unquote(file)).resolve() if file else here
        assert target.is_file(), f"{page}: {link} leads nowhere"
        if anchor and target.suffix == ".html":
            assert unquote(anchor) in anchors(target), f"{page}: {link} has no such section"


@pytest.mark.parametrize("page", pages())
def test_every_image_says_what_it_shows(site, page):
    for image in soup(page).select("article img"):
        alt = image.get("alt", "")
        assert len(alt) > 40, f"{image['src']} has no alternative text"
        assert not re.search(r"\.(png|svg)$", alt), f"{alt} is a file name"


def test_nothing_private_is_published(site):
    names = {path.relative_to(site).as_posix() for path in site.rglob("*") if path.is_file()}
    assert not [n for n in names if re.search(r"masters|README|CONTRIBUTING|\.venv|/\.git", n)]


def test_the_study_edition_is_offered_and_nothing_of_the_masters(site):
    studies = sorted((ROOT / "_build" / "homework" / "study").glob("*.ipynb"))
    links = [a["href"] for a in soup("book/homework").select("article a[href$='.ipynb']")]
    offered = [(SITE / "book" / unquote(link)).resolve() for link in links]
    assert [path.name for path in offered] == [path.name for path in studies]
    assert len(studies) == len(build.MASTERS) == 5
    for path, study in zip(offered, studies, strict=True):
        assert path.read_bytes() == study.read_bytes()
    masters = map(build.read_master, build.MASTERS)
    lines = set().union(*map(build.solution_lines, masters))
    secret = {line for line in lines if re.search(r"[=(]", line) and len(line) > 20}
    assert len(secret) > 30
    for path in site.rglob("*"):
        if path.suffix in (".html", ".ipynb", ".md", ".txt", ".js") and "homework" in path.name:
            text = path.read_text(encoding="utf-8")
            assert not [line for line in secret if line in text], path
    for path in offered:
        text = path.read_text(encoding="utf-8")
        assert not [
            line for line in secret if json.dumps(line, ensure_ascii=False)[1:-1] in text
        ], path


# ----------------------------------------------------------------------- the browser


def test_where_no_browser_starts_one_sentence_says_what_to_install():
    class Nothing:
        def launch(self, **choice):
            raise Error("no such browser")

    with pytest.raises(LookupError, match="install Chromium or Chrome"):
        chromium.start(SimpleNamespace(chromium=Nothing()))


@pytest.fixture(scope="session", params=[*pages(), "search"])
def tab(visit, request):
    """One tab for all tests of a page: pytest runs them one after the other."""
    tab = visit(request.param)
    tab.is_chapter = request.param in CHAPTERS
    yield tab
    tab.close()


def test_page_loads_quietly(tab):
    assert tab.complaints == []


@pytest.mark.parametrize("width", [1280, 390])
def test_page_fits(tab, width):
    show(tab, width)
    wide = tab.evaluate("document.documentElement.scrollWidth")
    assert wide <= width, f"the page is {wide} pixels wide"


def test_math_is_visible_and_has_its_fonts(tab):
    show(tab)
    formulas = tab.locator(".katex").count()
    assert tab.locator(".katex-mathml math").count() == formulas  # for screen readers
    if not tab.is_chapter:
        return
    assert formulas > 10
    box = tab.locator(".math .katex-display").first.bounding_box()
    assert box["width"] > 5
    assert box["height"] > 5
    loaded = "[...document.fonts].filter(f => f.status == 'loaded').map(f => f.family)"
    assert any("KaTeX_Main" in family for family in tab.evaluate(loaded))


@pytest.mark.parametrize("width", [1280, 390])
def test_formulas_are_whole_and_their_numbers_stand_beside_them(tab, width):
    """KaTeX prints the number on a formula that fills the line; the theme cuts off beginnings."""
    show(tab, width)
    overlaps = tab.evaluate(
        """() => [...document.querySelectorAll('.katex-html > .tag')].filter(tag => {
            const base = tag.parentElement.querySelectorAll(':scope > .base');
            const last = base[base.length - 1].getBoundingClientRect();
            return last.right > tag.querySelector('.text').getBoundingClientRect().left;
        }).map(tag => tag.textContent)"""
    )
    assert overlaps == []
    cut = tab.evaluate(
        """() => [...document.querySelectorAll('div.math')].filter(box =>
            box.querySelector('.base').getBoundingClientRect().left
            < box.getBoundingClientRect().left - 1
        ).map(box => box.textContent.slice(0, 60))"""
    )
    assert cut == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_accessible(tab, scheme):
    show(tab, scheme=scheme)
    measured(tab)
    tab.evaluate("document.querySelectorAll('article details').forEach(d => d.open = true)")
    # Screen readers get a formula's MathML, so its visible half may go; and the colours of code are
    # checked on the pages that are not chapters. Both would take the checker most of its time.
    tab.evaluate("document.querySelectorAll('.katex-html').forEach(e => e.remove())")
    # Nor does it read MathML as text: a head that is a formula would be empty for it.
    tab.evaluate("document.querySelectorAll('th:has(math)').forEach(th => th.append('formula'))")
    if tab.is_chapter:
        plain = "document.querySelectorAll('.highlight pre').forEach(e => e.textContent += '')"
        tab.evaluate(plain)
    # Of WCAG 2.2, levels A and AA, and of good practice; in the dark only the colours differ.
    rules = AXE if scheme == "light" else ["color-contrast"]
    report = Axe().run(tab, options={"resultTypes": ["violations"], "runOnly": rules})
    found = {
        f"{v['id']}: {v['help']}": [node["html"][:200] for node in v["nodes"][:3]]
        for v in report.response["violations"]
    }
    assert found == {}
