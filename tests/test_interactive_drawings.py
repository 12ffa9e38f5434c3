"""Laws that the page of every figure obeys, before its script runs; a new figure joins `FIGURES`.

Each law is a function of a figure and its page, so that a planted error proves it.
"""

import dataclasses
import functools
import inspect
import re

import numpy as np
import pytest
from bs4 import BeautifulSoup
from conftest import ROOT
from test_interactive import data_of

from companion import interactive
from companion.gaussians import GaussianMixture
from companion.interactive._page import BLUE, inlined

SQUARES = ["M0 0l99 0 0 99 -99 0z", "M99 0l99 0 0 99 -99 0z"]


def points(seed, size=40):
    rng = np.random.default_rng(seed)
    return rng.normal(np.where(rng.uniform(size=size) < 0.6, 2.0, 5.0), 0.6)


def plane():
    start = GaussianMixture([0.5, 0.5], [[0.0, 0.0], [3.0, 3.0]], [np.eye(2), np.eye(2)])
    return start, np.column_stack([points(1), points(2)])


PAIR = GaussianMixture([0.5, 0.5], [2.0, 5.0], [1.0, 1.0])
FIGURES = {
    "Basins": lambda: interactive.Basins(points(8, 100), -2, 9, (0.1, 1.5), size=11),
    "Directions": lambda: interactive.Directions(0.6),
    "EMBound": lambda: interactive.EMBound(PAIR, points(3), 0, 0, 7, 1, "mean of the first"),
    "EMSteps": lambda: interactive.EMSteps(*plane(), 4, ("length", "weight")),
    "Extendibility": interactive.Extendibility,
    "Landscape": lambda: interactive.Landscape(PAIR, points(3), 0, 0, 7, 1, "mean of the first"),
    "Levels": lambda: interactive.Levels(12, 0.5),
    "LoseThem": lambda: interactive.LoseThem(points(4), 10 + 6 * points(5)),
    "OneHill": lambda: interactive.OneHill(0.4, 3.0, 1.5, "lengths"),
    "RateMap": lambda: interactive.RateMap(SQUARES, ["a", "b"], [1, 3], [2e4, 5e4], [4e-5, 5e-5]),
    "Shrinkage": lambda: interactive.Shrinkage([1, 3, 4], [20, 15, 10], 1, "experiment"),
    "Slowness": lambda: interactive.Slowness(2.5, "share"),
    "Swing": lambda: interactive.Swing(
        [8, 2, 1, -9], [3, 3, 3, 3], [50, 40, 40, 60], list("aabb"), "She", (20, 30)),
    "UrnFractions": lambda: interactive.UrnFractions(2, 3, 30),
}  # fmt: skip
PRINTED = {"Shrinkage": {"mean"}, "Swing": {"majority"}}  # of what follows from the arguments


@functools.cache
def shown(name):
    """A figure and its page."""
    figure = FIGURES[name]()
    return figure, figure._repr_html_()


def test_no_figure_is_forgotten():
    drawn = [name for name, item in vars(interactive).items() if hasattr(item, "_repr_html_")]
    assert sorted(drawn) == sorted(FIGURES)


# --------------------------------------------------------------------- the record itself


def documented(cls):
    """Names of the arguments in a docstring."""
    text = inspect.cleandoc(cls.__doc__)
    found = re.search(r"^Parameters\n-+\n(.*?)\n\n", text, re.MULTILINE | re.DOTALL)
    heads = re.findall(r"^(\w[\w, ]*?)(?: :|$)", found.group(1), re.MULTILINE) if found else []
    return [name for head in heads for name in head.split(", ")]


@pytest.mark.parametrize("name", FIGURES)
def test_what_is_given_is_documented_and_what_is_long_is_not_printed(name):
    """Arguments are those of the docstring: what follows from them is none, and is not printed."""
    figure, _ = shown(name)
    parameters = list(inspect.signature(type(figure)).parameters)
    assert documented(type(figure)) == parameters
    printed = re.findall(r"[(\s](\w+)=", repr(figure))
    short = {
        f.name for f in dataclasses.fields(figure)
        if f.name in parameters
        and not f.type.startswith(("ArrayLike", "Sequence", "GaussianMixture"))
    }  # fmt: skip
    assert set(printed) == short | PRINTED.get(name, set())


# ------------------------------------------------------------------------- its pictures

COLOR = re.compile(r"rgb\(\d+,\d+,\d+\)|#[0-9A-Fa-f]{6}|#[0-9A-Fa-f]{3}|none|currentColor")
NUMBER = r"-?\d+(?:\.\d+)?"
CORNERS = {
    "rect": lambda n: [(n["x"], n["y"]), (n["x"] + n["width"], n["y"] + n["height"])],
    "circle": lambda n: [
        (n["cx"] + side * n["r"], n["cy"] + side * n["r"]) for side in (-1, 1)],
    "line": lambda n: [(n["x1"], n["y1"]), (n["x2"], n["y2"])],
}  # fmt: skip


def soup(html):
    return BeautifulSoup(html.split("<script>")[0] + "</div>", "html.parser")


def pictures(html):
    """The pictures of a page, without the small ones of its legends."""
    return [svg for svg in soup(html).find_all("svg") if svg.get("viewbox", "").startswith("0 0 ")]


def inherited(node, name, otherwise=None):
    """The value of an attribute, own or of what is around."""
    while node is not None and name not in node.attrs:
        node = node.parent
    return otherwise if node is None else node[name]


def places(node):
    """The points of what is drawn, of shape (M, 2); nothing of what the script has yet to place."""
    if node.name in CORNERS:
        numbers = {k: float(v) for k, v in node.attrs.items() if re.fullmatch(NUMBER, str(v))}
        try:
            return np.array(CORNERS[node.name](numbers))
        except KeyError:  # the script places it
            return np.empty((0, 2))
    if node.name in ("polyline", "polygon"):
        found = re.findall(rf"({NUMBER}),({NUMBER})", node.get("points", ""))
        return np.array(found, float).reshape(-1, 2)
    at, found = np.zeros(2), []
    for letter, text in re.findall(r"([A-Za-z])([^A-Za-z]*)", node.get("d", "")):
        numbers = np.array(re.findall(NUMBER, text), float)
        if letter in "HhVv":
            axis = int(letter in "Vv")
            at = at.copy()
            at[axis] = numbers[-1] + at[axis] * letter.islower()
            found.append(at)
        elif letter in "MmLl":
            for step in numbers.reshape(-1, 2):
                at = step + at * letter.islower()
                found.append(at)
        else:
            assert letter in "zZ"
    return np.array(found).reshape(-1, 2)


def text_box(node):
    """About where a text stands: left, right, top, bottom."""
    size = float(re.match(r"[\d.]+", str(inherited(node, "font-size", "16"))).group())
    words = re.sub(r"\s+", " ", node.get_text()).strip()
    wide, anchor = 0.5 * size * len(words), inherited(node, "text-anchor", "start")
    begin = {"start": 0.0, "middle": -wide / 2, "end": -wide}[anchor]
    if "translate" in node.get("transform", ""):
        x, y = map(float, re.findall(NUMBER, node["transform"])[:2])
        return x - 0.7 * size, x, y - wide / 2, y + wide / 2
    x, y = float(node["x"]), float(node["y"])
    return x + begin, x + begin + wide, y - 0.7 * size, y


def all_is_drawn_inside(figure, html):
    """Lines, dots, bars and words, but for what a picture in the picture cuts off."""
    for svg in pictures(html):
        *_, width, height = map(float, svg["viewbox"].split())
        for node in svg.find_all(["path", "polyline", "polygon", "rect", "circle", "line"]):
            if node.find_parent("svg") is svg and not node.find_parent("g", transform=True):
                at = places(node)
                assert ((at >= -0.05) & (at <= [width + 0.05, height + 0.05])).all(), node
        for node in filter(BeautifulSoup.get_text, svg.find_all("text")):
            left, right, top, bottom = text_box(node)
            assert -1 <= left < right <= width + 1, node
            assert -1 <= top < bottom <= height + 1, node


def words_stand_apart(figure, html):
    """No text of a picture lies on another."""
    for svg in pictures(html):
        boxes = [
            (node, text_box(node)) for node in svg.find_all("text") if node.get_text(strip=True)
        ]
        for k, (one, (a, b, c, d)) in enumerate(boxes):
            for other, (e, f, g, h) in boxes[:k]:
                assert min(b, f) - max(a, e) <= 1 or min(d, h) - max(c, g) <= 1, (one, other)


def colors_and_dashes_can_be_read(figure, html):
    for node in soup(html).find_all(True):
        for name in ("fill", "stroke", "color"):
            if name in node.attrs:
                assert COLOR.fullmatch(node[name]), node
        assert re.fullmatch(r"none|\d+( \d+)*", node.get("stroke-dasharray", "none")), node
        for name in ("opacity", "fill-opacity", "stroke-opacity"):
            assert 0 <= float(node.get(name, 1)) <= 1
    for value in leaves(data_of(figure)):
        if isinstance(value, str) and value.startswith("#"):
            assert COLOR.fullmatch(value)


WORDS = [
    "style",
    "title",
    "desc",
    "text",
    "tspan",
    "label",
    "button",
    "option",
    "span",
    "p",
    "noscript",
]
WORDS += ["th", "td", "summary", "caption"]


def words_stand_where_words_belong(figure, html):
    """None between the shapes, the rows of a table or the choices; none is missing, but for one."""
    for piece in soup(html).find_all(string=True):
        assert not piece.strip() or piece.parent.name in WORDS, piece
    for node in soup(html).find_all(["title", "desc", "button", "option", "th", "summary"]):
        assert re.search(r"\w", node.get_text()), node


def leaves(part):
    """All values of dictionaries and lists in each other."""
    if isinstance(part, dict):
        part = list(part.values())
    if isinstance(part, list):
        for value in part:
            yield from leaves(value)
    else:
        yield part


def boxes_of(part):
    """All axes that a script is told of."""
    if isinstance(part, dict) and "x0" in part:
        yield part
    elif isinstance(part, (dict, list)):
        for value in part.values() if isinstance(part, dict) else part:
            yield from boxes_of(value)


def axes_are_those_of_the_script(figure, html):
    """And fill their pictures: 12 pixels are left at the right and the top, 46 below."""
    drawn, told = [], list(boxes_of(data_of(figure)))
    for svg in pictures(html):
        *_, width, height = map(float, svg["viewbox"].split())
        ends = []
        for node in svg.find_all("path", stroke="currentColor", d=True):
            if found := re.match(rf"M({NUMBER}),12V({NUMBER})H({NUMBER})", node["d"]):
                left, bottom, right = map(float, found.groups())
                drawn.append((left, right, 12, bottom))
                ends.append(right)
                assert bottom == height - 46
        assert not ends or max(ends) == width - 12
        assert not ends or min(left for left, *_ in drawn) == 62
        assert (width, height) in ((640, 380), (320, 250), (460, 400))
        assert (width == 320) == (len(pictures(html)) == 2)
    if told:
        assert [(b["left"], b["right"], b["top"], b["bottom"]) for b in told] == drawn


def what_is_sent_is_read(figure, html):
    """The script asks for all that a page gives it, under the same names."""
    name = type(figure).__module__.rpartition(".")[2]
    script = (ROOT / "companion" / "interactive" / f"{name}.js").read_text(encoding="utf-8")
    assert inlined(name) in html
    sent = data_of(figure)
    for key in sent:
        assert re.search(rf"\b{key}\b", script), key


def controls_begin_between_their_ends(figure, html):
    for slider in soup(html).find_all("input", type="range"):
        low, high = float(slider["min"]), float(slider["max"])
        assert low <= float(slider.get("value", low)) <= high
        assert slider.find_parent("label").get_text(strip=True) or slider["aria-label"]
    for choice in soup(html).find_all("select"):
        assert sum("selected" in option.attrs for option in choice.find_all("option")) <= 1
    page = soup(html)
    ids = [node["id"] for node in page.find_all(id=True)]
    assert len(ids) == len(set(ids))
    (picture,) = page.find_all("svg", role="img")
    title, description = (page.find(id=name) for name in picture["aria-labelledby"].split())
    assert title.name == "title"
    assert description.name == "desc"
    assert 5 < len(title.get_text()) < 80 < len(description.get_text())
    assert all("aria-hidden" in svg.attrs for svg in pictures(html)[1:])


LAWS = [
    all_is_drawn_inside, words_stand_apart, words_stand_where_words_belong,
    colors_and_dashes_can_be_read, axes_are_those_of_the_script, what_is_sent_is_read,
    controls_begin_between_their_ends,
]  # fmt: skip


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
@pytest.mark.parametrize("name", FIGURES)
def test_law(name, law):
    law(*shown(name))


WRONG = [
    (all_is_drawn_inside, "LoseThem", r'<circle cx="[\d.]+"', '<circle cx="637"'),
    (all_is_drawn_inside, "Slowness", r'<polyline points="[\d.]+,', '<polyline points="-9,'),
    (all_is_drawn_inside, "Levels", r'class="bars" d="M[\d.]+', 'class="bars" d="M340'),
    (all_is_drawn_inside, "Swing", r'height="[\d.]+"', 'height="300"'),
    (all_is_drawn_inside, "OneHill", r'<text x="308"', '<text x="348"'),
    (words_stand_apart, "OneHill", r'<text x="308" y="40"', '<text x="308" y="31"'),
    (words_stand_where_words_belong, "Levels", "<g stroke", "x<g stroke"),
    (words_stand_where_words_belong, "LoseThem", "<table style[^>]*>", "<table>x"),
    (words_stand_where_words_belong, "Slowness", "<option", "x<option"),
    (axes_are_those_of_the_script, "OneHill", 'viewBox="0 0 320 250"', 'viewBox="0 0 320 500"'),
    (colors_and_dashes_can_be_read, "Levels", 'dasharray="6 3"', 'dasharray="6 3x"'),
    (colors_and_dashes_can_be_read, "EMBound", f'stroke="{BLUE}"', f'stroke="{BLUE}x"'),
    (colors_and_dashes_can_be_read, "RateMap", '"#00224e"', '"#00224e0"'),
    (axes_are_those_of_the_script, "Basins", '"right":308', '"right":320'),
    (axes_are_those_of_the_script, "EMSteps", "M62,12V334H628", "M62,12V334H630"),
    (what_is_sent_is_read, "Swing", '"rhos":', '"rhosx":'),
    (what_is_sent_is_read, "OneHill", "function scales", "function other"),
    (controls_begin_between_their_ends, "OneHill", 'value="0.4"', 'value="1.4"'),
    (controls_begin_between_their_ends, "OneHill", r'id="\w+-figure-\d+-d"', 'id="d"'),
]


@pytest.mark.parametrize(("law", "name", "right", "wrong"), WRONG)
def test_a_planted_error_is_found(law, name, right, wrong):
    figure, html = shown(name)
    changed, found = re.subn(right, wrong, html, count=1)
    assert found

    class Other(type(figure)):
        __module__ = type(figure).__module__

        def __init__(self):
            """Nothing but a page."""

        def _repr_html_(self):
            return changed

    with pytest.raises((AssertionError, AttributeError)):
        law(Other(), changed)
