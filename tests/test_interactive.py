"""Figures that the reader moves: right numbers, self-contained, and alive in a real browser."""

import itertools
import json
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import log_softmax, logsumexp
from scipy.stats import norm

from companion import datasets
from companion.gaussians import GaussianMixture
from companion.hierarchical import BetaBinomial
from companion.interactive import (
    Basins,
    Directions,
    EMBound,
    EMSteps,
    Landscape,
    LoseThem,
    OneHill,
    RateMap,
    Shrinkage,
    Slowness,
    Swing,
    UrnFractions,
)
from companion.interactive._page import BLUE, HALF, RED, RIGHT, Frame, labels, ticks
from companion.interactive.one_hill import hill_border
from companion.interactive.slowness import seen_fraction

GALTON = datasets.load_galton()["height"].to_numpy()
GEYSER = datasets.load_old_faithful().to_numpy()
MODEL = GaussianMixture([0.5, 0.5], [62.0, 69.2], [5.6, 6.9])
PLANE = GaussianMixture([0.5, 0.5], [[2, 90], [5, 50]], [np.diag([1, 100])] * 2)
TIED = GaussianMixture([0.5, 0.5], [62.0, 69.2], 5.6, "tied")
VARIANCES = {"full": (-1, 1, 1), "diagonal": (-1, 1), "spherical": (-1,), "tied": (1, 1)}
TWO = ["M0 0l9 0 0 9 -9 0z", "M9 0l9 0 0 9 -9 0z"]


@pytest.fixture(scope="module")
def bound():
    return EMBound(MODEL, GALTON, component=0, low=56, high=72, start=58, name="mean of the women")


@pytest.fixture(scope="module")
def landscape(bound):
    return Landscape(MODEL, GALTON, 0, bound.low, bound.high, bound.start, bound.name)


@pytest.fixture(scope="module")
def steps():
    return EMSteps(PLANE, GEYSER, 12, ("eruption (minutes)", "waiting (minutes)"))


@pytest.fixture(scope="module")
def urns():
    return UrnFractions(white=2, black=3, n_draws=20)


@pytest.fixture(scope="module")
def shrinkage():
    rats = datasets.load_rats()
    return Shrinkage(rats["tumors"], rats["rats"], highlight=70, name="experiment")


@pytest.fixture(scope="module")
def rate_map():
    squares = ["M0 0l99 0 0 99 -99 0z", "M99 0l99 0 0 99 -99 0z", "M0 99l99 0 0 99 -99 0z"]
    names = ["Left, Ohio", "Right, Ohio", "Low, Utah"]
    return RateMap(
        squares, names, [0, 4, np.nan], [1e4, 5e4, np.nan], [5e-5, 6e-5, np.nan], squares[:1]
    )


@pytest.fixture(scope="module")
def hill():
    men = datasets.load_galton()["sex"] == "male"
    women, men = GALTON[~men], GALTON[men]
    sd = women.std()
    distance = (men.mean() - women.mean()) / sd
    return OneHill(len(women) / len(GALTON), distance, men.std() / sd, "Galton's children")


@pytest.fixture(scope="module")
def lose_them():
    x, e = np.random.default_rng(7).normal(size=(2, 60))
    return LoseThem(2 + x, 10 + 6 * x + 4 * e)


@pytest.fixture(scope="module")
def basins():
    rng = np.random.default_rng(8)
    x = rng.normal(np.where(rng.uniform(size=100) < 0.6, 2, 5), 0.6)
    return Basins(x, -2, 9, (0.1, 1.5))


@pytest.fixture(scope="module")
def slowness():
    return Slowness()


@pytest.fixture(scope="module")
def directions():
    return Directions()


@pytest.fixture(scope="module")
def swing():
    results, regions = datasets.load_results_2016(), datasets.load_census_regions()["region"]
    margins = results["clinton"] - results["trump"]
    return Swing(margins, np.full(51, 3.0), results["electoral_votes"], regions, "Clinton")


def figures():
    return [
        "bound",
        "steps",
        "urns",
        "shrinkage",
        "rate_map",
        "hill",
        "lose_them",
        "basins",
        "landscape",
        "slowness",
        "directions",
        "swing",
    ]


# ------------------------------------------------------------------------ the numbers


def elbo_and_log_likelihood(model, x, k, old, mean):
    """By the definition, point by point, with every mean but one and all variances as they are."""
    scales, means = np.sqrt(model.full_covariances[:, 0, 0]), model.means[:, 0]

    def joint(value):
        at = np.where(np.arange(len(means)) == k, value, means)
        return np.log(model.weights) + norm.logpdf(x[:, None], at, scales)

    log_r = log_softmax(joint(old), axis=1)
    elbo = (np.exp(log_r) * (joint(mean) - log_r)).sum()
    return elbo, logsumexp(joint(mean), axis=1).sum()


@pytest.mark.parametrize("model", [MODEL, TIED], ids=["full", "tied"])
def test_the_bound_is_the_elbo(model):
    figure = EMBound(model, GALTON, component=0, low=56, high=72, start=58)
    for old, mean in itertools.product([57.0, 60.0, 65.0], [58.0, 63.0, 70.0]):
        elbo, value = elbo_and_log_likelihood(model, GALTON, 0, old, mean)
        np.testing.assert_allclose(figure.bound(old, mean), elbo, rtol=1e-10)
        np.testing.assert_allclose(figure.log_likelihood(mean), value, rtol=1e-12)
        assert elbo <= value + 1e-9
    np.testing.assert_allclose(figure.bound(60.0, 60.0), figure.log_likelihood(60.0), rtol=1e-12)


@settings(max_examples=30)
@given(st.integers(0, 2**32), st.integers(1, 3), st.sampled_from(list(VARIANCES)))
def test_the_bound_is_the_elbo_of_any_mixture(seed, K, covariance_type):
    """A shared variance is fixed like all others: it does not move with the mean."""
    rng = np.random.default_rng(seed)
    x, k, shape = rng.normal(0, 3, 12), rng.integers(K), VARIANCES[covariance_type]
    variances = rng.uniform(0.5, 4, K)[: 1 if covariance_type == "tied" else K].reshape(shape)
    model = GaussianMixture(rng.dirichlet(np.ones(K) * 3), rng.normal(0, 3, K), variances,
                            covariance_type)  # fmt: skip
    low, high = x.min() - 1, x.max() + 1  # an M-step is a mean of points
    figure = EMBound(model, x, k, low, high, (low + high) / 2)
    old, mean = rng.uniform(low, high, 2)
    elbo, value = elbo_and_log_likelihood(model, x, k, old, mean)
    np.testing.assert_allclose(figure.bound(old, mean), elbo, rtol=1e-9)
    np.testing.assert_allclose(figure.log_likelihood(mean), value, rtol=1e-11)


@settings(max_examples=20)
@given(st.integers(0, 2**32), st.integers(2, 8))
def test_dots_show_how_much_was_seen_and_axes_hold_every_rate(seed, J):
    """Areas grow with the trials, about a dot of a fixed size; the axes end just above."""
    rng = np.random.default_rng(seed)
    n = rng.integers(2, 90, J)
    y = np.append(1, rng.binomial(n[1:], rng.uniform(0, 1, J - 1)))
    figure = Shrinkage(y, n, highlight=0)
    radii = np.array([float(r) for r in re.findall(r' r="([\d.]+)" fill', figure._repr_html_())])
    grown = (radii - 2.5) / 5
    np.testing.assert_allclose(grown**2, n / n.max(), atol=0.03)
    data = data_of(figure)
    assert (y / n).max() < data["box"]["x1"] <= (y / n).max() + 0.06 + 1e-9
    assert data["box"]["x1"] * 20 == pytest.approx(round(data["box"]["x1"] * 20))
    np.testing.assert_allclose(data["strength"], figure.strengths, atol=5.1e-5)


def test_urns_hold_what_their_sliders_can_say(urns):
    """As many balls and draws as the ends of the sliders, and no more; fractions from 0 to 1."""
    html = urns._repr_html_()
    sliders = re.findall(
        r'class="(\w+)" type="range" min="(\d+)" max="(\d+)"\s+value="(\d+)"', html
    )
    assert [name for name, *_ in sliders] == ["white", "black", "draws"]
    for (_, low, high, value), name in zip(sliders, ("white", "black", "n_draws"), strict=True):
        assert int(value) == getattr(urns, name)
        for end, beyond in ((int(low), int(low) - 1), (int(high), int(high) + 1)):
            UrnFractions(**{"white": 2, "black": 3, name: end})
            with pytest.raises(ValueError, match=f"{name} must be"):
                UrnFractions(**{"white": 2, "black": 3, name: beyond})
    data = data_of(UrnFractions(2, 3, n_urns=1000, seed=0))
    assert (data["n"], data["seed"]) == (1000, 0)
    assert (data["box"]["x0"], data["box"]["x1"], data["box"]["y0"]) == (0, 1, 0)
    assert data_of(UrnFractions(2, 3)) == data_of(UrnFractions(2, 3, 20, 1000, 1))
    assert {"fraction of white draws", "density"} <= set(re.findall(r">([^<>]+)</text>", html))
    with pytest.raises(ValueError, match="seed must be a whole number, at least 0"):
        UrnFractions(2, 3, seed=-1)


def test_the_steps_are_those_of_em(steps):
    assert (np.diff(steps.log_likelihoods) > -1e-9).all()
    own = [model.log_likelihood(GEYSER) for model in steps.models]
    np.testing.assert_allclose(steps.log_likelihoods, own, rtol=1e-12)
    for before, after in itertools.pairwise(steps.models):
        expected = before.m_step(before.e_step(GEYSER)[0])
        np.testing.assert_array_equal(after.means, expected.means)


def test_all_ellipses_and_points_lie_in_the_frame(steps):
    html = steps._repr_html_()
    inside = Frame((0.0, 1.0), (0.0, 1.0)).box()
    rings = [ring for pair in data_of(steps)["rings"] for ring in pair]
    assert len(rings) == 2 * len(steps.models)
    dots = re.findall(r'cx="([-.\d]+)" cy="([-.\d]+)"', html)
    seen = np.array([p.split(",") for ring in rings for p in ring.split(" ")] + dots, dtype=float)
    assert inside["left"] < seen[:, 0].min() < seen[:, 0].max() < inside["right"]
    assert inside["top"] < seen[:, 1].min() < seen[:, 1].max() < inside["bottom"]
    assert np.ptp(seen, axis=0) == pytest.approx([0.943 * 566, 0.943 * 322], rel=0.01)


def data_of(figure):
    html = figure._repr_html_()
    return json.loads(re.search(r"\nstart\(parts\(\".*?\"\), (\{.*\})\);\n", html).group(1))


@pytest.mark.parametrize("unit", [2.0**-400, 2.0**-27, 2.0**27, 2.0**400])
def test_the_bound_is_drawn_in_any_unit(bound, unit):
    """What the script reads is rounded to a part of the range, not to a number of decimals."""
    model = GaussianMixture(MODEL.weights, MODEL.means * unit, MODEL.covariances * unit**2)
    scaled = EMBound(model, GALTON * unit, 0, 56 * unit, 72 * unit, 58 * unit, bound.name)
    expected, found = data_of(bound), data_of(scaled)
    np.testing.assert_allclose(np.array(found["top"]) / unit, expected["top"], atol=1e-5)
    np.testing.assert_allclose(found["count"], expected["count"], atol=2e-5)
    rise = [np.subtract(data["value"], data["value"][0]) for data in (found, expected)]
    np.testing.assert_allclose(*rise, atol=3e-5)
    assert found["start"] == expected["start"] * unit == 58 * unit
    assert len(set(re.findall(r">([-+.e\d]+)</text>", scaled._repr_html_()))) > 8


def test_a_map_of_rare_events_and_of_other_exposures():
    """Classes relative to the mean rate; exposures that are no whole numbers stay what they are."""
    squares = ["M0 0l9 0 0 9 -9 0z"] * 3
    events, exposure = [0, 4, 2], np.array([1.5e4, 5.25e4, 2.5e4])
    one = data_of(RateMap(squares, ["a", "b", "c"], events, exposure, [5e-5, 6e-5, 7e-5]))
    assert one["years"] == [15_000, 52_500, 25_000]
    for unit in (1e-9, 1e-5, 1e4):
        shrunken = np.array([5e-5, 6e-5, 7e-5]) / unit
        other = RateMap(squares, ["a", "b", "c"], events, exposure * unit, shrunken)
        found = data_of(other)
        np.testing.assert_allclose(found["years"], exposure * unit, rtol=1e-12)
        np.testing.assert_allclose(found["mean"], 1e5 * shrunken, rtol=0.01)
        assert (found["raw"], found["post"]) == (one["raw"], one["post"])


@pytest.mark.parametrize(
    "hole",
    [lambda v: np.ma.array(v, mask=[0, 0, 1]), lambda v: [*v[:2], None], lambda v: [*v[:2], pd.NA],
     lambda v: pd.array([*v[:2], None], dtype="Float64")],
)  # fmt: skip
def test_areas_without_data_in_other_words(hole):
    squares = ["M0 0l9 0 0 9 -9 0z"] * 3
    names, numbers = ["a", "b", "c"], ([1.0, 4.0, 9.0], [1e4, 5e4, 9e4], [5e-5, 6e-5, 7e-5])
    expected = data_of(RateMap(squares, names, *([*v[:2], np.nan] for v in numbers)))
    assert expected["events"][2] is None
    for k in range(3):  # one of the three is enough
        given_ = [hole(v) if j == k else v for j, v in enumerate(numbers)]
        assert data_of(RateMap(squares, names, *given_)) == expected


# -------------------------------------------------------------------------- the page


@pytest.mark.parametrize("name", figures())
def test_page_is_self_contained(name, request):
    figure = request.getfixturevalue(name)
    html = figure._repr_html_()
    assert not re.findall(r"https?:|src=|@import|url\(", html)
    assert len(html) < 150_000
    assert html.count("<title") == 1
    assert html.count("<desc") == 1
    assert 'role="img"' in html
    assert 'aria-live="polite"' in html
    assert re.findall(r"<(?:input|button)", html), "standard controls, so a keyboard works"
    assert data_of(figure)


def test_two_figures_on_a_page_do_not_share_a_name(bound):
    names = [re.search(r'id="([^"]+)"', bound._repr_html_()).group(1) for _ in range(2)]
    assert names[0] != names[1]


@pytest.mark.parametrize("name", figures())
def test_a_figure_leaves_nothing_behind(tab, name, request):
    """No global name, but for the one that every browser makes of an id."""
    names = "Object.getOwnPropertyNames(window)"
    tab.set_content("<p></p>")
    before = tab.evaluate(names)
    tab.set_content(request.getfixturevalue(name)._repr_html_())
    assert tab.inner_text(".words"), "it began"
    assert tab.evaluate(names) == before


@pytest.mark.parametrize("again", ["another", "a copy"])
def test_two_figures_on_a_page_do_not_disturb_each_other(tab, bound, steps, again):
    """A copied cell, or a kernel that starts again, even brings the same names again."""
    first = bound._repr_html_()
    second = bound._repr_html_() if again == "another" else first
    tab.set_content(first + steps._repr_html_() + second)
    words = tab.locator(".words")
    alone, others = words.nth(0).inner_text(), words.nth(1).inner_text()
    assert words.nth(2).inner_text() == alone
    for _ in range(2):
        tab.locator(".e").nth(1).click()
        tab.locator(".m").nth(1).click()
    assert "M-steps made: 2" in words.nth(2).inner_text()
    assert [words.nth(k).inner_text() for k in (0, 1)] == [alone, others]
    tab.locator(".e").nth(0).click()
    assert "KL divergence" in words.nth(0).inner_text()
    assert "M-steps made: 2" in words.nth(2).inner_text()


def test_a_page_that_was_saved_while_alive_lives_again(tab, bound):
    tab.set_content(bound._repr_html_())
    saved = tab.content()
    tab.set_content(saved)
    tab.click(".e")
    assert "KL divergence" in tab.inner_text(".words")


@pytest.mark.parametrize("name", ["</script>", "<!--<script>", "a & 'b' \"c\" \u2028 \\"])
def test_no_text_of_the_data_ends_the_script(tab, name):
    tab.set_content(Shrinkage([1, 3], [20, 15], highlight=1, name=name)._repr_html_())
    assert f"The red {name} (3 of 15)" in tab.locator(".words").text_content()
    assert "no pooling" in tab.inner_text("label"), "what follows the script is still there"


def numbers(tab):
    return [float(n) for n in re.findall(r"-?\d+\.\d+", tab.inner_text(".words"))]


def test_a_reader_steps_em_by_keyboard(tab, bound):
    tab.set_content(bound._repr_html_())
    here, value = numbers(tab)
    assert (here, value) == (58, round(bound.log_likelihood(58), 2))
    for _ in range(3):
        tab.focus(".e")
        tab.keyboard.press("Enter")
        _, _, top, rise, gain, gap = numbers(tab)
        assert 0 < rise <= gain
        np.testing.assert_allclose(gain - rise, gap, atol=0.011)
        tab.focus(".m")
        tab.keyboard.press("Enter")
        here, _ = numbers(tab)
        assert here == top
    for _ in range(12):
        tab.focus(".e")
        tab.keyboard.press("Enter")
        tab.keyboard.press("Tab")
        tab.keyboard.press("Enter")
    best = max(bound.log_likelihood(mean) for mean in np.linspace(63, 65, 201))
    assert numbers(tab)[1] == pytest.approx(best, abs=0.006)
    tab.focus("input")
    tab.keyboard.press("ArrowRight")
    assert "M-steps made: 0" in tab.inner_text(".words")


def test_a_reader_climbs_the_landscape_by_keyboard(tab, landscape):
    tab.set_content(landscape._repr_html_())
    means = landscape._climb(58.0)
    assert numbers(tab) == [58, round(landscape.log_likelihood(58), 2)]
    for t in range(2):
        for key, place in [(".m", (means[t], means[t + 1])), (".e", (means[t + 1],) * 2)]:
            tab.focus(key)
            tab.keyboard.press("Enter")
            words, value = tab.inner_text(".words"), f"{landscape.bound(*place):.2f}. "
            assert words.startswith(f"Rounds: {t + 1}. The {key[1].upper()}-step raised F by ")
            assert f"F is {value}" in words or f"F is the log-likelihood: {value}" in words
            assert tab.locator(key).is_disabled(), "the other one is next"
            here = [float(tab.locator(".here").get_attribute(name)) for name in ("cx", "cy")]
            np.testing.assert_allclose(here, pixels_of(landscape, *place[::-1])[0], atol=0.06)
    tab.locator(".length").fill("1.5")
    tab.locator(".all").press("Enter")
    assert tab.inner_text(".words").endswith("The row has its top here, and EM rests.")
    tab.locator(".back").press("Enter")
    assert tab.inner_text(".words").endswith("M-steps go 1.5 times as far as the top of the row.")
    assert numbers(tab)[0] == 58
    tab.locator(".from").press("End")
    assert numbers(tab)[0] == 72
    assert tab.locator(".from").get_attribute("aria-valuetext") == "72.00"
    tab.locator(".length").fill("2.2")
    tab.click(".m")
    assert " lowered F by " in tab.inner_text(".words")
    box = tab.locator("svg").first.bounding_box()
    across = pixels_of(landscape, 66, 66)[0, 0] * box["width"] / 460
    tab.locator("svg").first.click(position={"x": across, "y": 30})
    assert tab.inner_text(".words").startswith("Rounds: 0. ")
    assert numbers(tab)[0] == pytest.approx(66, abs=0.05)
    tab.locator("svg").first.click(position={"x": 5, "y": 30})
    assert numbers(tab)[0] == pytest.approx(66, abs=0.05), "beside the picture"


def pixels_of(landscape, mean, old):
    reach = (landscape.low, landscape.high)
    return Frame(reach, reach, right=460 - RIGHT, height=400).pixels([mean], [old])


def test_the_landscape_is_drawn_without_a_script_too(tab, landscape):
    """Land and staircase; with a script the staircase is the reader's to make."""
    html = landscape._repr_html_()
    assert len(html) < 40_000
    tab.set_content(html.split("<script>")[0] + "</div>")
    still = pictures(tab)
    climb = landscape._climb(58.0)
    stairs = [(climb[0], climb[0])]
    for mean in climb[1:]:
        stairs += [(mean, stairs[-1][1]), (mean, mean)]
    expected = np.concatenate([pixels_of(landscape, *place) for place in stairs]).ravel()
    drawn = re.findall(r"[\d.]+", tab.locator(".path").get_attribute("points"))
    np.testing.assert_allclose(np.array(drawn, dtype=float), expected, atol=0.051)
    text = re.search("<noscript>(.*?)</noscript>", html, re.DOTALL).group(1)
    assert f"From 58.00 EM climbs to {climb[-1]:.2f}, in\n{len(climb) - 1} rounds." in text
    tab.set_content(html)
    tab.click(".all")
    for before, after in zip(still, pictures(tab), strict=True):
        np.testing.assert_allclose(before, after, atol=0.11)


def test_a_reader_steps_em_in_tiny_units(tab, bound):
    model = GaussianMixture(MODEL.weights, MODEL.means * 1e-8, MODEL.covariances * 1e-16)
    tiny = EMBound(model, GALTON * 1e-8, component=0, low=56e-8, high=72e-8, start=58e-8)
    seen = []
    for figure in (bound, tiny):
        tab.set_content(figure._repr_html_())
        tab.click(".e")
        seen.append(numbers(tab))
    big, small = seen
    np.testing.assert_allclose([1e8 * small[0], 1e8 * small[2]], [big[0], big[2]], atol=0.03)
    np.testing.assert_allclose(small[3:], big[3:], atol=0.02)


def test_a_reader_moves_through_the_iterations(tab, steps):
    tab.set_content(steps._repr_html_())
    assert f"{steps.log_likelihoods[0]:.2f}" in tab.inner_text(".words")
    tab.focus("input")
    tab.keyboard.press("End")
    assert "Iteration 12" in tab.inner_text(".words")
    assert f"{steps.log_likelihoods[12]:.2f}" in tab.inner_text(".words")
    ring = tab.locator(".ring").first.get_attribute("points")
    assert len(ring.split()) == 49
    fills = tab.eval_on_selector_all(".points circle", "cs => cs.map(c => c.getAttribute('fill'))")
    shown = np.array([[int(v) for v in re.findall(r"\d+", fill)] for fill in fills])
    red, blue = (
        np.frombuffer(bytes.fromhex(color[1:]), np.uint8).astype(float) for color in (BLUE, RED)
    )
    share = steps.models[12].responsibilities(GEYSER)[:, 1:]
    assert (abs(shown - red - share * (blue - red)) <= abs(blue - red) / 18 + 0.5).all()
    tab.click(".play")
    assert "Iteration 0" in tab.inner_text(".words")
    assert tab.inner_text(".play") == "Pause"


def test_the_urns_of_the_page_follow_their_law(tab, urns):
    """Mean and standard deviation of 1000 fractions, within four standard errors of the law's."""
    tab.set_content(urns._repr_html_())
    seen = []
    for key in (None, "End", "New urns"):
        if key == "End":
            tab.focus(".draws")
            tab.keyboard.press("End")
        if key == "New urns":
            tab.click(".again")
        n = 20 if key is None else 500
        mean, sd, beta_mean, beta_sd = numbers(tab)
        assert (beta_mean, beta_sd) == (0.4, 0.2)
        exact = np.sqrt(0.4 * 0.6 / n * (5 + n) / 6)
        assert abs(mean - 0.4) < 4 * exact / np.sqrt(1000)
        assert abs(sd - exact) < 4 * exact / np.sqrt(2 * 1000)
        seen.append((mean, sd))
    assert seen[1] != seen[2], "new urns are new"
    bars = tab.eval_on_selector_all(".bars rect", "rs => rs.map(r => +r.getAttribute('height'))")
    assert len(bars) == 25
    assert tab.locator(".beta").get_attribute("points").count(",") > 300


def test_a_reader_moves_the_prior_from_no_pooling_to_full_pooling(tab, shrinkage):
    """Means and evidence against `BetaBinomial`, at both ends and at the best strength."""
    tab.set_content(shrinkage._repr_html_())
    y, n = np.asarray(shrinkage.y), np.asarray(shrinkage.n)
    best = int(np.argmax(shrinkage.log_evidences))
    box = Frame((-0.01, 0.4), (-0.01, 0.4))
    for key, stop in [(None, best), ("Home", 0), ("End", 100), ("best", best)]:
        if key == "best":
            tab.click(".best")
        elif key:
            tab.focus("input")
            tab.keyboard.press(key)
        s = shrinkage.strengths[stop]
        population = BetaBinomial(shrinkage.mean * s, (1 - shrinkage.mean) * s)
        mean = population.posterior(y, n).mean
        raw, after, value, gap = numbers(tab)[-4:]
        assert raw == 0.286
        assert after == pytest.approx(mean[70], abs=6e-4)
        assert value == pytest.approx(population.log_evidence(y, n), abs=6e-3)
        assert gap == pytest.approx(shrinkage.log_evidences.max() - value, abs=6e-3)
        dots = tab.eval_on_selector_all(".dots circle", "cs => cs.map(c => +c.getAttribute('cy'))")
        np.testing.assert_allclose(dots, box.pixels(0 * mean, mean)[:, 1], atol=0.11)


def pictures(tab):
    """All that the script draws, as numbers."""
    shapes = "es => es.map(e => ['points', 'cx', 'cy', 'd'].map(a => e.getAttribute(a)).join(' '))"
    texts = tab.eval_on_selector_all("svg polyline, svg polygon, svg circle, svg .data", shapes)
    return [[float(v) for v in re.findall(r"-?[\d.]+", text)] for text in texts]


@pytest.mark.parametrize("shape", [None, (0.5, 3.0, 1.0), (0.3, 3.5, 1.9), (0.8, 1.3, 0.6)])
def test_the_hills_are_drawn_without_a_script_too(tab, hill, shape):
    figure = OneHill(*shape) if shape else hill
    html = figure._repr_html_()
    tab.set_content(html.split("<script>")[0] + "</div>")
    still = pictures(tab)
    tab.set_content(html)
    assert len(still) == 8
    for before, after in zip(still, pictures(tab), strict=True):
        np.testing.assert_allclose(before, after, atol=0.0501)
    count = "two hills" if len(figure.modes) == 2 else "one hill"
    assert f"{count}." in tab.inner_html("desc")
    assert tab.inner_text(".words").lower().startswith(count)
    assert count in re.search("<noscript>(.*?)</noscript>", html, re.DOTALL).group(1)


def half(x, y):
    return Frame(x, y, right=HALF[0] - RIGHT, height=HALF[1])


def test_a_reader_finds_the_border(tab, hill):
    tab.set_content(hill._repr_html_())
    words, sliders = tab.locator(".words"), tab.locator("input")
    assert words.inner_text() == (
        "One hill. Weight of the first 0.485, distance 2.18, ratio of spreads 1.11. With this "
        "ratio and distance there are two hills for weights from 0.443 to 0.457."
    )
    sliders.nth(0).focus()
    for _ in range(7):
        tab.keyboard.press("ArrowLeft")
    assert "Weight of the first 0.450" in words.inner_text()
    assert words.inner_text().startswith("Two hills; the valley between them lies 0.4 % below")
    assert "diamond" not in words.inner_text()
    sliders.nth(1).focus()
    tab.keyboard.press("End")
    figure = OneHill(0.45, 4.0, hill.ratio)
    assert f" {100 * figure.valley:.1f} % below" in words.inner_text()
    places = "cs => cs.map(c => ['cx', 'cy'].map(name => +c.getAttribute(name)))"
    tops = tab.eval_on_selector_all(".tops circle", places)
    heights = [0.45 * norm.pdf(x) + 0.55 * norm.pdf(x, 4, hill.ratio) for x in figure.modes]
    expected = half((-3.0, 9.0), (0.0, 1.1)).pixels(figure.modes, heights / np.max(heights))
    np.testing.assert_allclose(tops, expected, atol=0.0501)
    here, chart = tab.locator(".here"), half((1.0, 4.0), (0.0, 1.0))
    place = [float(here.get_attribute(name)) for name in ("cx", "cy")]
    np.testing.assert_allclose(place, chart.pixels([4.0], [0.45])[0], atol=0.0501)
    sliders.nth(2).focus()
    tab.keyboard.press("End")
    assert words.inner_text().endswith("The diamond of Galton's children belongs to ratio 1.11.")
    tab.locator(".equal").press("Enter")
    assert "Weight of the first 0.500, distance 4.00, ratio of spreads 1.00." in words.inner_text()
    tab.locator(".real").press("Enter")
    assert words.inner_text().startswith("One hill. Weight of the first 0.485, distance 2.18")
    assert [float(sliders.nth(k).input_value()) for k in range(3)] == [0.485, 2.18, 1.11]


@pytest.mark.parametrize("shape", [(1.5, "everything"), (1.0, "share"), (6.0, "everything")])
def test_the_slowness_is_drawn_without_a_script_too(tab, shape):
    figure = Slowness(*shape)
    html = figure._repr_html_()
    assert len(html) < 40_000
    still, bars = [], []
    for text in (html.split("<script>")[0] + "</div>", html):
        tab.set_content(text)
        still.append(pictures(tab))
        bars.append(float(tab.locator(".seen").get_attribute("width")))
        opacities = "gs => gs.map(g => +g.getAttribute('opacity'))"
        assert tab.eval_on_selector_all(".curves", opacities) == (
            [1, 0.25] if shape[1] == "share" else [0.25, 1]
        )
    assert len(still[0]) == 9
    for before, after in zip(*still, strict=True):
        np.testing.assert_allclose(before, after, atol=0.0501)
    assert bars == pytest.approx([246 * (1 - figure.rate)] * 2, abs=0.0501)


def test_a_reader_moves_two_groups_apart(tab, slowness):
    tab.set_content(slowness._repr_html_())
    words, slider = tab.locator(".words"), tab.locator("input")
    assert words.inner_text() == (
        "Means 1.50 standard deviations apart: one hill. Unknown: all five parameters. In the "
        "direction in which most is missing, 99.940 % of the information is in the labels: the "
        "rate of EM is 0.99940, a further digit takes 3800 passes, and the standard error is 41 "
        "times that with labels. One labelled point says as much as 1700 without a label."
    )
    slider.focus()
    for _ in range(30):
        tab.keyboard.press("ArrowRight")
    assert words.inner_text().startswith("Means 3.00 standard deviations apart: two hills.")
    assert slider.get_attribute("aria-valuetext") == "3.00 standard deviations"
    figure = Slowness(3.0)
    costs = np.log10([figure.passes_per_digit, figure.inflation])
    places = "cs => cs.map(c => ['cx', 'cy'].map(name => +c.getAttribute(name)))"
    dots = tab.eval_on_selector_all(".here circle", places)
    expected = half((1.0, 6.0), (-0.6, 5.3)).pixels([3.0, 3.0], costs)
    np.testing.assert_allclose(dots, expected, atol=0.0501)
    tab.locator("select").select_option("share")
    assert "Unknown: the share of the first. 20 % of the information is in" in words.inner_text()
    slider.focus()
    tab.keyboard.press("End")
    assert words.inner_text().endswith("as much as 1.004 without a label.")


@pytest.mark.parametrize("rho", [-0.95, 0.0, 0.6])
def test_the_directions_are_drawn_without_a_script_too(tab, rho):
    html = Directions(rho)._repr_html_()
    assert len(html) < 30_000
    still = []
    for text in (html.split("<script>")[0] + "</div>", html):
        tab.set_content(text)
        still.append(pictures(tab))
    assert len(still[0]) >= 8
    for before, after in zip(*still, strict=True):
        np.testing.assert_allclose(before, after, atol=0.0501)


@pytest.mark.parametrize("rho", [-0.8, 0.6, 0.8])
def test_the_narrow_circle_crosses_the_ellipse_on_the_axes(rho):
    """As the description says; between the axes it is inside on one diagonal, outside on one."""
    figure = Directions(rho)
    assert "which cross the ellipses where these meet the axes;" in figure._repr_html_()
    t = np.arange(8) * np.pi / 4
    circle = figure.narrow * np.array([np.cos(t), np.sin(t)])
    squares = (circle * np.linalg.solve([[1, rho], [rho, 1]], circle)).sum(axis=0)
    np.testing.assert_allclose(squares[::2], 1, rtol=1e-12)
    assert sorted(np.sign(squares[1::2] - 1)) == [-1, -1, 1, 1]


def test_a_reader_turns_the_correlation(tab, directions):
    tab.set_content(directions._repr_html_())
    words, slider = tab.locator(".words"), tab.locator("input")
    assert words.inner_text() == (
        "Correlation 0.80: each coordinate of the target has a standard deviation of 1. The "
        "independent normal with the smallest KL(q || p) says 0.60, which is that of one "
        "coordinate when the other is known; the one with the smallest KL(p || q) says 1. Either "
        "way 0.51 nats are left: what the coordinates say of each other."
    )
    slider.focus()
    for _ in range(16):
        tab.keyboard.press("ArrowLeft")
    assert words.inner_text().startswith("Correlation 0.00: each")
    assert "Either way 0.00 nats are left" in words.inner_text()
    assert slider.get_attribute("aria-valuetext") == "correlation 0.00"
    places = "cs => cs.map(c => ['cx', 'cy'].map(name => +c.getAttribute(name)))"
    dots = tab.eval_on_selector_all(".low circle", places)
    np.testing.assert_allclose(dots, half((0.2, 1.6), (0, 3)).pixels([1, 1], [0, 0]), atol=0.0501)


@pytest.mark.parametrize("name", ["hill", "basins", "swing", "directions"])
def test_two_pictures_stand_one_below_the_other_on_a_phone(tab, name, request):
    """And are as wide as it is, so that their letters can be read."""
    before, html = tab.viewport_size, request.getfixturevalue(name)._repr_html_()
    for width, columns in [(800, 2), (390, 1)]:
        tab.set_viewport_size({"width": width, "height": 844})
        tab.set_content(f'<meta name="viewport" content="width=device-width">{html}')
        first, second = (tab.locator("svg").nth(k).bounding_box() for k in (0, 1))
        assert (first["y"] == second["y"]) == (columns == 2)
        assert (first["x"] == second["x"]) == (columns == 1)
        assert first["width"] == second["width"] > 300
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
    tab.set_viewport_size(before)


def test_the_map_of_starts_is_small(basins):
    assert len(basins._repr_html_()) < 40_000


def test_the_map_of_starts_is_drawn_without_a_script_too(tab, basins):
    html = basins._repr_html_()
    tab.set_content(html.split("<script>")[0] + "</div>")
    still = pictures(tab)
    tab.set_content(html)
    alive = pictures(tab)
    assert len(still) == 5
    for before, after in zip(still, alive, strict=True):
        np.testing.assert_allclose(before, after, atol=0.0501)
    assert "EM ends in: good optimum." in tab.inner_html("desc")
    assert "good optimum" in re.search("<noscript>(.*?)</noscript>", html, re.DOTALL).group(1)


def test_a_reader_starts_em_where_he_likes(tab, basins):
    tab.set_content(basins._repr_html_())
    words, sliders = tab.locator(".words"), tab.locator(".mean")
    chart = half((-2 - 11 / 60, 9 + 11 / 60), (-2 - 11 / 60, 9 + 11 / 60))
    stops = np.linspace(-2, 9, 31)

    def starts_at(i, j, k):
        assert [int(sliders.nth(n).input_value()) for n in (0, 1)] == [i, j]
        cross = tab.locator(".cross").get_attribute("d")
        place = [float(v) for v in re.findall(r"-?[\d.]+", cross)[:2]]
        np.testing.assert_allclose(place, chart.pixels([stops[i]], [stops[j]])[0], atol=0.0501)
        begin = f"From means {stops[i]:.2f} and {stops[j]:.2f}, standard deviation "
        assert words.inner_text().startswith(f"{begin}{basins.spreads[k]:g}: ")
        assert f": {basins.outcomes[k, j, i]} after" in words.inner_text()
        valued = [sliders.nth(n).get_attribute("aria-valuetext") for n in (0, 1)]
        assert valued == [f"{stops[i]:.2f}", f"{stops[j]:.2f}"]

    starts_at(9, 21, 0)
    sliders.nth(0).focus()
    for _ in range(2):
        tab.keyboard.press("ArrowRight")
    tab.keyboard.press("Tab")
    tab.keyboard.press("Home")
    starts_at(11, 0, 0)
    cells = "ps => ps.map(p => p.getAttribute('d'))"
    before = tab.eval_on_selector_all(".cells", cells)
    tab.locator(".spread").select_option("1.5")
    starts_at(11, 0, 1)
    assert tab.eval_on_selector_all(".cells", cells) != before
    tab.locator(".spread").select_option("0.1")
    assert tab.eval_on_selector_all(".cells", cells) == before
    picture = tab.locator("svg").first
    for i, j in [(25, 26), (3, 3), (0, 30)]:
        box, (x, y) = picture.bounding_box(), chart.pixels([stops[i]], [stops[j]])[0]
        unit = box["width"] / HALF[0]
        picture.click(position={"x": float(x) * unit, "y": float(y) * unit})
        starts_at(i, j, 0)
        track = tab.locator(".track").get_attribute("points").split(" ")
        first, last = ([float(v) for v in track[n].split(",")] for n in (0, -1))
        np.testing.assert_allclose(first, [x, y], atol=0.0501)
        ring = [float(tab.locator(".end").get_attribute(n)) for n in ("cx", "cy")]
        np.testing.assert_allclose(ring, last, atol=0.0501)
    picture.click(position={"x": 1, "y": 1})
    starts_at(0, 30, 0)


@pytest.mark.parametrize("unit", [2.0**-400, 2.0**-27, 2.0**27, 2.0**400])
def test_points_in_any_unit(lose_them, unit):
    other = LoseThem(np.asarray(lose_them.x) / unit, np.asarray(lose_them.y) * unit)
    found, expected = data_of(other), data_of(lose_them)
    for name in ("x", "y"):
        np.testing.assert_allclose(found[name], expected[name], atol=1e-7)
    assert found["scale"] == expected["scale"] * unit
    circles = [re.findall("<circle.*?>", f._repr_html_()) for f in (other, lose_them)]
    assert circles[0] == circles[1]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: RateMap(["M0 0z"], [], [1], [1], [1]), "names must have 1 entries"),
        (lambda: RateMap(["M0 0z"], ["a"], [1, 2], [1], [1]), r"events must have shape \(1,\)"),
        (lambda: RateMap(["M0 0z"], ["a"], [np.nan], [1], [1]), "events must hold data"),
        (lambda: OneHill(0.5, 4.1, 1), "distance must lie between 1 and 4, not 4.1"),
        (lambda: OneHill(0.5, 0, 1), "distance must lie between 1 and 4, not 0"),
        (lambda: OneHill(0.5, np.nan, 1), "distance holds 1 NaN"),
        (lambda: OneHill(0.5, 3, 2.5), "ratio must lie between 0.5 and 2, not 2.5"),
        (lambda: OneHill(1, 3, 2), "weight must lie between 0 and 1, not 1"),
        (lambda: OneHill(0.5, 3, 1, name=3), "name must be text"),
        (lambda: hill_border(-1, 1), "distance must be a number > 0"),
        (lambda: Slowness(0.9), "distance must lie between 1 and 6, not 0.9"),
        (lambda: Slowness(np.nan), "distance holds 1 NaN"),
        (lambda: Slowness(2, "means"), 'unknown must be "everything" or "share", not \'means\''),
        (lambda: Slowness(2, ["share"]), "unknown must be"),
        (lambda: seen_fraction(0.4), "distance must lie between 0.5 and 10, not 0.4"),
        (lambda: seen_fraction(11.0), "distance must lie between 0.5 and 10, not 11"),
        (lambda: hill_border(1, 0), "ratio must be a number > 0"),
        (lambda: hill_border(1, 1e4), "ratio must lie between 0.001 and 1000, not 10000"),
        (lambda: Shrinkage([1], [2], highlight=1), "highlight must be one of 1 units"),
        (lambda: Shrinkage([0, 1], [0, 2], highlight=1), "n must be at least 1"),
        (lambda: Shrinkage([0, 0], [3, 2], highlight=1), "y must hold successes and failures"),
        (lambda: UrnFractions(0, 1), "white must be a whole number"),
        (lambda: UrnFractions(1, 21), "black must be at most 20"),
        (lambda: UrnFractions(1, 1, 501), "n_draws must be at most 500"),
        (lambda: EMBound(MODEL, GALTON, 2, 56, 72, 58), "component must be one"),
        (lambda: EMBound(MODEL, GALTON, 0, 56, 72, 80), "start must lie between"),
        (
            lambda: EMBound(GaussianMixture([1], [[0, 0]], [np.eye(2)]), GEYSER, 0, 1, 3, 2),
            "model must have D = 1",
        ),
        (lambda: EMBound(MODEL, GALTON, 0, 56, 60, 58), "low and high must hold every M-step"),
        (lambda: Landscape(MODEL, GALTON, 0, 56, 60, 58), "low and high must hold every M-step"),
        (lambda: Landscape(MODEL, GALTON, 0, 56, 72, 80), "start must lie between"),
        (lambda: EMSteps(MODEL, GALTON, 3), "two components in two dimensions"),
        (lambda: EMSteps(None, GALTON, 3), "two components in two dimensions"),
        (lambda: EMSteps(PLANE, GEYSER, 10**9), "n_steps must be at most 1000"),
        (lambda: EMSteps(PLANE, GEYSER, 3, ("a",)), "names must be two texts"),
        (lambda: EMSteps(PLANE, GEYSER, 3, ("a", 1)), "names must be text"),
        (lambda: EMSteps(PLANE, [[1.0, 2.0], [3.0, None]], 3), "x holds 1 NaN"),
        (lambda: EMBound(None, GALTON, 0, 56, 72, 58), "model must have D = 1"),
        (lambda: EMBound(MODEL, GALTON, 0.5, 56, 72, 58), "component must be one"),
        (lambda: EMBound(MODEL, GALTON, 0, [56], 72, 58), "low must be one number"),
        (lambda: EMBound(MODEL, GALTON, 0, 56, np.inf, 58), "high holds 1 NaN or infinite"),
        (lambda: EMBound(MODEL, GALTON, 0, 56, 72, "58"), "start must be .* text"),
        (lambda: EMBound(MODEL, GALTON, 0, 56, 72, 58, name=3), "name must be text"),
        (lambda: EMBound(MODEL, [60, np.ma.masked], 0, 56, 72, 58), "x holds 1 NaN"),
        (lambda: EMBound(MODEL, GALTON, 0, 56, 72, 58).bound([1, 2], 58), "old must be one"),
        (lambda: EMBound(MODEL, GALTON, 0, 56, 72, 58).bound(58, [60, None]), "mean holds 1"),
        (lambda: EMBound(MODEL, GALTON, 0, 56, 72, 58).log_likelihood(1j), "mean must be"),
        (lambda: Shrinkage([1, 2], [4, 5], highlight=0.5), "highlight must be one of 2"),
        (lambda: Shrinkage([1, 2], [4, 5], highlight=True), "highlight must be one of 2"),
        (lambda: Shrinkage([1, pd.NA], [4, 5], highlight=0), "y holds 1 NaN"),
        (lambda: Shrinkage([1, 2], [4, 5], 0, name=None), "name must be text"),
        (lambda: UrnFractions(1, 1, n_urns=10**9), "n_urns must be at most 100000"),
        (lambda: UrnFractions(1, 1, seed=2**63), "seed must be at most"),
        (lambda: UrnFractions(np.array([1]), 1), "white must be a whole number"),
        (lambda: RateMap(TWO, ["a", "b"], [1, 2.5], [1, 1], [1, 1]), "events must be whole"),
        (lambda: RateMap(TWO, ["a", "b"], [1, -2], [1, 1], [1, 1]), "events must not be neg"),
        (lambda: RateMap(TWO, ["a", "b"], [1, 2], [1, 0], [1, 1]), "exposure must be positive"),
        (lambda: RateMap(TWO, ["a", "b"], [1, 2], [1, 1], [1, np.inf]), "shrunken holds 1"),
        (lambda: RateMap(TWO, ["a", "b"], [1, 2], [1, 1], [1, -1]), "shrunken must not be"),
        (lambda: RateMap(TWO, ["a", "b"], [1, None], [None, 1], [1, 1]), "events, exposure and"),
        (lambda: RateMap(TWO, ["a", None], [1, 2], [1, 1], [1, 1]), "names must be text"),
        (lambda: RateMap(TWO, "ab", [1, 2], [1, 1], [1, 1]), "names must be a sequence"),
        (lambda: RateMap([1, 2], ["a", "b"], [1, 2], [1, 1], [1, 1]), "paths must be text"),
        (lambda: RateMap(TWO, ["a", "b"], [1, 2], [1, 1], [1, 1], [3]), "borders must be text"),
    ],
)
def test_bad_input(call, message):
    with np.errstate(all="raise", under="ignore"), pytest.raises(ValueError, match=message):
        call()


def test_ticks_are_round():
    ranges = [(0, 1), (-2700, -2500), (56, 72), (1e-3, 5e-3), (56e-12, 72e-12), (3e200, 9e200)]
    for low, high in [*ranges, (1e8, 1e8 + 1)]:
        found = ticks(low, high)
        assert 3 <= len(found) <= 12
        assert low <= found[0]
        assert found[-1] <= high * (1 + 1e-9) if high > 0 else True
        texts = labels(found)
        assert len(set(texts)) == len(found), "every tick has a label of its own"
        np.testing.assert_allclose([float(t) for t in texts], found, atol=1e-3 * (high - low))


# ------------------------------------------------------- what all figures have in common

AXES = {
    "bound": (["mean of the women"], ["log-likelihood"]),
    "steps": (["eruption (minutes)"], ["waiting (minutes)"]),
    "urns": (["fraction of white draws"], ["density"]),
    "shrinkage": (["raw rate"], ["posterior mean"]),
    "rate_map": ([], []),
    "hill": (
        ["standard deviations of the first", "distance of the means"],
        ["density (top = 1)", "weight of the first"],
    ),
    "lose_them": (["x", "mean of y"], ["y", ""]),
    "basins": (["first mean at the start", "x"], ["second mean at the start", "density"]),
    "landscape": (["mean of the women"], ["mean of the women behind the responsibilities"]),
    "directions": (
        ["first coordinate", "standard deviation of q"],
        ["second coordinate", "nats"],
    ),
    "slowness": (["standard deviations", "distance of the means"], ["density", ""]),
    "swing": (
        ["electoral votes", "shared error \u03c4 (points)"],
        ["probability", "chance of winning"],
    ),
}


@pytest.mark.parametrize("name", figures())
def test_axes_have_their_names_and_a_figure_is_short(name, request):
    """The name of the second axis is turned; what is long or follows is not printed."""
    figure = request.getfixturevalue(name)
    html = figure._repr_html_()
    across, up = AXES[name]
    assert re.findall(r'rotate\(-90\)">([^<]*)</text>', html) == up
    below = re.findall(r'<text x="[\d.]+" y="[\d.]+">([^<]*[a-z][^<]*)</text>', html)
    assert [text for text in below if text in across] == across
    assert len(repr(figure)) < 200
    assert "array" not in repr(figure)


@pytest.mark.parametrize("name", figures())
def test_numbers_of_a_page_are_no_longer_than_the_eye_can_see(name, request):
    """Of long lists nine digits at most: a page stays small."""

    def long(part):
        """Yield the numbers of long lists, and of lists of lists."""
        if isinstance(part, dict):
            for value in part.values():
                yield from long(value)
        elif isinstance(part, list):
            for value in part:
                yield from long(value)
            yield from (v for v in part if isinstance(v, float) and len(part) > 8)

    data = data_of(request.getfixturevalue(name))
    given_ = {"lose_them": ("x", "y"), "basins": ("u",)}.get(name, ())  # the reader's own
    kept = {key: part for key, part in data.items() if key not in given_}
    digits = [len(f"{v!r}".split("e")[0].lstrip("-0.").replace(".", "")) for v in long(kept)]
    assert max(digits, default=0) <= 9


def test_strengths_go_from_no_pooling_to_full(shrinkage):
    data = data_of(shrinkage)
    assert shrinkage.strengths[[0, -1]] == pytest.approx([0.1, 1e4], rel=1e-12)
    assert np.diff(np.log(shrinkage.strengths)) == pytest.approx(np.log(1e5) / 100)
    assert data["strength"] == shrinkage.strengths.round(4).tolist()
    assert data["value"] == shrinkage.log_evidences.round(3).tolist()
    best = int(np.argmax(shrinkage.log_evidences))
    html = shrinkage._repr_html_()
    assert f'min="0" max="{len(shrinkage.strengths) - 1}" value="{best}"' in html
    colors = re.findall(r' r="[\d.]+" fill="(.*?)"', html)
    reds = [j for j, c in enumerate(colors) if c == RED]
    assert reds == [shrinkage.highlight]
    n = np.array([4, 5, 6])
    for y in (0 * n, n):
        with pytest.raises(ValueError, match="y must hold successes and failures"):
            Shrinkage(y, n, highlight=0)
    for one in ([1, 0, 0], [4, 5, 5]):
        Shrinkage(one, n, highlight=2)
    for beyond in (-1, 3, 0.5):
        with pytest.raises(ValueError, match="highlight must be one of 3 units"):
            Shrinkage([1, 2, 3], n, highlight=beyond)
    for j in range(3):
        with pytest.raises(ValueError, match="n must be at least 1"):
            Shrinkage([1, 2, 3] * (np.arange(3) != j), n * (np.arange(3) != j), highlight=0)


def test_urns_begin_with_twenty_draws_and_leave_room_for_their_peaks(urns):
    assert (UrnFractions(2, 3).n_draws, UrnFractions(2, 3).n_urns, UrnFractions(2, 3).seed) == (
        20, 1000, 1,
    )  # fmt: skip
    box = data_of(urns)["box"]
    assert (box["y0"], box["y1"]) == (0, 6)


def test_digits_of_a_mean_are_those_of_its_range(bound):
    assert data_of(bound)["digits"] == 2
    model = GaussianMixture([0.5, 0.5], [-1, 1], [1, 1])
    for unit, digits in ((1e-3, 5), (1e-9, 11), (1e-120, 100), (1e9, 2)):
        small = GaussianMixture(model.weights, model.means * unit, model.covariances * unit**2)
        figure = EMBound(small, unit * np.arange(-2.0, 3), 0, -5.0 * unit, 5.0 * unit, 0.5 * unit)
        assert data_of(figure)["digits"] == digits
    with np.errstate(all="raise"):  # far off a responsibility underflows
        assert np.isfinite(bound.log_likelihood(200.0))
        assert np.isfinite(bound.bound(200.0, [-200.0, 200.0])).all()


def test_normal_draws_are_independent_and_of_the_seed(lose_them):
    """Twenty rows, of each 2 N + 1; moments within four standard errors."""
    found = LoseThem(lose_them.x, lose_them.y, 3)._normals()
    assert found.shape == (20, 121)
    n = found.size
    assert abs(found.mean()) < 4 / np.sqrt(n)
    assert abs((found**2).mean() - 1) < 4 * np.sqrt(2 / n)
    assert abs((found**4).mean() - 3) < 4 * np.sqrt(96 / n)
    assert abs((found[:, 1:] * found[:, :-1]).mean()) < 4 / np.sqrt(n)
    again = LoseThem(lose_them.x, lose_them.y, 4)._normals()
    assert abs((found * again).mean()) < 4 / np.sqrt(n)
