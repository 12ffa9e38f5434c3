"""The chapters as slides: everything is there once, and on its slide."""

import functools
import http.server
import json
import re
import sys
import threading
from collections import Counter

import pytest
from conftest import ROOT, chapters
from lxml import html
from visits import Quiet

sys.path.insert(0, str(ROOT / "book" / "editions"))
import pages
import slide_blocks
import slide_overflow
import slide_sizes
import slide_tags
import slides

CHAPTERS = [path.stem for path in chapters()]
GO = "(k) => { const at = Reveal.getIndices(Reveal.getSlides()[k]); Reveal.slide(at.h, at.v); }"


@pytest.fixture(scope="module")
def place(site, tmp_path_factory):
    """The slides of the whole site, in a folder of their own beside links to the site's."""
    folder = tmp_path_factory.mktemp("slides")
    for name in ("_static", "_images", "_sources", "book"):
        (folder / name).symlink_to((site / name).resolve())
    slides.write(folder)
    return folder


@pytest.fixture(scope="module")
def server(place):
    handler = functools.partial(Quiet, directory=str(place))
    with http.server.ThreadingHTTPServer(("localhost", 0), handler) as serving:
        threading.Thread(target=serving.serve_forever, daemon=True).start()
        yield f"http://localhost:{serving.server_port}/slides/"
        serving.shutdown()


@pytest.fixture
def tab(browser, server):
    """A fresh tab that keeps what the browser complains about, and requests to elsewhere."""
    tab = browser.new_page(viewport={"width": 1280, "height": 720}, reduced_motion="reduce")
    tab.complaints = []
    note = tab.complaints.append
    tab.on("console", lambda m: note(m.text) if m.type in ("error", "warning") else None)
    tab.on("pageerror", lambda error: note(str(error)))
    # The icon may still be on its way when the next page comes.
    tab.on("requestfailed", lambda r: "favicon" in r.url or note(f"failed: {r.url}"))
    home = server.removesuffix("slides/")
    tab.on("request", lambda r: r.url.startswith((home, "data:", "blob:")) or note(r.url))
    yield tab
    tab.close()


@functools.cache
def tree(file):
    return html.fromstring(file.read_text(encoding="utf-8"))


def slides_of(place, name):
    return tree(place / "slides" / f"{name}.html").cssselect("section:has(> .page)")


def formulas(elements):
    """Count displayed formulas by their TeX."""
    found = Counter()
    for element in elements:
        for formula in element.xpath(".//*[local-name()='math'][@display='block']"):
            found[pages.tex(formula).strip()] += 1
    return found


def figures(elements):
    """Count pictures by their file, and figures to play with."""
    found = Counter()
    for element in elements:
        for image in element.iter("img"):
            found[image.get("src")] += 1
        for figure in element.cssselect(".companion-figure"):
            found["to play with: " + figure.xpath(".//title")[0].text] += 1
    return found


# --- what is there


@pytest.mark.parametrize("name", CHAPTERS)
def test_every_figure_formula_and_exercise_is_shown_or_said_once(place, name):
    (page,) = pages.joined(pages.still(place, [name]))
    for useless in page.body.cssselect(".chapter-end"):
        useless.drop_tree()
    found = slides_of(place, name)
    assert formulas(found) == formulas([page.body])
    assert figures(found) == figures([page.body])
    exercises = [e.get("id") for e in page.body.cssselect("p.exercise")]
    assert [e.get("id") for s in found for e in s.cssselect(".page p.exercise")] == exercises
    text = " ".join(" ".join(s.text_content() for s in found).split())
    assert text.count("Solution ") >= len(exercises) >= 4


@pytest.mark.parametrize("name", CHAPTERS)
def test_headings_notes_and_sizes_are_right(place, name):
    (page,) = pages.joined(pages.still(place, [name]))
    found = slides_of(place, name)
    wanted = [h.text_content().strip("# \n") for h in page.body.cssselect("h2")][:-1]
    for slide in found:
        assert slide.cssselect(".page > h1, .page > h2"), "each slide has a heading"
        assert "Solution" not in slide.cssselect(".page")[0].text_content()
        for code in slide.cssselect(".page .highlight:not(.printed)"):
            assert code.text_content().strip().count("\n") + 1 <= slide_blocks.MOST_LINES
    shown = [s.cssselect(".page > h2")[0].text_content() for s in found if s.cssselect("h2")]
    assert list(dict.fromkeys(shown)) == wanted  # what follows says where to go from here
    assert 20 <= len(found) <= 60
    assert sum(len(s.cssselect("aside.notes")) for s in found) > len(found) / 3


@pytest.mark.parametrize("name", CHAPTERS)
def test_no_slide_is_a_single_sentence(place, name):
    for slide in slides_of(place, name):
        shown = [e for e in slide.cssselect(".page > *") if e.tag not in ("h1", "h2", "h3")]
        assert shown, slide.text_content()[:80]
        whole = not slide.cssselect("aside.notes") and slide.get("id")  # all that a section says
        if len(shown) == 1 and slide_blocks.kind_of(shown[0]) == "prose" and not whole:
            assert len(slide_blocks.sentences(shown[0])) > 1, shown[0].text_content()


@pytest.mark.parametrize("name", CHAPTERS)
def test_ids_are_there_once_and_links_lead_somewhere(place, name):
    document = tree(place / "slides" / f"{name}.html")
    ids = Counter(document.xpath("//@id"))
    assert not [one for one, times in ids.items() if times > 1]
    for link in document.cssselect("a[href]"):
        path, _, fragment = link.get("href").partition("#")
        if not path:
            assert fragment in ids
        elif "://" not in path:
            assert (place / "slides" / path).resolve().is_file(), link.get("href")


def test_nothing_is_larger_than_it_must_be(place):
    files = [file for file in (place / "slides").rglob("*") if file.is_file()]
    assert sum(file.stat().st_size for file in files) < 8e6
    assert {file.suffix for file in files if file.parent.name == "reveal"} == {
        ".css", ".js", ".woff2", ".txt",
    }  # fmt: skip
    index = tree(place / "slides" / "index.html")
    assert [a.get("href") for a in index.cssselect("ul a")] == [f"{n}.html" for n in CHAPTERS]


# --- in a browser


@pytest.mark.parametrize("name", CHAPTERS)
def test_nothing_is_larger_than_its_slide_or_comes_from_elsewhere(tab, server, name):
    assert slide_overflow.overflows(tab, f"{server}{name}.html") == []
    assert tab.complaints == []


def test_what_is_too_large_is_found(tab, server, place):
    address = f"{server}02_latent_variables.html"
    slide_overflow.ready(tab, address, (1280, 720))
    assert tab.evaluate(slide_overflow.LOOK) == []
    plants = {
        "p": "<p>" + "A long word or two. " * 150 + "</p>",
        "pre": '<div class="highlight"><pre>' + "x" * 90 + "</pre></div>",
        "table": "<table><tr>" + "<td>some words</td>" * 20 + "</tr></table>",
        "formula": '<span class="katex-html"><span class="base" style="display:inline-block;'
        'width:1300px">x</span></span>',
    }
    for kind, plant in plants.items():
        tab.evaluate(
            "(plant) => Reveal.getSlides()[3].querySelector('.page')"
            ".insertAdjacentHTML('beforeend', `<div id='plant'>${plant}</div>`)", plant,
        )  # fmt: skip
        assert {one[0].split(":")[0] for one in tab.evaluate(slide_overflow.LOOK)} == {"4"}, kind
        tab.evaluate("document.querySelector('#plant').remove()")


@pytest.mark.parametrize("name", CHAPTERS)
def test_letters_are_large_enough(tab, server, name):
    slide_overflow.ready(tab, f"{server}{name}.html?print-pdf", (1280, 720))
    small = tab.evaluate("""() => [...document.querySelectorAll(
        ".page > :is(p, ul, ol, blockquote, h1, h2, h3), .page figcaption, .page pre")]
        .filter((e) => parseFloat(getComputedStyle(e).fontSize) < (e.matches("pre") ? 20 : 24))
        .map((e) => e.textContent)""")
    assert small == []
    assert tab.locator(".pdf-page").count() == tab.locator(".pdf-page .page").count() > 20
    assert tab.evaluate("document.documentElement.dataset.theme") == "light"


def test_print_has_a_page_for_every_slide(browser, server, place):
    tab = browser.new_page()
    slide_overflow.ready(tab, f"{server}02_latent_variables.html?print-pdf", (1280, 720))
    paper = tab.pdf(prefer_css_page_size=True, print_background=True)
    assert paper.count(b"/Type /Page\n") == len(slides_of(place, "02_latent_variables"))
    tab.close()


def test_figures_to_play_with_answer_and_keep_their_keys(tab, server, place):
    names = [n for n in CHAPTERS if tree(place / "slides" / f"{n}.html").cssselect(".operated")]
    assert len(names) >= 9
    for name in names:
        slide_overflow.ready(tab, f"{server}{name}.html", (1280, 720))
        every = tab.evaluate(
            "Reveal.getSlides().map((s, k) => s.querySelector('.operated') ? k : -1)"
            ".filter((k) => k >= 0)"
        )
        for k in every:
            tab.evaluate(GO, k)
            figure = tab.locator("section.present .operated:visible")
            inside = "document.querySelector('section.present:not(.stack) .operated').innerHTML"
            before = tab.evaluate(inside)
            slider = figure.locator("input[type=range]")
            if slider.count():
                slider.first.focus()
                tab.keyboard.press("ArrowRight")
                tab.keyboard.press("ArrowRight")
            else:
                figure.locator("button").first.click()
            tab.wait_for_function(f"(before) => {inside} != before", arg=before, timeout=5000)
            assert tab.evaluate("Reveal.getSlides().indexOf(Reveal.getCurrentSlide())") == k
    assert tab.complaints == []


def test_keys_turn_slides_and_the_address_follows(tab, server):
    slide_overflow.ready(tab, f"{server}04_why_em_works.html", (1280, 720))
    here = "Reveal.getSlides().indexOf(Reveal.getCurrentSlide())"
    for key, wanted in [("ArrowRight", 1), ("Space", 2), ("ArrowLeft", 1)]:
        tab.keyboard.press(key)
        assert tab.evaluate(here) == wanted
    link = tab.evaluate("""() => { const link = document.querySelector('.page a[href^="#p-04"]');
        const to = document.getElementById(link.hash.slice(1)).closest('section');
        link.click(); return Reveal.getSlides().indexOf(to); }""")
    tab.wait_for_function(f"(k) => {here} == k", arg=link)
    assert tab.locator("html").get_attribute("lang") == "en"
    assert tab.title() == "4. Why EM works: slides of What the Data Hide"
    assert not tab.locator("img:not([alt])").count()


def test_the_speaker_has_notes_without_network(tab, server):
    slide_overflow.ready(tab, f"{server}04_why_em_works.html", (1280, 720))
    with_math = "Reveal.getSlides().findIndex((slide) => slide.querySelector('.notes math'))"
    tab.evaluate(GO, tab.evaluate(with_math))
    with tab.expect_popup() as opened:
        tab.keyboard.press("s")
    window = opened.value
    notes = window.locator(".speaker-controls-notes .value")
    window.wait_for_function(
        "document.querySelector('.speaker-controls-notes .value').textContent.trim()"
    )
    assert notes.locator("math").count()
    assert window.frame_locator("#current-slide iframe").locator(".page").count()
    assert tab.complaints == []
    window.close()


@pytest.mark.parametrize("page", ["index", "04_why_em_works", "10_levels_of_bayes"])
def test_the_checker_of_accessibility_has_nothing_to_say(tab, server, page):
    from axe_playwright_python.sync_playwright import Axe

    tab.goto(f"{server}{page}.html")
    for k in (0, 4, 8) if page != "index" else (0,):
        if page != "index":
            tab.evaluate(GO, k)
        found = Axe().run(tab).response["violations"]
        assert [(v["id"], v["nodes"][0]["html"][:200]) for v in found] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours_are_those_of_the_site(browser, server, place, scheme):
    tab = browser.new_page(color_scheme=scheme)
    look = """(names) => names.map((name) => {
        const probe = document.body.appendChild(document.createElement("i"));
        probe.style.color = `var(${name})`;
        return getComputedStyle(probe).color;
    })"""
    tab.goto(f"{server}02_latent_variables.html")
    mine = tab.evaluate(look, ["--paper", "--ink", "--quiet", "--accent", "--inline-code", "--box"])
    tab.goto(f"{server}../book/02_latent_variables.html")
    theirs = ["background", "text-base", "text-muted", "primary", "inline-code", "surface"]
    assert mine == tab.evaluate(look, [f"--pst-color-{name}" for name in theirs])
    tab.close()


# --- tags


CELLS = [
    ("markdown", "# 1. Planted"),
    (
        "markdown",
        "## First\n\nA claim that is a sentence of its own, and long. More words, and more.",
    ),
    ("code", "x = 1"),
    ("markdown", "Two sentences here. They are prose."),
    ("markdown", "Another paragraph. It has no claim."),
    ("code", "y = 2"),
    ("code", "z = 3"),
    ("markdown", "## Exercises\n\n**Exercise 1 (one).** Why?\n\n<details>"),
]
CLAIM = "A claim that is a sentence of its own, and long."
PAGE = """<html><body><article><section id="planted"><h1>1. Planted</h1>
<section id="first"><h2>First</h2>
<p>A claim that is a sentence of its own, and long. More words, and more.</p>
<div class="cell"><div class="cell_input"><div class="highlight"><pre>x = 1
xx = 1
xxx = 1
xxxx = 1
</pre></div></div></div>
<p>Two sentences here. They are prose.</p><p>Another paragraph. It has no claim.</p>
<div class="cell"><div class="cell_input"><div class="highlight"><pre>y = 2
yy = 2
yyy = 2
yyyy = 2
</pre></div></div></div>
<div class="cell tag_hide-input"><details class="hide"><summary>Show</summary>
<div class="cell_input"><div class="highlight"><pre>z = 3
</pre></div></div></details></div></section>
<section id="exercises"><h2>Exercises</h2><p class="exercise" id="exercise-1">
<strong>Exercise 1 (one).</strong> Why?</p><details><summary>Solution</summary><p>So.</p></details>
</section></section></article></body></html>"""


@pytest.fixture
def planted(tmp_path):
    """A chapter with tags: {number of the cell: tags} gives the text of each slide and of notes."""

    def plant(**tags):
        cells = [
            {"cell_type": kind, "id": f"c{k}", "source": text.splitlines(keepends=True),
             "metadata": {"tags": tags.get(f"c{k}", [])}}
            for k, (kind, text) in enumerate(CELLS)
        ]  # fmt: skip
        (tmp_path / "_sources" / "book").mkdir(parents=True, exist_ok=True)
        (tmp_path / "book").mkdir(exist_ok=True)
        source = tmp_path / "_sources" / "book" / "01_mixtures.ipynb"
        source.write_text(json.dumps({"cells": cells}), encoding="utf-8")
        (tmp_path / "book" / "01_mixtures.html").write_text(PAGE, encoding="utf-8")
        _, stacks = slides.chapter(tmp_path, "01_mixtures")
        return [
            [(" ".join(words(s.shown).split()), " ".join(words(s.said).split())) for s in stack]
            for stack in stacks
        ]

    def words(elements):
        return " ".join(element.text_content() for element in elements)

    return plant


def test_without_tags_claims_and_code_are_shown_and_prose_is_said(planted):
    _, first, exercises = planted()
    assert [shown for shown, _ in first] == [
        f"{CLAIM} x = 1 xx = 1 xxx = 1 xxxx = 1 y = 2 yy = 2 yyy = 2 yyyy = 2"
    ]
    assert "They are prose." in first[0][1]
    assert exercises == [("Exercise 1 (one). Why?", "SolutionSo.")]


def test_tags_choose_and_order(planted):
    _, first, _ = planted(c3=["slide"], c5=["skip"], c6=["slide", "hide-input"])
    assert [shown for shown, _ in first] == [
        f"{CLAIM} x = 1 xx = 1 xxx = 1 xxxx = 1",
        "Two sentences here. They are prose.",
        "z = 3",
    ]
    assert "yy" not in str(first)
    _, first, _ = planted(c2=["notes"], c4=["slide-1"])
    assert first[0][0] == "Another paragraph. It has no claim."
    assert "x = 1" not in " ".join(shown for shown, _ in first)
    assert "x = 1" in " ".join(said for _, said in first)


@pytest.mark.parametrize(
    ("tags", "message"),
    [
        ({"c3": ["slides"]}, r"01_mixtures.ipynb, cell c3: nobody knows the tag 'slides'"),
        ({"c2": ["slide-0"]}, r"cell c2: nobody knows the tag 'slide-0'"),
        ({"c5": ["skip", "notes"]}, r"cell c5: the tags 'skip', 'notes' contradict"),
        ({"c5": ["slide", "remove-cell"]}, r"cell c5: .* contradict"),
        ({"c2": ["slide-1"], "c4": ["slide-1"]}, r"first: the places \[1, 1\]"),
        ({"c2": ["slide-9"]}, r"first: the places \[9\]"),
    ],
)
def test_tags_that_cannot_be_obeyed_are_refused(planted, tags, message):
    with pytest.raises(pages.EditionError, match=message):
        planted(**tags)


@pytest.mark.parametrize("name", CHAPTERS)
def test_every_cell_is_found_in_its_page(place, name, tmp_path):
    """Each cell of text gets a tag once, all at one time: it holds the blocks up to the next."""
    notebook = json.loads((place / "_sources" / "book" / f"{name}.ipynb").read_text("utf-8"))
    for cell in notebook["cells"]:
        caption = re.fullmatch(r"\*[^*].*\*", "".join(cell["source"]).strip())
        if not caption and "remove-cell" not in cell["metadata"].get("tags", []):
            cell["metadata"]["tags"] = ["notes"]
    source = tmp_path / "all.ipynb"
    source.write_text(json.dumps(notebook), encoding="utf-8")
    ((_, text),) = pages.still(place, [name])
    body = html.fromstring(text).find("section")
    for useless in body.cssselect(slides.OF_THE_SITE):
        useless.drop_tree()
    found = slide_tags.marks(source, body)
    assert set(found) == set(slide_tags.blocks_of(body)), "each block comes from a cell"
    held = [c for c in notebook["cells"] if "remove-cell" not in c["metadata"].get("tags", [])]
    codes = [k for k, cell in enumerate(held) if cell["cell_type"] == "code"]
    cells = [b for b in slide_tags.blocks_of(body) if "cell" in b.get("class", "").split()]
    assert [found.cells[b] for b in cells] == codes


# --- the parts


def test_sentences_keep_brackets_quotes_and_bold_names_whole():
    paragraph = html.fromstring(
        "<p><strong>Weights.</strong> They sum to one (see A. Then B.). Is <i>x</i> small? "
        "“Lose them. Fill them.” It said so.</p>"
    )
    assert [p.text_content().strip() for p in slide_blocks.sentences(paragraph)] == [
        "Weights. They sum to one (see A. Then B.).",
        "Is x small?",
        "“Lose them. Fill them.”",
        "It said so.",
    ]


def test_code_is_cut_into_pieces_that_are_whole(place):
    lines = [f"a{k} = {k}" for k in range(14)] + ["def f(", "    x,", "):", "    return x"] * 3
    found = slide_blocks.pieces(lines)
    assert "\n".join(p.text_content() for p in found).split("\n") == lines
    assert max(p.text_content().count("\n") + 1 for p in found) <= slide_blocks.MOST_LINES
    checks = ["x = 1", "assert all(", "    x > 0", ")", "print(x)"]
    assert slide_blocks.without_checks(checks) == ["x = 1", "print(x)"]


def test_sizes_are_told_well_enough(tab, server, place):
    """The estimated width of a formula is that which the browser gives it, within a fifth."""
    name = "05_em_for_mixtures"
    slide_overflow.ready(tab, f"{server}{name}.html?print-pdf", (1280, 720))
    measured = tab.evaluate("""() => [...document.querySelectorAll(".page .katex-html")].map(
        (e) => [...e.querySelectorAll(":scope > .base")].reduce(
            (sum, b) => sum + b.getBoundingClientRect().width, 0) /
            parseFloat(getComputedStyle(e).fontSize))""")
    shown = tree(place / "slides" / f"{name}.html").cssselect(".page .katex-html")
    told = [slide_sizes.formula_width(e) - 2.5 * len(e.cssselect(".tag")) for e in shown]
    shares = [a / b for a, b in zip(told, measured, strict=True) if b > 4]
    assert len(shares) >= 6
    assert 0.95 < sum(shares) / len(shares) < 1.15
    assert min(shares) > 0.8
