"""The site's mentions: each is a link to the thing itself, with a preview; chapters have an end."""

import json
import re
from collections import Counter
from urllib.parse import urldefrag

import pytest
from axe_playwright_python.sync_playwright import Axe
from bs4 import BeautifulSoup
from conftest import ROOT, SITE, pages
from visits import CHAPTERS, show, soup

# Plainer than the extension's own rules, and made without them: what is surely a mention.
SURELY = {
    "formula": r"(?<![\w%)])(?<![\d%] )\(([1-9]\d?\.[1-9]\d?)\)",
    "figure": r"\bFigures? (\d+\.\d+)",
    "theorem": r"\bTheorems? (\d+\.\d+)",
    "exercise": r"\bExercises? (\d+)\b",
    "chapter": r"\bChapters? (\d+)\b",
    "part": r"\bPart ([IV]+)\b",
    "homework": r"\b[Hh]omework (\d)\b",
}
LABEL = r"(?m)^(?:> )?\*\*(?:Theorem|Exercise) \d[^*]*\*\*|^\*Figure [\d.]+"
LINK = r"\[[^\]]*\]\([^)]*\)"


def prose(page):
    """Return a page's source without code, formulas, comments, headings, labels and links."""
    notebook = ROOT / f"{page}.ipynb"
    if notebook.exists():
        cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
        texts = ["".join(c["source"]) for c in cells if c["cell_type"] == "markdown"]
    else:
        texts = [(ROOT / f"{page}.md").read_text(encoding="utf-8")]
    text = "\n\n".join(texts)
    for useless in (
        r"(?s)```.*?```", r"(?s)<!--.*?-->", r"(?s)\$\$.*?\$\$", r"\$[^$\n]+\$", r"`[^`\n]*`",
        r"(?m)^#.*$", LABEL, LINK,
    ):  # fmt: skip
        text = re.sub(useless, "\ufffc", text)
    return text


def surely(page):
    text = prose(page)
    return Counter((k, m[1]) for k, rule in SURELY.items() for m in re.finditer(rule, text))


def linked(html):
    """Return what the links of a page mention, the end of a chapter aside."""
    found = Counter()
    for link in html.select("article a.mention"):
        if link.find_parent(class_="chapter-end"):
            continue
        kind = next(c for c in link["class"] if c.startswith("mention-")).removeprefix("mention-")
        words = link.get_text()
        found[kind, re.search(r"\d+(?:\.\d+)?|[IVX]+$", words)[0]] += 1
    return found


def left_over(html):
    """Return the mentions in the prose of a page that are no links; changes the tree."""
    article = html.find("article")
    for useless in article.select(
        "a, pre, code, script, style, svg, .katex, h1, h2, h3, .companion-figure, .cell_input,"
        ".cell_output > :not(figure)"
    ):
        useless.replace_with("\ufffc")
    for label in article.select("blockquote > div > p > strong, p.exercise > strong"):
        label.replace_with("")
    for caption in article.select("figcaption .caption-text"):
        caption.replace_with(re.sub(r"^Figure [\d.]+", "", caption.get_text()))
    text = article.get_text()
    return [m[0] for rule in SURELY.values() for m in re.finditer(rule, text)]


@pytest.mark.parametrize("page", pages())
def test_every_mention_is_a_link(site, page):
    missing = surely(page) - linked(soup(page))
    assert not missing
    assert left_over(BeautifulSoup(str(soup(page)), "html.parser")) == []


def test_there_are_many_mentions_of_each_kind(site):
    """Lower bounds: a rule that finds nothing would make the test above easy."""
    found = Counter(kind for page in pages() for kind, _ in surely(page).elements())
    least = {
        "formula": 120, "figure": 10, "theorem": 28, "exercise": 7, "chapter": 160, "part": 10,
        "homework": 2,
    }  # fmt: skip
    assert {kind: found[kind] for kind in least if found[kind] < least[kind]} == {}


def test_planted_a_mention_that_is_no_link_is_noticed(site):
    html = BeautifulSoup(str(soup("book/04_why_em_works")), "html.parser")
    lost = html.select_one("a.mention-theorem")
    lost.replace_with(lost.get_text())
    assert surely("book/04_why_em_works") - linked(html) == Counter(
        {("theorem", lost.get_text().split()[-1]): 1}
    )
    assert left_over(html) == [lost.get_text()]


@pytest.mark.parametrize("page", pages())
def test_links_lead_to_the_thing_itself(site, page):
    for link in soup(page).select("article a.mention"):
        file, anchor = urldefrag(link["href"])
        there = (SITE / page).parent / file if file else SITE / f"{page}.html"
        html = soup(there.resolve().relative_to(SITE.resolve()).with_suffix("").as_posix())
        words = link.get_text()
        if not anchor:
            title = html.find("h1").get_text()
            assert "mention-part" in link["class"] or title.startswith(words.split()[-1] + ".")
            continue
        target = html.find(id=anchor)
        beginning = {
            "figure": "figcaption", "blockquote": "strong", "p": "strong", "li": "strong",
            "div": ".tag .mord.text",
        }[target.name]  # fmt: skip
        found = target.select_one(beginning).get_text()
        if anchor.startswith("homework"):
            position = 1 + len(target.find_previous_siblings("li"))
            assert re.search(r"\d", words)[0] == str(position)
            continue
        named = words if "mention-term" in link["class"] else words.split()[-1].strip("()")
        named = re.escape(named).replace("'", "[’']")
        assert re.search(rf"(?<![\d.]){named}(?!\d|\.\d)", found), (words, found)


def test_links_by_hand_to_exercises_lead_there(site):
    """The sources say [Exercise 3](#exercises)."""
    by_hand = 0
    for page in CHAPTERS:
        cells = json.loads((ROOT / f"{page}.ipynb").read_text(encoding="utf-8"))["cells"]
        text = "".join("".join(cell["source"]) for cell in cells)
        named = re.findall(r"\[(Exercise (\d+))\]\(#exercises\)", text)
        by_hand += len(named)
        hrefs = {(a.get_text(), a["href"]) for a in soup(page).select("article a.mention")}
        assert {(words, f"#exercise-{n}") for words, n in named} <= hrefs
    assert by_hand >= 5


def test_every_caption_belongs_to_a_figure(site):
    figures = 0
    for page in CHAPTERS:
        html = soup(page)
        cells = json.loads((ROOT / f"{page}.ipynb").read_text(encoding="utf-8"))["cells"]
        sources = ["".join(c["source"]) for c in cells if c["cell_type"] == "markdown"]
        numbers = re.findall(r"(?m)^\*Figure (\d+\.\d+)\.", "\n".join(sources))
        for number in numbers:
            figure = html.find("figure", id=f"figure-{number.replace('.', '-')}")
            assert figure.find("figcaption").get_text().strip().startswith(f"Figure {number}. ")
            assert figure.select("img, svg")
        for paragraph in html.select("article p > em:only-child"):
            assert not paragraph.get_text().startswith(("Figure", "Interactive figure"))
        figures += len(numbers)
        for figure in html.select("article figure.course-figure"):
            assert figure.select("img, svg, .companion-figure")
            assert len(figure.find_all("figcaption")) == 1
    assert figures >= 47


# -------------------------------------------------------------------- ends of chapters


def end(page):
    return soup(page).select_one(".chapter-end")


@pytest.mark.parametrize("page", CHAPTERS)
def test_chapter_ends_with_what_comes_next(site, page):
    following = pages()[pages().index(page) + 1].removeprefix("book/")
    assert end(page).find("a", href=f"{following}.html").get_text() == soup(
        f"book/{following}"
    ).find("h1").get_text().rstrip("#")
    assert end(page).find_next("section") is None or page not in CHAPTERS
    assert soup(page).select(f".page-toc a[href='#{end(page)['id']}']")


def test_chapters_and_homework_name_each_other(site):
    """What the homework page says of the sets is what the ends of the chapters say."""
    items = soup("book/homework").select("article ol > li")
    sets = {}
    for i, item in enumerate(items, 1):
        words = re.search(r"with Chapters? ([\d, and to]+)\.", item.get_text())[1]
        numbers = [int(n) for n in re.findall(r"\d+", words)]
        sets[i] = list(range(numbers[0], numbers[-1] + 1)) if " to " in words else numbers
        back = {a["href"] for a in item.select("a.mention-chapter")}
        assert {CHAPTERS[n - 1].removeprefix("book/") + ".html" for n in numbers} == back
    assert len(sets) == 5
    for n, page in enumerate(CHAPTERS, 1):
        named = {a["href"] for a in end(page).select("a.mention-homework")}
        assert named == {f"homework.html#homework-{i}" for i, those in sets.items() if n in those}
        assert named or "no set goes with this chapter" in end(page).get_text()


def test_every_term_of_the_glossary_is_named_by_the_chapter_that_introduces_it(site):
    expected = {page: [] for page in CHAPTERS}
    for item in soup("book/glossary").select("article li"):
        links = item.select("a:not(.mention)")
        home = next(a["href"] for a in links if re.match(r"\d\d_", a["href"]))
        expected[f"book/{urldefrag(home)[0].removesuffix('.html')}"].append(item["id"])
    assert sum(map(len, expected.values())) > 90
    for page, terms in expected.items():
        links = end(page).select("a.mention-term")
        assert [urldefrag(a["href"])[1] for a in links] == terms


# --------------------------------------------------------------------------- previews

PREVIEW = "#mention-preview"


@pytest.fixture(scope="module")
def chapter(visit):
    tab = visit("book/05_em_for_mixtures")
    show(tab)
    yield tab
    tab.close()


@pytest.fixture
def tab(chapter):
    chapter.mouse.move(0, 0)
    chapter.keyboard.press("Escape")
    chapter.evaluate("document.activeElement.blur()")
    return chapter


def link_to(tab, anchor):
    link = tab.locator(f"article a.mention[href$='#{anchor}']").first
    link.scroll_into_view_if_needed()
    return link


@pytest.mark.parametrize(
    ("anchor", "words"),
    [("formula-5-3", "(5.3)"), ("theorem-5-1", "the M-step"), ("exercise-2", "Bernoulli clusters")],
)
def test_focus_shows_a_preview_and_escape_puts_it_away(tab, anchor, words):
    link = link_to(tab, anchor)
    tab.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    tab.keyboard.press("Tab")  # the browser now knows that the keyboard leads
    link.focus()
    preview = tab.locator(PREVIEW)
    preview.wait_for()
    assert words in preview.text_content()
    assert link.get_attribute("aria-describedby") == preview.get_attribute("id")
    assert preview.get_attribute("role") == "tooltip"
    tab.keyboard.press("Escape")
    assert preview.count() == 0
    assert link.get_attribute("aria-describedby") is None
    assert link.evaluate("e => e == document.activeElement")


def test_the_next_tab_leaves_the_preview_behind(tab):
    """Tab goes to what it would have gone to without the preview, and the preview goes."""
    link = link_to(tab, "formula-5-1")
    tab.keyboard.press("Tab")
    link.focus()
    tab.locator(PREVIEW).wait_for()
    inside = "a, button, input, select, summary, [tabindex], [id]"
    assert tab.locator(PREVIEW).locator(inside).count() == 0
    tab.keyboard.press("Tab")
    assert not tab.evaluate(
        f"document.querySelector('{PREVIEW}')?.contains(document.activeElement)"
    )
    tab.wait_for_function(f"!document.querySelector('{PREVIEW}')")


def test_the_pointer_may_move_on_to_the_preview_and_then_leave(tab):
    link = link_to(tab, "formula-5-1")
    link.hover()
    preview = tab.locator(PREVIEW)
    preview.wait_for()
    box = preview.bounding_box()
    tab.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, steps=5)
    tab.wait_for_timeout(800)
    assert preview.count() == 1
    tab.mouse.move(2, 2)
    tab.wait_for_function(f"!document.querySelector('{PREVIEW}')")


def test_a_passing_pointer_opens_nothing(tab):
    link = link_to(tab, "formula-5-1")
    link.hover()
    tab.mouse.move(2, 2)
    tab.wait_for_timeout(600)
    assert tab.locator(PREVIEW).count() == 0


@pytest.mark.parametrize("width", [1280, 320])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_preview_from_another_page_fits_and_is_accessible(visit, width, scheme):
    tab = visit("book/05_em_for_mixtures")
    show(tab, width, scheme)
    link_to(tab, "theorem-1-1").hover()
    preview = tab.locator(PREVIEW)
    preview.wait_for()
    assert "the supervised fit" in preview.text_content()
    box = preview.bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    cut = "e => [...e.querySelectorAll('.katex-html')].some(k => k.scrollWidth > k.clientWidth + 1)"
    assert not preview.evaluate(cut)
    scrolls = "e => [e, ...e.querySelectorAll('*')].some(x => x.clientWidth && "
    scrolls += "/auto|scroll/.test(getComputedStyle(x).overflow) && x.scrollWidth > x.clientWidth)"
    assert not preview.evaluate(scrolls), "a scroll bar would be a stop for the Tab key"
    assert tab.complaints == []  # the checker asks for files itself
    report = Axe().run(tab, context=PREVIEW)
    assert report.violations_count == 0, report.generate_report()
    tab.close()


def test_a_preview_of_a_figure_shows_its_picture_from_another_page(visit):
    """No chapter links to another's figure yet: the link is planted."""
    tab = visit("book/02_latent_variables")
    tab.evaluate(
        """() => document.querySelector('article p').insertAdjacentHTML('beforeend',
        '<a class="mention" href="05_em_for_mixtures.html#figure-5-4">Figure 5.4</a>')"""
    )
    tab.locator("a.mention", has_text="Figure 5.4").hover()
    image = tab.locator(f"{PREVIEW} img")
    image.wait_for()
    assert image.evaluate("i => i.decode().then(() => i.naturalWidth)") > 100
    assert tab.complaints == []
    tab.close()


def test_without_motion_and_on_paper(tab):
    tab.emulate_media(reduced_motion="reduce")
    link_to(tab, "formula-5-1").hover()
    tab.locator(PREVIEW).wait_for()
    animation = f"getComputedStyle(document.querySelector('{PREVIEW}')).animationName"
    assert tab.evaluate(animation) == "none"
    tab.emulate_media(media="print")
    assert not tab.locator(PREVIEW).is_visible()
    tab.emulate_media(media="screen", reduced_motion="no-preference")


def test_from_a_file_links_work_and_only_other_pages_have_no_preview(browser, site):
    tab = browser.new_page()
    complaints = []
    tab.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.goto((site / "book/05_em_for_mixtures.html").as_uri())
    link_to(tab, "theorem-1-1").hover()
    tab.wait_for_timeout(800)
    assert tab.locator(PREVIEW).count() == 0
    link_to(tab, "formula-5-1").hover()
    tab.locator(PREVIEW).wait_for()
    assert complaints == []
    link_to(tab, "theorem-1-1").click()
    tab.wait_for_url("**/01_mixtures.html#theorem-1-1")
    tab.close()
