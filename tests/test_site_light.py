"""The site is light: what a page loads stays within a budget, and each step that saves is right."""

import gzip
import json
import re
import sys
from base64 import b64decode
from io import BytesIO
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from conftest import ROOT, SITE, pages
from fontTools.ttLib import TTFont
from PIL import Image, ImageChops
from visits import CHAPTERS, soup

sys.path[:0] = [str(ROOT / "book" / "_extensions"), str(ROOT / "benchmarks")]
import assets  # noqa: E402
import pictures  # noqa: E402
import sheets  # noqa: E402
import site_report  # noqa: E402

HEAVIEST = "book/11_kidney_cancer"
MATPLOTLIB_SVG = """<?xml version="1.0"?>
<svg width="72pt" height="36pt" viewBox="0 0 72 36" xmlns="http://www.w3.org/2000/svg">
 <metadata>when it was made</metadata>
 <path d="M 1.23456 2 L 30.000001 -4.5"/>
 <g transform="matrix(0.123456 0 0 1 0 0)"/>
 <text style="font-size: 10px; font-family: 'DejaVu Sans', sans-serif" x="1.98765">Heights</text>
</svg>"""


# ----------------------------------------------------------------------- the budgets


def budget(page):
    """Return what a page may cost: compressed bytes, when it is opened and with all its pictures.

    The maps of the heaviest chapter have 3,110 counties.
    """
    if page == HEAVIEST:
        return {"bytes_at_once": 450_000, "bytes": 700_000, "requests": 19, "nodes": 20_000}
    if page in CHAPTERS:
        return {"bytes_at_once": 300_000, "bytes": 450_000, "requests": 19, "nodes": 20_000}
    if page == "search":  # with the prose of the whole book
        return {"bytes": 260_000, "requests": 8, "nodes": 2_000}
    return {"bytes": 200_000, "requests": 12, "nodes": 9_000}


def excess(page, figures):
    """Return what a page costs beyond its budget."""
    return {name: figures[name] for name, most in budget(page).items() if figures[name] > most}


@pytest.fixture(scope="session")
def address(site):
    """Serve the site as hosts do, compressed."""
    with site_report.served(site) as address:
        yield address


@pytest.mark.parametrize("page", [*pages(), "search"])
def test_page_keeps_to_its_budget(browser, address, page):
    figures = site_report.weigh(browser, f"{address}{page}.html")
    assert figures["bytes"] > 20_000
    assert excess(page, figures) == {}, json.dumps(figures["files"], indent=1)


def test_budget_notices_a_picture_too_many(browser, tmp_path):
    """The error that is planted: noise in pixels, which nothing makes smaller."""
    noise = Image.effect_noise((620, 620), 90)
    noise.save(tmp_path / "noise.png")
    page = '<!DOCTYPE html><title>A page</title><img src="noise.png" alt="">'
    (tmp_path / "page.html").write_text(page + "<p>one</p>" * 20_001, encoding="utf-8")
    with site_report.served(tmp_path) as address:
        figures = site_report.weigh(browser, f"{address}page.html")
    assert set(excess("book/index", figures)) == {"bytes", "nodes"}
    assert set(excess(CHAPTERS[0], figures)) == {"bytes_at_once", "nodes"}


def test_report_counts_what_comes_over_the_line(browser, tmp_path):
    text = "<!DOCTYPE html><title>A page</title>" + "<p>The same again.</p>" * 500
    (tmp_path / "page.html").write_text(text, encoding="utf-8")
    with site_report.served(tmp_path) as address:
        figures = site_report.weigh(browser, f"{address}page.html")
    packed = len(gzip.compress(text.encode(), 9, mtime=0))
    assert packed < figures["files"]["page.html"] < packed + 400 < len(text)
    assert figures["nodes"] == 504


@pytest.mark.parametrize(
    ("tasks", "since", "expected"),
    [
        ([], 0, 0),
        ([(0, 50)], 0, 0),
        ([(0, 120), (500, 80)], 0, 100),
        ([(0, 120), (500, 80)], 300, 30),  # nobody waits for what was before the first paint
        ([(250, 200)], 300, 100),
    ],
)
def test_blocked_time_is_what_exceeds_fifty_milliseconds(tasks, since, expected):
    assert site_report.blocked(tasks, since) == expected


# ------------------------------------------------------------------- what a page asks


@pytest.mark.parametrize("page", pages())
def test_one_style_sheet_and_one_script_that_waits(site, page):
    head = soup(page).head
    assert len(head.select("link[rel=stylesheet]")) == 1
    assert not head.select("script[src]"), "it would hold up the page"
    scripts = soup(page).select("body script[src]")
    assert all(script.has_attr("defer") for script in scripts)
    assert sum("/site-" in script["src"] for script in scripts) == 1
    assert not [s for s in scripts if re.search("fontawesome|searchindex|thebe", s["src"])]


def test_no_style_sheet_or_script_is_lost(site):
    """Every page has the code's look; only pages with code have the button that copies it."""
    for page in pages():
        style = soup(page).select_one("link[rel=stylesheet]")["href"]
        text = (SITE / "book" / style).read_text(encoding="utf-8")
        for rule in (".bd-article h1", ".katex-display", ".highlight", "div.cell"):
            assert rule in text, (page, rule)
        script = soup(page).select_one("body script[src*='/site-']")["src"]
        text = (SITE / "book" / script).read_text(encoding="utf-8")
        assert ("ClipboardJS" in text) == bool(soup(page).select(".highlight")), page


class Script:
    def __init__(self, filename, **attributes):
        self.filename, self.attributes = filename, attributes


def test_a_script_is_asked_for_where_it_is_needed():
    copy = Script("_static/copybutton.js")
    assert assets.is_needed(copy, '<div class="highlight-python">')
    assert not assets.is_needed(copy, "<p>highlight</p>")
    fold = Script("_static/togglebutton.js")
    assert assets.is_needed(fold, '<div class="admonition dropdown">')
    assert not assets.is_needed(fold, '<button class="btn dropdown-toggle sidebar-toggle">')
    assert assets.is_needed(Script("_static/another.js"), "")
    assert assets.is_needed(Script(None, body="let mine = 1"), "")
    assert not assets.is_needed(Script(None, body="let toggleHintShow = 'Click'"), "")


def test_only_a_plain_file_of_the_site_is_joined():
    assert assets.is_plain(Script("_static/a.js", defer="defer"))
    assert not assets.is_plain(Script("https://elsewhere.example/a.js"))
    assert not assets.is_plain(Script("_static/a.js", type="module"))
    assert not assets.is_plain(Script("_static/a.css", rel="stylesheet", media="print"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours_of_the_system_are_there_before_any_script_is_loaded(browser, address, scheme):
    context = browser.new_context(color_scheme=scheme)
    tab = context.new_page()
    tab.route("**/*.js", lambda route: route.abort())
    tab.goto(f"{address}book/glossary.html")
    assert tab.evaluate("document.documentElement.dataset.theme") == scheme
    paper = tab.evaluate("getComputedStyle(document.body).backgroundColor")
    red = int(re.findall(r"\d+", paper)[0])
    assert red < 60 if scheme == "dark" else red > 230
    context.close()


def test_icons_are_drawn(browser, address):
    """Each icon of a page has a glyph of its own font: none is the box of a missing letter."""
    tab = browser.new_page()
    tab.goto(f"{address}{CHAPTERS[0]}.html", wait_until="networkidle")
    loaded = tab.evaluate(
        "[...document.fonts].filter(f => f.status == 'loaded').map(f => f.family)"
    )
    assert any("Awesome" in family for family in loaded)
    drawn = tab.evaluate(
        """() => [...document.querySelectorAll('.fa-solid, .fas')].map(
            e => getComputedStyle(e, '::before').content.codePointAt(1))"""
    )
    style = soup(CHAPTERS[0]).select_one("link[rel=stylesheet]")["href"]
    text = (SITE / "book" / style).read_text(encoding="utf-8")
    data = re.findall(r"Font Awesome[^}]*base64,([^\")]*)", text)
    have = set().union(*(TTFont(BytesIO(b64decode(d))).getBestCmap() for d in data))
    assert len(drawn) > 5
    assert set(drawn) <= have
    tab.close()


# ------------------------------------------------------------------------ the sheets


def test_a_rule_goes_if_nothing_can_have_its_class():
    text = """
    /* a comment */ .used { color: red } .unused { color: blue } .used, .unused{top:0}
    #here .used:not(.unused) > p {left: 0} #gone .used {left: 1px}
    @media print { .unused { top: 1px } .used { top: 2px } }
    @media screen { .unused { top: 3px } }
    @keyframes turn { from { top: 0 } }
    .bs-tooltip-top { top: 4px }
    [data-theme="dark"] p { color: white }
    """
    cut = sheets.cut(text, {"used", "here"}, ("bs-tooltip-",))
    assert cut.splitlines() == [
        ".used{color: red}",
        ".used{top:0}",
        "#here .used:not(.unused) > p{left: 0}",
        "@media print{.used{top: 2px}}",
        "@keyframes turn{from { top: 0 }}",
        ".bs-tooltip-top{top: 4px}",
        '[data-theme="dark"] p{color: white}',
    ]
    assert ".unused{" in sheets.cut(text, {"used", "here", "unused"})


def test_names_that_scripts_complete_are_known_by_their_beginning():
    script = "a = `bs-tooltip-${side}` - b; x-- ; 'a-' 'data-x'"
    assert sheets.beginnings(script) == ("bs-tooltip-",)


def test_links_of_a_joined_sheet_lead_to_the_same_files(tmp_path):
    (tmp_path / "styles").mkdir()
    (tmp_path / "base.css").write_text("@charset 'utf-8'; p{background:url(images/a.png)}")
    (tmp_path / "styles" / "theme.css").write_text(
        '@import "../base.css"; q{background:url("../b.svg"), url(c.svg), url(data:image/x,1)}'
    )
    text = sheets.joined(tmp_path / "styles" / "theme.css", tmp_path)
    assert re.findall(r"url\(\"?([^\")]*)", text) == [
        "images/a.png", "b.svg", "styles/c.svg", "data:image/x,1",
    ]  # fmt: skip
    assert "import" not in text
    assert "charset" not in text


def test_text_is_seen_before_its_font_is_there():
    assert sheets.swapped("@font-face{src:url(a)}") == "@font-face{src:url(a);font-display:swap}"
    icons = "@font-face{font-display:block;src:url(a)}"
    assert sheets.swapped(icons) == icons


# ---------------------------------------------------------------------- the pictures


@pytest.fixture
def png(tmp_path):
    """A picture of two hundred by a hundred pixels, no two rows alike."""
    image = Image.linear_gradient("L").resize((200, 100)).convert("RGBA")
    image.putpixel((3, 4), (1, 2, 3, 255))
    path = tmp_path / "picture.png"
    image.save(path, dpi=(192, 192))
    return path


def test_webp_has_the_very_pixels(png, tmp_path):
    path = tmp_path / "picture.webp"
    path.write_bytes(pictures.webp_of(png))
    with Image.open(png) as one, Image.open(path) as other:
        source, copy = one.convert("RGB"), other.convert("RGB")
    assert ImageChops.difference(source, copy).getbbox() is None
    assert path.stat().st_size < png.stat().st_size
    assert pictures.webp_of(png) == path.read_bytes()  # the same every time
    lossy = BytesIO()  # the error that is planted
    source.save(lossy, "WEBP", quality=60)
    assert ImageChops.difference(source, Image.open(lossy).convert("RGB")).getbbox()


def test_a_picture_is_half_as_wide_as_its_pixels(png, tmp_path):
    path = tmp_path / "picture.webp"
    path.write_bytes(pictures.webp_of(png))
    assert pictures.size_of(path) == (100, 50)
    assert pictures.size_of(png) == (100, 50)  # its resolution says so
    drawing = tmp_path / "drawing.svg"
    drawing.write_text(MATPLOTLIB_SVG, encoding="utf-8")
    assert pictures.size_of(drawing) == (96, 48)
    drawing.write_text('<svg viewBox="0 0 30 20.4" xmlns="http://www.w3.org/2000/svg"/>')
    assert pictures.size_of(drawing) == (30, 20)


def test_a_drawing_keeps_its_text_and_brings_its_letters(tmp_path):
    path = tmp_path / "drawing.svg"
    path.write_text(MATPLOTLIB_SVG, encoding="utf-8")
    text = pictures.svg_of(path).decode("utf-8")
    assert ">Heights</text>" in text
    assert 'd="M1.23 2l28.77-6.5"' in text
    assert 'x="1.99"' in text
    assert "matrix(0.123456 0 0 1 0 0)" in text  # a scale is not a place
    assert "metadata" not in text
    data = b64decode(re.search(r"base64,([^)]*)", text)[1])
    assert {chr(code) for code in TTFont(BytesIO(data)).getBestCmap()} == set("Heights")
    assert pictures.svg_of(path).decode("utf-8") == text


def placed(svg):
    """Return every outline of a drawing with its fill, at the place where it is seen."""
    root, found = ET.fromstring(svg), []
    outlines = {path.get("id"): path.get("d") for path in root.findall(".//s:defs/s:path", SVG)}

    def walk(element, x, y):
        move = re.match(r"translate\((\S+) (\S+)\)", element.get("transform", ""))
        x, y = (x + float(move[1]), y + float(move[2])) if move else (x, y)
        for child in element:
            kind = child.tag.partition("}")[2]
            used = outlines.get(child.get(f"{{{XLINK}}}href", "").lstrip("#"))
            if kind in ("path", "use"):
                numbers = re.findall(r"[\d.e+-]+", child.get("d") or used)
                at = np.array(numbers, float).reshape(-1, 2) + np.array([x, y])
                found.append((child.get("style"), at))
            elif kind != "defs":
                walk(child, x, y)

    walk(root, 0, 0)
    return found


SVG = {"s": "http://www.w3.org/2000/svg"}
XLINK = "http://www.w3.org/1999/xlink"


@pytest.mark.parametrize("seed", range(5))
def test_a_shape_that_returns_is_written_once_and_stays_where_it_was(seed):
    rng = np.random.default_rng(seed)
    forms = [rng.uniform(0, 9, (rng.integers(3, 8), 2)) for _ in range(30)]
    lines = []
    for panel in rng.uniform(0, 300, (3, 2)):
        for k, form in enumerate(forms):
            form = form + (rng.uniform(0, 1, form.shape) if k % 10 == 0 else 0)  # its own each time
            d = " L ".join(f"{x:.6f} {y:.6f}" for x, y in panel + form)
            lines.append(f'<path d="M {d} z" clip-path="url(#p)" style="fill: #{k:06x}"/>')
        lines.append("<g/>" if rng.random() < 0.5 else "")
    head = f'<svg xmlns="{SVG["s"]}" xmlns:xlink="{XLINK}">'
    text = head + "\n".join(lines) + "</svg>"
    small = pictures.shared(text)
    assert (small.count("<path"), small.count("<use")) == (27 + 9, 81)
    before, after = placed(text), placed(small)
    for (style, at), (same, there) in zip(before, after, strict=True):
        assert style == same
        assert np.abs(at - there).max() < 0.01  # of a point: places have two decimals


def test_shapes_that_are_only_nearly_alike_are_kept_apart():
    head = f'<svg xmlns="{SVG["s"]}" xmlns:xlink="{XLINK}">'
    path = '<path d="M 0 0 L 5 {} L 3 3 z" clip-path="url(#p)" style="fill: #000"/>'
    apart = head + path.format("0.010") + path.format("0.020") + "</svg>"
    assert pictures.shared(apart) == apart
    assert "<use" in pictures.shared(head + path.format("0.010") * 2 + "</svg>")


def test_a_path_told_step_by_step_leads_to_the_same_points():
    line = "M 1.23456 2 \nL 30.000001 -4.5 \nL 30.001 -4.5 \nC 1 2 3 4 5 6 z\nM 0 0 L 0.5 1"
    assert pictures.shorter_path(line, 2) == "M1.23 2l28.77-6.5c-29 6.5-27 8.5-25 10.5zM0 0l.5 1"
    # Steps that are rounded one by one, which would add up their errors, are what must not be.
    many = "M 0 0" + "".join(f" L {0.04 * k:.2f} 0" for k in range(1, 101))
    steps = [float(x) for x in re.findall(r"l(\S+)", pictures.shorter_path(many, 1))]
    assert sum(steps) == pytest.approx(4)
    assert sum(round(0.04, 1) for _ in range(100)) == 0


@pytest.mark.parametrize(
    ("number", "text"), [("0.50", ".5"), ("-0.5", "-.5"), ("-0.001", "0"), ("3", "3"), ("10", "10")]
)
def test_a_number_is_short(number, text):
    assert pictures.short(number) == text


def test_the_lighter_form_is_kept():
    svg = b"<svg>" + b"<g/>" * 1000 + b"</svg>"
    packed = len(gzip.compress(svg, 9, mtime=0))
    assert pictures.is_better(svg, b"x" * packed)
    assert not pictures.is_better(svg, b"x" * (packed - 1))
    assert not pictures.is_better(b"<g/>" * 400_000, b"x" * 100_000)  # too much to draw


@pytest.mark.parametrize("page", pages())
def test_pictures_say_their_size_and_all_but_the_first_wait(site, page):
    images = soup(page).select("article img")
    for image in images:
        file = (SITE / "book" / image["src"]).resolve()
        assert (int(image["width"]), int(image["height"])) == pictures.size_of(file)
        assert image["decoding"] == "async"
        assert file.suffix in (".svg", ".webp")
    assert ["loading" in image.attrs for image in images] == [False] + [True] * (
        len(images) - 1
    ) or not images


@pytest.mark.parametrize("page", CHAPTERS)
def test_a_figure_of_pixels_has_two_for_each_of_the_page(site, page):
    """Also where the page is narrower, it has at least as many."""
    for image in soup(page).select("div.cell_output img"):
        file = (SITE / "book" / image["src"]).resolve()
        if file.suffix == ".webp":
            with Image.open(file) as image_file:
                wide, high = image_file.size
            assert abs(wide - 2 * int(image["width"])) <= 1
            assert abs(high - 2 * int(image["height"])) <= 1
