"""The urns of the figure are urns, and its pictures hold all of them."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from companion.interactive import UrnFractions
from companion.interactive._page import Frame, uniforms

FRAME = Frame((0.0, 1.0), (0.0, 6.0))
colours, draws, urns = st.integers(1, 9), st.integers(1, 60), st.integers(1, 40)


def one_by_one(white, black, n_draws, n_urns, seed):
    """Each urn by itself: a drawn ticket goes back with another one of its kind."""
    numbers = uniforms(seed, n_urns * n_draws).reshape(n_urns, n_draws)
    found = []
    for row in numbers:
        inside = [white, black]
        for number in row:
            inside[0 if number * sum(inside) < inside[0] else 1] += 1
        found.append(inside[0] - white)
    return found


@settings(max_examples=25)
@given(colours, colours, draws, urns, st.integers(0, 999))
def test_an_urn_takes_back_what_was_drawn_and_one_more(white, black, n_draws, n_urns, seed):
    figure = UrnFractions(white, black, n_draws=n_draws, n_urns=n_urns, seed=seed)
    assert figure._seen().tolist() == one_by_one(white, black, n_draws, n_urns, seed)


def test_urns_beyond_the_first_thousands_go_on_with_the_numbers():
    figure = UrnFractions(1, 2, n_draws=3, n_urns=4_001, seed=5)
    assert figure._seen().tolist() == one_by_one(1, 2, 3, 4_001, 5)


@settings(max_examples=25)
@given(st.integers(2, 9), st.integers(2, 9), draws)
def test_bars_hold_every_urn_and_the_curve_is_the_beta_density(white, black, n_draws):
    figure = UrnFractions(white, black, n_draws=n_draws, n_urns=300)
    bars, curve = figure._drawn(FRAME)
    boxes = np.array(
        re.findall(r'x="(\S+)" y="(\S+)" width="(\S+)" height="(\S+)"', bars), dtype=float
    )
    assert len(boxes) == min(25, n_draws + 1)
    unit = FRAME.pixels([0], [0])[0, 1] - FRAME.pixels([0], [1])[0, 1]
    fractions = figure._seen() / n_draws
    number = np.floor(fractions * len(boxes)) if n_draws >= 25 else figure._seen()
    count = np.bincount(number.clip(max=len(boxes) - 1).astype(int), minlength=len(boxes))
    tall = (count * len(boxes) / 300).clip(max=6)  # a density: the area of all is 1
    np.testing.assert_allclose(boxes[:, 3] / unit, tall, atol=0.21 / unit)
    np.testing.assert_allclose(boxes[:, 1] + boxes[:, 3], FRAME.box()["bottom"], atol=0.06)
    wide = FRAME.pixels([1], [0])[0, 0] - FRAME.pixels([0], [0])[0, 0]
    np.testing.assert_allclose(boxes[:, 2] + 1, wide / len(boxes), atol=0.11)
    np.testing.assert_allclose(boxes[0, 0], FRAME.pixels([0], [0])[0, 0] + 0.5, atol=0.06)
    points = np.array([point.split(",") for point in curve.split()], dtype=float)
    theta = (points[:, 0] - FRAME.pixels([0], [0])[0, 0]) / wide
    height = (FRAME.pixels([0], [0])[0, 1] - points[:, 1]) / unit
    # A point is rounded to a tenth of a pixel on both axes.
    slope = np.abs(np.gradient(stats.beta.pdf(theta, white, black), theta))
    error = 0.1 / unit + slope * 0.1 / wide + 0.01
    assert (np.abs(height - stats.beta.pdf(theta, white, black)) <= error).all()
    assert theta[0] == pytest.approx(0.5 / 401, abs=0.1 / wide)
    assert theta[-1] == pytest.approx(400.5 / 401, abs=0.1 / wide) or height.max() > 5.9
