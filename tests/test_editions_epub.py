"""The EPUB edition: nothing of the site is lost, and readers of all kinds can read it.

Epubcheck does not notice a picture without a text, axe does not notice a dead link: both look, and
each finds what is planted. What is planted stands in a book of two pages, which is soon checked.
"""

import io
import re
import shutil
import subprocess
import sys
import zipfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from axe_playwright_python.sync_playwright import Axe
from conftest import ROOT
from lxml import etree, html
from visits import LONG

sys.path.insert(0, str(ROOT / "book" / "editions"))
import epub
import epub_container as container
import epub_formulas
import pages

SMALL = ["index", "02_latent_variables"]
NAMES = {
    "h": "http://www.w3.org/1999/xhtml",
    "m": "http://www.w3.org/1998/Math/MathML",
    "s": "http://www.w3.org/2000/svg",
    "o": "http://www.idpf.org/2007/opf",
}
WCAG = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
# Whether letters stand out is slow to find out, and the same for all names in the code of a page.
THINNED = """() => {
  const seen = new Set();
  for (const span of document.querySelectorAll(".highlight span")) {
    const kind = span.className + span.parentElement.className;
    if (seen.has(kind)) span.replaceWith(...span.childNodes);
    seen.add(kind);
  }
}"""


@pytest.fixture(scope="module")
def articles(site):
    with ThreadPoolExecutor(1) as apart:  # other tests may have a browser open
        return apart.submit(lambda: list(pages.drawn(site))).result()


@pytest.fixture(scope="module")
def files(articles, site):
    return epub.book(articles, site)


@pytest.fixture(scope="module")
def trees(files):
    return parsed(files)


@pytest.fixture(scope="module")
def few(articles):
    return [(name, text) for name, text in articles if name in SMALL]


@pytest.fixture(scope="module")
def small(few, site):
    return epub.book(few, site)


def parsed(files):
    """The XHTML files of a book, {name: tree}."""
    return {
        name.rpartition("/")[2]: etree.fromstring(data)
        for name, data in files.items()
        if name.endswith(".xhtml")
    }


def found(trees, path):
    return [hit for tree in trees.values() for hit in tree.xpath(path, namespaces=NAMES)]


def having(kind):
    return f"contains(concat(' ', normalize-space(@class), ' '), ' {kind} ')"


# ------------------------------------------------------------------------- nothing is lost


def held(trees):
    """How much there is of what a reader would miss, as `pages.counts` names it."""
    kinds = {
        "formulas": "//m:math",
        "figures": f"//h:figure | //h:div[{having('companion-figure')}]",
        "tables": "//h:table",
        "exercises": f"//h:p[{having('exercise')}]",
        "images": "//h:img",
        "solutions": "//h:p[@class='fold-title'][normalize-space()='Solution']",
    }
    inner = {name: tree for name, tree in trees.items() if name != "cover.xhtml"}
    return {kind: len(found(inner, path)) for kind, path in kinds.items()}


def test_there_is_as_much_of_everything_as_on_the_site(articles, trees):
    site = pages.counts([pages.clean(page) for page in pages.joined(articles)])
    assert held(trees) == site
    assert min(site.values()) > 50


@pytest.mark.parametrize(
    ("page", "piece"),
    [
        ("02_latent_variables", rb"<math .*?</math>"),
        ("02_latent_variables", rb"<figure .*?</figure>"),
        ("02_latent_variables", rb"<img [^>]*/>"),
        ("02_latent_variables-solutions", rb'<p class="fold-title">Solution</p>'),
    ],
    ids=["a formula", "a figure", "a picture", "a solution"],
)
def test_what_is_lost_is_noticed(few, small, page, piece):
    name = f"EPUB/{page}.xhtml"
    lost = re.sub(piece, b"", small[name], count=1, flags=re.DOTALL)
    assert lost != small[name]
    site = pages.counts([pages.clean(page) for page in pages.joined(few)])
    assert held(parsed(small)) == site
    assert held(parsed({**small, name: lost})) != site


def test_each_formula_is_mathml_that_carries_its_tex(articles, trees):
    site = Counter(
        pages.tex(formula).strip()
        for _, text in articles
        for formula in html.fromstring(text).cssselect(".katex")
    )
    assert Counter(found(trees, "//m:math/@alttext")) == site
    assert not found(trees, "//m:merror | //m:math[not(*)]")
    assert not found(trees, "//*[contains(@class, 'katex')]")
    assert not [text for text in found(trees, "//h:p//text()") if re.search(r"\\[a-z]{2,}", text)]


def test_a_formula_that_cannot_be_set_is_named(few, site):
    (front, (name, text)) = few
    planted = re.sub(r"(<annotation[^>]*>)[^<]*", r"\1\\unheard{x}", text, count=1)
    with pytest.raises(pages.EditionError, match=rf"{name}: \\unheard{{x}}: "):
        epub.book([front, (name, planted)], site)


def test_exercise_and_solution_lead_to_each_other(trees):
    asked = found(trees, "//h:p[@class='to-solution']/h:a/@href")
    back = {
        f"{name}#{own}": link
        for name, tree in trees.items()
        for own, link in zip(
            tree.xpath("//h:section[@class='solution']/@id", namespaces=NAMES),
            tree.xpath("//h:section[@class='solution']/h:h2/h:a/@href", namespaces=NAMES),
            strict=True,
        )
    }
    assert sorted(back) == sorted(asked)
    exercises = {
        f"{name}#{own}"
        for name, tree in trees.items()
        for own in tree.xpath(f"//h:p[{having('exercise')}]/@id", namespaces=NAMES)
    }
    assert set(back.values()) == exercises


def test_nothing_is_left_of_what_only_a_site_needs(trees):
    gone = "details summary button input select label script style noscript".split()
    assert not found(trees, " | ".join(f"//h:{name}" for name in gone))


# --------------------------------------------------------------------- it holds together


def test_the_table_of_contents_names_every_page(trees):
    nav = trees["nav.xhtml"]
    named = nav.xpath("//h:nav[@id='toc']//h:a/@href", namespaces=NAMES)
    assert named[:3] == ["cover.xhtml", "title.xhtml", "nav.xhtml"]
    assert {name.partition("#")[0] for name in named} == set(trees)
    parts = nav.xpath("//h:nav[@id='toc']//h:span/text()", namespaces=NAMES)
    chapters, back = parts[:-2], parts[-1]
    assert [*chapters, back] == [*dict.fromkeys(part for part, _ in pages.contents() if part)]
    assert parts[-2] == epub.SOLUTIONS


def test_the_manifest_lists_every_file_and_what_it_holds(files, trees):
    package = etree.fromstring(files["EPUB/package.opf"])
    listed = {
        item.get("href"): (item.get("properties") or "").split()
        for item in package.iterfind(".//{*}item")
    }
    assert {f"EPUB/{name}" for name in listed} == set(files) - {"EPUB/package.opf"}
    for name, tree in trees.items():
        assert ("mathml" in listed[name]) == bool(found({name: tree}, "//m:math"))
        assert ("svg" in listed[name]) == bool(found({name: tree}, "//s:svg"))
    assert listed["nav.xhtml"] == ["nav"]
    assert listed["cover.png"] == ["cover-image"]


def test_it_says_for_whom_it_is_fit_and_claims_no_more(files):
    text = files["EPUB/package.opf"].decode()
    for wanted in [
        '"schema:accessMode">textual<',
        '"schema:accessModeSufficient">textual<',
        '"schema:accessibilityFeature">MathML<',
        '"schema:accessibilityFeature">alternativeText<',
        '"schema:accessibilityHazard">none<',
        '"schema:accessibilitySummary">',
        "<dc:language>en<",
        container.IDENTIFIER,
    ]:
        assert wanted in text
    assert "conformsTo" not in text


def test_the_same_site_gives_the_same_bytes(few, small, site, tmp_path):
    container.pack(small, tmp_path / "once.epub")
    container.pack(epub.book(few, site), tmp_path / "again.epub")
    assert (tmp_path / "once.epub").read_bytes() == (tmp_path / "again.epub").read_bytes()
    with zipfile.ZipFile(tmp_path / "once.epub") as book:
        first = book.infolist()[0]
        assert {entry.date_time for entry in book.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    assert (first.filename, first.compress_type) == ("mimetype", zipfile.ZIP_STORED)


def inside(files):
    return {name.removeprefix("EPUB/"): data for name, data in files.items()}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (b'href="02_latent_variables.xhtml"', b'href="03.xhtml"', "leads to 03.xhtml"),
        (b'href="02_latent_variables.xhtml"', b'href="#gone"', "leads to #gone"),
        (b'id="p-index--back-matter"', b'id="p-02_latent_variables"', "the id p-02_latent_v"),
    ],
    ids=["no such file", "no such place", "an id of another file"],
)
def test_a_dead_link_and_a_doubled_id_are_found(small, old, new, said):
    book = inside(small)
    container.check(book)
    assert old in book["index.xhtml"]
    with pytest.raises(pages.EditionError, match=said):
        container.check(book | {"index.xhtml": book["index.xhtml"].replace(old, new)})


def test_a_picture_that_is_not_there_is_found(small):
    book = inside(small)
    picture = next(name for name in book if name.startswith("images/"))
    with pytest.raises(pages.EditionError, match=picture):
        container.check({name: data for name, data in book.items() if name != picture})


# ------------------------------------------------------------------------------ epubcheck


@pytest.fixture(scope="module")
def epubcheck():
    path = shutil.which("epubcheck")
    if path is None:
        pytest.skip("epubcheck is not installed (on Debian: apt-get install epubcheck)")
    with open(path, "rb") as file:  # Debian's is the archive itself, others' a script
        return ["java", "-jar", path] if file.read(2) == b"PK" else [path]


def complaints(epubcheck, files, folder):
    """What epubcheck says against a book."""
    container.pack(files, folder / "book.epub")
    done = subprocess.run(
        [*epubcheck, folder / "book.epub"], capture_output=True, text=True, check=False
    )
    said = done.stdout + done.stderr
    assert "EPUBCheck completed" in said, said
    return re.findall(r"^(?:FATAL|ERROR|WARNING)\(.*", said, re.MULTILINE)


def test_epubcheck_has_no_complaint(epubcheck, files, tmp_path):
    assert complaints(epubcheck, files, tmp_path) == []


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        (b"</section>", b"", "RSC-016"),
        (b"<h1>", b'<h1 colour="red">', "RSC-005"),
        (b'href="02_latent_variables.xhtml"', b'href="03.xhtml"', "RSC-007"),
    ],
    ids=["not closed", "no such attribute", "a dead link"],
)
def test_epubcheck_finds_what_is_broken(epubcheck, small, tmp_path, old, new, code):
    name = "EPUB/index.xhtml"
    broken = small[name].replace(old, new, 1)
    assert broken != small[name]
    found = complaints(epubcheck, {**small, name: broken}, tmp_path)
    assert [line for line in found if f"({code})" in line]


# ------------------------------------------------------------------------------------ axe


def violations(browser, files, folder, *, width=1000, scheme="light", **options):
    """What axe says against a book's files: list of (file, rule, markup)."""
    container.pack(files, folder / "book.epub")
    with zipfile.ZipFile(folder / "book.epub") as book:
        book.extractall(folder)
    tab = browser.new_page(viewport={"width": width, "height": 1400}, color_scheme=scheme)
    tab.set_default_timeout(LONG)
    said = []
    for path in sorted((folder / "EPUB").glob("*.xhtml")):
        tab.goto(path.as_uri())
        tab.evaluate(THINNED)
        result = Axe().run(tab, options={**WCAG, "resultTypes": ["violations"], **options})
        for wrong in result.response["violations"]:
            said += [(path.name, wrong["id"], node["html"][:200]) for node in wrong["nodes"]]
    tab.close()
    return said


def test_axe_has_no_complaint(browser, files, tmp_path):
    assert violations(browser, files, tmp_path) == []


def test_axe_has_no_complaint_in_the_dark_on_a_telephone(browser, files, tmp_path):
    assert violations(browser, files, tmp_path, width=390, scheme="dark") == []


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        (rb' alt="[^"]*"', b"", "image-alt"),
        (rb' aria-label="Map of[^"]*"', b"", "svg-img-alt"),
        (rb"<p>", b'<p style="color: #bbb">', "color-contrast"),
    ],
    ids=["no text for a picture", "none for a drawing", "grey on white"],
)
def test_axe_finds_what_some_cannot_read(browser, small, tmp_path, old, new, rule):
    planted = {
        name: re.sub(old, new, data) if name.endswith(".xhtml") else data
        for name, data in small.items()
    }
    found = violations(browser, planted, tmp_path, runOnly=[rule])
    assert {code for _, code, _ in found} == {rule}


# ------------------------------------------------------------------------- how it looks


def test_no_page_is_wider_than_a_telephone(browser, files, tmp_path):
    container.pack(files, tmp_path / "book.epub")
    with zipfile.ZipFile(tmp_path / "book.epub") as book:
        book.extractall(tmp_path)
    tab = browser.new_page(viewport={"width": 390, "height": 800})
    wide = []
    for path in sorted((tmp_path / "EPUB").glob("*.xhtml")):
        tab.goto(path.as_uri())
        if tab.evaluate("document.documentElement.scrollWidth") > 390:
            wide.append(path.name)
    assert wide == []


def test_the_font_has_every_letter_of_the_formulas(files, trees):
    from fontTools.ttLib import TTFont

    font = TTFont(io.BytesIO(files["EPUB/fonts/math.woff2"]))
    letters = {ord(letter) for text in found(trees, "//m:math//text()") for letter in text}
    invisible = {0x2061, 0x200B, 0x200C, 0x200D}
    assert "MATH" in font
    assert letters - set(font.getBestCmap()) <= invisible


@pytest.mark.parametrize(
    ("tex", "spaces"),
    [
        (r"a \log b", 2),
        (r"N_k \log b", 2),
        (r"p(z) \log b", 2),
        (r"\log b", 1),
        (r"-\log b", 1),
        (r"a = \log b", 1),
    ],
)
def test_the_name_of_a_function_stands_apart(tex, spaces):
    (answer,) = epub_formulas.by_temml([(tex, True)])
    math = etree.fromstring(answer["mathml"])
    epub_formulas.space_out(math)
    assert len(list(math.iter(f"{{{NAMES['m']}}}mspace"))) == spaces


def test_a_comment_leaves_no_space_before_a_full_stop():
    body = html.fromstring(
        "<p>fourteen rats <!-- given: 14 -->. <b>b</b> <!-- c -->, <!-- d -->e</p>"
    )
    page = epub.without_remarks(pages.Page("x", "", "", body))
    assert html.tostring(page.body) == b"<p>fourteen rats. <b>b</b>, e</p>"
