"""The figure `OneHill`: when a mixture of two Gaussians has two modes, on random mixtures."""

import sys

import numpy as np
import pytest
import test_interactive
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import logit
from scipy.stats import norm

from companion.interactive import OneHill, one_hill
from companion.interactive.one_hill import hill_border

hill = test_interactive.hill


weights = st.floats(0.01, 0.99)
distances, ratios = st.floats(1.01, 3.99), st.floats(0.51, 1.99)


def tops_are_counted_on_a_grid(weight, distance, ratio):
    """Signs of the slope at 100 000 places, away from the border; depth by the densities there."""
    figure = OneHill(weight, distance, ratio)
    if (abs(logit(figure.border) - logit(weight)) < 1e-3).any():
        return
    x = np.linspace(0, distance, 100_001)
    parts = weight * norm.pdf(x), (1 - weight) * norm.pdf(x, distance, ratio)
    falls = -x * parts[0] + (distance - x) / ratio**2 * parts[1] < 0
    changes = np.flatnonzero(np.diff(falls))
    np.testing.assert_allclose(figure.modes, x[changes[::2]], rtol=0, atol=distance * 1.1e-5)
    heights = np.sum(parts, axis=0)[changes]
    depth = 1 - heights[1] / min(heights[0], heights[2]) if len(changes) == 3 else 0
    assert figure.valley == pytest.approx(depth, abs=1e-8)


def the_border_is_a_known_curve(ratio, log_x):
    """Both derivatives vanish at x = u and v spreads from the means: sinh log v = -r sinh log u."""
    u, v = np.exp(log_x), np.exp(-np.arcsinh(ratio * np.sinh(log_x)))
    distance, log_odds = u + ratio * v, np.log(v / u) + (u**2 - v**2) / 2 - 2 * np.log(ratio)
    border = hill_border(distance, ratio)
    if np.isnan(border).any():  # both ends are one
        assert distance == pytest.approx(one_hill._least_distance(ratio), rel=1e-9)
    elif abs(log_odds) < 15:  # further out a weight near 1 has few digits of them
        assert abs(logit(border) - log_odds).min() < 1e-6


def the_border_far_out_is_that_of_any_weight(times, ratio):
    assert hill_border(100 * times * max(1, ratio), ratio).tolist() == [0, 1]


def no_weight_makes_two_hills_below(ratio):
    """By the formula of Schilling, Watkins and Watkins (2002), after Robertson and Fryer (1969)."""
    v = ratio**-2
    s = np.sqrt(-2 + 3 * v + 3 * v**2 - 2 * v**3 + 2 * (1 - v + v**2) ** 1.5)
    least = s / np.sqrt(v) / (1 + np.sqrt(v)) * (1 + ratio)
    figure = OneHill(0.5, least * (1 + 1e-5), ratio)
    np.testing.assert_allclose(figure.least_distance, least, rtol=1e-7)
    low, high = figure.border
    assert 0 < low < high < 1
    assert len(OneHill((low + high) / 2, least * (1 + 1e-5), ratio).modes) == 2
    assert np.isnan(OneHill(0.5, least * (1 - 1e-5), ratio).border).all()
    assert len(OneHill((low + high) / 2, least * (1 - 1e-5), ratio).modes) == 1


def the_border_of_equal_spreads_has_a_formula(distance):
    d = distance / 2
    log_odds = 2 * (d * np.sqrt(d**2 - 1) - np.arccosh(d))
    figure = OneHill(0.5, distance, 1.0)
    assert figure.least_distance == pytest.approx(2, abs=1e-12)
    np.testing.assert_allclose(logit(figure.border), [-log_odds, log_odds], rtol=1e-6, atol=1e-9)


def either_component_may_be_the_first(weight, distance, ratio):
    one, other = hill_border(distance, ratio), hill_border(distance / ratio, 1 / ratio)
    np.testing.assert_allclose(logit(other[::-1]), -logit(one), rtol=1e-6, atol=1e-7)
    if 1 <= distance / ratio <= 4 and not (abs(logit(one) - logit(weight)) < 1e-3).any():
        figure = OneHill(weight, distance, ratio)
        turned = OneHill(1 - weight, distance / ratio, 1 / ratio)
        assert turned.least_distance * ratio == pytest.approx(figure.least_distance, rel=1e-12)
        assert turned.valley == pytest.approx(figure.valley, abs=1e-9)
        found = (distance - ratio * turned.modes)[::-1]
        np.testing.assert_allclose(found, figure.modes, atol=1e-6)


@given(weights, distances, ratios)
def test_the_tops_of_two_gaussians(weight, distance, ratio):
    tops_are_counted_on_a_grid(weight, distance, ratio)


@given(st.floats(-3, 3).map(lambda power: 10**power), st.floats(-5, 5))
def test_the_curve_of_the_border(ratio, log_x):
    the_border_is_a_known_curve(ratio, log_x)


@given(ratios)
def test_one_place_of_the_border_is_known_without_a_computer(ratio):
    """One spread from either mean, where each part's slope has its own extreme."""
    if abs(ratio - 1) > 1e-4:
        assert abs(hill_border(1 + ratio, ratio) - 1 / (1 + ratio**2)).min() < 1e-9


@given(ratios)
def test_the_least_distance(ratio):
    no_weight_makes_two_hills_below(ratio)


@given(st.floats(2.001, 4))
def test_the_border_of_equal_spreads(distance):
    the_border_of_equal_spreads_has_a_formula(distance)


@given(weights, distances, ratios)
def test_either_component_may_be_the_first(weight, distance, ratio):
    either_component_may_be_the_first(weight, distance, ratio)


@given(st.floats(1, 1e302), st.floats(1e-3, 1e3))
def test_the_border_far_out(times, ratio):
    with np.errstate(all="raise"):
        the_border_far_out_is_that_of_any_weight(times, ratio)


def with_half_the_valley(*arguments):
    figure = one_hill.OneHill(*arguments)
    object.__setattr__(figure, "valley", figure.valley / 2)
    return figure


OWN = vars(one_hill).copy()
WRONG = [
    (one_hill, "_log_odds", lambda d, r, x: OWN["_log_odds"](d, r, x) - np.log(r)),
    (one_hill, "_log_odds", lambda d, r, x: np.log((d - x) / x) + x**2 - ((d - x) / r) ** 2),
    (one_hill, "_cubic", lambda y, r: y * (1 - y) * (y + (1 - y) / r)),
    (one_hill, "_top", lambda r: 0.5),
    (one_hill, "_parts", lambda w, d, r, x: OWN["_parts"](w, d, 1.0, x)),
    (one_hill, "_turns", lambda d, r: OWN["_turns"](d, r)[::-1]),
    (one_hill, "_bisect", lambda is_left, low, high: (low + high) / 2),
    (one_hill, "_flat_places", lambda w, d, r: OWN["_flat_places"](1 - w, d, r)),
    (one_hill, "_flat_places", lambda w, d, r: OWN["_flat_places"](w, d, r)[:1]),
    (sys.modules[__name__], "OneHill", with_half_the_valley),
    (sys.modules[__name__], "hill_border", lambda d, r: OWN["_border"](np.array(d), r)),
    (sys.modules[__name__], "hill_border", lambda d, r: OWN["hill_border"](d, 1 / r)),
]  # fmt: skip


def laws_of_hills():
    tops_are_counted_on_a_grid(0.4, 3.2, 1.3)
    tops_are_counted_on_a_grid(0.95, 2.9, 0.8)
    the_border_is_a_known_curve(1.3, 0.7)
    the_border_far_out_is_that_of_any_weight(1e300, 1.3)
    no_weight_makes_two_hills_below(1.3)
    either_component_may_be_the_first(0.4, 3.2, 1.3)


@pytest.mark.parametrize("k", range(len(WRONG)))
def test_a_planted_error_about_hills_is_found(monkeypatch, k):
    laws_of_hills()
    module, name, wrong = WRONG[k]
    monkeypatch.setattr(module, name, wrong)
    with pytest.raises((AssertionError, ValueError)), np.errstate(all="ignore"):
        laws_of_hills()


def test_galtons_children_make_one_hill(hill):
    """Apart enough for equal spreads and weights, not with their own."""
    own = [hill.weight, hill.distance, hill.ratio]
    assert np.round(own, 3).tolist() == [0.485, 2.180, 1.114]
    assert len(hill.modes) == 1
    assert hill.valley == 0
    assert hill.border.round(3).tolist() == [0.443, 0.457]
    assert len(OneHill(0.5, hill.distance, 1.0).modes) == 2
    assert len(OneHill(0.45, *own[1:]).modes) == 2
