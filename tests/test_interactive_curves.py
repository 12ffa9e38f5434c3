"""Curves, bars and dots of the figures, before a script runs: they stand where the numbers say.

What is expected is computed by other ways than the figures'; axes begin and end where a reader
sees all of it. The pages of `LoseThem` have laws of their own in `test_interactive_pages`.
"""

import inspect
import re

import numpy as np
import pytest
from scipy import stats
from test_interactive import data_of
from test_interactive_drawings import (
    FIGURES,
    NUMBER,
    boxes_of,
    inherited,
    pictures,
    places,
    shown,
    soup,
)
from test_interactive_pages import place_in

from companion import interactive
from companion.divergences import kl_normal
from companion.gaussians import GaussianMixture
from companion.interactive import _page, basins, directions, slowness
from companion.interactive._page import BLUE, GREEN, RED

DEFAULTS = {
    "Basins": {"size": 31},
    "Directions": {"correlation": 0.8},
    "EMBound": {"name": "mean"},
    "EMSteps": {"names": ("x", "y")},
    "Extendibility": {},
    "Landscape": {"name": "mean"},
    "Levels": {"laboratories": 8, "spread": 0.7},
    "LoseThem": {"seed": 1},
    "OneHill": {"name": "the data"},
    "RateMap": {"borders": ()},
    "Shrinkage": {"name": "unit"},
    "Slowness": {"distance": 1.5, "unknown": "everything"},
    "Swing": {"name": "The candidate", "safe": (0, 0), "largest": 6.0},
    "UrnFractions": {"n_draws": 20, "n_urns": 1000, "seed": 1},
}


@pytest.mark.parametrize("name", FIGURES)
def test_what_is_not_given(name):
    parameters = inspect.signature(getattr(interactive, name)).parameters.values()
    assert {p.name: p.default for p in parameters if p.default is not p.empty} == DEFAULTS[name]


# -------------------------------------------------------------------------------- axes


def standard(x, values):
    return (np.array(values) - np.mean(x)) / np.std(x)


def widened(values, below, above):
    span = np.ptp(values)
    return min(values) - below * span, max(values) + above * span


def of_basins(figure):
    """The map ends half a cell beyond the first and the last start; a histogram says how high."""
    u = standard(figure.x, figure.x)
    low, high = standard(figure.x, [figure.low, figure.high])
    half = (high - low) / (figure.size - 1) / 2
    bars = np.histogram(u, bins=max(4, round(np.sqrt(len(u)))), density=True)[0]
    return [(low - half, high + half) * 2, (low, high, 0, 1.6 * bars.max())]


def of_swing(figure):
    """Bars from the first to the last that is seen; tenths around all chances."""
    total = figure.distributions.shape[2] - 1
    width = -(-total // 54)
    start = figure.majority % width - width
    parts = [
        figure.distributions[..., max(0, a) : a + width].sum(axis=2)
        for a in range(start, total + 1, width)
    ]
    tall = np.array([part.max() for part in parts])
    seen = np.flatnonzero(tall > 0.002)
    first, last = start + width * seen[0], start + width * (seen[-1] + 1)
    low = min(0.9, np.floor(figure.chances.min() * 10) / 10)
    high = max(low + 0.1, np.ceil(figure.chances.max() * 10) / 10)
    return [(first - 0.5, last - 0.5, 0, 1.2 * tall.max()), (0, figure.taus[-1], low, high)]


RANGES = {
    "Basins": of_basins,
    "Directions": lambda f: [(-3.2, 3.2, -3.2, 3.2), (0.2, 1.6, 0, 3)],
    "EMBound": lambda f: [(f.low, f.high, *widened(f.log_likelihoods, 0.15, 0.1))],
    "Extendibility": lambda f: [(-0.5, 12.5, 0, 1), (0, 64, 0, 1)],
    "Landscape": lambda f: [(f.low, f.high, f.low, f.high)],
    "Levels": lambda f: [
        (*widened(nodes, 0.04, 0.04), 0.045, 0.085) for nodes in (f.spreads, f.numbers)
    ],
    "OneHill": lambda f: [(-3, 9, 0, 1.1), (1, 4, 0, 1)],
    "Shrinkage": lambda f: [(-0.01, 0.45, -0.01, 0.45)],
    "Slowness": lambda f: [(-6.5, 6.5, 0, 0.5), (1, 6, -0.6, 5.3)],
    "Swing": of_swing,
    "UrnFractions": lambda f: [(0, 1, 0, 6)],
}


@pytest.mark.parametrize("name", RANGES)
def test_axes_reach_as_far_as_they_should(name):
    figure, _ = shown(name)
    told = [[box[end] for end in ("x0", "x1", "y0", "y1")] for box in boxes_of(data_of(figure))]
    np.testing.assert_allclose(told, RANGES[name](figure), rtol=1e-9, atol=1e-9)


def marks(svg):
    """Numbers beside the marks of the axes: along which axis, where the mark begins, number."""
    for path in svg.find_all("path", d=re.compile("[vh]-?5")):
        for x, y, way in re.findall(rf"M({NUMBER}),({NUMBER})([vh])-?5", path["d"]):
            x, y = float(x), float(y)
            for node in svg.find_all("text", x=True):
                anchor = inherited(node, "text-anchor")
                dx, dy = float(node["x"]) - x, float(node["y"]) - y
                below = way == "v" and anchor == "middle" and abs(dx) < 0.06 and 10 < dy < 30
                beside = way == "h" and anchor == "end" and -20 < dx < 0 < dy < 8
                if (below or beside) and re.fullmatch(r"[-+.e\d]+", node.string or ""):
                    yield way, x, y, float(node.get_text())


def of_the_script(figure, data, box, way, value):
    """A number of an axis as the script has it: standardised, in some figures, or a logarithm."""
    name = type(figure).__name__
    if name == "Slowness" and way == "h" and box is data["chart"]:
        return np.log10(value)
    if name == "Basins":
        is_density = way == "h" and box is data["fit"]
        return value * figure.x.std() if is_density else standard(figure.x, value)
    if name == "LoseThem":
        return standard(figure.x if way == "v" and box is data["points"] else figure.y, value)
    return value


def numbers_stand_where_they_belong(figure, html):
    """By the axes that the script knows; each axis has three of them, but for one without."""
    data = data_of(figure)
    boxes = list(boxes_of(data))
    svgs = [svg for svg in pictures(html) if next(marks(svg), None)]
    assert len(svgs) in (1, len(boxes))
    for k, box in enumerate(boxes):
        number = {"v": 0, "h": 0}
        for way, x, y, value in marks(svgs[min(k, len(svgs) - 1)]):
            if way == "h" and x == box["left"]:
                value = of_the_script(figure, data, box, way, value)
                assert abs(place_in(box, box["x0"], value)[0, 1] - y) < 0.12, value
                number[way] += 1
            elif way == "v" and box["left"] - 1 < x < box["right"] + 1:
                value = of_the_script(figure, data, box, way, value)
                assert abs(place_in(box, value, box["y0"])[0, 0] - x) < 0.12, value
                number[way] += 1
        assert number["v"] >= 3
        assert number["h"] >= 3 or box is data.get("means")


@pytest.mark.parametrize("name", [*RANGES, "LoseThem"])
def test_numbers_stand_where_they_belong(name):
    figure, html = shown(name)
    numbers_stand_where_they_belong(figure, html)
    for label in re.findall(r">(-?[\d.]+)</text>", html)[:12:3]:
        other = html.replace(f">{label}</text>", f">{1.1 * float(label) + 0.37:g}</text>", 1)
        with pytest.raises(AssertionError):
            numbers_stand_where_they_belong(figure, other)


# ------------------------------------------------------------------------------- curves


def level_curves(f, boxes):
    """Errors over the spreads and over the numbers, two standard errors on either side."""
    a, b = f.numbers.tolist().index(f.laboratories), f.spreads.tolist().index(f.spread)
    slices = [
        (f.spreads, f.errors[a], f.standard_errors[a], f.spread),
        (f.numbers, f.errors[:, b], f.standard_errors[:, b], f.laboratories),
    ]
    for k, (x, error, standard_error, here) in enumerate(slices):
        yield k, ".here", 0, np.array([[here, 0.045], [here, 0.085]])
        for model in range(3):
            e, s = error[:, model], 2 * standard_error[:, model]
            yield k, ".curve", model, np.column_stack([x, e])
            ends = np.column_stack([e - s, e + s]).ravel()
            yield k, ".bars", model, np.column_stack([np.repeat(x, 2), ends])


def slowness_curves(f, boxes):
    """Normal densities, and what EM and the error cost at every stop of the slider."""
    x, d = np.linspace(-6.5, 6.5, 131), f.distance
    parts = [stats.norm.pdf(x, side * d / 2) / 2 for side in (-1, 1)]
    for k, part in enumerate(parts):
        yield 0, ".part", k, np.column_stack([x, part])
    yield 0, ".whole", 0, np.column_stack([x, sum(parts)])
    stops = np.arange(20, 121) / 20
    for k, unknown in enumerate(("share", "everything")):
        at = [interactive.Slowness(stop, unknown) for stop in stops]
        costs = [(g.passes_per_digit, g.inflation) for g in at]
        for j, cost in enumerate(np.log10(costs).T):
            yield 1, ".curves polyline", 2 * k + j, np.column_stack([stops, cost])
    for j, cost in enumerate(np.log10([f.passes_per_digit, f.inflation])):
        yield 1, ".here circle", j, [d, cost]


def direction_curves(f, boxes):
    """Rings of one and two standard deviations of three laws, and both divergences by KL's sum."""
    rho, t = f.correlation, np.linspace(0, 2 * np.pi, 73)
    circle = np.array([np.cos(t), np.sin(t)])
    ring = np.linalg.cholesky([[1, rho], [rho, 1]]) @ circle
    for k in (0, 1):
        yield 0, ".p", k, (k + 1) * ring.T
        yield 0, ".q", k, (k + 1) * np.sqrt(1 - rho**2) * circle.T
        yield 0, ".r", k, (k + 1) * circle.T
    s, zero = np.linspace(0.2, 1.6, 141), np.zeros(2)
    target, wide = np.array([[1, rho], [rho, 1]]), [v**2 * np.eye(2) for v in s]
    for k, way in enumerate([lambda v: (v, target), lambda v: (target, v)]):
        costs = [kl_normal(zero, p, zero, q) for p, q in map(way, wide)]
        yield 1, ".cost", k, np.column_stack([s, np.minimum(costs, 3)])
        yield 1, ".low circle", k, [s[np.argmin(costs)], min(costs)]


def extendibility_curves(f, boxes):
    """Four of sixteen tickets, half of them ones."""
    now = f.found["half", 16, 4]
    for law, shift in (("box", -0.4), ("mixture", 0.0)):
        for s, chance in enumerate(now[law]):
            left = s + shift
            yield 0, f".{law} rect", s, np.array([[left, chance], [left + 0.4, 0]])
    some = {n: f.found["half", n, 4] for n in (4, 8, 12, 16, 24, 32, 48, 64)}
    every = {n: f.found["half", n, n]["distance"] for n in (2, 4, 8, 12)}
    yield 1, ".whole", 0, np.array(list(every.items()))
    for what, name in (("part", "distance"), ("bound", "bound")):
        yield 1, f".{what}", 0, np.array([(n, case[name]) for n, case in some.items()])
    yield 1, ".here", 0, [16, now["distance"]]


def swing_curves(f, boxes):
    """The distribution in bars, its interval, and the chance to win by both sliders."""
    law, width = f.distributions[0, 6], -(-(f.distributions.shape[2] - 1) // 54)
    first = round(boxes[0]["x0"] + 0.5)
    for k, a in enumerate(range(first, round(boxes[0]["x1"]), width)):
        left, right = place_in(boxes[0], np.array([a, a + width]) - 0.5, 0)[:, 0]
        height = law[max(a, 0) : a + width].sum()
        low, high = place_in(boxes[0], boxes[0]["x0"], np.array([0, height]))[:, 1]
        yield 0, ".bars rect", k, ("pixels", np.array([[left, high], [right - 1, low]]))
    most = boxes[0]["y1"] / 1.1
    least, largest = f.intervals[0, 6]
    yield 0, ".interval", 0, np.array([[least - 0.5, most], [largest + 0.5, most]])
    for name, row in (("polyline:not(.chances)", 0), (".chances", 0)):
        yield 1, name, 0, np.column_stack([f.taus, f.chances[row]])
    yield 1, ".here", 0, [f.taus[6], f.chances[0, 6]]


def steps_of_the_map(f):
    """EM from the cross, step by step, as the companion makes it: nothing moves at its end."""
    u = standard(f.x, f.x)
    stops = np.linspace(*standard(f.x, [f.low, f.high]), f.size)
    means = stops[[round(part * (f.size - 1)) for part in (0.3, 0.7)]]
    model = GaussianMixture([0.5, 0.5], means, [(f.spreads[0] / f.x.std()) ** 2] * 2)
    path = [model]
    for _ in range(2000):
        path.append(path[-1].m_step(path[-1].e_step(u)[0]))
        if np.abs(path[-1].means - path[-2].means).max() < 1e-9:
            break
    return path


def basin_curves(f, boxes):
    path = steps_of_the_map(f)
    track = np.array([model.means[:, 0] for model in path])
    yield 0, ".cross", 0, ("first", track[0])
    yield 0, ".end", 0, track[-1]
    yield 0, ".track", 0, ("way", track)
    yield 1, ".whole", 0, ("curve", lambda x: np.exp(path[-1].log_density(x)))
    for k in range(2):
        w, m, v = path[-1].weights[k], path[-1].means[k, 0], path[-1].full_covariances[k, 0, 0]
        yield 1, ".part", k, ("curve", lambda x, w=w, m=m, v=v: w * stats.norm.pdf(x, m, v**0.5))


def hill_curves(f, boxes):
    x = np.linspace(-3, 9, 121)

    def parts(at):
        return np.array([f.weight * stats.norm.pdf(at),
                         (1 - f.weight) * stats.norm.pdf(at, f.distance, f.ratio)])  # fmt: skip

    tallest = parts(np.linspace(-3, 9, 120_001)).sum(axis=0).max()
    for k, part in enumerate(parts(x) / tallest):
        yield 0, ".part", k, np.column_stack([x, part])
    yield 0, ".whole", 0, np.column_stack([x, parts(x).sum(axis=0) / tallest])
    for k, top in enumerate(f.modes):
        yield 0, ".tops circle", k, [top, parts(top).sum() / tallest]
    yield 1, ".here", 0, [f.distance, f.weight]


def bound_curves(f, boxes):
    values = [f.log_likelihood(mean) for mean in np.linspace(f.low, f.high, 201)]
    yield 0, ".curve", 0, np.column_stack([np.linspace(f.low, f.high, 201), values])


def land_curves(f, boxes):
    climb = f._climb(f.start)
    tops = [model.m_step(model.e_step(f.x)[0]).means[0, 0] for model in map(f._at, f.means)]
    yield 0, "polyline", 0, np.array([[f.low, f.low], [f.high, f.high]])
    yield 0, "polyline", 1, np.column_stack([tops, f.means])
    yield 0, ".here", 0, [climb[-1], climb[-1]]
    yield 0, ".goal", 0, [climb[-1], climb[-1]]
    yield 0, ".row", 0, np.array([[f.low, climb[-1]], [f.high, climb[-1]]])


def shrinkage_curves(f, boxes):
    yield 0, "polyline", 0, np.array([[0, 0], [0.45, 0.45]])
    yield 0, "polyline", 1, np.array([[0, f.mean], [0.45, f.mean]])


CURVES = {
    "Basins": basin_curves, "Directions": direction_curves, "EMBound": bound_curves,
    "Extendibility": extendibility_curves,
    "Landscape": land_curves, "Levels": level_curves, "OneHill": hill_curves,
    "Shrinkage": shrinkage_curves, "Slowness": slowness_curves, "Swing": swing_curves,
}  # fmt: skip


def curves_stand_where_the_numbers_say(figure, html):
    boxes, svgs = list(boxes_of(data_of(figure))), pictures(html)
    for k, selector, number, expected in CURVES[type(figure).__name__](figure, boxes):
        nodes, box = svgs[k].select(selector), boxes[k]
        found = places(nodes[number])
        kind = expected[0] if isinstance(expected, tuple) else ""
        if kind == "curve":
            x = box["x0"] + (found[:, 0] - box["left"]) / (box["right"] - box["left"]) * (
                box["x1"] - box["x0"])  # fmt: skip
            assert len(x) > 80
            assert np.ptp(x) == pytest.approx(box["x1"] - box["x0"], rel=1e-3)
            slope = 0.1 * (box["x1"] - box["x0"]) / (box["right"] - box["left"])  # of rounding
            y = [expected[1](x + side * slope).clip(max=box["y1"]) for side in (-1, 0, 1)]
            at = np.array([place_in(box, x, values)[:, 1] for values in y])
            assert (found[:, 1] >= at.min(axis=0) - 0.1).all()
            assert (found[:, 1] <= at.max(axis=0) + 0.1).all()
        elif kind == "pixels":
            np.testing.assert_allclose(found, expected[1], atol=0.11)
        elif kind == "first":
            np.testing.assert_allclose(found[0], place_in(box, *expected[1])[0], atol=0.06)
        elif kind == "way":
            at = place_in(box, *expected[1].T)
            np.testing.assert_allclose(found[: len(at)], at[: len(found)], atol=0.06)
        elif nodes[number].name == "circle":
            np.testing.assert_allclose(found.mean(axis=0), place_in(box, *expected)[0], atol=0.06)
        else:
            np.testing.assert_allclose(found, place_in(box, *np.transpose(expected)), atol=0.11)


@pytest.mark.parametrize("name", CURVES)
def test_curves_stand_where_the_numbers_say(name):
    curves_stand_where_the_numbers_say(*shown(name))


OWN = _page.Frame.pixels
WRONG = {
    "further right": lambda frame, x, y: OWN(frame, x, y) + np.array([0.4, 0]),
    "lower": lambda frame, x, y: OWN(frame, x, y) + np.array([0, 0.4]),
    "axes exchanged": lambda frame, x, y: OWN(frame, y, x),
}


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("name", CURVES)
def test_a_planted_error_is_found(monkeypatch, name, wrong):
    figure, _ = shown(name)
    monkeypatch.setattr(_page.Frame, "pixels", WRONG[wrong])
    with pytest.raises((AssertionError, ValueError)):
        curves_stand_where_the_numbers_say(figure, figure._repr_html_())


# ------------------------------------------------------------------------------- colours

# What is drawn of one thing has one colour, and another thing has another: of each figure, parts
# (the selectors of a picture) that are alike.
ALIKE = {
    "Basins": [(BLUE, 1, [".part:nth-of-type(1)"]), (RED, 1, [".part:nth-of-type(2)"])],
    "Directions": [
        (BLUE, 0, [".q"]), (RED, 0, [".r"]), (BLUE, 1, [".cost:nth-of-type(1)"]),
        (RED, 1, [".cost:nth-of-type(2)", ".low circle:nth-of-type(2)"])],
    "EMBound": [(RED, 0, [".curve", ".old"]), (BLUE, 0, [".bound", ".new"]), (GREEN, 0, [".gap"])],
    "EMSteps": [(BLUE, 0, [".ring:nth-of-type(1)"]), (RED, 0, [".ring:nth-of-type(2)"])],
    "Extendibility": [
        (RED, 0, [".box"]), (BLUE, 0, [".mixture"]), (RED, 1, [".whole"]),
        (BLUE, 1, [".part", ".bound"])],
    "Landscape": [(BLUE, 0, [".row", ".goal"])],
    "OneHill": [
        (BLUE, 0, [".part:nth-of-type(1)"]), (RED, 0, [".part:nth-of-type(2)"]),
        (GREEN, 0, [".tops circle"]), (GREEN, 1, [".here"])],
    "Slowness": [
        (BLUE, 0, [".part:nth-of-type(1)"]), (RED, 0, [".part:nth-of-type(2)"]),
        (GREEN, 0, [".seen"]), (GREEN, 1, [".curves polyline:nth-of-type(2)"]),
        (RED, 1, [".here circle"])],
    "Swing": [(BLUE, 1, [".here"])],
    "UrnFractions": [(BLUE, 0, [".bars"]), (RED, 0, [".beta"])],
}  # fmt: skip


def color_of(node):
    """The colour of a line, or of what is filled and has none."""
    stroke = inherited(node, "stroke", "none")
    return inherited(node, "fill") if stroke in ("none", "currentColor") else stroke


@pytest.mark.parametrize("name", ALIKE)
def test_one_thing_has_one_colour(name):
    svgs = pictures(shown(name)[1])
    for color, k, selectors in ALIKE[name]:
        for selector in selectors:
            assert {color_of(node) for node in svgs[k].select(selector)} == {color}, selector


# ------------------------------------------------------------------- what the script is told


def sent_by_basins(f):
    u = standard(f.x, f.x)
    ends = basins.em_ends(f.x, [[0.5, 0.5]] * 2, [[f.low, f.high]] * 2, [[s, s] for s in f.spreads])
    return {
        "u": u, "centre": f.x.mean(), "scale": f.x.std(), "size": 11, "width": 320,
        "low": standard(f.x, f.low), "high": standard(f.x, f.high), "top": of_basins(f)[1][3],
        "best": max(ends.log_likelihoods) + len(u) * np.log(f.x.std()),
        "spreads": 2 * np.log(np.array(f.spreads) / f.x.std()), "places": 2,
        "names": ["good optimum", "lower optimum", "one Gaussian", "collapse", "not at its end"],
        "still": 1e-10, "spike": -500, "same": 1e-6, "most": 10_000,
    }  # fmt: skip


def sent_by_bounds(f):
    e_steps = [model.e_step(f.x) for model in map(f._at, np.linspace(0, 7, 201))]
    return {
        "value": [value for _, value in e_steps],
        "count": [statistics.counts[0] for statistics, _ in e_steps],
        "top": [statistics.means[0, 0] for statistics, _ in e_steps],
        "variance": 1, "digits": 3, "start": 1,
    }  # fmt: skip


def sent_by_swing(f):
    width, first = -(-240 // 54), round(of_swing(f)[0][0] + 0.5)
    starts = range(first, round(of_swing(f)[0][1]), width)
    bars = [f.distributions[..., max(0, a) : a + width].sum(axis=2) for a in starts]
    return {
        "name": "She", "majority": 121, "total": 240, "typical": 3, "taus": np.arange(13) / 2,
        "rhos": np.arange(10) / 10, "chances": f.chances, "intervals": f.intervals,
        "bars": 1e5 * np.moveaxis(bars, 0, -1),
    }  # fmt: skip


def sent_by_slowness(f):
    seen = {
        unknown: [slowness.seen_fraction(stop / 20, unknown) for stop in range(20, 121)]
        for unknown in ("share", "everything")
    }
    names = {"share": "the share of the first", "everything": "all five parameters"}
    return {"first": 1, "step": 0.05, "names": names, **seen}


def sent_by_extendibility(f):
    names = ["half", "a quarter"]
    cases = [
        [names.index(name), n, k, *(np.round(v, 4).tolist() for v in case.values())]
        for (name, n, k), case in f.found.items()
    ]
    return {
        "tickets": [2, 4, 8, 12, 16, 24, 32, 48, 64], "draws": [1, 2, 3, 4, 6, 8, 12],
        "shares": names, "cases": cases,
    }  # fmt: skip


SENT = {
    "Basins": sent_by_basins,
    "EMBound": sent_by_bounds,
    "Extendibility": sent_by_extendibility,
    "Landscape": lambda f: sent_by_bounds(f) | {"rest": 1e-3, "rounds": 200},
    "Levels": lambda f: {
        "numbers": [2, 3, 5, 8, 12, 20, 30], "spreads": [0, 0.1, 0.2, 0.3, 0.5, 0.7, 1, 1.4],
        "names": ["each laboratory alone", "one population", "nested model"],
        "errors": f.errors, "standard": f.standard_errors, "location": -1.8},
    "LoseThem": lambda f: {
        "x": standard(f.x, f.x), "y": standard(f.y, f.y), "order": np.argsort(f.x), "seed": 1,
        "centre": f.y.mean(), "scale": f.y.std(), "places": 1, "tables": 20, "least": 5,
        "names": ["recipe", "complete rows", "EM", "proper imputation"], "colors": [BLUE, RED],
        "width": 640},
    "OneHill": lambda f: {"name": "lengths", "real": [0.4, 3, 1.5]},
    "Shrinkage": lambda f: {
        "y": [1, 3, 4], "n": [20, 15, 10], "mean": 8 / 45, "which": 1, "name": "experiment"},
    "Slowness": sent_by_slowness,
    "Swing": sent_by_swing,
    "UrnFractions": lambda f: {"n": 1000, "seed": 1},
}  # fmt: skip


def is_near(found, expected):
    """Equal texts; numbers to a part in ten thousand of the largest beside them."""
    if isinstance(expected, (str, dict)):
        assert found == expected
    elif isinstance(expected, list) and not all(map(np.isscalar, expected)):
        for one, two in zip(found, expected, strict=True):
            is_near(one, two)
    elif isinstance(expected, list) and isinstance(expected[0], str):
        assert found == expected
    else:
        scale = float(np.abs(expected).max()) or 1.0
        np.testing.assert_allclose(found, expected, rtol=2e-4, atol=1e-4 * scale)


def the_script_is_told_what_was_computed(told, expected):
    told = told | told.get("seen", {})
    assert set(expected) <= set(told)
    for key, value in expected.items():
        is_near(told[key], value)


@pytest.mark.parametrize("name", SENT)
def test_the_script_is_told_what_was_computed(name):
    figure, _ = shown(name)
    told, expected = data_of(figure), SENT[name](figure)
    the_script_is_told_what_was_computed(told, expected)
    told |= told.pop("seen", {})
    for key, part in told.items():
        if key in expected:
            wrong = part[::-1] if isinstance(part, (list, str)) else -1
            with pytest.raises(AssertionError):
                the_script_is_told_what_was_computed(told | {key: wrong}, expected)


def test_a_map_of_starts_covers_every_cell_once():
    """In the colour of its outcome, for every standard deviation at the start."""
    figure, html = shown("Basins")
    data = data_of(figure)
    first = [node["d"] for node in pictures(html)[0].select(".cells")]
    assert first == data["maps"][0]
    stops = np.linspace(data["low"], data["high"], figure.size)
    for outcomes, paths in zip(figure.outcomes, data["maps"], strict=True):
        found = np.zeros((len(paths), *outcomes.shape), int)
        for k, path in enumerate(paths):
            for x0, top, x1, low in re.findall(
                rf"M({NUMBER}),({NUMBER})H({NUMBER})V({NUMBER})", path
            ):
                px, py = place_in(data["chart"], stops, stops).T
                across = (float(x0) < px) & (px < float(x1))
                up = (float(top) < py) & (py < float(low))
                found[k] += np.outer(up, across)
        expected = [outcomes == name for name in data["names"]]
        np.testing.assert_array_equal(found, expected)


# ------------------------------------------------------------------------------- legends


def test_a_legend_has_the_colours_of_the_picture():
    """Of outcomes those that occur, of models all three, of rates all seven classes."""
    figure, html = shown("Basins")
    cells = {
        node["d"]: node["fill"] for node in pictures(html)[0].select(".cells") if node["d"]
    }.values()
    legend = {node.get_text(strip=True): node.rect["fill"] for node in soup(html).select("span")}
    names = data_of(figure)["names"]
    assert list(legend) == [name for name in names if (figure.outcomes == name).any()]
    of_cells = [node["fill"] for node in pictures(html)[0].select(".cells")]
    assert all(of_cells[names.index(name)] == color for name, color in legend.items())
    assert set(cells) <= set(legend.values())
    assert len(set(of_cells)) == 5

    _, html = shown("Levels")
    rows = [(node["stroke"], node["stroke-dasharray"]) for node in soup(html).select("th path")]
    assert len(set(rows)) == 3
    for svg in pictures(html):
        assert [(inherited(node, "stroke"), node["stroke-dasharray"])
                for node in svg.select(".curve")] == rows  # fmt: skip

    figure, html = shown("RateMap")
    boxes = re.findall(r"background:(#\w+)", html)
    assert boxes == data_of(figure)["colors"]
    assert len(set(boxes)) == 7


def test_a_table_of_levels_holds_the_errors_of_the_choice():
    figure, html = shown("Levels")
    a, b = figure.numbers.tolist().index(12), figure.spreads.tolist().index(0.5)
    cells = [float(node.get_text()) for node in soup(html).select("td")]
    expected = np.column_stack([figure.errors[a, b], figure.standard_errors[a, b, :3]])
    np.testing.assert_allclose(cells, expected.ravel(), atol=5.1e-5)
    heads = [node.get_text() for node in soup(html).select('th[scope="col"]')]
    assert heads == ["model", "error of the true rates", "Monte Carlo error"]


def test_choices_begin_with_what_was_given():
    """Sliders, and lists with one choice that is selected, or the first."""
    wanted = {
        "Basins": {"first": "3", "second": "7"},
        "Directions": {"correlation": "0.6"},
        "Extendibility": {"n": "4", "k": "3"},
        "Levels": {"number": "4", "spread": "4"},
        "OneHill": {"weight": "0.4", "distance": "3.0", "ratio": "1.5"},
        "Swing": {"tau": "6", "rho": "0"},
    }
    for name, values in wanted.items():
        sliders = soup(shown(name)[1]).find_all("input", type="range")
        found = [slider["value"] for slider in sliders]
        assert found == list(values.values()), name
    (chosen,) = soup(shown("Slowness")[1]).find_all("option", selected=True)
    assert chosen["value"] == "share"
    texts = [option.get_text() for option in soup(shown("Basins")[1]).find_all("option")]
    assert texts == ["0.1", "1.5"]


# ------------------------------------------------------------- the ends of what is allowed

STATES = {"means": [1, 2], "sds": [1, 2], "votes": [3, 4], "regions": ["a", "b"]}
PAIR = GaussianMixture([0.5, 0.5], [-1.0, 1.0], [1.0, 1.0])
POINTS = np.array([0.0, 1.0, 2.0, 9.0, 10.0])
SQUARE = ["M0 0l9 0 0 9 -9 0z"]


def many(size):
    return np.linspace(0, 1, size)


ENDS = [
    (lambda v: interactive.Swing(**STATES, largest=v), [1e-3, 10], [0, 10.01]),
    (lambda v: interactive.Swing(**STATES | {"votes": [v, 3]}), [0, 1, 997], [-1, 998]),
    (lambda v: interactive.Swing(**STATES, safe=(v, 0)), [0, 993], [-1, 994]),
    (lambda v: interactive.Basins(POINTS, -1, v, (1.0,), 5), [10.1, 20], [10, 5000]),
    (lambda v: interactive.Basins(POINTS, v, 11, (1.0,), 5), [-0.1, -20], [0, -5000]),
    (lambda v: interactive.Basins(POINTS, -1, 11, (1.0,), v), [5, 41], [4, 42, 5.5]),
    (lambda v: interactive.Basins(POINTS, -1, 11, (1.0,) * v, 5), [1, 5], [0, 6]),
    (lambda v: interactive.Basins(many(v), -1, 2, (1.0,), 5), [1000], [1001]),
    (lambda v: interactive.LoseThem(many(v), many(v)), [10, 500], [9, 501]),
    (lambda v: interactive.LoseThem(many(20), many(20), v), [0, 1], [-1, 0.5]),
    (lambda v: interactive.LoseThem([*many(10), *[3] * v], many(10 + v)), [4], [5]),
    (lambda v: interactive.LoseThem(many(10 + v), [*many(10), *[3] * v]), [4], [5]),
    (lambda v: interactive.Slowness(v), [1, 6], [0.99, 6.01]),
    (lambda v: interactive.Directions(v), [-0.95, 0, 0.95], [-0.951, 0.951, 1]),
    (lambda v: directions.both_divergences(0.5, v), [0.01, 10], [0, -1]),
    (lambda v: slowness.seen_fraction(v), [0.5, 10], [0.49, 10.1]),
    (lambda v: interactive.OneHill(0.5, v, 1), [1, 4], [0.99, 4.01]),
    (lambda v: interactive.OneHill(0.5, 2, v), [0.5, 2], [0.49, 2.01]),
    (lambda v: interactive.OneHill(v, 2, 1), [1e-6, 1 - 1e-6], [0, 1]),
    (lambda v: interactive.EMSteps(*flat(), v), [1, 3], [0, 1001, 0.5]),
    (lambda v: interactive.EMBound(PAIR, POINTS, v, -5, 11, 0), [0, 1], [-1, 2]),
    (lambda v: interactive.EMBound(PAIR, POINTS, 0, -5, 11, v), [-4.9, 10.9], [-5, 11]),
    (lambda v: interactive.Shrinkage([1, 2], [4, 5], v), [0, 1], [-1, 2]),
    (lambda v: interactive.RateMap(SQUARE, ["a"], [v], [10], [0.1]), [0, 1], [-1, 0.5]),
    (lambda v: interactive.RateMap(SQUARE, ["a"], [1], [v], [0.1]), [0.1, 10], [0, -1]),
    (lambda v: interactive.RateMap(SQUARE, ["a"], [1], [10], [v]), [0, 1], [-1, np.inf]),
]  # fmt: skip


def flat():
    model = GaussianMixture([0.5, 0.5], [[0, 0], [3, 3]], [np.eye(2), np.eye(2)])
    return model, [[0, 0], [1, 0], [0, 1], [3, 3], [4, 3], [3, 4]]


@pytest.mark.parametrize(("make", "inside", "outside"), ENDS)
def test_the_ends_of_what_is_allowed(make, inside, outside):
    for value in inside:
        make(value)
    for value in outside:
        with pytest.raises(ValueError, match=r"must|empty"):
            make(value)


@pytest.mark.parametrize(
    ("unit", "two", "three"), [(1e-3, 2, 3), (0.1, 0, 1), (1.0, 0, 0), (1e4, 0, 0)]
)
def test_numbers_are_said_to_two_or_three_digits_of_their_spread(unit, two, three):
    """And whole numbers stay whole: what is large has no decimal places."""
    x = unit * 30 * POINTS[[0, 1, 2, 3, 4] * 2] + unit * many(10)  # spread over about a hundred
    figure = interactive.LoseThem(many(10), x)
    assert data_of(figure)["places"] == two
    cells = [node.get_text() for node in soup(figure._repr_html_()).select("td")]
    assert len(cells[0].partition(".")[2]) == two
    basins_of = interactive.Basins(x, -unit, 400 * unit, (100 * unit,), 5)
    assert data_of(basins_of)["places"] == three


# --------------------------------------------------------- one bad text among good ones

THREE = {
    "RateMap": {
        "paths": SQUARE * 3, "names": list("abc"), "borders": SQUARE * 3, "events": [1, 2, 3],
        "exposure": [10, 20, 30], "shrunken": [0.1, 0.1, 0.1]},
    "Swing": {"means": [1, 2, 3], "sds": [1, 2, 3], "votes": [3, 4, 5], "regions": list("aab")},
}  # fmt: skip
BAD = {
    "text": (None, 3, b"a"),
    "number": (np.nan, np.inf, -1, "1", 1j),
}
KINDS = {
    "RateMap": {"paths": "text", "names": "text", "borders": "text", "events": "number",
                "exposure": "number", "shrunken": "number"},
    "Swing": {"regions": "text", "sds": "number", "votes": "number"},
}  # fmt: skip


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize(
    ("name", "argument"), [(name, argument) for name, kinds in KINDS.items() for argument in kinds]
)
def test_one_bad_entry_among_good_ones_is_named(name, argument, place):
    make, given_ = getattr(interactive, name), THREE[name]
    make(**given_)
    for bad in BAD[KINDS[name][argument]]:
        if name == "RateMap" and bad is np.nan:  # an area without data
            continue
        entries = [bad if k == place else v for k, v in enumerate(given_[argument])]
        with pytest.raises(ValueError, match=f"^{argument} (must|holds)"):
            make(**given_ | {argument: entries})
