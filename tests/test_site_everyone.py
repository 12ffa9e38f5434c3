"""The built site for everyone: seen and reached by keyboard, in the dark, in print, when narrow.

Each law is a function of a page or of its pixels, so that a planted error proves it.
"""

import io
import re

import numpy as np
import pytest
from bs4 import BeautifulSoup
from conftest import chapters, pages
from PIL import Image
from scipy import ndimage
from visits import CHAPTERS, STILL, measured, show, soup

FOCUSABLE = "a[href], button, summary, input, select, textarea, [tabindex='0']"
INTERACTIVE = [
    f"book/{path.stem}"
    for path in chapters()
    if "companion.interactive" in path.read_text(encoding="utf-8")
]


@pytest.fixture
def tab(visit, request):
    """A fresh tab of the page that the test names."""
    tab = visit(request.param)
    yield tab
    tab.close()


def of(*names):
    """Ask for a tab of each of these pages."""
    return pytest.mark.parametrize("tab", names, indirect=True)


def pixels(picture):
    return np.asarray(Image.open(io.BytesIO(picture)).convert("RGB")).astype(float)


# ------------------------------------------------------------------------------ names


def misnamed(tree):
    """Folds whose name is not what is written on them, and buttons with two kinds of state."""
    folds = [s for s in tree.select("summary") if s.get("aria-label") or not s.get_text(strip=True)]
    return folds + tree.select("button[aria-pressed]")


@pytest.mark.parametrize("page", pages())
def test_folds_are_named_as_they_are_written(site, page):
    assert misnamed(soup(page)) == []
    assert not [h for h in soup(page).find_all("th") if not h.get_text(strip=True)]


@pytest.mark.parametrize(
    "wrong",
    [
        '<summary aria-label="Toggle hidden content"><p>Show the code</p></summary>',
        "<summary> </summary>",
        '<button aria-pressed="false">Show posterior means</button>',
    ],
)
def test_a_wrong_name_is_found(wrong):
    assert len(misnamed(BeautifulSoup(wrong, "html.parser"))) == 1


# ------------------------------------------------------------------------------ focus


def outlined(tab, element):
    """Return how many pixels change when an element gets the focus; None if it cannot."""
    element.evaluate("e => e.scrollIntoView({block: 'center', behavior: 'instant'})")
    tab.evaluate("document.activeElement.blur()")
    box = element.bounding_box()
    clip = {
        "x": max(0, box["x"] - 5), "y": max(0, box["y"] - 5),
        "width": box["width"] + 10, "height": min(box["height"] + 10, 300),
    }  # fmt: skip
    before = pixels(tab.screenshot(clip=clip))
    element.evaluate("e => e.focus({focusVisible: true, preventScroll: true})")
    if not element.evaluate("e => document.activeElement == e"):
        return None
    after = pixels(tab.screenshot(clip=clip))
    changed = (np.abs(after - before).max(axis=-1) > 60).sum()
    return int(changed), box["width"] + min(box["height"], 300)  # half of a thin outline


def unseen(tab):
    """Focusable elements at which too few pixels change when they get the focus."""
    found, at = [], 0
    tab.evaluate("for (const image of document.images) { image.loading = 'eager'; }")
    tab.wait_for_function("[...document.images].every(image => image.complete)")
    # Nothing moves later, and no preview of the last link lies on top.
    tab.add_style_tag(content="* {content-visibility: visible !important}")
    tab.add_style_tag(content="#mention-preview {display: none !important}")
    for element in tab.query_selector_all(FOCUSABLE):
        if not element.is_visible() or (seen := outlined(tab, element)) is None:
            continue
        at += 1
        for _ in range(2):  # once more: a page that is still laid out moves
            seen = seen if seen[0] >= seen[1] else outlined(tab, element)
        if seen[0] < seen[1]:
            found.append((element.evaluate("e => e.outerHTML.slice(0, 120)"), seen[0]))
    assert at > 20
    return found


@pytest.mark.parametrize("scheme", ["light", "dark"])
@of("book/index", "book/05_em_for_mixtures")
def test_focus_is_seen_on_everything(tab, scheme):
    show(tab, scheme=scheme)
    assert unseen(tab) == []


@of("book/index")
def test_a_hidden_focus_is_found(tab):
    show(tab)
    hidden = "a:focus-visible:focus-visible:focus-visible"
    tab.add_style_tag(content=hidden + "{outline: 0 !important; box-shadow: none !important}")
    assert len(unseen(tab)) > 10


@of(*CHAPTERS)
def test_a_tab_stop_has_content_and_a_slider_says_its_value(tab):
    show(tab)
    tab.evaluate("document.querySelectorAll('article details').forEach(d => d.open = true)")
    empty = tab.evaluate(
        """(focusable) => [...document.querySelectorAll(focusable)].filter(e =>
            e.checkVisibility() && e.tabIndex >= 0 && !['INPUT', 'SELECT'].includes(e.tagName) &&
            !(e.textContent.trim() || e.ariaLabel || e.title || e.querySelector('img[alt]'))
        ).map(e => e.outerHTML.slice(0, 120))""",
        FOCUSABLE,
    )
    assert empty == []
    silent = "e => e.filter(s => !s.ariaValueText).map(s => s.parentElement.textContent.trim())"
    assert tab.eval_on_selector_all("article input[type=range]", silent) == []


UNREACHED = """() => [...document.querySelectorAll('article pre')].filter(e =>
    e.checkVisibility() && (e.tabIndex === 0) !== (e.scrollWidth > e.clientWidth)
).map(e => e.textContent.slice(0, 60))"""


def scrolling(tab):
    """Read a page to its end; return how many of its texts can be scrolled."""
    tab.wait_for_timeout(400)  # the window has its new width
    tab.evaluate(
        """async () => {
            for (const e of document.querySelectorAll('article pre')) {
                e.scrollIntoView({behavior: 'instant'});
                for (let k = 0; k < 3; k += 1) {  // laid out, seen to be near, measured
                    await new Promise(requestAnimationFrame);
                }
            }
        }"""
    )
    tab.wait_for_timeout(400)
    every = "e => e.filter(e => e.checkVisibility() && e.scrollWidth > e.clientWidth).length"
    return tab.eval_on_selector_all("article pre", every)


@of("book/04_why_em_works", "book/companion")
def test_what_scrolls_is_a_tab_stop_at_every_width(tab):
    measured(tab)
    assert tab.evaluate(UNREACHED) == [], "before anybody has scrolled"
    found = []
    for width in [1280, 360, 1280]:
        show(tab, width=width)
        found.append(scrolling(tab))
        assert tab.evaluate(UNREACHED) == []
    assert found[1] > found[0] == found[2]
    tab.evaluate(
        "document.querySelector('article pre').setAttribute('style', 'width: 30px; overflow: auto')"
    )
    assert len(tab.evaluate(UNREACHED)) == 1


TORN = """() => [...document.querySelectorAll('.prev-next-title')].flatMap(title => {
    const text = document.createTreeWalker(title, NodeFilter.SHOW_TEXT).nextNode();
    return [...text.data.matchAll(/\\S+/g)].filter(word => {
        const range = document.createRange();
        range.setStart(text, word.index);
        range.setEnd(text, word.index + word[0].length);
        return new Set([...range.getClientRects()].map(box => box.top)).size > 1;
    }).map(word => word[0]);
})"""


@of("book/homework", "book/13_sampling")
def test_the_neighbours_names_are_whole_on_a_phone(tab):
    show(tab, width=360)
    assert tab.evaluate(TORN) == []
    tab.add_style_tag(
        content=".prev-next-title {overflow-wrap: anywhere !important; width: 50px !important}"
    )
    assert tab.evaluate(TORN)


# ------------------------------------------------------------------------------- print


CUT = """() => [...document.querySelectorAll(
    'article :is(pre, table, :not(svg) > svg, img, p)'
)].filter(e => {
    const box = e.getBoundingClientRect();
    return e.checkVisibility() && (box.right > innerWidth + 1 || box.left < -1 ||
        (e.tagName === 'PRE' && e.scrollWidth > e.clientWidth + 1));
}).map(e => e.outerHTML.slice(0, 100))"""
CLOSED = """() => [...document.querySelectorAll('article details')].filter(d =>
    ![...d.children].slice(1).some(e => e.getBoundingClientRect().height > 8)
).map(d => d.outerHTML.slice(0, 100))"""
DARK = """() => {
    const light = (color) => {
        const [r, g, b, a] = color.match(/[\\d.]+/g).map(Number);
        return a < 0.5 ? null : 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    return [...document.querySelectorAll('body, article, article *')].filter(e => {
        if (!e.checkVisibility() || e.closest('svg')) { return false; }
        const style = getComputedStyle(e), paper = light(style.backgroundColor);
        const own = [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
        return (paper !== null && paper < 150 && !e.closest('.swatch')) ||
            (own && light(style.color) > 150) || (e.tagName === 'IMG' && style.filter !== 'none');
    }).map(e => e.outerHTML.slice(0, 100)).slice(0, 5);
}"""


def on_paper(tab, scheme):
    """Show a page as it is printed on A4, with margins of a centimetre and a bit."""
    show(tab, scheme=scheme)
    tab.set_viewport_size({"width": 700, "height": 1000})
    tab.emulate_media(media="print", color_scheme=scheme)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@of(*CHAPTERS)
def test_a_printed_chapter_is_whole_and_dark_on_light(tab, scheme):
    on_paper(tab, scheme)
    assert tab.evaluate(CUT) == []
    assert tab.evaluate(CLOSED) == []
    assert tab.evaluate(DARK) == []
    controls = tab.locator(".companion-figure :is(input, button, select)")
    assert not any(controls.nth(k).is_visible() for k in range(controls.count()))


@of("book/05_em_for_mixtures")
def test_what_print_would_lose_is_found(tab):
    on_paper(tab, "dark")
    for style, law in [
        (".bd-article.bd-article :is(pre, pre *) {white-space: pre !important} "
         "article pre {width: 60px !important}", CUT),
        ("details::details-content {content-visibility: hidden !important; "
         "display: none !important}", CLOSED),
        ("article p {color: #eee !important}", DARK),
    ]:  # fmt: skip
        planted = tab.add_style_tag(content=style)
        assert tab.evaluate(law)
        planted.evaluate("e => e.remove()")
        assert tab.evaluate(law) == []


# ---------------------------------------------------------------------------- contrast


def luminance(image):
    values = image / 255
    linear = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    return linear @ [0.2126, 0.7152, 0.0722]


def faint(image):
    """Share of a picture's coloured border that no pixel of three times the contrast marks.

    Paper is the commonest colour. Where something else begins, however pale it is inside, there
    must be within four pixels one that can be told from the paper. What the frame cuts off has no
    line of its own there: a tenth of the border at most (on maps).
    """
    light = luminance(image) + 0.05
    colors, counts = np.unique(image.reshape(-1, 3), axis=0, return_counts=True)
    paper = luminance(colors[counts.argmax()]) + 0.05
    contrast = np.maximum(light / paper, paper / light)
    marked = ndimage.maximum_filter(contrast, 9) >= 3
    blank = ndimage.binary_opening(contrast < 1.08, np.ones((3, 3)))
    border = (contrast >= 1.15) & ndimage.binary_dilation(blank, iterations=2)
    return (border & ~marked).sum() / max(1, border.sum())


@pytest.mark.parametrize("scheme", ["light", "dark"])
@of(*CHAPTERS)
def test_marks_are_told_from_their_surroundings(tab, scheme):
    show(tab, scheme=scheme)
    shares = {}
    for picture in tab.query_selector_all(".cell_output img, .companion-figure > svg"):
        picture.scroll_into_view_if_needed()
        name = picture.get_attribute("alt") or picture.get_attribute("aria-labelledby")
        shares[name[:60]] = round(float(faint(pixels(picture.screenshot()))), 3)
    assert shares
    assert {name: share for name, share in shares.items() if share > 0.12} == {}


@pytest.mark.parametrize("grey", [255 - 0.15 * 255, 200])
def test_a_pale_mark_is_found(grey):
    image = np.full((120, 200, 3), 255.0)
    image[40:80, 50:150] = grey
    assert faint(image) > 0.9
    image[40:42, 50:150] = image[78:80, 50:150] = image[40:80, 50:52] = image[40:80, 148:150] = 115
    assert faint(image) == 0


# ------------------------------------------------------------------------------ narrow


SMALL = """() => [...document.querySelectorAll('.companion-figure :is(text, tspan)')].filter(t => {
    const m = t.getScreenCTM(), size = parseFloat(getComputedStyle(t).fontSize);
    return t.checkVisibility() && t.textContent.trim() && size * Math.hypot(m.a, m.b) < 10.99;
}).map(t => t.textContent)"""
BROKEN = """() => [...document.querySelectorAll('article :is(td, th) code')].filter(code => {
    const walk = document.createTreeWalker(code, NodeFilter.SHOW_TEXT), range = new Range();
    for (let node = walk.nextNode(); node; node = walk.nextNode()) {
        for (const word of node.textContent.matchAll(/[A-Za-z0-9_]+/g)) {
            range.setStart(node, word.index);
            range.setEnd(node, word.index + word[0].length);
            const rows = new Set([...range.getClientRects()].map(box => Math.round(box.top)));
            if (rows.size > 1) { return true; }
        }
    }
    return false;
}).map(code => code.textContent)"""


@of(*INTERACTIVE)
def test_figures_can_be_read_on_a_small_phone(tab):
    show(tab, 320)
    assert tab.locator(".companion-figure svg text").count() > 0 or "11" in tab.url
    assert tab.evaluate(SMALL) == []
    assert tab.evaluate("document.documentElement.scrollWidth") <= 320
    tab.add_style_tag(content=".companion-figure svg text {font-size: 9px !important}")
    assert tab.evaluate(SMALL) or "11" in tab.url


@of(*pages())
def test_tables_do_not_break_code_inside_a_word(tab):
    for width in (390, 1280):
        show(tab, width)
        assert tab.evaluate(BROKEN) == []


@of("book/companion")
def test_a_broken_word_is_found(tab):
    show(tab, 390)
    tab.add_style_tag(content="td {max-width: 3em} td code * {overflow-wrap: anywhere !important}")
    assert tab.evaluate(BROKEN)


# --------------------------------------------------------------------- without a script


@pytest.mark.parametrize("page", INTERACTIVE)
def test_figures_are_drawn_before_their_scripts_run(site, page):
    figures = soup(page).select(".companion-figure")
    assert figures
    for figure in figures:
        assert "Without scripts" in " ".join(n.get_text() for n in figure.find_all("noscript"))
        for shape in figure.select("svg circle:not([visibility]), svg polygon, svg polyline"):
            needed = "cx" if shape.name == "circle" else "points"
            assert shape.get(needed) or shape["class"] in (["bound"], ["track"]), shape
        assert not [a for a in figure.select(".areas path") if not a.get("fill")]


@of("book/05_em_for_mixtures")
def test_nothing_moves_where_a_reader_wants_rest(tab):
    moving = """() => [...document.querySelectorAll('*')].filter(e => {
        const style = getComputedStyle(e);
        return style.animationName !== 'none' || /[1-9]/.test(style.transitionDuration);
    }).length"""
    ours = "s => [...document.querySelectorAll('style')].find(e => e.textContent === s).remove()"
    tab.evaluate(ours, STILL)  # that of `visit`
    assert tab.evaluate(moving) > 0
    tab.emulate_media(reduced_motion="reduce")
    assert tab.evaluate(moving) == 0


@of("book/11_kidney_cancer")
def test_a_legend_keeps_its_colours_where_the_reader_chooses_all_others(tab):
    colors = "e => e.map(s => getComputedStyle(s).backgroundColor)"
    before = tab.eval_on_selector_all(".companion-figure .swatch", colors)
    assert len(set(before)) == len(before) == 7
    tab.emulate_media(forced_colors="active")
    assert tab.eval_on_selector_all(".companion-figure .swatch", colors) == before
    assert re.search(r"\d", before[0])
