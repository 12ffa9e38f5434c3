"""Figures that the reader moves: right numbers, self-contained, and alive in a real browser."""

import itertools
import json
import re
import shutil

import numpy as np
import pytest
from playwright.sync_api import sync_playwright

from companion import datasets, interactive
from companion.gaussians import GaussianMixture
from companion.hierarchical import BetaBinomial
from companion.interactive import EMBound, EMSteps, RateMap, Shrinkage, UrnFractions

GALTON = datasets.load_galton()["height"].to_numpy()
GEYSER = datasets.load_old_faithful().to_numpy()
MODEL = GaussianMixture([0.5, 0.5], [62.0, 69.2], [5.6, 6.9])


@pytest.fixture(scope="module")
def bound():
    return EMBound(MODEL, GALTON, component=0, low=56, high=72, start=58, name="mean of the women")


@pytest.fixture(scope="module")
def steps():
    start = GaussianMixture([0.5, 0.5], [[2, 90], [5, 50]], [np.diag([1, 100])] * 2)
    return EMSteps(start, GEYSER, 12, ("eruption (minutes)", "waiting (minutes)"))


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


def figures():
    return ["bound", "steps", "urns", "shrinkage", "rate_map"]


# ------------------------------------------------------------------------ the numbers


def test_the_bound_is_the_elbo(bound):
    """Against `GaussianMixture.elbo`, computed point by point with the old responsibilities."""
    for old, mean in itertools.product([57.0, 60.0, 65.0], [58.0, 63.0, 70.0]):
        at = [GaussianMixture([0.5, 0.5], [m, 69.2], [5.6, 6.9]) for m in (old, mean)]
        elbo = at[1].elbo(GALTON, at[0].responsibilities(GALTON))
        np.testing.assert_allclose(bound.bound(old, mean), elbo, rtol=1e-10)
        assert elbo <= bound.log_likelihood(mean) + 1e-9
    np.testing.assert_allclose(bound.bound(60.0, 60.0), bound.log_likelihood(60.0), rtol=1e-12)


def test_the_steps_are_those_of_em(steps):
    assert (np.diff(steps.log_likelihoods) > -1e-9).all()
    for before, after in itertools.pairwise(steps.models):
        expected = before.m_step(before.e_step(GEYSER)[0])
        np.testing.assert_array_equal(after.means, expected.means)


# -------------------------------------------------------------------------- the page


@pytest.mark.parametrize("name", figures())
def test_page_is_self_contained(name, request):
    html = request.getfixturevalue(name)._repr_html_()
    assert not re.findall(r"https?:|src=|@import|url\(", html)
    assert len(html) < 150_000
    assert html.count("<title") == 1
    assert html.count("<desc") == 1
    assert 'role="img"' in html
    assert 'aria-live="polite"' in html
    assert re.findall(r"<(?:input|button)", html), "standard controls, so a keyboard works"
    json.loads(re.search(r"data = (\{.*?\});\n", html, re.DOTALL).group(1))


def test_two_figures_on_a_page_do_not_share_a_name(bound):
    names = [re.search(r'id="([^"]+)"', bound._repr_html_()).group(1) for _ in range(2)]
    assert names[0] != names[1]


@pytest.fixture(scope="module")
def tab():
    found = next(filter(None, map(shutil.which, ["chromium", "chromium-browser"])), None)
    choice = {"executable_path": found} if found else {"channel": "chrome"}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(args=["--no-sandbox", "--disable-gpu"], **choice)
        tab = browser.new_page()
        tab.complaints = []
        tab.on("pageerror", lambda error: tab.complaints.append(str(error)))
        yield tab
        assert tab.complaints == []
        browser.close()


def numbers(tab):
    return [float(n) for n in re.findall(r"-?\d+\.\d+", tab.inner_text(".words"))]


def test_a_reader_steps_em_by_keyboard(tab, bound):
    tab.set_content(bound._repr_html_())
    here, value = numbers(tab)
    np.testing.assert_allclose(value, bound.log_likelihood(here), atol=0.5)
    for _ in range(3):
        tab.focus(".e")
        tab.keyboard.press("Enter")
        _, _, top, rise, gain, gap = numbers(tab)
        assert 0 < rise <= gain
        np.testing.assert_allclose(gain - rise, gap, atol=0.011)
        tab.focus(".m")
        tab.keyboard.press("Enter")
        here, value = numbers(tab)
        assert here == top
        np.testing.assert_allclose(value, bound.log_likelihood(here), atol=0.5)
    tab.focus("input")
    tab.keyboard.press("ArrowRight")
    assert "M-steps made: 0" in tab.inner_text(".words")


def test_a_reader_moves_through_the_iterations(tab, steps):
    tab.set_content(steps._repr_html_())
    assert f"{steps.log_likelihoods[0]:.2f}" in tab.inner_text(".words")
    tab.focus("input")
    tab.keyboard.press("End")
    assert "Iteration 12" in tab.inner_text(".words")
    assert f"{steps.log_likelihoods[12]:.2f}" in tab.inner_text(".words")
    ring = tab.locator(".ring").first.get_attribute("points")
    assert len(ring.split()) == 49
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
    box = interactive._Frame((-0.01, 0.4), (-0.01, 0.4))
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


def test_a_reader_points_at_a_county_or_types_its_name(tab, rate_map):
    tab.set_content(rate_map._repr_html_())
    colors = "ps => ps.map(p => p.getAttribute('fill'))"
    raw = tab.eval_on_selector_all(".areas path", colors)
    assert raw == [interactive.COLORS[0], interactive.COLORS[4], "#999"]  # 0 and 8; middle 6.67
    tab.locator(".areas path").nth(1).hover()
    assert tab.inner_text(".words") == (
        "Right, Ohio: 4 deaths in 50000 person-years, "
        "raw rate 8.00, posterior mean 6.00 per 100000."
    )
    tab.fill("input", "low")
    assert tab.inner_text(".words") == "Low, Utah: no data."
    tab.focus(".which")
    tab.keyboard.press("Enter")
    assert tab.inner_text(".title") == "Posterior means"
    after = tab.eval_on_selector_all(".areas path", colors)
    assert after == [interactive.COLORS[2], interactive.COLORS[3], "#999"]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: RateMap(["M0 0z"], [], [1], [1], [1]), "names must have 1 entries"),
        (lambda: RateMap(["M0 0z"], ["a"], [1, 2], [1], [1]), r"events must have shape \(1,\)"),
        (lambda: RateMap(["M0 0z"], ["a"], [np.nan], [1], [1]), "events must hold data"),
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
        (lambda: EMSteps(MODEL, GALTON, 3), "two components in two dimensions"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_ticks_are_round():
    for low, high in [(0, 1), (-2700, -2500), (56, 72), (1e-3, 5e-3)]:
        ticks = interactive._ticks(low, high)
        assert 3 <= len(ticks) <= 12
        assert low <= ticks[0]
        assert ticks[-1] <= high * (1 + 1e-9) if high > 0 else True
