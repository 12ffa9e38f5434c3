"""The site's pages joined into one book: nothing is lost or there twice, no link is dead."""

import base64
import copy
import hashlib
import sys
import zipfile

import pytest
from bs4 import BeautifulSoup
from conftest import ROOT, SITE, make, pages
from lxml import html

sys.path.insert(0, str(ROOT / "book" / "editions"))
import archive
import node_packages
import offer
import pages as editions
import site_report

KINDS = {
    "formulas": ".katex",
    "figures": "figure, .companion-figure",
    "tables": "table",
    "exercises": "p.exercise",
    "images": "img",
}


@pytest.fixture(scope="module")
def joined(site):
    return editions.joined(editions.still(site))


def small(*bodies):
    """Pages of a small book that is called as the real one."""
    names = ["01_mixtures", "02_latent_variables"]
    return [
        (name, f"<article><section id='top'><h1>{name}</h1>{body}</section></article>")
        for name, body in zip(names, bodies, strict=False)
    ]


def test_pages_are_those_that_somebody_has_written():
    assert [f"book/{name}" for _, name in editions.contents()] == pages()


def test_nothing_is_lost(joined):
    """What the site's files hold, counted by another parser, is there before and after cleaning."""
    soups = [
        BeautifulSoup((SITE / f"{page}.html").read_text("utf-8"), "html.parser").article
        for page in pages()
    ]
    site = {kind: sum(len(s.select(css)) for s in soups) for kind, css in KINDS.items()}
    titles = [s.get_text(strip=True) for soup in soups for s in soup.find_all("summary")]
    site["solutions"] = titles.count("Solution")
    assert editions.counts(joined) == site
    cleaned = copy.deepcopy(joined)
    for page in cleaned:
        editions.clean(page)
        editions.without_drawing_code(page)
        editions.take_solutions(page)
        editions.unfold(page)
    assert editions.counts(cleaned) == site
    assert sum(len(page.solutions) for page in cleaned) == site["exercises"]
    text = "".join(html.tostring(p, encoding="unicode") for page in cleaned for p in page.pieces)
    for gone in ["<details", "<button", "<script", "<input", "headerlink"]:
        assert gone not in text


def test_a_formula_that_is_lost_is_noticed(joined):
    page = copy.deepcopy(joined[1])
    page.body.cssselect(".katex")[3].drop_tree()
    lost = editions.counts([joined[1]])["formulas"] - editions.counts([page])["formulas"]
    assert lost == 1


def test_ids_and_links_get_the_name_of_their_page():
    svg = '<svg><clipPath id="c"/><path clip-path="url(#c)"/><use href="#c"/></svg>'
    first, second = editions.joined(
        small(
            f'<p id="a">{svg}<a href="#a">x</a><a href="02_latent_variables.html#b">y</a></p>',
            '<p id="b" aria-labelledby="b top"><a href="01_mixtures.html">z</a>'
            '<a href="reference/em.html">r</a></p>',
        )
    )
    assert [a.get("href") for a in first.body.iter("a")] == [
        "#p-01_mixtures--a", "#p-02_latent_variables--b",
    ]  # fmt: skip
    assert first.body.find(".//path").get("clip-path") == "url(#p-01_mixtures--c)"
    assert first.body.find(".//use").get("href") == "#p-01_mixtures--c"
    (paragraph,) = second.body.iter("p")
    assert paragraph.get("aria-labelledby").split() == [
        "p-02_latent_variables--b", "p-02_latent_variables--top",
    ]  # fmt: skip
    assert [a.get("href") for a in paragraph.iter("a")] == ["#p-01_mixtures"]
    assert paragraph.text_content() == "zr", "a link that leads out of the book stays as text"


def test_with_an_address_links_out_of_the_book_lead_there():
    (page,) = editions.joined(
        small('<p><a href="reference/em.html#em.fit">r</a></p>'), address="https://x.org/y/"
    )
    assert page.body.find(".//a").get("href") == "https://x.org/y/book/reference/em.html#em.fit"


@pytest.mark.parametrize(
    ("bodies", "message"),
    [
        (['<p id="a"></p><p id="a"></p>'], r"01_mixtures: the id p-01_mixtures--a is there twice"),
        (['<a href="#b">x</a>'], r"lead nowhere: 01_mixtures: #p-01_mixtures--b"),
        (["", '<a href="01_mixtures.html#b">x</a>'], r"02_latent_variables: #p-01_mixtures--b"),
    ],
)
def test_what_is_there_twice_or_leads_nowhere_is_named(bodies, message):
    with pytest.raises(editions.EditionError, match=message):
        editions.joined(small(*bodies))


def test_an_exercise_keeps_what_belongs_to_it_and_loses_its_solution():
    (page,) = editions.joined(
        small(
            """<p class="exercise" id="e1"><strong>Exercise 1 (x).</strong> Do.</p>
            <ul><li>so</li></ul><details><summary>Hint</summary><p>h</p><details><summary>Solution</summary></details>
            </details><div class="cell tag_hide-cell">code</div>
            <p class="exercise" id="e2"><strong>Exercise 2.</strong></p>
            <details><summary>Hint</summary></details><h2>After</h2>
            <div class="cell tag_hide-cell">of the text</div>"""
        )
    )
    editions.take_solutions(page)
    (first, label, answer, taken), (second, *_) = page.solutions
    assert (first, second) == ("p-01_mixtures--e1", "p-01_mixtures--e2")
    assert (label, answer) == ("Exercise 1 (x)", "p-01_mixtures--e1-answer")
    assert " ".join(piece.text_content() for piece in taken).split() == ["HinthSolution", "code"]
    left = "".join(page.body.text_content().split())
    assert left.endswith("Exercise1(x).Do.soExercise2.Afterofthetext")


def test_an_exercise_without_a_solution_is_named():
    (page,) = editions.joined(small('<p class="exercise" id="e"><strong>Exercise 1.</strong></p>'))
    with pytest.raises(editions.EditionError, match=r"01_mixtures: Exercise 1\. has no solution"):
        editions.take_solutions(page)


def test_what_stands_still_says_so_in_solutions_too():
    figure = '<div class="companion-figure"><svg></svg><p>Point at a county.</p></div>'
    text = f"""{figure}<p class="exercise" id="e"><strong>Exercise 1.</strong></p>
        <details><summary>Solution</summary>{figure}</details><p>{editions.AS_DRAWN}</p>"""
    (page,) = editions.joined(small(text))
    editions.take_solutions(page)
    editions.tell_how_drawn(page)
    drawn = [d for piece in page.pieces for d in piece.cssselect(".companion-figure")]
    assert [d[-1].text_content() for d in drawn] == [editions.AS_DRAWN] * 2


# ------------------------------------------------------------------------------ packages


def test_a_package_that_is_not_the_chosen_one_is_refused():
    right = "sha512-" + base64.b64encode(hashlib.sha512(b"x").digest()).decode()
    assert node_packages.checked("a", b"x", right) == b"x"
    with pytest.raises(node_packages.FingerprintError, match=r"^a: its sha512 is "):
        node_packages.checked("a", b"y", right)


# ------------------------------------------------------------------------------ the archive


def test_the_archive_is_the_site_and_the_same_every_day(site, tmp_path):
    first = archive.pack(site, tmp_path / "a.zip")
    archive.pack(site, tmp_path / "b.zip")
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    assert {"index.html", "search.html", "book/01_mixtures.html"} <= set(first)
    assert not any(name.split("/")[0] in archive.LEFT_OUT for name in first)
    assert (tmp_path / "a.zip").stat().st_size < 12e6
    with zipfile.ZipFile(tmp_path / "a.zip") as files:
        assert files.testzip() is None
        assert {name.split("/")[0] for name in files.namelist()} == {archive.TOP}


def test_the_archive_offers_nothing_that_is_not_in_it(tmp_path):
    """Whether editions were put into the site before it was packed makes no difference."""
    page = "<h1>T</h1>{}<p>text</p>"
    offers = "<!-- live --><a href='../live/'>x</a><!-- /live -->" + (
        "<!-- editions --><a href='../slides/1.html'>y</a><!-- /editions -->"
    )
    for name, offered in [("a", ""), ("b", offers)]:
        (tmp_path / name).mkdir()
        (tmp_path / name / "1.html").write_text(page.format(offered), encoding="utf-8")
        archive.pack(tmp_path / name, tmp_path / f"{name}.zip")
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def test_the_unpacked_archive_is_read_and_searched_without_a_network(site, tmp_path, browser):
    archive.pack(site, tmp_path / "a.zip")
    with zipfile.ZipFile(tmp_path / "a.zip") as files:
        files.extractall(tmp_path)
    top = tmp_path / archive.TOP
    for page in (path for path in top.rglob("*.html") if "_static" not in path.parts):
        soup = BeautifulSoup(page.read_text("utf-8"), "html.parser")
        for element in soup.select("[href], [src]"):
            place = (element.get("href") or element.get("src")).partition("#")[0].partition("?")[0]
            if place and ":" not in place:
                assert (page.parent / place).exists(), (page.name, place)
    tab = browser.new_page()
    asked = []
    tab.on("request", lambda request: asked.append(request.url))
    tab.goto(f"{(top / 'search.html').as_uri()}?q=shrinkage")
    tab.wait_for_selector("#search-results li")
    first = tab.query_selector("#search-results li")
    assert "shrink" in first.inner_text().lower()
    assert len(first.inner_text()) > 60, "an excerpt stands below the title"
    assert all(url.startswith(("file:", "data:", "blob:")) for url in asked)
    tab.close()


# ------------------------------------------------------------------------------ the offers


MOST = {  # bytes
    "what-the-data-hide.pdf": 15e6,
    "what-the-data-hide.epub": 4e6,
    "what-the-data-hide-site.zip": 10e6,
    "slides": 12e6,
}


def test_each_edition_is_there_and_keeps_to_its_budget():
    make("editions")
    found = site_report.weights(SITE)
    assert set(found) == set(MOST)
    assert {name: size for name, size in found.items() if not 1e6 < size < MOST[name]} == {}


def test_editions_are_offered_where_they_are_and_once(tmp_path):
    site, built = tmp_path / "site", tmp_path / "built"
    (site / "book").mkdir(parents=True)
    (site / "slides").mkdir()
    built.mkdir()
    page = "<article><section><h1>T</h1><p>text</p></section></article>"
    for name in ["other_editions", "01_mixtures", "02_latent_variables"]:
        (site / "book" / f"{name}.html").write_text(page, encoding="utf-8")
    (site / "slides" / "01_mixtures.html").write_text("", encoding="utf-8")
    (built / "what-the-data-hide.pdf").write_bytes(b"x" * 1_200_000)
    for _ in range(2):
        offer.place(site, built)
        text = (site / "book" / "other_editions.html").read_text("utf-8")
        assert text.count("editions/what-the-data-hide.pdf") == 1
        assert ">PDF</a>: 1.2 MB, " in text
        assert "epub" not in text
        assert (site / "editions" / "what-the-data-hide.pdf").stat().st_size == 1_200_000
        first, second = (
            (site / "book" / f"{name}.html").read_text("utf-8")
            for name in ["01_mixtures", "02_latent_variables"]
        )
        assert first.count('href="../slides/01_mixtures.html"') == 1
        assert second == page
    (built / "what-the-data-hide.pdf").unlink()
    (site / "slides" / "01_mixtures.html").unlink()
    offer.place(site, built)
    assert (site / "book" / "01_mixtures.html").read_text("utf-8") == page
    assert (site / "book" / "other_editions.html").read_text("utf-8") == page
