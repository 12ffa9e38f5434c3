"""Pages of figures before their scripts run: what is drawn and written is what was computed."""

import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_interactive import data_of
from test_interactive_scripts import call, end_of_node, mulberry  # noqa: F401  # a fixture

from companion.gaussians import GaussianMixture
from companion.interactive import EMBound, LoseThem, _page
from companion.interactive._contest import contest
from companion.interactive._page import BLUE, inlined


@settings(max_examples=5)
@given(st.integers(0, 2**32))
def test_a_bound_begins_where_it_is_asked_to(seed):
    """Between both ends, none of which is a start; every M-step must lie between them, too."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=30)
    model = GaussianMixture([0.5, 0.5], [-1, 1], [1, 1])
    start = rng.uniform(-2.9, 2.9)
    figure = EMBound(model, x, 0, -3.0, 3.0, start)
    np.testing.assert_allclose(figure.means, np.linspace(-3, 3, 201), atol=1e-12)
    data = data_of(figure)
    np.testing.assert_allclose(data["start"], start, rtol=1e-6)
    for end in (-3.0, 3.0, -4.0, 4.0):
        with pytest.raises(ValueError, match="start must lie between low and high"):
            EMBound(model, x, 0, -3.0, 3.0, end)
    low, high = figure.tops.min(), figure.tops.max()
    for ends in ((low - 3, low + 0.01), (high - 0.01, high + 3)):
        with pytest.raises(ValueError, match="low and high must hold every M-step between them"):
            EMBound(model, x + 0 * ends[0], 0, *ends, sum(ends) / 2)
    for component in (-1, 2, 0.5):
        with pytest.raises(ValueError, match="component must be one of the model's"):
            EMBound(model, x, component, -3.0, 3.0, 0.0)


def test_a_component_without_weight_leaves_the_curve_flat():
    """And still the axis of the likelihood has a length: of one nat, and a quarter."""
    model = GaussianMixture([1.0, 0.0], [0.0, 1.0], [1.0, 1.0])
    box = data_of(EMBound(model, [0.0, 1.0, 2.0], 1, -3.0, 3.0, 0.5))["box"]
    value = model.log_likelihood([0.0, 1.0, 2.0])
    assert (box["y0"], box["y1"]) == pytest.approx((value - 0.15, value + 0.1))


def place_in(box, x, y):
    """Pixels of points in the axes that a page's script knows."""
    px = box["left"] + (x - box["x0"]) / (box["x1"] - box["x0"]) * (box["right"] - box["left"])
    py = box["bottom"] - (y - box["y0"]) / (box["y1"] - box["y0"]) * (box["bottom"] - box["top"])
    return np.column_stack(np.broadcast_arrays(px, py))


@settings(max_examples=8)
@given(st.integers(0, 2**32), st.integers(12, 60))
def test_what_was_lost_is_hollow_and_an_interval_that_misses_is_red(seed, N):
    """Before the script runs: points, line, intervals and table are those of the contest."""
    rng = np.random.default_rng(seed)
    x = 3 + 2 * rng.normal(size=N)
    y = 50 + 20 * (rng.uniform(-1, 1) * x + rng.normal(size=N))
    figure = LoseThem(x, y, seed=int(rng.integers(1000)))
    html, data = figure._repr_html_(), data_of(figure)
    u, v = (x - x.mean()) / x.std(), (y - y.mean()) / y.std()
    z, lost = figure._lose("x", 2.0, 0.5)
    np.testing.assert_allclose(z, v, atol=1e-12)
    numbers = r"[-\d.]+"
    dots = re.search(r'<g class="dots".*?</g>', html, re.DOTALL).group()
    circles = re.findall(rf'cx="({numbers})" cy="({numbers})" r="4.5" fill="(.*?)"', dots)
    at = np.array([circle[:2] for circle in circles], float)
    np.testing.assert_allclose(at, place_in(data["points"], u, v), atol=0.06)
    assert [fill == "none" for *_, fill in circles] == lost.tolist()
    # The axes hold every point, however far it is bent.
    bent = np.concatenate([v - 0.4 * (u**2 - 1), v + 0.4 * (u**2 - 1)])
    box, means = data["points"], data["means"]
    assert (box["x0"], box["x1"]) == pytest.approx((u.min() - 0.2, u.max() + 0.2))
    assert (box["y0"], box["y1"]) == pytest.approx((bent.min() - 0.2, bent.max() + 0.2))
    assert (means["x0"], means["x1"], means["y0"], means["y1"]) == (-1.2, 1.2, 4, 0)
    assert box["left"] < box["right"] < means["left"] < means["right"] <= data["width"]
    found = contest(u, np.where(lost, np.nan, v), figure._normals())
    held = (found[:, 1] < 0) & (found[:, 2] > 0)
    ways = re.findall(r'<g class="way" stroke="(.*?)">(.*?)</g>', html, re.DOTALL)
    assert [color == BLUE for color, _ in ways] == held.tolist()
    for k, (_, way) in enumerate(ways):
        ends = [float(re.search(rf'{name}="({numbers})"', way).group(1)) for name in ("x1", "x2")]
        inside = found[k, :3].clip(-1.2, 1.2)
        expected = place_in(means, inside, k + 0.6)
        np.testing.assert_allclose(ends, expected[1:, 0], atol=0.06)
        dot = re.search(rf'<circle cx="({numbers})" cy="({numbers})"', way).groups()
        np.testing.assert_allclose(np.array(dot, float), expected[0], atol=0.06)
        assert data["names"][k] in way
    assert data["how"] == {
        "random": "completely at random", "x": "the likelier the larger x",
        "y": "the likelier the larger y",
    }  # fmt: skip
    options = re.findall(r'<option value="(.*?)"( selected)?>(.*?)</option>', html)
    assert [(kind, text) for kind, _, text in options] == list(data["how"].items())
    assert [kind for kind, chosen, _ in options if chosen] == ["x"]
    heads = ["estimate by", "mean of y", "95 % interval", "truth", "sd of y", "r"]
    assert re.findall(r'<th scope="col">(.*?)</th>', html) == heads
    sliders = re.findall(
        r'class="(\w+)" type="range" min="(.*?)"\s+max="(.*?)"(.*?)>', html, re.DOTALL
    )
    assert [slider[:3] for slider in sliders] == [
        ("strength", "0", "4"), ("share", "0", "0.8"), ("bend", "-0.4", "0.4"),
        ("which", "0", f"{N - 1}"),
    ]  # fmt: skip
    assert [re.search('value="(.*?)"', slider[3]).group(1) for slider in sliders] == [
        "2", "0.5", "0", "0",
    ]  # fmt: skip
    rows = re.findall(r"<tr>(.*?)</tr>", html, re.DOTALL)
    cells = [re.findall(r"<t[hd].*?>(.*?)</t[hd]>", row) for row in rows]
    assert [row[0] for row in cells] == ["before the loss", *data["names"]]
    assert cells[0][2:4] == ["", ""]
    places = data["places"]
    assert [row[3] for row in cells[1:]] == ["held" if h else "missed" for h in held]
    for row, (middle, low, high, sd, r) in zip(cells[1:], found, strict=True):
        ends = " to ".join(f"{y.mean() + y.std() * end:.{places}f}" for end in (low, high))
        assert row[1:3] == [f"{y.mean() + y.std() * middle:.{places}f}", ends]
        assert row[4:] == [f"{y.std() * sd:.{places}f}", f"{r:.2f}"]
    line = re.search(rf'class="fit" points="({numbers}),({numbers}) ({numbers}),({numbers})"', html)
    across = np.array([box["x0"], box["x1"]])
    slope = found[2, 3] * found[2, 4]  # of EM's line, from its sd and correlation
    expected = place_in(box, across, found[2, 0] + slope * across)
    np.testing.assert_allclose(np.array(line.groups(), float).reshape(2, 2), expected, atol=0.06)
    truth = re.findall(rf'<polyline points="({numbers}),{numbers} ({numbers}),{numbers}"', html)[-1]
    np.testing.assert_allclose(np.array(truth, float), place_in(means, 0, 0)[0, 0], atol=0.06)
    first = re.search(rf'class="ring" cx="({numbers})" cy="({numbers})"', html).groups()
    np.testing.assert_allclose(np.array(first, float), at[u.argmin()], atol=1e-9)
    assert data["order"] == np.argsort(u).tolist()


# ------------------------------------------------------------------------------------- axes


@given(st.floats(-1e6, 1e6), st.floats(-6, 6))
def test_ticks_are_round_numbers_between_the_bounds(low, log_span):
    """Multiples of 1, 2 or 5 times a power of ten, none left out, from three to nine."""
    high = low + 10.0**log_span
    at = np.array(_page.ticks(low, high))
    steps = np.diff(at)
    step = steps.mean()
    np.testing.assert_allclose(steps, step, rtol=1e-3)
    assert min(abs(np.log10(step / np.array([1, 2, 5])) % 1 - half).min() for half in (0, 1)) < 1e-3
    np.testing.assert_allclose(at / step, (at / step).round(), atol=1e-2)
    slack = 1e-6 * (high - low) + 1e-9 * abs(low)
    assert low - slack <= at[0] < low + step + slack
    assert high - step - slack < at[-1] <= high + slack
    assert 3 <= len(at) <= 9


@given(st.integers(-50, 50), st.integers(4, 7), st.sampled_from([1, 2, 5]), st.integers(-5, 4))
def test_bounds_that_are_round_are_ticks(first, number, unit, power):
    step = unit * 10.0**power
    low, high = first * step, (first + number) * step
    at = _page.ticks(low, high)
    np.testing.assert_allclose([at[0], at[-1]], [low, high], rtol=1e-9, atol=1e-9 * step)


@given(st.floats(-1e6, 1e6), st.floats(-3, 6))
def test_labels_tell_one_tick_from_the_next(low, log_span):
    at = _page.ticks(low, low + 10.0**log_span)
    texts = _page.labels(at)
    assert len(set(texts)) == len(at)
    apart = at[1] - at[0]
    np.testing.assert_allclose([float(text) for text in texts], at, rtol=1e-6, atol=apart / 10)
    np.testing.assert_allclose(np.diff([float(text) for text in texts]), apart, rtol=0.2)


@given(st.floats(-8, 8), st.integers(0, 2**32))
def test_a_page_is_short_and_right_to_a_millionth(log_span, seed):
    span = 10.0**log_span
    values = np.random.default_rng(seed).uniform(0, span, 200)
    wrong = np.abs(_page.short(values, span) - values).max() / span
    assert 4e-9 < wrong < 1e-6


@given(st.floats(-50, 50), st.floats(0.5, 80), st.floats(-2, 2), st.floats(0.1, 3))
def test_axes_are_marked_where_their_numbers_are(x0, dx, y0, dy):
    frame = _page.Frame((x0, x0 + dx), (y0, y0 + dy))
    svg = ET.fromstring(frame.axes("across", "up"))
    marks = re.findall(r"M([-\d.]+),([-\d.]+)([vh])(-?5)", svg.find("path").get("d"))
    texts = [node for node in svg.iter("text") if "translate" not in node.get("transform", "")]
    numbers, (name,) = texts[:-1], texts[-1:]
    assert name.text == "across"
    ticks = _page.ticks(*frame.x), _page.ticks(*frame.y)
    expected = [*_page.labels(ticks[0]), *_page.labels(ticks[1])]
    assert [node.text for node in numbers] == expected
    place = {
        "v": frame.pixels(ticks[0], np.full(len(ticks[0]), y0)),
        "h": frame.pixels(np.full(len(ticks[1]), x0), ticks[1]),
    }
    for way, points in place.items():
        found = [(float(px), float(py)) for px, py, w, _ in marks if w == way]
        np.testing.assert_allclose(found, points, atol=0.06)
    for node, (px, py) in zip(numbers, [*place["v"], *place["h"]], strict=True):
        tx, ty = float(node.get("x")), float(node.get("y"))
        assert abs(tx - px) < 0.06 if ty > py + 9 else abs(ty - py) < 5


def test_names_of_axes_stand_beside_the_numbers():
    """Six figures of 13 px fit between the axis and its name; half a picture is not flat."""
    frame = _page.Frame((0.0, 1.0), (0.0, 1.0))
    edge = float(re.search(r"translate\((-?[\d.]+)", frame.axes("across", "up")).group(1))
    assert 13 <= edge <= frame.left - 8 - 5 * 13 * 0.55
    assert _page.HALF[0] <= 1.5 * _page.HALF[1]


@given(st.integers(0, 2**32))
def test_places_are_tenths_of_a_pixel_whatever_numbers_they_come_from(seed):
    """Also whole numbers without a sign, of which none is below zero."""
    rng = np.random.default_rng(seed)
    frame = _page.Frame((3, 20), (5, 90))
    x, y = rng.integers(0, 25, (2, 30))
    found = frame.pixels(x.astype(np.uint8), y.astype(np.uint8))
    np.testing.assert_allclose(10 * found, (10 * found).round(), atol=1e-9)
    np.testing.assert_allclose(found, place_in(frame.box(), x, y), atol=0.0501)
    assert frame.line(x, y).split() == [f"{px:g},{py:g}" for px, py in found]


def test_names_of_axes_stand_in_the_middle():
    for frame in (_page.Frame((0, 1), (0, 1)), _page.Frame((0, 1), (0, 1), 100, 300, 200)):
        *_, across, up = ET.fromstring(frame.axes("across", "up")).iter("text")
        assert (across.text, up.text) == ("across", "up")
        assert float(across.get("x")) == (frame.left + frame.right) / 2
        down = float(re.search(r"translate\(\S+ ([\d.]+)\)", up.get("transform")).group(1))
        assert down == (frame.box()["top"] + frame.box()["bottom"]) / 2


def test_labels_of_few_ticks():
    """One, or none, as in a very short range; six digits at least."""
    assert _page.labels([]) == []
    assert _page.labels([0.0]) == ["0"]
    assert _page.labels([0.12345678]) == ["0.123457"]
    assert _page.labels([1e9, 1e9 + 1]) == ["1000000000", "1000000001"]


def test_numbers_that_do_not_differ_are_short_too():
    assert _page.short(np.full(3, 1.23456788567), 0.0) == [1.23456789] * 3
    assert str(_page.rounded(-1e-9, 3)) == "0.0"


def test_what_counts_one_of_three_things():
    good = [0, 1, 2, np.int8(2)]
    bad = [-1, 3, 0.5, True, None, "1", np.nan, [1], 10**400]
    assert all(_page.is_index(value, 3) for value in good)
    assert not any(_page.is_index(value, 3) for value in bad)


def test_what_is_sent_to_a_script_holds_no_blanks():
    options = {"title": "t", "description": "d", "svg": "", "controls": "", "script": "swing"}
    html = _page.page(**options, data={"a": [1, 2], "b": {"c": 3}})
    assert '{"a":[1,2],"b":{"c":3}}' in html


@given(st.integers(0, 2**40), st.integers(1, 50))
def test_uniform_numbers_are_those_of_the_definition(seed, size):
    """Of mulberry32, written in whole numbers of Python; the scripts have laws of their own."""
    assert _page.uniforms(seed, size).tolist() == mulberry(seed, size)


def test_uniform_numbers_are_those_of_the_browser():
    for seed in (0, 1, 7, 2**31, 2**32 - 1):
        code = "(() => { const next = uniforms(seed); return [0, 0, 0, 0].map(() => next()); })()"
        assert call(inlined("urn_fractions"), code, seed=seed) == mulberry(seed, 4)
