"""The front page and what every page says of itself: pictures, addresses, descriptions, terms."""

import re
import sys
from types import SimpleNamespace
from urllib.parse import urljoin
from xml.etree import ElementTree as ET

import matplotlib.image
import pytest
import yaml
from conftest import ROOT, SITE, chapters, pages
from docutils import nodes
from hypothesis import given
from hypothesis import strategies as st
from visits import show, soup

sys.path.insert(0, str(ROOT / "book" / "_extensions"))

import front
import heads

# ------------------------------------------------------------------------------ what needs what


@st.composite
def books(draw):
    """Chapters, each of which needs some of those before it."""
    names = [f"{k:02}_x" for k in range(1, draw(st.integers(1, 9)) + 1)]
    return {
        name: draw(st.lists(st.sampled_from(names[:k]), unique=True)) if k else []
        for k, name in enumerate(names)
    }


def behind(needed):
    found = {}
    for name, before in needed.items():
        found[name] = set(before).union(*(found[other] for other in before))
    return found


@given(books())
def test_arrows_say_all_that_is_needed_and_none_can_be_spared(needed):
    joined = front.reduced(needed)
    assert behind(joined) == behind(needed)
    for name, before in joined.items():
        for other in before:
            fewer = joined | {name: [a for a in before if a != other]}
            assert behind(fewer) != behind(needed)


@given(books())
def test_every_chapter_has_a_place_below_what_it_needs(needed):
    places = front.placed(front.reduced(needed))
    assert len(set(places.values())) == len(needed)
    for name, before in needed.items():
        assert all(places[other][0] < places[name][0] for other in before)


def test_a_chapter_cannot_need_a_later_one():
    with pytest.raises(ValueError, match="01_a needs 02_b"):
        front.reduced({"01_a": ["02_b"], "02_b": []})


def test_the_picture_has_the_arrows_of_the_opening_cells(site):
    page = soup("book/index")
    names = [path.stem for path in chapters()]
    needed = {}
    for name in names:  # from the built pages, where the picture was made from the notebooks
        opening = soup(f"book/{name}").find("strong", string="You need:").parent
        links = [a["href"].split(".html")[0] for a in opening.find_all("a")]
        needed[name] = [link for link in links if link in names]
    joined = front.reduced(needed)
    assert sum(map(len, joined.values())) >= len(names) - 1
    for picture in page.select("figure.needs svg"):
        assert [a["href"] for a in picture.select("a")] == [f"{name}.html" for name in names]
        assert len(picture.select("path.arrow")) == sum(map(len, joined.values()))
    lines = [line.get_text() for line in page.select("details.in-words li")]
    numbers = [[int(n) for n in re.findall(r"(\d+) \(", line)] for line in lines]
    assert numbers == [
        [int(name[:2]), *(int(other[:2]) for other in joined[name])] for name in names
    ]


# ------------------------------------------------------------------------------- the front page


def test_words_before_the_list_of_chapters_are_few(site):
    article = soup("book/index").find("article")
    before = [
        tag.get_text(" ")
        for tag in article.find_all(["h1", "h2", "p", "summary"])
        if tag.find_next("ol") == article.find("ol") and not tag.find_parent("ol")
    ]
    assert 100 < len(" ".join(before).split()) < 350


def test_a_visitor_sees_title_maps_and_what_to_do_at_once(site, visit):
    tab = visit("book/index")
    windows = {(1366, 768): "p.start", (390, 844): "p.start a:first-child"}
    for (width, height), links in windows.items():
        tab.set_viewport_size({"width": width, "height": height})
        for selector in ("h1", ".two-maps", links):
            box = tab.locator(f"article {selector}").first.bounding_box()
            assert box["y"] + box["height"] <= height, (selector, width)
    links = tab.locator("p.start a")
    assert links.first.inner_text() == "Start with Chapter 1"
    show(tab, 390)
    assert tab.locator("figure.needs svg:visible").count() == 1
    tab.close()


def test_the_maps_mark_a_tenth_each(site):
    counties, ends = front.tenths()
    for mask in ends.values():
        assert abs(mask.sum() - len(counties) / 10) < 1
    assert not (ends["highest"] & ends["lowest"]).any()
    rates = [
        (counties["deaths_1980_84"] + counties["deaths_1985_89"])[mask].sum()
        / (counties["person_years_1980_84"] + counties["person_years_1985_89"])[mask].sum()
        for mask in ends.values()
    ]
    assert rates[0] > 3 * rates[1]


def test_the_mathematical_name_stands_beside_each_title():
    text = (ROOT / "book" / "index.md").read_text(encoding="utf-8")
    lines = re.findall(r"^\d+\. \[.*$", text, re.MULTILINE)
    assert len(lines) == len(chapters())
    assert all(re.search(r"\. \*[A-Z][^*]+\.\*$", line) for line in lines)


# ----------------------------------------------------------------- what pages say of themselves


def meta(page, name):
    tag = soup(page).find("meta", {"name": name}) or soup(page).find("meta", {"property": name})
    return tag["content"] if tag else None


def test_every_page_has_a_description_of_its_own(site):
    said = {page: meta(page, "description") for page in pages()}
    for page, words in said.items():
        assert words, page
        assert 30 < len(words) <= heads.LONGEST + 2, (page, words)
        assert not re.search(r"[\\$]", words), (page, words)
        assert meta(page, "og:description") == words
        assert meta(page, "og:title")
    assert len(set(said.values())) == len(said)


def test_titles_are_not_doubled(site):
    titles = {page: soup(page).title.get_text(strip=True) for page in pages()}
    assert titles["book/index"] == "A course on latent-variable models — What the Data Hide"
    for page, title in titles.items():
        assert title.count("What the Data Hide") == 1, (page, title)


def test_the_root_leads_to_the_book(site):
    root = soup("index")
    assert root.html["lang"] == "en"
    assert root.title.get_text() == "What the Data Hide"
    assert root.find("meta", {"http-equiv": "refresh"})["content"] == "0; url=book/index.html"
    assert root.find("a")["href"] == "book/index.html"


def test_terms_stand_on_every_page_and_lead_somewhere(site):
    targets = {"licences", "how-to-cite-it", "report-a-slip"}
    assert targets <= {tag["id"] for tag in soup("book/about").find_all(id=True)}
    for page in pages():
        links = {urljoin(f"/{page}.html", a["href"]) for a in soup(page).select(".terms a")}
        assert links == {f"/book/about.html#{target}" for target in targets}, page


def test_the_citation_agrees_with_the_file_for_programs():
    file = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    page = (ROOT / "book" / "about.md").read_text(encoding="utf-8")
    entry = dict(re.findall(r"^  (\w+) += \{+(.*?)\}+,?$", page, re.MULTILINE))
    assert entry == {
        "title": file["title"],
        "author": file["authors"][0]["name"],
        "version": file["version"],
        "date": str(file["date-released"]),
    }


def test_without_an_address_nothing_claims_one(site):
    assert "Allow: /" in (site / "robots.txt").read_text(encoding="utf-8")
    assert not (site / "sitemap.xml").exists()
    for page in pages():
        assert not soup(page).find("link", rel="canonical")
        assert not meta(page, "og:url")


def test_the_picture_of_a_preview_has_the_size_that_is_asked_for(site):
    picture = matplotlib.image.imread(site / heads.PREVIEW)
    assert picture.shape[:2] == (630, 1200)
    assert picture[..., :3].std() > 0.05


def test_the_missing_page_finds_its_files_from_anywhere(site, browser, address):
    page = soup("404")
    assert page.select_one("article h1").get_text(strip=True) == "There is no such page"
    home = [a["href"] for a in page.select("article a")]
    assert "/index.html" in home
    for tag, attribute in (("link", "href"), ("script", "src"), ("img", "src"), ("a", "href")):
        for element in page.find_all(tag, {attribute: True}):
            assert re.match(r"/|#|https?:|data:", element[attribute]), element
    files = [tag["href"] for tag in page.find_all("link", rel="stylesheet")]
    assert files
    assert all((SITE / file.split("?")[0].lstrip("/")).is_file() for file in files)


# --------------------------------------------------------------------------------- with an address


def settled(baseurl="", repository=""):
    config = SimpleNamespace(
        html_baseurl=baseurl,
        html_theme_options={"repository_url": repository},
        root_doc="book/index",
    )
    heads.find_address(None, config)
    return config.html_baseurl, config.notfound_urls_prefix


@pytest.mark.parametrize(
    ("given", "address", "prefix"),
    [
        (("", ""), "", "/"),
        (("", "https://github.com/An-Owner/a-course.git"),
         "https://an-owner.github.io/a-course/", "/a-course/"),
        (("", "https://github.com/an-owner/an-owner.github.io/"),
         "https://an-owner.github.io/", "/"),
        (("https://example.org/book", "https://github.com/a/b"),
         "https://example.org/book/", "/book/"),
        (("", "https://example.org/an-owner/a-course"), "", "/"),
    ],
)  # fmt: skip
def test_the_address_is_the_owners_or_that_of_their_repository(given, address, prefix):
    assert settled(*given) == (address, prefix)


def test_half_an_address_is_refused():
    with pytest.raises(ValueError, match=r"html\.baseurl must be an address"):
        settled("example.org/book")


def test_with_an_address_pages_and_the_site_map_name_it(tmp_path):
    config = SimpleNamespace(
        root_doc="book/index", html_title="A book", html_baseurl="https://example.org/b/",
        html_theme_options={"repository_url": "https://github.com/a/b"},
    )  # fmt: skip
    doctree = nodes.section(
        "", nodes.title("", "One & two"), nodes.paragraph("", 'Say "yes" & go.')
    )
    app = SimpleNamespace(
        builder=SimpleNamespace(format="html"), config=config, outdir=tmp_path,
        env=SimpleNamespace(found_docs={"book/one", "book/index"}),
    )  # fmt: skip
    context = {"title": "One &amp; two"}
    heads.describe(app, "book/one", "page.html", context, doctree)
    tags = context["metatags"]
    assert 'content="https://example.org/b/book/one.html"' in tags
    assert 'content="https://example.org/b/_static/preview.png"' in tags
    assert '<meta name="description" content="Say &quot;yes&quot; &amp; go." />' in tags
    assert "github.com/a/b/issues/new?title=A+slip+in+One" in context["report_address"]
    (tmp_path / "_static").mkdir()
    heads.finish(app, None)
    places = [e.text for e in ET.parse(tmp_path / "sitemap.xml").iter() if e.tag.endswith("loc")]
    assert places == [
        "https://example.org/b/book/index.html",
        "https://example.org/b/book/one.html",
    ]
    assert "Sitemap: https://example.org/b/sitemap.xml" in (tmp_path / "robots.txt").read_text()


def test_a_promise_has_no_formula_and_ends_at_a_word():
    formula = nodes.paragraph("", "", nodes.Text("Let "), nodes.math("", r"\theta"))
    words = " ".join(["word"] * 200)
    doctree = nodes.section("", formula, nodes.paragraph("", words))
    assert re.fullmatch(r"(word )+…", heads.promise(doctree))
    assert len(heads.promise(doctree)) <= heads.LONGEST + 2
    assert heads.promise(nodes.section("")) == ""
